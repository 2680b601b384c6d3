//! What exact search is asked and answers, to and from the wire.

use sessions_model as model;
use sessions_proto as wire;
use sessions_proto::grep_response::Event;
use sessions_query::GrepRequest;

/// Reads what is asked; the moment of the question is the backend's to say.
pub(in crate::rpc) fn grep_request(
    request: wire::GrepRequest,
    root: Option<String>,
) -> GrepRequest {
    let mode = match request.mode() {
        wire::GrepMode::Counts => model::GrepMode::Counts,
        wire::GrepMode::Sessions => model::GrepMode::Sessions,
        wire::GrepMode::Lines | wire::GrepMode::Unspecified => model::GrepMode::Lines,
    };
    GrepRequest {
        pattern: request.pattern.map(pattern).unwrap_or_default(),
        query: request.query,
        text: if request.bytes {
            model::GrepText::Bytes
        } else {
            model::GrepText::Entries
        },
        mode,
        around: (request.before, request.after),
        limit: request.limit,
        root,
        utc_offset_ms: request.utc_offset_ms,
        now: model::Timestamp::default(),
    }
}

fn pattern(pattern: wire::Pattern) -> model::Pattern {
    model::Pattern {
        text: pattern.text,
        syntax: if pattern.literal {
            model::PatternSyntax::Literal
        } else {
            model::PatternSyntax::Regex
        },
        case: if pattern.any_case {
            model::PatternCase::Any
        } else {
            model::PatternCase::Exact
        },
        place: if pattern.words {
            model::PatternPlace::Words
        } else {
            model::PatternPlace::Anywhere
        },
    }
}

/// Says what was found.
pub(in crate::rpc) fn grep_event(event: model::GrepEvent) -> wire::GrepResponse {
    let event = match event {
        model::GrepEvent::Progress(progress) => Event::Progress(wire::GrepProgress {
            done: progress.done,
            total: progress.total,
        }),
        model::GrepEvent::Session(session) => Event::Session(Box::new(super::session(*session))),
        model::GrepEvent::Entry(entry) => Event::Entry(grep_entry(entry)),
        model::GrepEvent::Counted(lines) => Event::Counted(lines),
        model::GrepEvent::Done(summary) => Event::Done(grep_summary(summary)),
    };
    wire::GrepResponse { event: Some(event) }
}

fn grep_entry(entry: model::GrepEntry) -> wire::GrepEntry {
    let kind = entry.kind.map_or(wire::EntryKind::Unspecified, super::kind);
    wire::GrepEntry {
        entry: entry.entry.0,
        kind: kind.into(),
        tool: entry.tool,
        time_ms: entry.time.map(model::Timestamp::millis),
        lines: entry.lines.into_iter().map(line).collect(),
    }
}

fn line(line: model::GrepLine) -> wire::GrepLine {
    wire::GrepLine {
        number: line.number,
        text: line.text,
        highlights: line.highlights.into_iter().map(super::highlight).collect(),
        matches: line.place == model::GrepPlace::Match,
        is_cut: line.is_cut,
    }
}

fn grep_summary(summary: model::GrepSummary) -> wire::GrepSummary {
    wire::GrepSummary {
        lines: summary.lines,
        sessions: summary.sessions,
        texts: summary.texts,
        scan: summary.scan,
        unread: summary.unread,
        is_limited: summary.is_limited,
        took_us: summary.took_us,
        coverage: Some(super::coverage(summary.coverage)),
    }
}
