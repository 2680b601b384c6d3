//! What a hit shows of a line that is too long to be read at once: the stretch of it that matches, without
//! JSON's escapes. It knows no records, since none is parsed.

use sessions_index::{Match, tokenize};
use sessions_model::ByteOffset;
use sessions_transcript::LINE_BYTES_MAX;

use crate::QueryError;
use crate::locate::Place;
use crate::terms::Terms;

/// Bytes that are looked through at a time.
const STRETCH_BYTES: u64 = 1 << 20;

/// Bytes of the stretch before that are looked at again, since a word may lie across.
const OVERLAP_BYTES: u64 = 4 << 10;

/// What is shown where no stretch of the line has a word of the query.
pub(crate) const TOO_LONG: &str = "(a line that is too long to be shown here)";

/// Returns the first stretch of the line of `found` that holds what `terms` look for, or says that the line
/// is too long.
pub(crate) fn stretch(
    place: Place<'_>,
    found: &Match,
    terms: &Terms,
) -> Result<String, QueryError> {
    let line_max = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let begin = found.offset.0;
    let length = place.archive.length(found.generation)?.0;
    let limit = length.min(begin.saturating_add(line_max));
    let mut at = begin;
    while at < limit && !terms.is_empty() {
        let from = begin.max(at.saturating_sub(OVERLAP_BYTES));
        let end = limit.min(at + STRETCH_BYTES);
        let bytes = place
            .archive
            .bytes(found.generation, ByteOffset(from)..ByteOffset(end))?;
        let newline = memchr::memchr(b'\n', &bytes);
        let (line, _) = bytes.split_at(newline.unwrap_or(bytes.len()));
        let text = unescaped(line);
        if tokenize(&text).iter().any(|token| terms.matches(token)) {
            return Ok(text);
        }
        if newline.is_some() {
            break;
        }
        at = end;
    }
    Ok(TOO_LONG.to_owned())
}

/// Returns part of a JSON line as people read it: escapes as what they stand for.
fn unescaped(json: &[u8]) -> String {
    let json = String::from_utf8_lossy(json);
    let mut text = String::with_capacity(json.len());
    let mut chars = json.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        match chars.next() {
            Some('n' | 'r') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                text.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_what_they_stand_for() {
        let check = |json: &str, expect| assert_eq!(unescaped(json.as_bytes()), expect, "{json}");
        check(r#"one\ntwo\t\"three\" C:\\x"#, "one\ntwo\t\"three\" C:\\x");
        check(r"caf\u00e9 \ud83d", "café \u{fffd}");
        check(r"cut \u00", "cut \0");
        check(r"cut \", "cut ");
    }
}
