//! A session as a conversation: who said what, what tools did, long results folded.

use std::fmt::Write;

use sessions_model::{Branch, Entry, EntryKind, Session};

use super::quantity::{count, number, size};
use super::text::{columns, cut, one_line, visible, wrap};
use super::title;
use crate::moment::Now;
use crate::terminal::{Role, Terminal};

/// Lines of a tool result that are shown unless all of them are asked for.
pub(crate) const RESULT_LINES_MAX: usize = 20;

/// Spaces before an entry's text.
const INDENT: usize = 2;

/// Spaces before everything of a subagent.
const AGENT_INDENT: usize = 4;

/// The narrowest text is set, in columns.
const TEXT_COLUMNS_MIN: usize = 20;

/// The narrowest that what is special about an entry is shown: a time of day.
const NOTES_COLUMNS_MIN: usize = 5;

/// How much of tool results is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Results {
    /// The first [`RESULT_LINES_MAX`] lines.
    Folded,
    /// All of it.
    Whole,
}

/// Returns what is known of the session, before its entries.
pub(crate) fn head(session: &Session, now: &Now, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let mut text = paint.paint(Role::Strong, &cut(&title(session), terminal.columns));
    text.push('\n');
    for (name, value) in facts(session, now) {
        let name = paint.paint(Role::Faint, &format!("{name:<9}"));
        writeln!(text, "{name} {value}").expect("a string takes everything");
    }
    text.push('\n');
    text
}

/// Returns the facts of a session that a reader may want, by name.
pub(crate) fn facts(session: &Session, now: &Now) -> Vec<(&'static str, String)> {
    let mut facts = vec![("session", one_line(session.id.as_str()))];
    let mut add = |name, value: String| {
        if !value.is_empty() {
            facts.push((name, value));
        }
    };
    add("project", one_line(&session.project));
    add(
        "branch",
        session.branch.as_deref().map(one_line).unwrap_or_default(),
    );
    add("directory", one_line(&session.cwds.join(", ")));
    add("time", period(session, now));
    add("models", one_line(&session.models.join(", ")));
    let tokens = &session.tokens;
    if tokens.input + tokens.output > 0 {
        let (read, written) = (number(tokens.input), number(tokens.output));
        let cached = number(tokens.cache_read + tokens.cache_creation);
        add(
            "tokens",
            format!("{read} read, {written} written, {cached} cached"),
        );
    }
    let mut size_text = format!(
        "{}, {}, {}",
        count(session.prompts, "prompt"),
        count(session.entries, "entry").replace("entrys", "entries"),
        size(session.bytes)
    );
    if session.subagents > 0 {
        write!(size_text, ", {}", count(session.subagents, "subagent"))
            .expect("a string takes everything");
    }
    add("size", size_text);
    facts
}

fn period(session: &Session, now: &Now) -> String {
    match (session.started_at, session.ended_at) {
        (Some(start), Some(end)) if now.date(start) == now.date(end) => {
            format!("{} to {}", now.minute(start), now.clock(end))
        }
        (Some(start), Some(end)) => format!("{} to {}", now.minute(start), now.minute(end)),
        (Some(time), None) | (None, Some(time)) => now.minute(time),
        (None, None) => String::new(),
    }
}

/// Returns one entry: a heading, then its text, indented.
pub(crate) fn entry(entry: &Entry, results: Results, now: &Now, terminal: &Terminal) -> String {
    let indent = if entry.agent.is_some() {
        AGENT_INDENT
    } else {
        0
    };
    let room = terminal.columns.saturating_sub(indent);
    let mut text = format!("{:indent$}{}\n", "", heading(entry, room, now, terminal));
    let width = room.saturating_sub(INDENT).max(TEXT_COLUMNS_MIN);
    let shown = visible(entry.text.trim_end());
    let lines: Vec<&str> = shown.lines().collect();
    let folds = entry.kind == EntryKind::ToolResult && results == Results::Folded;
    let limit = if folds { RESULT_LINES_MAX } else { usize::MAX };
    let wraps = terminal.rows.is_some();
    for line in lines.iter().take(limit) {
        if wraps {
            for piece in wrap(line, width) {
                push_line(&mut text, indent + INDENT, &piece);
            }
        } else {
            push_line(&mut text, indent + INDENT, line);
        }
    }
    if lines.len() > limit {
        let rest = count((lines.len() - limit) as u64, "more line");
        let note = terminal
            .paint
            .paint(Role::Faint, &format!("… {rest} (--full shows them)"));
        push_line(&mut text, indent + INDENT, &note);
    }
    text.push('\n');
    text
}

fn push_line(text: &mut String, indent: usize, line: &str) {
    let line = format!("{:indent$}{line}", "");
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Returns the line above an entry, of at most `room` columns: who, when, and what is special about it.
fn heading(entry: &Entry, room: usize, now: &Now, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let (who, role) = who(entry);
    let mark = if terminal.plain { "" } else { "▌ " };
    let room = room.saturating_sub(columns(mark));
    let who = cut(&who, room.max(TEXT_COLUMNS_MIN));
    let mut text = paint.paint(role, &format!("{mark}{who}"));
    let mut notes = Vec::new();
    notes.extend(entry.time.map(|time| now.clock(time)));
    notes.extend(notes_of(entry));
    let room = room.saturating_sub(columns(&who) + 2);
    let notes = notes.join(" · ");
    let notes = cut(&notes, room);
    if columns(&notes) >= NOTES_COLUMNS_MIN {
        write!(text, "  {}", paint.paint(Role::Faint, &notes)).expect("a string takes everything");
    }
    text
}

/// Returns what is special about an entry, in words.
pub(crate) fn notes_of(entry: &Entry) -> Vec<String> {
    let mut notes = Vec::new();
    let files = entry.tool.iter().flat_map(|tool| &tool.files);
    // What the text says already is not said twice.
    let unsaid = files.filter(|file| !entry.text.contains(*file));
    notes.extend(unsaid.map(|file| one_line(file)));
    if entry.is_error && entry.kind != EntryKind::ApiError {
        notes.push("failed".to_owned());
    }
    if entry.images > 0 {
        notes.push(count(u64::from(entry.images), "image"));
    }
    if let Some(agent) = &entry.started {
        notes.push(format!("started subagent {}", one_line(agent.as_str())));
    }
    if entry.branch == Branch::Abandoned {
        notes.push("on an abandoned branch".to_owned());
    }
    if entry.is_withdrawn {
        notes.push("no longer in the file on disk".to_owned());
    }
    notes
}

/// Returns who speaks, or what it is, and its colour.
pub(crate) fn who(entry: &Entry) -> (String, Role) {
    let tool = entry.tool.as_ref().map(|tool| one_line(&tool.name));
    let tool = tool.filter(|name| !name.is_empty());
    let model = entry.model.as_deref().map(one_line);
    let (who, role) = match entry.kind {
        EntryKind::Prompt => ("Prompt".to_owned(), Role::User),
        EntryKind::Answer => (model.unwrap_or_else(|| "Answer".to_owned()), Role::Model),
        EntryKind::Thinking => ("Thinking".to_owned(), Role::Faint),
        EntryKind::ToolCall => (tool.unwrap_or_else(|| "Tool".to_owned()), Role::Tool),
        EntryKind::ToolResult => {
            let of = tool.map_or_else(|| "Result".to_owned(), |name| format!("{name} result"));
            (
                of,
                if entry.is_error {
                    Role::Bad
                } else {
                    Role::Tool
                },
            )
        }
        EntryKind::Summary => ("Summary".to_owned(), Role::Strong),
        EntryKind::Title => ("Title".to_owned(), Role::Strong),
        EntryKind::Note => ("Note".to_owned(), Role::Strong),
        EntryKind::Checkpoint => ("Checkpoint".to_owned(), Role::Strong),
        EntryKind::Command => ("Command".to_owned(), Role::User),
        EntryKind::System => ("Notice".to_owned(), Role::Faint),
        EntryKind::Compaction => ("Compacted here".to_owned(), Role::Warning),
        EntryKind::Interrupt => ("Interrupted".to_owned(), Role::Warning),
        EntryKind::ApiError => ("API error".to_owned(), Role::Bad),
        EntryKind::Unknown => (
            format!("Unknown record {}", one_line(&entry.record_type)),
            Role::Faint,
        ),
    };
    match &entry.agent {
        Some(agent) => (
            format!("{who} (subagent {})", one_line(agent.as_str())),
            role,
        ),
        None => (who, role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn conversation(results: Results, terminal: &Terminal) -> String {
        let now = samples::now();
        let mut text = head(&samples::sessions()[0], &now, terminal);
        for item in samples::entries() {
            text.push_str(&entry(&item, results, &now, terminal));
        }
        text
    }

    #[test]
    fn every_kind_of_entry_is_shown() {
        insta::assert_snapshot!(conversation(Results::Folded, &samples::terminal(72)));
    }

    #[test]
    fn plain_output_has_no_bars() {
        let terminal = Terminal {
            plain: true,
            rows: None,
            ..samples::terminal(72)
        };
        let text = conversation(Results::Whole, &terminal);
        assert!(!text.contains('▌') && !text.contains("--full"), "{text}");
    }

    #[test]
    fn no_heading_of_a_subagent_is_wider_than_the_terminal() {
        let of_agent = |item: &Entry| item.agent.is_some();
        let mut item = samples::entries().into_iter().find(of_agent).unwrap();
        item.tool = Some(sessions_model::Tool {
            name: "Read".into(),
            call: "call-1".into(),
            files: vec!["/a/long/path".repeat(20)],
        });
        for width in [40, 80, 100] {
            for plain in [true, false] {
                let terminal = Terminal {
                    plain,
                    ..samples::terminal(width)
                };
                let text = entry(&item, Results::Whole, &samples::now(), &terminal);
                let wide = text.lines().find(|line| columns(line) > width);
                assert_eq!(wide, None, "{width}");
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [40, 60, 100] {
            let text = conversation(Results::Whole, &samples::terminal(width));
            let mut lines = text.lines().skip_while(|line| !line.starts_with('▌'));
            assert_eq!(lines.find(|line| columns(line) > width), None, "{width}");
        }
    }
}
