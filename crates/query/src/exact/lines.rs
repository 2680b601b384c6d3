//! The lines of a text that match, and those around them. Knows nothing of where a text is from.

use std::ops::{ControlFlow, Range};

use memchr::{memchr, memchr_iter, memrchr};
use sessions_model::{GrepLine, GrepPlace, Highlight};

use super::Matcher;

/// Bytes of a line that are shown; of a longer one, those around its first match.
const LINE_BYTES_MAX: usize = 256 << 10;

/// Bytes that are shown before the first match of a line that is too long.
const BEFORE_BYTES: usize = 4 << 10;

/// Bytes that are shown of a line that stands beside a match, and most such lines on either side: all of them
/// go into one message.
const BESIDE_BYTES_MAX: usize = 8 << 10;
const BESIDE_MAX: u32 = 100;

/// What a line counts for besides its text.
const LINE_OVERHEAD_BYTES: usize = 64;

/// Matches of one line that are marked.
const HIGHLIGHTS_MAX: usize = 1_000;

/// How many lines are shown before and behind one that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Around {
    pub(crate) before: u32,
    pub(crate) after: u32,
}

/// A line that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    number: u64,
    line: Range<usize>,
    first: Range<usize>,
}

/// Returns the next line of `text` that matches, from `at` on, where the line of `number` begins.
fn next(matcher: &Matcher, text: &[u8], (at, number): (usize, u64)) -> Option<Found> {
    let first = matcher.find(text, at)?;
    let is_behind_all = first.start == text.len() && matches!(text, [] | [.., b'\n']);
    if is_behind_all {
        // There is no line behind the end of the last.
        return None;
    }
    let (before, rest) = text.split_at(first.start);
    let start = memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = memchr(b'\n', rest).map_or(text.len(), |end| first.start + end);
    let passed = text.get(at..start).unwrap_or_default();
    let newlines = memchr_iter(b'\n', passed).count() as u64;
    Some(Found {
        number: number + newlines,
        line: start..end,
        first,
    })
}

/// Hands each line of `text` that matches to `each`: its number, and where it is.
pub(crate) fn matching(
    matcher: &Matcher,
    text: &[u8],
    mut each: impl FnMut(u64, Range<usize>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut at = (0, 1);
    while at.0 <= text.len()
        && let Some(found) = next(matcher, text, at)
    {
        at = (found.line.end + 1, found.number + 1);
        each(found.number, found.line)?;
    }
    ControlFlow::Continue(())
}

/// Lines that are shown of one text, in order and each once.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    matcher: &'a Matcher,
    text: &'a [u8],
    around: Around,
    /// Lines that come before those of the text.
    lines_before: u64,
    lines: Vec<GrepLine>,
    /// Lines behind the last match, as far as they are not of the next.
    behind: Vec<GrepLine>,
    last: u64,
}

impl<'a> Shown<'a> {
    /// Begins with none of `text`, before which its entry has so many lines.
    pub(crate) fn of(
        matcher: &'a Matcher,
        (text, lines_before): (&'a [u8], u64),
        around: Around,
    ) -> Self {
        Self {
            matcher,
            text,
            around,
            lines_before,
            lines: Vec::new(),
            behind: Vec::new(),
            last: 0,
        }
    }

    /// Adds a line that matches, and those before it that are not shown yet.
    pub(crate) fn add(&mut self, number: u64, line: Range<usize>) {
        let behind = std::mem::take(&mut self.behind);
        for line in behind.into_iter().take_while(|line| line.number < number) {
            self.last = line.number;
            self.lines.push(line);
        }
        let found = (number, &line);
        let (before, behind) = around(self.text, found, (self.around, self.last + 1));
        self.lines.extend(before);
        self.behind = behind;
        self.last = number;
        let shown = show(self.matcher, self.text, (number, line));
        self.lines.push(shown);
    }

    /// Returns about how many bytes are shown.
    pub(crate) fn bytes(&self) -> usize {
        let lines = self.lines.iter().chain(&self.behind);
        lines
            .map(|line| line.text.len() + LINE_OVERHEAD_BYTES)
            .sum()
    }

    /// Takes what is shown so far.
    pub(crate) fn take(&mut self) -> Vec<GrepLine> {
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            line.number += self.lines_before;
        }
        lines
    }

    /// Takes the rest.
    pub(crate) fn finish(mut self) -> Vec<GrepLine> {
        let behind = std::mem::take(&mut self.behind);
        self.lines.extend(behind);
        self.take()
    }
}

/// Shows the line of a match with what matches in it.
fn show(matcher: &Matcher, text: &[u8], (number, line): (u64, Range<usize>)) -> GrepLine {
    let mut found_in = Vec::new();
    let mut at = line.start;
    while found_in.len() < HIGHLIGHTS_MAX
        && at <= line.end
        && let Some(found) = matcher
            .find(text, at)
            .filter(|found| found.start <= line.end)
    {
        at = found.end.max(found.start + 1);
        found_in.push(found);
    }
    let first = found_in.first().map_or(line.start, |found| found.start);
    let shown = window(&line, first, LINE_BYTES_MAX);
    GrepLine {
        number,
        place: GrepPlace::Match,
        is_cut: shown != line,
        ..readable(text, shown, &found_in)
    }
}

/// Shows the lines around the one that matches: at most so many, and none of those before `from`.
fn around(
    text: &[u8],
    (number, line): (u64, &Range<usize>),
    (around, from): (Around, u64),
) -> (Vec<GrepLine>, Vec<GrepLine>) {
    let mut before = Vec::new();
    let (mut start, mut at) = (line.start, number);
    while at > from && number - at < u64::from(around.before.min(BESIDE_MAX)) && start > 0 {
        let end = start - 1;
        let (earlier, _) = text.split_at(end);
        start = memrchr(b'\n', earlier).map_or(0, |end| end + 1);
        at -= 1;
        before.push(beside(text, (at, start..end)));
    }
    before.reverse();
    let mut after = Vec::new();
    let (mut start, mut at) = (line.end + 1, number + 1);
    while at - number <= u64::from(around.after.min(BESIDE_MAX)) && start < text.len() {
        let (_, later) = text.split_at(start);
        let end = memchr(b'\n', later).map_or(text.len(), |end| start + end);
        after.push(beside(text, (at, start..end)));
        (start, at) = (end + 1, at + 1);
    }
    (before, after)
}

fn beside(text: &[u8], (number, line): (u64, Range<usize>)) -> GrepLine {
    let shown = window(&line, line.start, BESIDE_BYTES_MAX);
    GrepLine {
        number,
        place: GrepPlace::Beside,
        is_cut: shown != line,
        ..readable(text, shown, &[])
    }
}

/// Returns what is shown of a line, at most so many bytes, whose first match is at `first`.
fn window(line: &Range<usize>, first: usize, bytes_max: usize) -> Range<usize> {
    if line.len() <= bytes_max {
        return line.clone();
    }
    let last_start = line.end - bytes_max;
    let start = first
        .saturating_sub(BEFORE_BYTES)
        .clamp(line.start, last_start);
    start..start + bytes_max
}

/// Reads a stretch as text, piece by piece, so that what matched is where it was.
fn readable(text: &[u8], shown: Range<usize>, matches: &[Range<usize>]) -> GrepLine {
    let mut line = String::new();
    let mut highlights: Vec<Highlight> = Vec::new();
    let mut at = shown.start;
    let mut read = |range: Range<usize>| {
        let start = u32::try_from(line.len()).unwrap_or(u32::MAX);
        line.push_str(&String::from_utf8_lossy(
            text.get(range).unwrap_or_default(),
        ));
        Highlight {
            start,
            end: u32::try_from(line.len()).unwrap_or(u32::MAX),
        }
    };
    for found in matches {
        let (start, end) = (found.start.max(at), found.end.min(shown.end));
        if start < end {
            read(at..start);
            highlights.push(read(start..end));
            at = end;
        }
    }
    read(at..shown.end);
    GrepLine {
        number: 0,
        text: line,
        highlights,
        place: GrepPlace::Beside,
        is_cut: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sessions_model::Pattern;

    use super::*;

    fn matcher(text: &str) -> Matcher {
        let pattern = Pattern {
            text: text.to_owned(),
            ..Pattern::default()
        };
        Matcher::new(&pattern).unwrap().0
    }

    fn numbers(pattern: &str, text: &str) -> Vec<u64> {
        let mut numbers = Vec::new();
        let _ = matching(&matcher(pattern), text.as_bytes(), |number, _| {
            numbers.push(number);
            ControlFlow::Continue(())
        });
        numbers
    }

    #[test]
    fn lines_are_found_as_one_by_one() {
        let check = |pattern: &str, text: &str, expect: &[u64]| {
            assert_eq!(numbers(pattern, text), expect, "{pattern} in {text:?}");
        };
        check("a", "", &[]);
        check("a", "a\nb\nba\n", &[1, 3]);
        check("aa", "a\na", &[]);
        check("^$", "a\n\nb\n", &[2]);
        check("^$", "\n", &[1]);
        check("$", "a\nb", &[1, 2]);
        check("b*", "a\nb\n", &[1, 2]);
    }

    #[test]
    fn a_line_is_shown_with_what_matches_and_what_stands_around() {
        let text = "one\ntwo é two\nthree\nfour";
        let matcher = matcher("two|é");
        let line = show(&matcher, text.as_bytes(), (2, 4..14));
        assert_eq!(line.text, "two é two");
        let marks: Vec<_> = line
            .highlights
            .iter()
            .map(|run| (run.start, run.end))
            .collect();
        assert_eq!(marks, [(0, 3), (4, 6), (7, 10)]);
        let wide = Around {
            before: 3,
            after: 1,
        };
        let (before, after) = around(text.as_bytes(), (2, &(4..14)), (wide, 1));
        let texts = |lines: &[GrepLine]| -> Vec<_> {
            lines
                .iter()
                .map(|line| (line.number, line.text.clone()))
                .collect()
        };
        assert_eq!(texts(&before), [(1, "one".to_owned())]);
        assert_eq!(texts(&after), [(3, "three".to_owned())]);
        let (before, _) = around(text.as_bytes(), (2, &(4..14)), (wide, 2));
        assert_eq!(before, []);
    }

    #[test]
    fn a_line_that_is_too_long_is_shown_around_its_match() {
        let text = format!("{}needle{}", "x".repeat(900_000), "y".repeat(900_000));
        let line = show(&matcher("needle"), text.as_bytes(), (1, 0..text.len()));
        assert!(line.is_cut);
        assert_eq!(line.text.len(), LINE_BYTES_MAX);
        let mark = line.highlights[0];
        assert_eq!(
            line.text.get(mark.start as usize..mark.end as usize),
            Some("needle")
        );
    }

    proptest! {
        #[test]
        fn the_same_lines_match_as_one_by_one(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "b", "[^a]", ".", "a*", "^", "$", r"\b", "a+b", r"\s", "|"]),
                1..4,
            ),
            text in "[ab \n]{0,40}",
        ) {
            let pattern = parts.concat();
            let one_by_one = regex::Regex::new(&pattern).unwrap();
            let lines = (1..).zip(text.lines());
            let expect: Vec<u64> = lines.filter(|(_, line)| one_by_one.is_match(line)).map(|(number, _)| number).collect();
            prop_assert_eq!(numbers(&pattern, &text), expect);
        }
    }
}
