//! What a search found.

use sessions_model::{ByteOffset, EntryKind, GenerationId, ScoreParts, SessionOrdinal, Timestamp};

/// How much of what is found is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Sessions at most.
    pub sessions: usize,
    /// Matches of each session at most.
    pub per_session: usize,
    /// Whether matches are counted by what they are.
    pub with_tallies: bool,
}

impl Wanted {
    /// The best match of so many sessions.
    pub fn best_of(sessions: usize) -> Self {
        Self {
            sessions,
            per_session: 1,
            with_tallies: false,
        }
    }
}

/// How many matches are of each kind, tool and model, and in each hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies {
    /// By the code of the kind.
    pub kinds: Vec<(u8, u64)>,
    /// By the tool's name.
    pub tools: Vec<(String, u64)>,
    /// By the model's name.
    pub models: Vec<(String, u64)>,
    /// By the hour since 1970-01-01T00:00Z.
    pub hours: Vec<(u64, u64)>,
}

/// A match of one session: its best one, or one of the next.
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
    /// Whether it repeats what this program said.
    pub is_echo: bool,
    /// What the score was made of.
    pub parts: ScoreParts,
    /// How many documents of the session matched besides those that are returned; 0 but for the first.
    pub more: u64,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matches {
    /// The best matches of each session, the best session first, at most as many as were asked for. What
    /// stands in the main conversation comes before what its subagents have.
    pub best: Vec<Match>,
    /// Documents that matched; copies of one record count once.
    pub total: u64,
    /// Sessions that have a match of their own.
    pub sessions: u64,
    /// How many documents matched in each of those sessions, by ordinal.
    pub counts: Vec<(SessionOrdinal, u64)>,
    /// Documents that matched in the session that is left out.
    pub left_out: u64,
    /// Counts by what matched, if they were asked for.
    pub tallies: Option<Tallies>,
}
