//! Exact texts between single quotes and regular expressions between slashes: where they end, and what is
//! wrong with an expression. It compiles nothing.

use std::ops::Range;

use regex_syntax::ParserBuilder;

use super::SyntaxError;

/// Deepest nesting of a regular expression.
const REGEX_DEPTH_MAX: u32 = 64;

/// Stands before an expression that matches in any case.
const ANY_CASE: &str = "(?i)";

/// Reads `'a text'` and how many bytes it took. It is closed by the first quote behind which a
/// word `ends`; within it may stand quotes before letters, and others behind a backslash.
///
/// Where a quote behind a backslash is the only one that could close it, it does: `'C:\'`.
pub(super) fn literal(rest: &str, ends: impl Fn(Option<char>) -> bool) -> Option<(String, usize)> {
    let inner = rest.strip_prefix('\'')?;
    escaped(inner, &ends).or_else(|| {
        let (text, after) = inner.split_once('\'')?;
        let is_closed = text.ends_with('\\') && ends(after.chars().next());
        is_closed.then(|| (text.to_owned(), text.len() + 2))
    })
}

fn escaped(inner: &str, ends: &impl Fn(Option<char>) -> bool) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        match (char, next) {
            ('\\', Some(escaped @ ('\'' | '\\'))) => {
                text.push(escaped);
                chars.next();
            }
            ('\'', next) if ends(next) => return (!text.is_empty()).then_some((text, at + 2)),
            // A quoted word in a pasted text, not an apostrophe.
            ('\'', Some(next)) if !next.is_alphanumeric() => return None,
            _ => text.push(char),
        }
    }
    None
}

/// Reads `/a regex/` or `/a regex/i` and how many bytes it took. It begins with no space, and is closed by
/// the first slash without a backslash before it, if a word `ends` there.
pub(super) fn regex(rest: &str, ends: impl Fn(Option<char>) -> bool) -> Option<(String, usize)> {
    let inner = rest.strip_prefix('/')?;
    if inner.starts_with(char::is_whitespace) {
        return None;
    }
    let mut pattern = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some((_, '/')) => pattern.push('/'),
                Some((_, other)) => pattern.extend(['\\', other]),
                None => return None,
            },
            '/' => {
                let mut after = chars.as_str().chars();
                let is_any_case = after.clone().next() == Some('i');
                if is_any_case {
                    after.next();
                    pattern.insert_str(0, ANY_CASE);
                }
                let length = at + 2 + usize::from(is_any_case);
                return (ends(after.next()) && !pattern.is_empty()).then_some((pattern, length));
            }
            _ => pattern.push(char),
        }
    }
    None
}

/// Fails where `pattern`, written at `span`, is no regular expression.
pub(super) fn check(pattern: &str, span: Range<usize>) -> Result<(), SyntaxError> {
    let parsed = ParserBuilder::new()
        .nest_limit(REGEX_DEPTH_MAX)
        .build()
        .parse(pattern);
    let Err(error) = parsed else {
        return Ok(());
    };
    let (what, at) = match &error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), Some(error.span())),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), Some(error.span())),
        _ => (error.to_string(), None),
    };
    // The expression begins behind the slash; where a slash in it is escaped, it is pointed at as a whole.
    let is_as_written = pattern.len() + 2 == span.len();
    let place = at.filter(|_| is_as_written).map(|at| {
        let start = span.start + 1 + at.start.offset;
        start..(span.start + 1 + at.end.offset).max(start)
    });
    let message = format!("this is no regular expression: {what}");
    let hint = "to search for the text, put it in \"double\" or 'single' quotes";
    Err(SyntaxError::new(place.unwrap_or(span), message).hint(hint))
}

/// Appends `pattern` as it stands between slashes.
pub(super) fn write_regex(f: &mut impl std::fmt::Write, pattern: &str) -> std::fmt::Result {
    f.write_char('/')?;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '/' => f.write_str("\\/")?,
            '\\' => {
                f.write_char(char)?;
                chars.next().map_or(Ok(()), |next| f.write_char(next))?;
            }
            _ => f.write_char(char)?,
        }
    }
    f.write_char('/')
}
