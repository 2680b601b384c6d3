//! What a search answers.

use crate::{EntryId, EntryKind, Seq, Session, Timestamp};

/// A run of characters of a snippet that matched, in UTF-8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Highlight {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The best match of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The session, with the facts a list shows.
    pub session: Session,
    /// The entry that matched.
    pub entry: EntryId,
    /// What it is.
    pub kind: EntryKind,
    /// The tool, of calls and results.
    pub tool: Option<String>,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// How well it matched; higher is better, comparable within one answer.
    pub score: f32,
    /// The text around the best match, on one line.
    pub snippet: String,
    /// What matched in `snippet`, in order, without overlap.
    pub highlights: Vec<Highlight>,
    /// How many other entries of the session matched.
    pub more_in_session: u64,
}

/// How complete an answer is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The archive position up to which everything is searchable.
    pub indexed_seq: Seq,
    /// The archive's position.
    pub archive_seq: Seq,
    /// Whether everything on disk when the question came has been searched.
    pub complete: bool,
    /// Why not, for a person.
    pub reason: Option<String>,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchAnswer {
    /// The best hit of each session, best first.
    pub hits: Vec<Hit>,
    /// Entries that matched, each record counted once however often it was copied.
    pub total: u64,
    /// Sessions that have a match.
    pub sessions: u64,
    /// Microseconds the daemon took.
    pub took_us: u64,
    /// How complete it is.
    pub coverage: Coverage,
    /// When nothing matched: a looser query that does, if there is one.
    pub suggestion: Option<String>,
}
