//! What exact search is asked, and what it answers.

use crate::{Coverage, EntryId, EntryKind, Highlight, Session, Timestamp};

/// What is looked for within lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    /// As typed.
    pub text: String,
    /// How it is read.
    pub syntax: PatternSyntax,
    /// Whether case counts.
    pub case: PatternCase,
    /// Where it may stand.
    pub place: PatternPlace,
}

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PatternSyntax {
    /// As a regular expression.
    #[default]
    Regex,
    /// As the text it is.
    Literal,
}

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PatternCase {
    /// It does.
    #[default]
    Exact,
    /// It does not.
    Any,
}

/// Where a match may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PatternPlace {
    /// Anywhere in a line.
    #[default]
    Anywhere,
    /// Where words begin and end.
    Words,
}

/// What is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GrepText {
    /// What entries say.
    #[default]
    Entries,
    /// The archived bytes.
    Bytes,
}

/// What is told of matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GrepMode {
    /// The lines.
    #[default]
    Lines,
    /// How many lines each session has.
    Counts,
    /// Which sessions have one.
    Sessions,
}

/// Something found on the way through what is searched.
#[derive(Debug, Clone, PartialEq)]
pub enum GrepEvent {
    /// How far the search is.
    Progress(GrepProgress),
    /// A session has matches: what follows is of it.
    Session(Box<Session>),
    /// An entry with its matches.
    Entry(GrepEntry),
    /// There are no more matches in the session.
    Counted(u64),
    /// The search has ended.
    Done(GrepSummary),
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GrepProgress {
    /// Texts that were looked at, or bytes.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// An entry that matches, or a file whose bytes do.
#[derive(Debug, Clone, PartialEq)]
pub struct GrepEntry {
    /// Its name within the session; of bytes, the file's path below its root.
    pub entry: EntryId,
    /// What it is; none of bytes.
    pub kind: Option<EntryKind>,
    /// The tool, of calls and results.
    pub tool: Option<String>,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// Lines that match, and those around them, in order.
    pub lines: Vec<GrepLine>,
}

/// A line of an entry's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrepLine {
    /// Its number, from 1.
    pub number: u64,
    /// The line, without its end; what is not UTF-8 reads as U+FFFD.
    pub text: String,
    /// What matched in it, in order, without overlap.
    pub highlights: Vec<Highlight>,
    /// Whether it matches, or stands beside one that does.
    pub place: GrepPlace,
    /// Whether it is longer than is shown.
    pub is_cut: bool,
}

/// What a line is to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrepPlace {
    /// It matches.
    Match,
    /// It stands before or behind a line that does.
    Beside,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrepSummary {
    /// Lines that match.
    pub lines: u64,
    /// Sessions that have one.
    pub sessions: u64,
    /// Texts that were looked at.
    pub texts: u64,
    /// Why everything was looked at instead of what the index names, if it was.
    pub scan: Option<String>,
    /// Texts that could not be read.
    pub unread: u64,
    /// Whether there may be more matches than were asked for.
    pub is_limited: bool,
    /// Microseconds the daemon took.
    pub took_us: u64,
    /// How complete it is.
    pub coverage: Coverage,
}
