//! What is shown and searched.

use crate::{AgentId, Timestamp, Usage};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// What a person or a script asked.
    Prompt,
    /// What the model said.
    Answer,
    /// What the model thought.
    Thinking,
    /// A tool call: its name and arguments.
    ToolCall,
    /// What a tool returned.
    ToolResult,
    /// A summary: of a compaction, or of an old session.
    Summary,
    /// A name given to the session.
    Title,
    /// A note by the user.
    Note,
    /// A slash or bang command and what it printed.
    Command,
    /// A notice from the client.
    System,
    /// Where the conversation was compacted.
    Compaction,
    /// Where the user interrupted the model.
    Interrupt,
    /// An error of the API or the stream.
    ApiError,
    /// A record of a type unknown to this version, raw.
    Unknown,
    /// A place that the user named.
    Checkpoint,
}

impl EntryKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::Prompt,
        Self::Answer,
        Self::Thinking,
        Self::ToolCall,
        Self::ToolResult,
        Self::Summary,
        Self::Title,
        Self::Note,
        Self::Command,
        Self::System,
        Self::Compaction,
        Self::Interrupt,
        Self::ApiError,
        Self::Unknown,
        Self::Checkpoint,
    ];

    /// Returns the word for this kind in queries and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Answer => "answer",
            Self::Thinking => "thinking",
            Self::ToolCall => "tool-call",
            Self::ToolResult => "tool-result",
            Self::Summary => "summary",
            Self::Title => "title",
            Self::Note => "note",
            Self::Command => "command",
            Self::System => "system",
            Self::Compaction => "compaction",
            Self::Interrupt => "interrupt",
            Self::ApiError => "api-error",
            Self::Unknown => "unknown",
            Self::Checkpoint => "checkpoint",
        }
    }

    /// Returns the kind that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns the number for this kind in an index; stable, never reused.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the kind whose number is `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Names an entry within its session: the record's uuid, or `g<generation>-<offset>` where it has none,
/// then `.<block>` for a block after the first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryId(pub String);

/// Whether an entry is on the branch that the conversation ended on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Branch {
    /// On it, or not in the tree at all.
    Current,
    /// Left behind by a rewind, or written by a second client.
    Abandoned,
}

/// The tool side of a call or a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The tool's name; empty if a result's call is not known.
    pub name: String,
    /// `tool_use.id`.
    pub call: String,
    /// Files the call names.
    pub files: Vec<String>,
}

/// What is shown of a session, one piece at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name within the session.
    pub id: EntryId,
    /// What it is.
    pub kind: EntryKind,
    /// When.
    pub time: Option<Timestamp>,
    /// The text, whole; a spilled result's is the spilled file's.
    pub text: String,
    /// Of calls and results.
    pub tool: Option<Tool>,
    /// Whether it reports an error.
    pub is_error: bool,
    /// The subagent whose transcript this entry is part of.
    pub agent: Option<AgentId>,
    /// Of a call: the subagent it started, whose entries follow it.
    pub started: Option<AgentId>,
    /// Whether the conversation went on from here.
    pub branch: Branch,
    /// Whether the row is gone from the newest file on disk (swept, spliced or compacted away).
    pub is_withdrawn: bool,
    /// The model that wrote it.
    pub model: Option<String>,
    /// Tokens of the API message, on its first entry alone.
    pub usage: Option<Usage>,
    /// Images noted in it.
    pub images: u32,
    /// `type` of the record, as the file says it.
    pub record_type: String,
}
