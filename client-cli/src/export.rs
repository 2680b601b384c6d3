//! Sessions as files: the formats, and names for the files.
//!
//! Makes text from model values; writing it is for whoever asked.

pub(crate) mod file;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod text;

use sessions_model::{Entry, EntryKind, Session};

use crate::args::Format;
use crate::moment::Now;
use crate::render;

/// Letters of a title that go into a file name.
const SLUG_LETTERS_MAX: usize = 48;

/// The longest part that is taken of a title, in bytes: with a date, an id and an extension, a name has room for it
/// on every file system.
const SLUG_BYTES_MAX: usize = 100;

/// What goes into an export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    /// Tool calls and results.
    pub(crate) tools: bool,
    /// What the model thought.
    pub(crate) thinking: bool,
}

impl Choice {
    /// Whether `entry` goes in.
    pub(crate) fn takes(self, entry: &Entry) -> bool {
        match entry.kind {
            EntryKind::ToolCall | EntryKind::ToolResult => self.tools,
            EntryKind::Thinking => self.thinking,
            _ => true,
        }
    }
}

/// Returns a name for the session's file: date, title and id, in letters that every file system takes.
pub(crate) fn file_name(session: &Session, format: Format, now: &Now) -> String {
    let date = session
        .started_at
        .map(|start| now.date(start))
        .unwrap_or_default();
    let slug = slug(&session.title);
    let id: String = session
        .id
        .as_str()
        .chars()
        .filter(|c| is_safe(*c))
        .collect();
    let parts: Vec<String> = [date, slug, id]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("{}.{}", parts.join("-"), extension(format))
}

fn extension(format: Format) -> &'static str {
    match format {
        Format::Markdown => "md",
        Format::Json => "json",
        Format::Text => "txt",
        Format::Jsonl => "jsonl",
    }
}

fn is_safe(c: char) -> bool {
    c.is_alphanumeric() || c == '-'
}

fn slug(title: &str) -> String {
    let mut slug = String::new();
    let title = render::text::one_line(title).to_lowercase();
    for word in title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let letters = word.chars().count();
        let is_too_long = slug.len() + word.len() + 1 > SLUG_BYTES_MAX;
        if is_too_long || slug.chars().count() + letters + 1 > SLUG_LETTERS_MAX {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn check(title: &str, expect: &str) {
        let session = Session {
            title: title.into(),
            ..samples::sessions().remove(0)
        };
        let name = file_name(&session, Format::Markdown, &samples::now());
        assert_eq!(
            name,
            format!("2026-05-14-{expect}3f9a1c2e-5b7d-4e1f-8a2b-000000000001.md")
        );
    }

    #[test]
    fn file_names_are_safe() {
        check("Fix the lexer", "fix-the-lexer-");
        check("../../etc/passwd", "etc-passwd-");
        check("日本語の質問", "日本語の質問-");
        check("", "");
        check(&"\u{1d5ee}".repeat(47), "");
        check("a\u{202e}b\u{0}c", "a-u-202e-b-c-");
    }
}
