//! Filters: their names, the values they know, and what was probably meant.

use std::ops::Range;

use sessions_model::EntryKind;

use super::{Date, SyntaxError};

/// A condition on where, when and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `project:`
    Project(String),
    /// `session:`
    Session(String),
    /// `tool:`
    Tool(String),
    /// `kind:`, several of them with commas between.
    Kind(Vec<EntryKind>),
    /// `model:`
    Model(String),
    /// `branch:`
    Branch(String),
    /// `file:`
    File(String),
    /// `is:subagent`
    IsSubagent,
    /// `is:error`
    IsError,
    /// `is:automated`
    IsAutomated,
    /// `before:`, earlier than the date begins.
    Before(Date),
    /// `after:`, from where the date begins.
    After(Date),
    /// `on:`, within the date.
    On(Date),
}

/// Filters there are.
const NAMES: [&str; 11] = [
    "project", "session", "tool", "kind", "model", "branch", "file", "is", "before", "after", "on",
];

/// Filters that a later version answers, and what they will be about.
const LATER: [(&str, &str); 2] = [("has", "checkpoints"), ("tag", "tags")];

/// Words for kinds besides their own.
const KIND_ALIASES: [(&str, &[EntryKind]); 8] = [
    ("tool", &[EntryKind::ToolCall, EntryKind::ToolResult]),
    ("call", &[EntryKind::ToolCall]),
    ("result", &[EntryKind::ToolResult]),
    ("output", &[EntryKind::ToolResult]),
    ("thought", &[EntryKind::Thinking]),
    ("question", &[EntryKind::Prompt]),
    ("response", &[EntryKind::Answer]),
    ("error", &[EntryKind::ApiError]),
];

const DATE_HINT: &str = "a date is today, yesterday, 3d, 2w, 2026-05 or 2026-05-01";

/// What a word with a colon is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A filter of this name.
    Filter,
    /// Text that holds a colon.
    Text,
}

/// Decides whether `name`, with a value behind it, is a filter, or nearly one.
pub(super) fn recognise(name: &str, span: Range<usize>) -> Result<Named, SyntaxError> {
    let name = name.to_ascii_lowercase();
    if NAMES.contains(&name.as_str()) {
        return Ok(Named::Filter);
    }
    if let Some((_, about)) = LATER.iter().find(|(later, _)| *later == name) {
        let message = format!("the filter {name}: is not available yet");
        let hint = format!("it comes with {about}; to search for the text, quote it");
        return Err(SyntaxError::new(span, message).hint(hint));
    }
    match nearest(&name, NAMES.into_iter()) {
        Some(meant) => {
            let message = format!("there is no filter {name}:");
            let hint = format!("did you mean {meant}:? to search for the text, quote it");
            Err(SyntaxError::new(span, message).hint(hint))
        }
        None => Ok(Named::Text),
    }
}

/// Reads the value of the filter `name`, which [`recognise`] knows.
pub(super) fn read(name: &str, value: &str, span: Range<usize>) -> Result<Filter, SyntaxError> {
    let text = value.to_owned();
    let date = |filter: fn(Date) -> Filter| match Date::read(value) {
        Some(date) => Ok(filter(date)),
        None => {
            Err(SyntaxError::new(span.clone(), format!("\"{value}\" is no date")).hint(DATE_HINT))
        }
    };
    match name.to_ascii_lowercase().as_str() {
        "project" => Ok(Filter::Project(text)),
        "session" => Ok(Filter::Session(text)),
        "tool" => Ok(Filter::Tool(text)),
        "model" => Ok(Filter::Model(text)),
        "branch" => Ok(Filter::Branch(text)),
        "file" => Ok(Filter::File(text)),
        "kind" => read_kinds(value, span),
        "is" => read_is(value, span),
        "before" => date(Filter::Before),
        "after" => date(Filter::After),
        _ => date(Filter::On),
    }
}

fn read_is(value: &str, span: Range<usize>) -> Result<Filter, SyntaxError> {
    match value.to_ascii_lowercase().as_str() {
        "subagent" => Ok(Filter::IsSubagent),
        "error" => Ok(Filter::IsError),
        "automated" => Ok(Filter::IsAutomated),
        later @ ("live" | "deleted") => {
            let message = format!("is:{later} is not available yet");
            Err(SyntaxError::new(span, message).hint("it comes with deleted and running sessions"))
        }
        other => Err(SyntaxError::new(span, format!("nothing is:{other}"))
            .hint("there are is:subagent, is:error and is:automated")),
    }
}

fn read_kinds(value: &str, span: Range<usize>) -> Result<Filter, SyntaxError> {
    let mut kinds = Vec::new();
    for word in value.split(',').filter(|word| !word.is_empty()) {
        let word = word.to_ascii_lowercase();
        let alias = KIND_ALIASES.iter().find(|(alias, _)| *alias == word);
        match (EntryKind::from_word(&word), alias) {
            (Some(kind), _) => kinds.push(kind),
            (None, Some((_, meant))) => kinds.extend(*meant),
            (None, None) => return Err(unknown_kind(&word, span)),
        }
    }
    if kinds.is_empty() {
        return Err(unknown_kind("", span));
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Filter::Kind(kinds))
}

fn unknown_kind(word: &str, span: Range<usize>) -> SyntaxError {
    let error = SyntaxError::new(span, format!("there is no kind \"{word}\""));
    let words = EntryKind::ALL.into_iter().map(EntryKind::as_str);
    match nearest(word, words.clone()) {
        Some(meant) => error.hint(format!("did you mean kind:{meant}?")),
        None => error.hint(format!(
            "kinds are {}",
            words.collect::<Vec<_>>().join(", ")
        )),
    }
}

/// Returns the word that is an edit away from `typed`, or two from a longer one.
fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = match typed.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    words
        .map(|word| {
            (
                if is_swapped(typed, word) {
                    1
                } else {
                    edits(typed, word)
                },
                word,
            )
        })
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// Whether two neighbours are swapped, which is one slip of the fingers though two edits.
fn is_swapped(typed: &str, word: &str) -> bool {
    let swap = |at: usize| {
        let mut bytes = typed.as_bytes().to_vec();
        bytes.swap(at - 1, at);
        bytes == word.as_bytes()
    };
    typed.len() == word.len() && (1..typed.len()).any(swap)
}

/// Returns how many characters must be put in, left out or replaced to make `b` of `a` (Levenshtein).
pub(crate) fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, from) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(from != *to))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        let check =
            |a, b, expect| assert_eq!((edits(a, b), edits(b, a)), (expect, expect), "{a} {b}");
        check("", "", 0);
        check("", "abc", 3);
        check("kitten", "sitting", 3);
        check("projct", "project", 1);
        check("same", "same", 0);
        check("é", "e", 1);
    }
}
