//! Control sequences of terminals in what programs wrote: colours, movements, switches. Knows where one ends.
//!
//! Source: ECMA-48, 5th edition, sections 5.3 to 5.5; ISO 2022 for those with intermediate bytes.

/// What begins every sequence.
pub(super) const ESCAPE: u8 = 0x1b;

/// Longest sequence, in bytes: what goes on for longer is text.
const SEQUENCE_BYTES_MAX: usize = 64;

/// Returns the end of the sequence whose escape character is at `start`, or that of the character alone where
/// none follows. Of a string (a title, a link) only what introduces it counts.
pub(super) fn end_of_sequence(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start + 1..).unwrap_or_default();
    let rest = rest.get(..SEQUENCE_BYTES_MAX).unwrap_or(rest);
    let length = match rest.first() {
        Some(b'[') => ended(rest, 1, |byte| matches!(byte, 0x20..=0x3f)),
        Some(0x20..=0x2f) => ended(rest, 1, |byte| matches!(byte, 0x20..=0x2f)),
        // Those with a small letter are hardly used; text after a lone escape character is.
        Some(0x30..=0x5f) => Some(1),
        _ => None,
    };
    start + 1 + length.unwrap_or(0)
}

/// Returns the length of a sequence that goes on from `from` with what `goes_on` allows, and ends with one
/// printable byte.
fn ended(rest: &[u8], from: usize, goes_on: impl Fn(u8) -> bool) -> Option<usize> {
    let body = rest.get(from..)?.iter();
    let last = from + body.take_while(|byte| goes_on(**byte)).count();
    matches!(rest.get(last)?, 0x30..=0x7e).then_some(last + 1)
}
