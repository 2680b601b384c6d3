//! What of a text its tokens do not tell, so that exact search knows which documents it must look at itself.
//!
//! Looks at every byte once, and cuts words only where one may have been left out.

use super::control::ESCAPE;
use super::scanner::{self, LINE_NUMBER_ARROW};
use super::{TOKEN_BYTES_MAX, Told};

/// Digits of a line's number from which on its document counts as told in part: longer numbers are asked for.
pub(super) const LINE_NUMBER_DIGITS: usize = 6;

/// Stretch of bytes from which on a word outside ASCII may be too long once it is folded.
const WIDE_STRETCH_BYTES: usize = TOKEN_BYTES_MAX / 2;

/// What a text holds besides words that are indexed as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traces {
    /// Whether everything of it is indexed.
    pub(crate) told: Told,
    /// Whether there may be a control sequence of a terminal, which takes letters from the word after it.
    pub(crate) has_controls: bool,
    /// Whether there may be numbers of lines, which are no words.
    pub(crate) has_line_numbers: bool,
}

impl Traces {
    /// Returns what there is in `text`; rather too much than too little.
    pub(crate) fn of(text: &str) -> Self {
        let digits = digits_before_arrow(text);
        let is_in_part = digits >= LINE_NUMBER_DIGITS
            || (may_be_cut(text) && scanner::scan(text, |_| {}) == Told::InPart);
        Self {
            told: if is_in_part {
                Told::InPart
            } else {
                Told::Whole
            },
            has_controls: text.as_bytes().contains(&ESCAPE),
            has_line_numbers: digits > 0,
        }
    }
}

/// Returns how many digits stand before an arrow at most.
fn digits_before_arrow(text: &str) -> usize {
    if text.is_ascii() {
        return 0;
    }
    let arrow = str::from_utf8(LINE_NUMBER_ARROW).unwrap_or_default();
    let found = text.match_indices(arrow).map(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().bytes().rev();
        before.take_while(u8::is_ascii_digit).count()
    });
    found.max().unwrap_or(0)
}

/// Tells whether a word or encoded data may be too long to be indexed.
fn may_be_cut(text: &str) -> bool {
    let bytes = text.as_bytes();
    if text.is_ascii() {
        return has_ascii_stretch(bytes);
    }
    let (mut length, mut is_wide) = (0_usize, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            // Compatibility forms of whole words.
            0xe3 if matches!(bytes.get(at + 1), Some(0x8c..=0x8f)) => return true,
            0xef if matches!(bytes.get(at + 1), Some(0xac..=0xbb)) => return true,
            // Han, kana, hangul: a word a character.
            0xe3..=0xe9 | 0xeb..=0xed => (length, is_wide) = (0, false),
            0x80.. => (length, is_wide) = (length + 1, true),
            byte if goes_on(byte) => length += 1,
            _ => (length, is_wide) = (0, false),
        }
        let is_long = if is_wide {
            length > WIDE_STRETCH_BYTES
        } else {
            length > TOKEN_BYTES_MAX
        };
        if is_long {
            return true;
        }
    }
    false
}

/// Tells whether a stretch is longer than a token may be; looks at a few bytes of each that is not.
fn has_ascii_stretch(bytes: &[u8]) -> bool {
    let mut start = 0;
    while let Some(window) = bytes.get(start..start + TOKEN_BYTES_MAX + 1) {
        match window.iter().rposition(|&byte| !goes_on(byte)) {
            Some(end) => start += end + 1,
            None => return true,
        }
    }
    false
}

/// Whether `byte` may stand in a run, or in encoded data.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'/' | b'=' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn traces_say_what_is_not_told() {
        let check = |text: &str, told: Told, has_controls: bool, has_line_numbers: bool| {
            let expect = Traces {
                told,
                has_controls,
                has_line_numbers,
            };
            assert_eq!(Traces::of(text), expect, "{text}");
        };
        check("", Told::Whole, false, false);
        check("a fooBar → b", Told::Whole, false, false);
        check("     1→let", Told::Whole, false, true);
        check("100000→let", Told::InPart, false, true);
        check("\u{1b}[1mx", Told::Whole, true, false);
        check(&"ab_".repeat(42), Told::Whole, false, false);
        check(&"ab_".repeat(43), Told::InPart, false, false);
        check(&"0f".repeat(64), Told::Whole, false, false);
        check(&"0f".repeat(65), Told::InPart, false, false);
        check(&"日本語の本".repeat(90), Told::Whole, false, false);
        check(&"é".repeat(128), Told::Whole, false, false);
        check(&"é".repeat(129), Told::InPart, false, false);
        check(&"ﷺ".repeat(8), Told::InPart, false, false);
        check(&"crates/fooBar/".repeat(90), Told::Whole, false, false);
        check(&"aB3dE5fG7hI9/".repeat(30), Told::InPart, false, false);
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_always_noticed(
            text in "([a-zA-Z0-9_/+éßﷺ½日 ]{0,9}|(aB3dE5fG7)|(word){20,40}|é{50,150}){0,60}",
        ) {
            if scanner::scan(&text, |_| {}) == Told::InPart {
                prop_assert_eq!(Traces::of(&text).told, Told::InPart);
            }
        }
    }
}
