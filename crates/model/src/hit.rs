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

/// What a score was made of: the product of these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreParts {
    /// How rare the words are, and how much of the text they are (BM25).
    pub words: f32,
    /// What it is: a title and a prompt weigh more than what a tool printed.
    pub kind: f32,
    /// Less than 1 for a subagent's.
    pub subagent: f32,
    /// How old it is.
    pub recency: f32,
    /// Less than 1 for what a script ran.
    pub automated: f32,
    /// More than 1 where the words stand near one another.
    pub nearness: f32,
}

/// The best match of one session, or one of the next best.
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
    /// How many entries of the session matched besides those that are shown; 0 but for the session's first.
    pub more_in_session: u64,
    /// Whether it repeats what this program said: it ranks below everything else.
    pub is_echo: bool,
    /// What the score was made of, if that was asked for.
    pub parts: Option<ScoreParts>,
}

/// How many matches have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// What they have in common: a project's name, a kind, a tool, a model, a month (`2026-05`).
    pub name: String,
    /// How many there are.
    pub count: u64,
}

/// How many matches are of each project, kind, tool, model and month, the most first; months in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// By project.
    pub projects: Vec<Facet>,
    /// By kind.
    pub kinds: Vec<Facet>,
    /// By tool, of calls and results.
    pub tools: Vec<Facet>,
    /// By the model that wrote them.
    pub models: Vec<Facet>,
    /// By month, in the asker's time.
    pub months: Vec<Facet>,
}

/// Another query, and what it finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The query.
    pub query: String,
    /// Entries that match it.
    pub total: u64,
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
    /// The best hits of each session, the best session first.
    pub hits: Vec<Hit>,
    /// Entries that matched, each record counted once however often it was copied.
    pub total: u64,
    /// Sessions that have a match.
    pub sessions: u64,
    /// Microseconds the daemon took.
    pub took_us: u64,
    /// How complete it is.
    pub coverage: Coverage,
    /// When nothing matched: queries that do, the nearest first.
    pub suggestions: Vec<Suggestion>,
    /// Entries that matched in the session that asks, which is left out.
    pub left_out: u64,
    /// Counts by what matched, if they were asked for.
    pub facets: Option<Facets>,
    /// The query as it was understood, if that was asked for.
    pub understood: Option<String>,
}
