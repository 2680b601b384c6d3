//! Markdown from a transcript, made fit to stand between other Markdown: it shows what was said, loads
//! nothing, and ends where it ends.
//!
//! A parser says what is code, which stays as it is. Knows nothing of entries.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// How often text is looked at again: what is escaped may turn what stood in its way into text.
const ROUNDS_MAX: usize = 8;

/// Where links may lead, beside places in the same repository.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Stands after a text that is looked at, to see whether it is taken for what it is.
const AFTER: &str = "\n\n# after\n";

/// What is to be put in the place of a part of a text.
type Edit = (Range<usize>, &'static str);

/// Returns `text` without live HTML, images and links that a browser would act on, and with what it leaves
/// open closed; as a block of code where that cannot be had.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let edits = edits(&shown);
        if edits.is_empty() {
            return closed(shown);
        }
        shown = apply(&shown, edits);
    }
    as_code(text)
}

/// Returns `text` as a block of code.
pub(super) fn as_code(text: &str) -> String {
    let fence = fence(text);
    format!("{fence}\n{text}\n{fence}")
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

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Returns what is to be escaped, by place.
fn edits(text: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut code = Vec::new();
    for (event, range) in parse(text).into_offset_iter() {
        match event {
            Event::Code(_) | Event::Start(Tag::CodeBlock(_)) => code.push(range),
            Event::Start(Tag::Link { dest_url, .. }) if !is_safe(&dest_url) => {
                edits.push((range.start..range.start, "\\"));
            }
            _ => {}
        }
    }
    for (_, definition) in parse(text).reference_definitions().iter() {
        if !is_safe(&definition.dest) {
            let start = definition.span.start;
            edits.push((start..start, "\\"));
        }
    }
    for prose in between(&code, text.len()) {
        let part = text.get(prose.clone()).expect("code ends between letters");
        edits.extend(live(part, text, prose.start));
    }
    edits.sort_by_key(|(range, _)| range.start);
    edits.dedup_by_key(|(range, _)| range.start);
    edits
}

/// Returns what is in `0..end` and in none of `parts`, which stand in order.
fn between(parts: &[Range<usize>], end: usize) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut start = 0;
    for part in parts {
        if start < part.start {
            gaps.push(start..part.start);
        }
        start = start.max(part.end);
    }
    gaps.push(start..end);
    gaps
}

/// Returns what in `part`, which stands at `start` of `text`, may begin a tag or an image.
fn live(part: &str, text: &str, start: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (at, c) in part.char_indices() {
        let at = start + at;
        let after = text.get(at + 1..).and_then(|rest| rest.chars().next());
        let put = match (c, after) {
            ('<', Some('/' | '!' | '?' | 'a'..='z' | 'A'..='Z')) => "&lt;",
            // It stays a link.
            ('!', Some('[')) => "\\!",
            _ => continue,
        };
        if !is_escaped(text, at) {
            edits.push((at..at + 1, put));
        }
    }
    edits
}

fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    slashes.count() % 2 == 1
}

/// Whether nothing runs where a link leads.
fn is_safe(link: &str) -> bool {
    let end = link.find([':', '/', '?', '#']).unwrap_or(link.len());
    match link.split_at(end) {
        (scheme, rest) if rest.starts_with(':') => SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme)),
        _ => true,
    }
}

fn apply(text: &str, edits: Vec<Edit>) -> String {
    let mut edited = String::with_capacity(text.len() + edits.len() * 4);
    let mut done = 0;
    for (range, put) in edits {
        edited.push_str(text.get(done..range.start).unwrap_or_default());
        edited.push_str(put);
        done = range.end;
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    edited
}

/// Returns `text` such that what comes after it is no part of it.
fn closed(text: String) -> String {
    if is_closed(&text) {
        return text;
    }
    let closed = match open_fence(&text) {
        Some(fence) => format!("{text}\n{fence}"),
        None => return as_code(&text),
    };
    if is_closed(&closed) {
        closed
    } else {
        as_code(&text)
    }
}

fn is_closed(text: &str) -> bool {
    let whole = format!("{text}{AFTER}");
    let heading = parse(&whole).into_offset_iter().find(|(event, range)| {
        range.start == text.len() + 2 && matches!(event, Event::Start(Tag::Heading { .. }))
    });
    heading.is_some()
}

/// Returns the fence that opens the last block of code.
fn open_fence(text: &str) -> Option<String> {
    let blocks = parse(text).into_offset_iter().filter_map(|(event, range)| {
        let is_fenced = matches!(
            event,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
        );
        is_fenced.then_some(range.start)
    });
    let start = text.get(blocks.last()?..)?;
    let mark = start.chars().next()?;
    Some(start.chars().take_while(|c| *c == mark).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(harmless(text), expect, "{text:?}");
    }

    #[test]
    fn text_that_does_nothing_stays() {
        for text in [
            "plain *text*, `Vec<T>` and a < b",
            "- in a list\n  ```rust\n  fn f() -> Vec<T> {}\n  ```",
            "    <b>indented code</b>",
            "```html\n<img src=\"x\">\n![x](y)\n```",
            "[a](src/a.rs#L3), [b](https://example.com) and \\<b> as \\![x](y)",
            "``a ` <b>``",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_is_left_open_is_closed() {
        check(
            "Here:\n```rust\nfn main() {",
            "Here:\n```rust\nfn main() {\n```",
        );
        check("~~~~\n```\nx", "~~~~\n```\nx\n~~~~");
        check("- a\n  ```\n  b", "- a\n  ```\n  b");
    }

    #[test]
    fn html_is_shown() {
        check("</details>", "&lt;/details>");
        check("a <b>c</b> <!-- d", "a &lt;b>c&lt;/b> &lt;!-- d");
        check("\\\\<b>", "\\\\&lt;b>");
        // The tag hid what opens code.
        check("<a title=\"`\">`<b>", "&lt;a title=\"`\">`&lt;b>");
    }

    #[test]
    fn images_become_links_and_harmful_links_text() {
        check(
            "![x](http://example.com/x.png)",
            "\\![x](http://example.com/x.png)",
        );
        check("[a](javascript:alert)", "\\[a](javascript:alert)");
        check("[a](&#106;avascript:alert)", "\\[a](&#106;avascript:alert)");
        check("[a](Data:text/html,b)", "\\[a](Data:text/html,b)");
        check("[a]\n\n[a]: vbscript:b", "\\[a]\n\n\\[a]: vbscript:b");
        check("<javascript:a>", "\\<javascript:a>");
    }
}
