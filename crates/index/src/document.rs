//! What goes into the index and how far it got: documents and positions.
//!
//! Knows nothing of transcripts; whoever parses them decides what a document is.

use std::borrow::Cow;

use sessions_model::{
    ArchiveId, ByteOffset, EntryKind, GenerationId, RecordKey, Seq, SessionOrdinal, Timestamp,
};

/// One content block of one record, as it is searched.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Document<'a> {
    /// The session it is found under.
    pub session: SessionOrdinal,
    /// The generation whose bytes hold its line.
    pub generation: GenerationId,
    /// Where its line starts in that generation.
    pub offset: ByteOffset,
    /// Its position among the record's content blocks.
    pub block: u32,
    /// The record's identity: rows with the same key and block are copies of one another.
    pub key: RecordKey,
    /// What it is.
    pub kind: EntryKind,
    /// The tool, of calls and results.
    pub tool: Option<&'a str>,
    /// The model that wrote it.
    pub model: Option<&'a str>,
    /// The git branch it was written on.
    pub branch: Option<&'a str>,
    /// Files it names.
    pub files: &'a [Cow<'a, str>],
    /// When it was written.
    pub time: Option<Timestamp>,
    /// Whether it stands in a subagent's transcript.
    pub is_subagent: bool,
    /// Whether it reports an error.
    pub is_error: bool,
    /// Whether it holds an image.
    pub has_image: bool,
    /// Whether it repeats what this program said: it ranks below everything else.
    pub is_echo: bool,
    /// Whether it begins or ends within a line: exact search looks at it in any case.
    pub is_cut: bool,
    /// What is searched. Indexed with positions, never stored.
    pub text: &'a str,
}

/// How far the index applied an archive's log.
///
/// It rides in each commit, so what it says and what is searchable cannot part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The archive that the documents come from.
    pub archive: ArchiveId,
    /// Everything in the backlog lane up to here is applied.
    pub backlog: Seq,
    /// Everything in the live lane up to here is applied.
    pub live: Seq,
}

impl Position {
    /// Returns the position of an index that holds nothing of `archive` yet.
    pub fn start(archive: ArchiveId) -> Self {
        Self {
            archive,
            backlog: Seq(0),
            live: Seq(0),
        }
    }
}
