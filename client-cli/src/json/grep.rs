//! What exact search finds as JSON: an object a line.

use serde::Serialize;
use sessions_model::{GrepEntry, GrepEvent, GrepLine, GrepMode, GrepPlace, GrepSummary, Session};

use super::search::CoverageJson;
use super::time;

/// Makes values of what is found: what is of a session names it.
#[derive(Debug, Default)]
pub(crate) struct FoundJson {
    session: Option<Session>,
}

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum LineJson<'a> {
    /// An entry that matches.
    Entry(EntryJson<'a>),
    /// A session that has matches.
    Session(SessionJson<'a>),
    /// The sums, last.
    Summary(SummaryJson<'a>),
}

#[derive(Debug, Serialize)]
pub(crate) struct EntryJson<'a> {
    session: &'a str,
    project: &'a str,
    /// The entry's id; of bytes, the file.
    entry: Option<&'a str>,
    file: Option<&'a str>,
    kind: Option<&'static str>,
    tool: Option<&'a str>,
    time: Option<String>,
    lines: Vec<TextJson<'a>>,
}

#[derive(Debug, Serialize)]
struct TextJson<'a> {
    number: u64,
    text: &'a str,
    /// Pairs of byte offsets in the UTF-8 of `text`.
    highlights: Vec<[u32; 2]>,
    matches: bool,
    cut: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct SessionJson<'a> {
    session: &'a str,
    project: &'a str,
    title: &'a str,
    ended_at: Option<String>,
    lines: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SummaryJson<'a> {
    lines: u64,
    sessions: u64,
    texts: u64,
    scan: Option<&'a str>,
    unread: u64,
    limited: bool,
    took_us: u64,
    coverage: CoverageJson<'a>,
}

impl FoundJson {
    /// Returns what is printed of what was found next.
    pub(crate) fn take<'a>(
        &'a mut self,
        event: &'a GrepEvent,
        mode: GrepMode,
    ) -> Option<LineJson<'a>> {
        match event {
            GrepEvent::Session(session) => {
                let session = self.session.insert((**session).clone());
                (mode == GrepMode::Sessions).then(|| of_session(session, None))
            }
            GrepEvent::Counted(lines) => {
                let session = self.session.as_ref()?;
                Some(of_session(session, Some(*lines)))
            }
            GrepEvent::Entry(entry) => {
                let session = self.session.as_ref()?;
                Some(of_entry(session, entry))
            }
            GrepEvent::Progress(_) | GrepEvent::Done(_) => None,
        }
    }
}

/// Converts the sums.
pub(crate) fn grep_summary(sums: &GrepSummary) -> LineJson<'_> {
    LineJson::Summary(SummaryJson {
        lines: sums.lines,
        sessions: sums.sessions,
        texts: sums.texts,
        scan: sums.scan.as_deref(),
        unread: sums.unread,
        limited: sums.is_limited,
        took_us: sums.took_us,
        coverage: CoverageJson::new(&sums.coverage),
    })
}

fn of_session(session: &Session, lines: Option<u64>) -> LineJson<'_> {
    LineJson::Session(SessionJson {
        session: session.id.as_str(),
        project: &session.project,
        title: &session.title,
        ended_at: time(session.ended_at),
        lines,
    })
}

fn of_entry<'a>(session: &'a Session, entry: &'a GrepEntry) -> LineJson<'a> {
    let name = entry.entry.0.as_str();
    LineJson::Entry(EntryJson {
        session: session.id.as_str(),
        project: &session.project,
        entry: entry.kind.map(|_| name),
        file: entry.kind.is_none().then_some(name),
        kind: entry.kind.map(sessions_model::EntryKind::as_str),
        tool: entry.tool.as_deref(),
        time: time(entry.time),
        lines: entry.lines.iter().map(line).collect(),
    })
}

fn line(line: &GrepLine) -> TextJson<'_> {
    let runs = line.highlights.iter();
    TextJson {
        number: line.number,
        text: &line.text,
        highlights: runs.map(|run| [run.start, run.end]).collect(),
        matches: line.place == GrepPlace::Match,
        cut: line.is_cut,
    }
}
