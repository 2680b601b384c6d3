//! Walks over a text once and hands out its tokens. ASCII words take the short way.

use super::control::{ESCAPE, end_of_sequence};
use super::fold::{compose_into, fold_into};
use super::identifier::Parts;
use super::script::{Class, class, joins_previous};
use super::{ENCODED_BYTES_MAX, Role, TOKEN_BYTES_MAX, Told};

/// What stands between a line's number and the line where the client shows a file, and how wide the number
/// is at least.
pub(super) const LINE_NUMBER_ARROW: &[u8] = "→".as_bytes();
const LINE_NUMBER_WIDTH: usize = 6;

/// A token as it is found; `text` lives until the next one.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) position: u32,
    pub(super) role: Role,
}

/// Hands each token of `text` to `sink`, in order of position; says whether they tell all of it.
pub(super) fn scan<F: FnMut(Piece<'_>)>(text: &str, sink: F) -> Told {
    let mut scanner = Scanner {
        text,
        position: 0,
        told: Told::Whole,
        folded: String::new(),
        parts: Parts::default(),
        sink,
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match KINDS[usize::from(byte)] {
            Kind::Separator if byte == b'\\' => scanner.backslash(at),
            Kind::Separator => at + 1,
            Kind::Escape => end_of_sequence(bytes, at),
            Kind::Wide => scanner.wide(at),
            Kind::Lower | Kind::Upper | Kind::Digit | Kind::Underscore => scanner.word(at),
        };
    }
    scanner.told
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Separator,
    Escape,
    Lower,
    Upper,
    Digit,
    Underscore,
    Wide,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Separator; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' => Kind::Lower,
            b'A'..=b'Z' => Kind::Upper,
            b'0'..=b'9' => Kind::Digit,
            b'_' => Kind::Underscore,
            0x80..=0xFF => Kind::Wide,
            ESCAPE => Kind::Escape,
            _ => Kind::Separator,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

/// What occurs in an ASCII run, a bit each.
#[derive(Clone, Copy, Default)]
struct Shape(u8);

impl Shape {
    const LOWER: u8 = 1;
    const DIGIT: u8 = 2;
    const UNDERSCORE: u8 = 4;
    const UPPER_FIRST: u8 = 8;
    const UPPER_LATER: u8 = 16;

    fn has(self, any_of: u8) -> bool {
        self.0 & any_of != 0
    }

    fn is_one_word(self) -> bool {
        let is_mixed = self.has(Self::UPPER_LATER) && self.has(Self::LOWER | Self::DIGIT);
        !self.has(Self::UNDERSCORE) && !is_mixed
    }

    fn is_number(self) -> bool {
        self.0 == Self::DIGIT
    }

    fn is_folded(self) -> bool {
        !self.has(Self::UPPER_FIRST | Self::UPPER_LATER)
    }
}

struct Scanner<'t, F> {
    text: &'t str,
    position: u32,
    told: Told,
    folded: String,
    parts: Parts,
    sink: F,
}

impl<'t, F: FnMut(Piece<'_>)> Scanner<'t, F> {
    /// Takes the run that begins with an ASCII character at `start`; returns where to go on.
    fn word(&mut self, start: usize) -> usize {
        let (shape, end) = self.measure(start);
        if shape.is_number() && self.is_line_number(start, end) {
            return end;
        }
        if self
            .char_at(end)
            .is_some_and(|c| matches!(class(c), Class::Word | Class::Inner))
        {
            return self.wide_run(start);
        }
        if !shape.is_one_word() {
            return self.identifier(start, end);
        }
        let position = self.next_position();
        if shape.is_folded() {
            self.emit_as_is(start, end, position, Role::Part);
        } else {
            self.emit_folded(start, end, position);
        }
        if shape.has(Shape::DIGIT) {
            self.bare_number(start, end, position);
        }
        end
    }

    /// Takes a backslash. A letter behind it that escapes a line's end or a tab is no part of the word that
    /// follows, unless it is the word's own: both are found.
    fn backslash(&mut self, at: usize) -> usize {
        let start = at + 1;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let [b'n' | b't' | b'r', next, ..] = rest else {
            return start;
        };
        if !next.is_ascii_alphanumeric() {
            return start;
        }
        let is_plain = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let length = rest.iter().take_while(is_plain).count();
        if length > 1 {
            self.emit_as_is(start, start + length, self.position, Role::Bare);
        }
        start + 1
    }

    fn measure(&self, start: usize) -> (Shape, usize) {
        let mut shape = Shape::default();
        let mut end = start;
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(end) {
            shape.0 |= match KINDS[usize::from(byte)] {
                Kind::Lower => Shape::LOWER,
                Kind::Digit => Shape::DIGIT,
                Kind::Underscore => Shape::UNDERSCORE,
                Kind::Upper if end == start => Shape::UPPER_FIRST,
                Kind::Upper => Shape::UPPER_LATER,
                Kind::Separator | Kind::Escape | Kind::Wide => break,
            };
            end += 1;
        }
        (shape, end)
    }

    /// Tells whether the number `start..end` is one that the client put before a line of a file: right-aligned
    /// at the beginning of a line, with an arrow after it.
    fn is_line_number(&self, start: usize, end: usize) -> bool {
        let (before, rest) = self.text.as_bytes().split_at(start);
        if !rest
            .get(end - start..)
            .is_some_and(|after| after.starts_with(LINE_NUMBER_ARROW))
        {
            return false;
        }
        let spaces = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b' ')
            .count();
        let is_first = matches!(before.get(..start - spaces), None | Some([] | [.., b'\n']));
        is_first && spaces + (end - start) >= LINE_NUMBER_WIDTH
    }

    /// The number of a version, which is asked for with and without its `v`.
    fn bare_number(&mut self, start: usize, end: usize, position: u32) {
        let word = self.slice(start, end).as_bytes();
        if let [b'v' | b'V', digits @ ..] = word
            && digits.iter().all(u8::is_ascii_digit)
        {
            self.emit_as_is(start + 1, end, position, Role::Bare);
        }
    }

    /// Takes the run `start..end`, cutting it into parts; returns where to go on.
    fn identifier(&mut self, start: usize, end: usize) -> usize {
        let run = self.slice(start, end);
        self.parts.cut(run);
        let encoded_at = self.parts.encoded_at();
        let first = self.position;
        let count = self.parts.ranges().len();
        if self.parts.is_cut_short() || (count > 1 && run.len() > TOKEN_BYTES_MAX) {
            self.told = Told::InPart;
        } else if count > 1 {
            self.emit_whole(start, end, first);
        }
        for index in 0..count {
            let Some(part) = self.parts.ranges().get(index).cloned() else {
                break;
            };
            let position = self.next_position();
            self.emit_folded(start + part.start, start + part.end, position);
        }
        match encoded_at {
            Some(at) => self.skip_encoded(start + at).max(end),
            None => end,
        }
    }

    /// Returns the end of the encoded data at `start` if there is too much of it, else `start`.
    fn skip_encoded(&mut self, start: usize) -> usize {
        let is_encoded = |byte: &&u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
        };
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = bytes.iter().take_while(is_encoded).count();
        if length > ENCODED_BYTES_MAX {
            self.told = Told::InPart;
            start + length
        } else {
            start
        }
    }

    /// Takes what begins with a character outside ASCII at `at`; returns where to go on.
    fn wide(&mut self, at: usize) -> usize {
        let Some(c) = self.char_at(at) else {
            return self.text.len();
        };
        let end = at + c.len_utf8();
        match class(c) {
            Class::Word => self.wide_run(at),
            Class::Single => self.single(at, end),
            Class::Emoji => {
                let position = self.next_position();
                self.emit_as_is(at, end, position, Role::Part);
                end
            }
            Class::Inner | Class::Other => end,
        }
    }

    fn wide_run(&mut self, start: usize) -> usize {
        let belongs = |c: char| {
            if c.is_ascii() {
                c.is_ascii_alphanumeric() || c == '_'
            } else {
                matches!(class(c), Class::Word | Class::Inner)
            }
        };
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.identifier(start, start + length)
    }

    /// One character of a script without spaces, with what is composed into it.
    fn single(&mut self, start: usize, mut end: usize) -> usize {
        while let Some(c) = self.char_at(end).filter(|&c| joins_previous(c)) {
            end += c.len_utf8();
        }
        let mut composed = std::mem::take(&mut self.folded);
        composed.clear();
        compose_into(self.slice(start, end), &mut composed);
        for (at, c) in composed.char_indices() {
            let text = composed.get(at..at + c.len_utf8()).unwrap_or_default();
            let position = self.next_position();
            (self.sink)(Piece {
                text,
                start,
                end,
                position,
                role: Role::Part,
            });
        }
        self.folded = composed;
        end
    }

    fn emit_whole(&mut self, start: usize, end: usize, position: u32) {
        self.folded.clear();
        for part in self.parts.ranges() {
            let text = self
                .text
                .get(start + part.start..start + part.end)
                .unwrap_or_default();
            fold_any(text, &mut self.folded);
        }
        let text = limited(&self.folded, &mut self.told);
        if !text.is_empty() {
            (self.sink)(Piece {
                text,
                start,
                end,
                position,
                role: Role::Whole,
            });
        }
    }

    fn emit_folded(&mut self, start: usize, end: usize, position: u32) {
        self.folded.clear();
        fold_any(self.slice(start, end), &mut self.folded);
        let text = limited(&self.folded, &mut self.told);
        if !text.is_empty() {
            (self.sink)(Piece {
                text,
                start,
                end,
                position,
                role: Role::Part,
            });
        }
    }

    fn emit_as_is(&mut self, start: usize, end: usize, position: u32, role: Role) {
        let text = limited(self.slice(start, end), &mut self.told);
        (self.sink)(Piece {
            text,
            start,
            end,
            position,
            role,
        });
    }

    fn next_position(&mut self) -> u32 {
        let position = self.position;
        self.position = position.saturating_add(1);
        position
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The character outside ASCII at `at`, if there is one.
    fn char_at(&self, at: usize) -> Option<char> {
        let is_wide = self
            .text
            .as_bytes()
            .get(at)
            .is_some_and(|byte| !byte.is_ascii());
        if is_wide {
            self.text.get(at..)?.chars().next()
        } else {
            None
        }
    }
}

fn fold_any(word: &str, out: &mut String) {
    if word.is_ascii() {
        let from = out.len();
        out.push_str(word);
        if let Some(added) = out.get_mut(from..) {
            added.make_ascii_lowercase();
        }
    } else {
        fold_into(word, out);
    }
}

fn limited<'a>(word: &'a str, told: &mut Told) -> &'a str {
    if word.len() <= TOKEN_BYTES_MAX {
        return word;
    }
    *told = Told::InPart;
    word.get(..word.floor_char_boundary(TOKEN_BYTES_MAX))
        .unwrap_or_default()
}
