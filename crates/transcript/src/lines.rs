//! Lines and their exact places in a file. Knows nothing of what a line says.

use memchr::memchr;
use sessions_model::ByteOffset;

use crate::object::objects_end;

/// Longest line that is parsed, in bytes; a longer one is a defect. Bounds the memory of parsing.
pub const LINE_BYTES_MAX: usize = 64 << 20;

/// The lines of a chunk, each with its offset and without its newline.
///
/// What follows the last newline is a line if it is whole objects: its writer may have been ended before the
/// newline, and whatever comes behind an object, it stays the [row](crate::rows) that it is. Anything else
/// is no line yet: it stays in [`Lines::rest`] until more is appended.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Lines<'a> {
    /// Takes a chunk that starts at `offset` of its file.
    pub fn new(chunk: &'a [u8], offset: ByteOffset) -> Self {
        Self {
            rest: chunk,
            offset: offset.0,
        }
    }

    /// Returns what has not been given out; once the lines are through, the unterminated rest.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Returns where [`Lines::rest`] starts.
    pub fn offset(&self) -> ByteOffset {
        ByteOffset(self.offset)
    }

    fn unterminated(&mut self) -> Option<(ByteOffset, &'a [u8])> {
        if self.rest.len() > LINE_BYTES_MAX {
            return None;
        }
        let (line, rest) = self.rest.split_at(objects_end(self.rest)?);
        let at = self.offset();
        self.rest = rest;
        self.offset += line.len() as u64;
        Some((at, line))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (ByteOffset, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(end) = memchr(b'\n', self.rest) else {
            return self.unterminated();
        };
        let (line, rest) = self.rest.split_at(end);
        let at = self.offset();
        self.rest = rest.split_first().map_or(&[], |(_, rest)| rest);
        self.offset += end as u64 + 1;
        Some((at, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chunk: &[u8], expect: &[(u64, &[u8])], rest: (u64, &[u8])) {
        let mut lines = Lines::new(chunk, ByteOffset(100));
        let expect: Vec<_> = expect
            .iter()
            .map(|(at, line)| (ByteOffset(*at), *line))
            .collect();
        assert_eq!(lines.by_ref().collect::<Vec<_>>(), expect);
        assert_eq!((lines.offset().0, lines.rest()), rest);
    }

    #[test]
    fn half_written_line_waits_for_newline() {
        check(b"", &[], (100, b""));
        check(b"ab", &[], (100, b"ab"));
        check(b"ab\n", &[(100, b"ab")], (103, b""));
        check(
            b"\n\0x\r\ntorn",
            &[(100, b""), (101, b"\0x\r")],
            (105, b"torn"),
        );
        check(b"{}\n{\"a\":{}", &[(100, b"{}")], (103, b"{\"a\":{}"));
    }

    #[test]
    fn a_whole_row_needs_no_newline() {
        check(b"{}", &[(100, b"{}")], (102, b""));
        check(b"a\n{}\r", &[(100, b"a"), (102, b"{}")], (104, b"\r"));
    }
}
