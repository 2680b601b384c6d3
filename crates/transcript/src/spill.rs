//! Spilled tool output as passages small enough to index. Knows nothing of transcripts.

use std::borrow::Cow;
use std::iter::FusedIterator;

use memchr::memrchr;
use sessions_model::ByteOffset;

/// Longest passage, in bytes of the file.
pub const PASSAGE_BYTES_MAX: usize = 64 << 10;

/// Cuts `bytes` into passages of at most [`PASSAGE_BYTES_MAX`], at line ends wherever there is one.
pub fn spilled_passages(bytes: &[u8]) -> SpilledPassages<'_> {
    SpilledPassages {
        rest: bytes,
        offset: 0,
    }
}

/// The passages of spilled output, each with its place in the file. What is not UTF-8 reads as U+FFFD.
#[derive(Debug, Clone)]
pub struct SpilledPassages<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Iterator for SpilledPassages<'a> {
    type Item = (ByteOffset, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (passage, rest) = self.rest.split_at(passage_len(self.rest));
        let at = ByteOffset(self.offset);
        self.rest = rest;
        self.offset += passage.len() as u64;
        Some((at, String::from_utf8_lossy(passage)))
    }
}

impl FusedIterator for SpilledPassages<'_> {}

fn passage_len(rest: &[u8]) -> usize {
    let Some(window) = rest
        .get(..PASSAGE_BYTES_MAX)
        .filter(|_| rest.len() > PASSAGE_BYTES_MAX)
    else {
        return rest.len();
    };
    memrchr(b'\n', window).map_or_else(|| character_end(rest), |end| end + 1)
}

/// Steps back from the limit to the start of the character that straddles it.
fn character_end(rest: &[u8]) -> usize {
    let is_start = |at: &usize| rest.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let earliest = PASSAGE_BYTES_MAX - 3;
    (earliest..=PASSAGE_BYTES_MAX)
        .rev()
        .find(is_start)
        .unwrap_or(PASSAGE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: &[usize]) {
        let passages: Vec<_> = spilled_passages(bytes).collect();
        let lengths: Vec<_> = passages.iter().map(|(_, text)| text.len()).collect();
        assert_eq!(lengths, expect);
        let joined: String = passages.iter().map(|(_, text)| text.as_ref()).collect();
        assert_eq!(joined, String::from_utf8_lossy(bytes));
    }

    #[test]
    fn passages_end_at_lines_and_never_inside_a_character() {
        check(b"", &[]);
        check(b"one\ntwo", &[7]);
        let line = "x".repeat(PASSAGE_BYTES_MAX - 11) + "\n";
        check(
            (line.clone() + &"y".repeat(20)).as_bytes(),
            &[PASSAGE_BYTES_MAX - 10, 20],
        );
        let wide = "x".repeat(PASSAGE_BYTES_MAX - 1) + "漢字";
        check(wide.as_bytes(), &[PASSAGE_BYTES_MAX - 1, 6]);
        check(b"\xff\n", &[4]);
    }
}
