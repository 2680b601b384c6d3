//! What a search found.

use sessions_model::{ByteOffset, EntryKind, GenerationId, SessionOrdinal, Timestamp};

/// The best match of one session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// The session.
    pub session: SessionOrdinal,
    /// The generation whose bytes hold the matching line.
    pub generation: GenerationId,
    /// Where that line starts.
    pub offset: ByteOffset,
    /// The content block of the record that matched.
    pub block: u32,
    /// What it is.
    pub kind: EntryKind,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// How well it matched; higher is better, comparable within one answer.
    pub score: f32,
    /// How many other documents of the session matched.
    pub more: u64,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matches {
    /// The best match of each session, best first, at most as many as were asked for.
    pub best: Vec<Match>,
    /// Documents that matched; copies of one record count once.
    pub total: u64,
    /// Sessions that have a match of their own.
    pub sessions: u64,
    /// How many documents matched in each of those sessions, by ordinal.
    pub counts: Vec<(SessionOrdinal, u64)>,
}
