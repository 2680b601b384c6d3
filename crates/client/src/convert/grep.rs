//! What exact search is asked and answers.

use sessions_model::{
    EntryId, GrepEntry, GrepEvent, GrepLine, GrepMode, GrepPlace, GrepProgress, GrepSummary,
    Pattern, PatternCase, PatternPlace, PatternSyntax,
};
use sessions_proto as wire;
use sessions_proto::grep_response::Event;

use super::{search, session, time};
use crate::ClientError;

pub(crate) fn pattern_to_wire(pattern: Pattern) -> wire::Pattern {
    wire::Pattern {
        text: pattern.text,
        literal: pattern.syntax == PatternSyntax::Literal,
        any_case: pattern.case == PatternCase::Any,
        words: pattern.place == PatternPlace::Words,
    }
}

pub(crate) fn grep_mode_to_wire(mode: GrepMode) -> wire::GrepMode {
    match mode {
        GrepMode::Lines => wire::GrepMode::Lines,
        GrepMode::Counts => wire::GrepMode::Counts,
        GrepMode::Sessions => wire::GrepMode::Sessions,
    }
}

/// Reads what was found; none where a newer daemon says what this program does not know.
pub(crate) fn grep_event(response: wire::GrepResponse) -> Result<Option<GrepEvent>, ClientError> {
    Ok(match response.event {
        None => None,
        Some(Event::Progress(progress)) => Some(GrepEvent::Progress(GrepProgress {
            done: progress.done,
            total: progress.total,
        })),
        Some(Event::Session(found)) => {
            Some(GrepEvent::Session(Box::new(session::session(*found)?)))
        }
        Some(Event::Entry(found)) => Some(GrepEvent::Entry(entry(found)?)),
        Some(Event::Counted(lines)) => Some(GrepEvent::Counted(lines)),
        Some(Event::Done(sums)) => Some(GrepEvent::Done(summary(sums))),
    })
}

fn entry(entry: wire::GrepEntry) -> Result<GrepEntry, ClientError> {
    let kind = match entry.kind() {
        wire::EntryKind::Unspecified => None,
        kind => Some(session::entry_kind(kind)),
    };
    Ok(GrepEntry {
        entry: EntryId(entry.entry),
        kind,
        tool: entry.tool,
        time: time(entry.time_ms),
        lines: super::each(entry.lines, line)?,
    })
}

fn line(line: wire::GrepLine) -> Result<GrepLine, ClientError> {
    Ok(GrepLine {
        number: line.number,
        highlights: search::highlights(line.highlights, &line.text)?,
        text: line.text,
        place: if line.matches {
            GrepPlace::Match
        } else {
            GrepPlace::Beside
        },
        is_cut: line.is_cut,
    })
}

fn summary(summary: wire::GrepSummary) -> GrepSummary {
    GrepSummary {
        lines: summary.lines,
        sessions: summary.sessions,
        texts: summary.texts,
        scan: summary.scan,
        unread: summary.unread,
        is_limited: summary.is_limited,
        took_us: summary.took_us,
        coverage: summary.coverage.map(search::coverage).unwrap_or_default(),
    }
}
