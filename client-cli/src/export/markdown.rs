//! A session as Markdown that reads well on a code host.
//!
//! Prompts are quoted, answers stand as they are (they are Markdown already), tool calls and results fold.
//! Whatever an entry holds, it loads nothing and ends before the next one.

mod harmless;

use std::fmt::Write;

use sessions_model::{Entry, EntryKind, Session};

use harmless::{as_code, harmless};

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
            format!(
                "\n### {}\n\n{}\n",
                heading(entry, now),
                quote(&harmless(&shown))
            )
        }
        EntryKind::Answer | EntryKind::Summary => {
            format!("\n### {}\n\n{}\n", heading(entry, now), harmless(&shown))
        }
        EntryKind::ToolCall
        | EntryKind::ToolResult
        | EntryKind::Thinking
        | EntryKind::Unknown
        | EntryKind::System => folded(entry, &shown),
        EntryKind::Title
        | EntryKind::Note
        | EntryKind::Checkpoint
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
    let mut summary = vec![escape_html(&who(entry).0)];
    if entry.kind == EntryKind::ToolCall {
        let line = one_line(shown);
        let start: String = line.chars().take(SUMMARY_CHARACTERS_MAX).collect();
        summary.push(format!("<code>{}</code>", escape_html(&start)));
    }
    summary.extend(notes_of(entry).iter().map(|note| escape_html(note)));
    format!(
        "\n<details>\n<summary>{}</summary>\n\n{}\n\n</details>\n",
        summary.join(" · "),
        as_code(shown)
    )
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample;
    use pulldown_cmark::{Event, Options, Parser, Tag};

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
    /// What, put together, opens and closes everything that Markdown knows.
    const PIECES: [&str; 34] = [
        "```",
        "````",
        "~~~",
        "`",
        "``",
        "\n",
        "\n\n",
        "\n",
        " ",
        "    ",
        "> ",
        "- ",
        "1. ",
        "\\",
        "<",
        "<b>",
        "<script>",
        "</details>",
        "<!--",
        "-->",
        "<?",
        "<![CDATA[",
        "<a title=\"",
        "![",
        "[a]",
        "](http://example.com/x.png)",
        "](javascript:alert)",
        "[a]: data:x",
        "<javascript:x>",
        "|",
        "\n|-|-|\n",
        "===",
        "word",
        "&#",
    ];

    /// What a reader's Markdown makes of it must be ours.
    fn check_document(text: &str, headings: usize) {
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
        let mut found = 0;
        for (event, range) in parser.into_offset_iter() {
            let part = text.get(range).unwrap();
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    found += usize::from(part.starts_with("### ours"));
                }
                Event::Start(Tag::Image { .. }) => panic!("an image: {part:?} of {text:?}"),
                Event::Start(Tag::Link { dest_url, .. }) => {
                    assert!(
                        dest_url.starts_with("http://example"),
                        "{part:?} of {text:?}"
                    );
                }
                Event::Html(_) | Event::InlineHtml(_) => {
                    let line = part.trim();
                    let is_ours = ["<details>", "</details>"].contains(&line)
                        || line.starts_with("<summary>") && line.ends_with("</summary>");
                    assert!(is_ours, "HTML: {part:?} of {text:?}");
                }
                _ => {}
            }
        }
        assert_eq!(found, headings, "{text:?}");
    }

    proptest! {
        #[test]
        fn whatever_an_entry_holds_what_comes_after_it_stands(
            texts in vec((0..EntryKind::ALL.len(), vec(sample::select(&PIECES[..]), 0..12)), 1..5),
        ) {
            let mut document = String::new();
            let mut headings = 0;
            for (kind, pieces) in texts {
                let mut item = samples::entries().remove(0);
                item.kind = EntryKind::ALL[kind];
                item.text = pieces.concat();
                item.record_type = pieces.concat();
                document.push_str(&entry(&item, &samples::now()));
                document.push_str("\n### ours\n");
                headings += 1;
            }
            check_document(&document, headings);
        }
    }
}
