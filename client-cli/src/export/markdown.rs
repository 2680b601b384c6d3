//! A session as Markdown that reads well on a code host.
//!
//! Prompts are quoted, answers stand as they are (they are Markdown already), tool calls and results fold.

use std::fmt::Write;

use sessions_model::{Entry, EntryKind, Session};

use crate::moment::Now;
use crate::render::conversation::{facts, notes_of, who};
use crate::render::text::{one_line, visible};
use crate::render::title;

/// Characters of a call that are shown in its folded line.
const SUMMARY_CHARACTERS_MAX: usize = 80;

/// Returns the title and the facts.
pub(crate) fn head(session: &Session, now: &Now) -> String {
    let mut text = format!("# {}\n\n| | |\n|---|---|\n", escape(&title(session)));
    for (name, value) in facts(session, now) {
        writeln!(text, "| {name} | {} |", escape(&value)).expect("a string takes everything");
    }
    text
}

/// Returns one entry.
pub(crate) fn entry(entry: &Entry, now: &Now) -> String {
    let shown = visible(entry.text.trim());
    match entry.kind {
        EntryKind::Prompt | EntryKind::Command => {
            format!("\n### {}\n\n{}\n", heading(entry, now), quote(&shown))
        }
        EntryKind::Answer | EntryKind::Summary => {
            format!("\n### {}\n\n{shown}\n", heading(entry, now))
        }
        EntryKind::ToolCall
        | EntryKind::ToolResult
        | EntryKind::Thinking
        | EntryKind::Unknown
        | EntryKind::System => folded(entry, &shown),
        EntryKind::Title
        | EntryKind::Note
        | EntryKind::Compaction
        | EntryKind::Interrupt
        | EntryKind::ApiError => {
            let notes: String = escape(&one_line(&shown));
            format!("\n*{}:* {notes}\n", escape(&who(entry).0))
        }
    }
}

fn heading(entry: &Entry, now: &Now) -> String {
    let mut parts = vec![escape(&who(entry).0)];
    parts.extend(entry.time.map(|time| now.minute(time)));
    parts.extend(notes_of(entry).iter().map(|note| escape(note)));
    parts.join(" · ")
}

fn folded(entry: &Entry, shown: &str) -> String {
    let mut summary = vec![escape(&who(entry).0)];
    if entry.kind == EntryKind::ToolCall {
        let line = one_line(shown);
        let start: String = line.chars().take(SUMMARY_CHARACTERS_MAX).collect();
        summary.push(format!("<code>{}</code>", escape_html(&start)));
    }
    summary.extend(notes_of(entry).iter().map(|note| escape_html(note)));
    let fence = fence(shown);
    format!(
        "\n<details>\n<summary>{}</summary>\n\n{fence}\n{shown}\n{fence}\n\n</details>\n",
        summary.join(" · ")
    )
}

/// Returns a fence longer than any run of backticks in `text`.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat((longest + 1).max(3))
}

fn quote(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Makes text stand as it is within a line or a table cell.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn markdown_shows_every_kind() {
        let now = samples::now();
        let mut text = head(&samples::sessions()[0], &now);
        for item in samples::entries() {
            text.push_str(&entry(&item, &now));
        }
        insta::assert_snapshot!(text);
    }

    fn check_fence(text: &str, expect: &str) {
        assert_eq!(fence(text), expect);
    }

    #[test]
    fn fence_is_longer_than_what_it_holds() {
        check_fence("plain", "```");
        check_fence("```rust\n```", "````");
        check_fence("a `````b", "``````");
    }
}
