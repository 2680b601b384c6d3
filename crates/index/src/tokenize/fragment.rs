//! What a fragment of a text tells of the words of the whole text: each clue is met by every text that holds
//! the fragment, in any case, whatever stands around it.
//!
//! Follows the scanner, and knows no index. It may tell too little, never too much:
//!
//! * A run that touches neither edge of the fragment is a run of the text, and its joined word is one of its
//!   tokens. At an edge, or beside a character of which that is not known, the run may go on in the text.
//! * A backslash may take the letter after it, at the fragment's beginning one that is not seen.
//! * A control sequence that began before the fragment may take letters and digits from its beginning: that
//!   is told apart, since few texts hold any.
//! * A number may be that of a line, which is no word: told apart as well.

use super::control::ESCAPE;
use super::fold::fold_into;
use super::scanner::LINE_NUMBER_ARROW;
use super::script::{Class, class, joins_previous};
use super::traces::LINE_NUMBER_DIGITS;

/// Fewest bytes of a word of which a part is asked for: shorter ones are in most texts.
const PART_BYTES_MIN: usize = 2;

/// A word that a text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clue {
    /// This one.
    Word(String),
    /// One that begins so.
    Begins(String),
    /// One that ends so.
    Ends(String),
    /// One that holds this.
    Holds(String),
}

/// Clues of which every text that holds the fragment meets all, each in one of its ways.
pub(crate) type Clues = Vec<Vec<Clue>>;

/// What a fragment tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Of texts with neither control sequences nor numbers of lines.
    pub(crate) plain: Clues,
    /// Of texts with numbers of lines, where that is less.
    pub(crate) numbered: Option<Clues>,
    /// Of texts with control sequences.
    pub(crate) controlled: Clues,
}

impl Fragment {
    /// Returns what `text` tells.
    pub(crate) fn of(text: &str) -> Self {
        let longest = text.split(char::from(ESCAPE)).max_by_key(|part| part.len());
        let controlled = clues(
            after_sequence(longest.unwrap_or_default()),
            Numbers::OfLines,
        );
        if text.as_bytes().contains(&ESCAPE) {
            // No text without a control sequence holds it; what is said of the others does not matter.
            return Self {
                plain: controlled.clone(),
                numbered: None,
                controlled,
            };
        }
        let plain = clues(text, Numbers::Words);
        let numbered = clues(text, Numbers::OfLines);
        Self {
            numbered: (numbered != plain).then_some(numbered),
            plain,
            controlled,
        }
    }
}

/// What a number may be that stands where one of a line would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Words,
    OfLines,
}

/// Where a run's edge lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// At a character that ends every run.
    Bound,
    /// Nobody knows.
    Open,
}

/// A stretch of letters and digits whose folded form is known, and underscores.
struct Run<'a> {
    text: &'a str,
    /// What of the fragment stands before it, and behind it.
    before: &'a str,
    after: &'a str,
}

/// Returns what is left of `text` where a control sequence that began before it takes as much as it can.
fn after_sequence(text: &str) -> &str {
    let rest = text.strip_prefix('[').unwrap_or(text);
    let rest = rest.trim_start_matches(|c| matches!(c, '\u{20}'..='\u{3f}'));
    rest.strip_prefix(|c| matches!(c, '\u{30}'..='\u{7e}'))
        .unwrap_or(rest)
}

fn clues(text: &str, numbers: Numbers) -> Clues {
    let mut clues = Clues::new();
    let mut add = |ways: Vec<Clue>| {
        if !ways.is_empty() && !clues.contains(&ways) {
            clues.push(ways);
        }
    };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let length = if is_plain(c) {
            let length = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(length);
            let (before, _) = text.split_at(at);
            let run = Run {
                text: run,
                before,
                after,
            };
            add(run.ways(numbers));
            length
        } else {
            let length = c.len_utf8();
            let next = rest.get(length..).and_then(|rest| rest.chars().next());
            add(single(c, next).into_iter().collect());
            length
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    clues
}

impl Run<'_> {
    /// Returns the ways in which a text's words may hold the run.
    fn ways(&self, numbers: Numbers) -> Vec<Clue> {
        if numbers == Numbers::OfLines && self.may_be_of_line() {
            return Vec::new();
        }
        let left = self.before.chars().next_back().map_or(Edge::Open, edge);
        let right = self.after.chars().next().map_or(Edge::Open, edge);
        let ways = clue(self.text, (left, right));
        let may_be_behind = self.before.is_empty() || self.before.ends_with('\\');
        let Some(rest) = self.behind_letter().filter(|_| may_be_behind) else {
            return ways;
        };
        let more = clue(rest, (Edge::Bound, right));
        if ways.is_empty() || more.is_empty() {
            return Vec::new();
        }
        [ways, more].concat()
    }

    /// Returns the run without the letter that a backslash before it would take.
    fn behind_letter(&self) -> Option<&str> {
        let rest = self.text.strip_prefix(['n', 't', 'r', 'N', 'T', 'R'])?;
        (!rest.starts_with('_')).then_some(rest)
    }

    /// Tells whether it may be the end of a line's number, or all of it: right-aligned, an arrow behind it.
    fn may_be_of_line(&self) -> bool {
        let is_number = self.text.bytes().all(|byte| byte.is_ascii_digit());
        let line = self.before.rsplit('\n').next().unwrap_or_default();
        let is_first = line.bytes().all(|byte| byte == b' ');
        let has_arrow =
            self.after.is_empty() || self.after.as_bytes().starts_with(LINE_NUMBER_ARROW);
        is_number && is_first && has_arrow && self.text.len() < LINE_NUMBER_DIGITS
    }
}

/// Returns the clue that a run between two edges is; none where it is too short to tell anything.
fn clue(run: &str, edges: (Edge, Edge)) -> Vec<Clue> {
    let mut word = String::new();
    fold_into(run, &mut word);
    let is_short = word.len() < PART_BYTES_MIN;
    let found = match edges {
        _ if word.is_empty() => None,
        (Edge::Bound, Edge::Bound) => Some(Clue::Word(word)),
        (Edge::Bound, Edge::Open) if !is_short => Some(Clue::Begins(word)),
        (Edge::Open, Edge::Bound) if !is_short => Some(Clue::Ends(word)),
        (Edge::Open, Edge::Open) if !is_short => Some(Clue::Holds(word)),
        _ => None,
    };
    found.into_iter().collect()
}

/// Returns the word that a character of a script without spaces is, where nothing can be composed into it.
fn single(c: char, next: Option<char>) -> Option<Clue> {
    let stands_alone = match c {
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => true,
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{ac00}'..='\u{d7a3}' => {
            next.is_some_and(|next| !joins_previous(next))
        }
        _ => false,
    };
    stands_alone.then(|| Clue::Word(c.to_string()))
}

/// Whether `c` belongs to a run, is folded by itself, and alike in any case.
fn is_plain(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => true,
        // Iota in any case may be a mark below another letter.
        'ι' | 'Ι' => false,
        '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' => c.is_alphabetic(),
        _ => false,
    }
}

/// Tells what `c`, which stands beside a run, is to it.
fn edge(c: char) -> Edge {
    let ends_runs = if c.is_ascii() {
        !c.is_ascii_alphanumeric() && c != '_' && c != char::from(ESCAPE)
    } else {
        class(c) == Class::Other
    };
    if ends_runs { Edge::Bound } else { Edge::Open }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    use super::super::{Told, Traces, tokenize};
    use super::*;

    fn word(text: &str) -> Clue {
        Clue::Word(text.into())
    }

    fn begins(text: &str) -> Clue {
        Clue::Begins(text.into())
    }

    fn ends(text: &str) -> Clue {
        Clue::Ends(text.into())
    }

    fn holds(text: &str) -> Clue {
        Clue::Holds(text.into())
    }

    #[test]
    fn runs_within_are_words_and_those_at_an_edge_parts_of_them() {
        let check = |text: &str, expect: &[&[Clue]]| {
            assert_eq!(Fragment::of(text).plain, expect, "{text}");
        };
        check("", &[]);
        check("parse", &[&[holds("parse")]]);
        check(" parse(", &[&[word("parse")]]);
        check("fn main() {", &[&[ends("fn")], &[word("main")]]);
        check("foo_Bar baz", &[&[ends("foobar")], &[begins("baz")]]);
        check("a.b", &[]);
        check("new x", &[&[ends("new"), word("ew")]]);
        check(
            "next day",
            &[&[ends("next"), word("ext")], &[begins("day")]],
        );
        check(r"x\nabc;", &[&[word("nabc"), word("abc")]]);
        check("Größe", &[&[holds("grosse")]]);
        check("日本が", &[&[word("日")], &[word("本")]]);
        check("err 404", &[&[ends("err")], &[begins("404")]]);
    }

    #[test]
    fn numbers_of_lines_and_control_sequences_are_told_apart() {
        let of = Fragment::of("  12→let x");
        assert_eq!(of.plain.len(), 2);
        assert_eq!(of.numbered, Some(vec![vec![word("let")]]));
        assert_eq!(of.controlled, [[word("let")]]);
        assert_eq!(Fragment::of("8080").numbered, Some(Vec::new()));
        assert_eq!(Fragment::of("808080").numbered, None);
        assert_eq!(Fragment::of("port 8080").numbered, None);
        let of = Fragment::of("x\u{1b}[1mfailed now");
        assert_eq!(of.controlled, [[ends("failed")], [begins("now")]]);
    }

    #[test]
    fn what_is_folded_by_itself_is_folded_alike_in_any_case() {
        let folded = |c: char| {
            let mut word = String::new();
            fold_into(&c.to_string(), &mut word);
            word
        };
        for c in (0..0x530)
            .filter_map(char::from_u32)
            .filter(|c| is_plain(*c) && *c != '_')
        {
            let mut cases = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            cases.try_case_fold_simple().unwrap();
            for case in cases.iter().flat_map(|range| range.start()..=range.end()) {
                assert_eq!(folded(case), folded(c), "{case} {c}");
                assert!(case.is_ascii() || class(case) == Class::Word, "{case}");
            }
        }
    }

    /// Whether a text's words meet what a fragment tells, as documents are chosen by it.
    fn is_chosen(text: &str, fragment: &str) -> bool {
        let tokens = tokenize(text);
        let is_met = |clue: &Clue| {
            tokens.iter().any(|token| match clue {
                Clue::Word(word) => token.text == *word,
                Clue::Begins(part) => token.text.starts_with(part),
                Clue::Ends(part) => token.text.ends_with(part),
                Clue::Holds(part) => token.text.contains(part),
            })
        };
        let all_met = |clues: &Clues| clues.iter().all(|ways| ways.iter().any(is_met));
        let traces = Traces::of(text);
        let of = Fragment::of(fragment);
        all_met(&of.plain)
            || traces.told == Told::InPart
            || (traces.has_line_numbers && of.numbered.as_ref().is_some_and(all_met))
            || (traces.has_controls && all_met(&of.controlled))
    }

    fn swapped(text: &str) -> String {
        let swap = |c: char| {
            if c.is_ascii_uppercase() {
                c.to_ascii_lowercase()
            } else {
                c.to_ascii_uppercase()
            }
        };
        text.chars().map(swap).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_text_that_holds_a_fragment_is_always_chosen(
            pieces in prop::collection::vec(
                "[a-zA-Z0-9_]{1,12}|[ .,:/()→…\\-+=]{1,3}|\\\\[ntrNx]?|\n {0,6}[0-9]{1,7}(→|:)|\
                 \u{1b}(\\[[0-9;]{0,4}[a-zA-Z]?|\\(B|[A-Z])?|[a-zéßÄЖжκς\u{301}\u{ad}]{1,6}|\
                 [日本がカ\u{3099}한ｶﾞ]{1,4}|🚀\u{fe0f}?|ſK½℃ﬁ|(aB3dE5fG7){1,40}|(some_Long_){4,30}|\\PC{1,4}",
                1..12,
            ),
            ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let text = pieces.concat();
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (left, right) = (*ends.0.get(&places), *ends.1.get(&places));
            let fragment = text.get(left.min(right)..left.max(right)).unwrap();
            prop_assert!(is_chosen(&text, fragment), "{fragment:?} in {text:?}");
            let other = swapped(fragment);
            prop_assert!(is_chosen(&text, &other), "{other:?} in {text:?}");
        }
    }
}
