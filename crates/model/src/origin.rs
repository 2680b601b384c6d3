//! Where bytes come from: one file of a config root.

use crate::{AgentId, SessionId};

/// How a file changes over its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Lines are appended at the end.
    Lines,
    /// The file is replaced as a whole: each version is a generation of its own.
    Snapshot,
}

/// What a file of a config root is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceKind {
    /// `projects/<folder>/<session>.jsonl`: the main conversation.
    Transcript,
    /// `…/<session>/subagents/**/agent-<agent>.jsonl`, or such a file beside the transcript in old versions.
    Subagent,
    /// `…/<session>/tool-results/*`: output too long for the transcript.
    ToolResult,
    /// Any other file that belongs to a session: titles, meta files, journals.
    Sidecar,
    /// `file-history/<session>/*`: a file's bytes before the client edited it.
    FileHistory,
    /// `history.jsonl`: every prompt typed, of all sessions.
    History,
}

impl SourceKind {
    /// Returns the word for this kind on the wire and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Subagent => "subagent",
            Self::ToolResult => "tool-result",
            Self::Sidecar => "sidecar",
            Self::FileHistory => "file-history",
            Self::History => "history",
        }
    }

    /// Returns how files of this kind change. A sidecar that ends in `.jsonl` is treated as lines by
    /// [`Origin::shape`].
    pub fn shape(self) -> Shape {
        match self {
            Self::Transcript | Self::Subagent | Self::History => Shape::Lines,
            Self::ToolResult | Self::Sidecar | Self::FileHistory => Shape::Snapshot,
        }
    }
}

/// A source's place: what a path under a config root means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Path below the root, with `/` between its parts.
    pub path: String,
    /// What the file is.
    pub kind: SourceKind,
    /// The session it belongs to; none for `history.jsonl`, and for files whose session only their
    /// rows name (old subagent files beside the transcript).
    pub session: Option<SessionId>,
    /// The subagent, where the file is one's transcript or meta file.
    pub agent: Option<AgentId>,
}

impl Origin {
    /// Returns how this file changes.
    pub fn shape(&self) -> Shape {
        let is_journal =
            self.kind == SourceKind::Sidecar && self.path.rsplit('.').next() == Some("jsonl");
        if is_journal {
            Shape::Lines
        } else {
            self.kind.shape()
        }
    }
}
