//! Filters: their names, the values they know, and what was probably meant.

use std::ops::Range;

use sessions_model::EntryKind;

use super::nearest::nearest;
use super::{Date, SyntaxError, When};

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
    /// `tag:`
    Tag(String),
    /// `is:subagent`
    IsSubagent,
    /// `is:error`
    IsError,
    /// `is:automated`
    IsAutomated,
    /// `is:live`
    IsLive,
    /// `is:deleted`
    IsDeleted,
    /// `has:checkpoint`
    HasCheckpoint,
    /// `has:image`
    HasImage,
    /// `before:`, earlier than the date begins.
    Before(Date),
    /// `after:`, from where the date begins.
    After(Date),
    /// `on:`, within the date, or from one to another.
    On(When),
}

/// Filters there are.
const NAMES: [&str; 13] = [
    "project", "session", "tool", "kind", "model", "branch", "file", "tag", "is", "has", "before",
    "after", "on",
];

/// What a session or an entry may be.
const BEING: [(&str, Filter); 5] = [
    ("subagent", Filter::IsSubagent),
    ("error", Filter::IsError),
    ("automated", Filter::IsAutomated),
    ("live", Filter::IsLive),
    ("deleted", Filter::IsDeleted),
];

/// What a session or an entry may have.
const HAVING: [(&str, Filter); 2] = [
    ("checkpoint", Filter::HasCheckpoint),
    ("image", Filter::HasImage),
];

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

const DATE_HINT: &str = "a date is today, yesterday, 3d, 2w, monday, march, 2026-05 or 2026-05-01";

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
        None if value.contains("..") => Err(SyntaxError::new(
            span.clone(),
            format!("{name}: takes one date, not a range of them"),
        )
        .hint(format!("on:{value} is from the one to the other"))),
        None => Err(no_date(value, span.clone())),
    };
    match name.to_ascii_lowercase().as_str() {
        "project" => Ok(Filter::Project(text)),
        "session" => Ok(Filter::Session(text)),
        "tool" => Ok(Filter::Tool(text)),
        "model" => Ok(Filter::Model(text)),
        "branch" => Ok(Filter::Branch(text)),
        "file" => Ok(Filter::File(text)),
        "tag" => Ok(Filter::Tag(text)),
        "kind" => read_kinds(value, span),
        "is" => read_one_of("is", &BEING, value, span),
        "has" => read_one_of("has", &HAVING, value, span),
        "before" => date(Filter::Before),
        "after" => date(Filter::After),
        _ => When::read(value, span).map(Filter::On),
    }
}

/// Says that `value` is no date.
pub(super) fn no_date(value: &str, span: Range<usize>) -> SyntaxError {
    SyntaxError::new(span, format!("\"{value}\" is no date")).hint(DATE_HINT)
}

/// Reads a value that is one of a few words.
fn read_one_of(
    name: &str,
    known: &[(&str, Filter)],
    value: &str,
    span: Range<usize>,
) -> Result<Filter, SyntaxError> {
    let value = value.to_ascii_lowercase();
    if let Some((_, filter)) = known.iter().find(|(word, _)| *word == value) {
        return Ok(filter.clone());
    }
    let error = SyntaxError::new(span, format!("there is no {name}:{value}"));
    let words = known.iter().map(|(word, _)| *word);
    let hint = if let Some(meant) = nearest(&value, words.clone()) {
        format!("did you mean {name}:{meant}?")
    } else {
        let words: Vec<_> = words.map(|word| format!("{name}:{word}")).collect();
        format!("there are {}", words.join(", "))
    };
    Err(error.hint(hint))
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
