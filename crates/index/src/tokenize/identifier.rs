//! Cuts a run into parts: at underscores, and where its case says so.

use std::ops::Range;

/// Most parts that a run is cut into; what follows stays in the last one.
const PARTS_MAX: usize = 32;

/// Most parts that case cuts out of a stretch without underscores; more is encoded data.
const CASE_PARTS_MAX: usize = 8;

/// A stretch with so many groups of digits *and* so many changes of case is encoded data.
const ENCODED_CHANGES_MIN: usize = 3;

/// The parts of one run, as byte ranges of it. Reused from run to run.
#[derive(Debug, Default)]
pub(super) struct Parts {
    ranges: Vec<Range<usize>>,
    encoded_at: Option<usize>,
}

impl Parts {
    /// Cuts `run` anew.
    pub(super) fn cut(&mut self, run: &str) {
        self.ranges.clear();
        self.encoded_at = None;
        let mut at = 0;
        for stretch in run.split('_') {
            if !stretch.is_empty() && self.ranges.len() < PARTS_MAX {
                self.cut_stretch(stretch, at);
            }
            at += stretch.len() + 1;
        }
        if self.ranges.len() >= PARTS_MAX
            && let Some(last) = self.ranges.last_mut()
        {
            last.end = run.trim_end_matches('_').len();
        }
    }

    /// The parts, in order.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Whether there may be more parts than are cut.
    pub(super) fn is_cut_short(&self) -> bool {
        self.ranges.len() >= PARTS_MAX
    }

    /// Where a stretch begins that looks like encoded data, if one does.
    pub(super) fn encoded_at(&self) -> Option<usize> {
        self.encoded_at
    }

    fn cut_stretch(&mut self, stretch: &str, base: usize) {
        let first = self.ranges.len();
        let mut start = 0;
        let mut changes = 0;
        for at in case_changes(stretch) {
            self.ranges.push(base + start..base + at);
            start = at;
            changes += 1;
        }
        self.ranges.push(base + start..base + stretch.len());
        let is_encoded = changes >= CASE_PARTS_MAX
            || (changes >= ENCODED_CHANGES_MIN && digit_groups(stretch) >= ENCODED_CHANGES_MIN);
        if is_encoded {
            self.ranges.truncate(first);
            self.ranges.push(base..base + stretch.len());
            self.encoded_at.get_or_insert(base);
        }
        self.ranges.truncate(PARTS_MAX);
    }
}

/// Where a new word begins within a stretch: `foo|Bar`, `HTTP|Server`, `UTF8|String`, but `URLs`.
fn case_changes(stretch: &str) -> impl Iterator<Item = usize> + '_ {
    let mut start = 0;
    let mut previous: Option<(usize, char)> = None;
    let mut chars = stretch.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next);
            let change = previous.and_then(|(before, last)| {
                let is_plural = c == 's' && !next.is_some_and(char::is_lowercase);
                if last.is_uppercase() && c.is_lowercase() && before > start && !is_plural {
                    return Some(before);
                }
                let follows_digit = last.is_numeric() && next.is_some_and(char::is_lowercase);
                let begins = c.is_uppercase() && (is_small(last) || follows_digit);
                begins.then_some(at)
            });
            previous = Some((at, c));
            if let Some(change) = change {
                start = change;
                return Some(change);
            }
        }
        None
    })
}

fn is_small(c: char) -> bool {
    c.is_alphabetic() && !c.is_uppercase()
}

fn digit_groups(stretch: &str) -> usize {
    let mut was_digit = false;
    stretch
        .bytes()
        .filter(|byte| {
            let begins = byte.is_ascii_digit() && !was_digit;
            was_digit = byte.is_ascii_digit();
            begins
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_where_a_reader_would() {
        let check = |run: &str, expect: &str| {
            let mut parts = Parts::default();
            parts.cut(run);
            let found: Vec<&str> = parts
                .ranges()
                .iter()
                .map(|range| run.get(range.clone()).unwrap())
                .collect();
            assert_eq!(found.join("|"), expect, "{run}");
        };
        check("fooBarBaz", "foo|Bar|Baz");
        check("foo_bar__baz_", "foo|bar|baz");
        check("HTTPServer", "HTTP|Server");
        check("parseJSON", "parse|JSON");
        check("XMLHttpRequest", "XML|Http|Request");
        check("UTF8String", "UTF8|String");
        check("Vec3D", "Vec3D");
        check("URLs", "URLs");
        check("userIDsFound", "user|IDs|Found");
        check("iPhone", "i|Phone");
        check("SCREAMING_CASE", "SCREAMING|CASE");
        check("größeÄnderung", "größe|Änderung");
        check("aGVsbG8gd29ybGQ0aGVsbG8", "aGVsbG8gd29ybGQ0aGVsbG8");
        check("___", "");
    }

    #[test]
    fn parts_are_bounded() {
        let mut parts = Parts::default();
        parts.cut(&"ab_".repeat(1_000));
        assert_eq!(parts.ranges().len(), PARTS_MAX);
        assert_eq!(parts.ranges().last().unwrap().end, 2_999);
    }
}
