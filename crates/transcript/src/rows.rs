//! The rows of one line: one, as a rule. Knows nothing of other lines.

use sessions_model::Parsed;

use crate::parse::{parse_first, parse_next};

/// The rows of a line, each with where it begins in it.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    rest: &'a [u8],
    offset: u64,
}

/// Returns the rows of `line`, which comes without its newline.
///
/// A row ends where its object does, so that one that had no newline yet reads the same whatever comes
/// behind it.
pub fn rows(line: &[u8]) -> Rows<'_> {
    Rows {
        rest: line,
        offset: 0,
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = (u64, Parsed<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.offset;
        let (row, rest) = match at {
            0 => parse_first(self.rest),
            _ => parse_next(self.rest),
        };
        self.offset += (self.rest.len() - rest.len()) as u64;
        self.rest = rest;
        Some((at, row))
    }
}
