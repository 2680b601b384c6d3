//! What a text must hold for a pattern to match in it, and what the index is asked for that.
//!
//! Invariant: a text in which the pattern matches meets the need. Proved by
//! `a_text_that_matches_meets_what_the_pattern_needs`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};
use sessions_index::Expr;

/// Most ways in which a stretch of a pattern may read that are told apart.
const WAYS_MAX: usize = 16;

/// Longest text that is asked for, in bytes; what stands behind it is asked for by itself.
const TEXT_BYTES_MAX: usize = 256;

/// Most texts that the index is asked for.
const TEXTS_MAX: usize = 64;

/// A condition on texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// None.
    Nothing,
    /// To hold this, in any case.
    Text(String),
    /// To meet all of them.
    All(Vec<Self>),
    /// To meet one of them.
    Either(Vec<Self>),
}

impl Need {
    /// Returns what `hir` needs.
    pub(crate) fn of(hir: &Hir) -> Self {
        let mut stretch = Stretch::default();
        stretch.add(hir);
        stretch.finish()
    }

    /// Returns what the index is asked for.
    pub(crate) fn expr(&self) -> Expr {
        if self.count() > TEXTS_MAX {
            return Expr::All;
        }
        match self {
            Self::Nothing => Expr::All,
            Self::Text(text) => Expr::Contains(text.clone()),
            Self::All(needs) => Expr::And(needs.iter().map(Self::expr).collect()),
            Self::Either(needs) => Expr::Or(needs.iter().map(Self::expr).collect()),
        }
    }

    /// Returns a text that is asked for, for a person.
    pub(crate) fn example(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(text),
            Self::All(needs) | Self::Either(needs) => needs.iter().find_map(Self::example),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Text(_) => 1,
            Self::All(needs) | Self::Either(needs) => needs.iter().map(Self::count).sum(),
        }
    }

    fn either(needs: Vec<Self>) -> Self {
        if needs.contains(&Self::Nothing) {
            return Self::Nothing;
        }
        let mut kept: Vec<Self> = Vec::new();
        for need in needs {
            if !kept.contains(&need) {
                kept.push(need);
            }
        }
        match kept.len() {
            0 => Self::Nothing,
            1 => kept.swap_remove(0),
            _ => Self::Either(kept),
        }
    }
}

/// What was read of a pattern from left to right: needs that are settled, and how what was read last may
/// read, to which more may be joined.
#[derive(Debug)]
struct Stretch {
    settled: Vec<Need>,
    ways: Vec<String>,
}

impl Default for Stretch {
    fn default() -> Self {
        Self {
            settled: Vec::new(),
            ways: vec![String::new()],
        }
    }
}

impl Stretch {
    fn add(&mut self, hir: &Hir) {
        match (readings(hir), hir.kind()) {
            (Some(ways), _) => self.join(&ways),
            (None, HirKind::Concat(parts)) => parts.iter().for_each(|part| self.add(part)),
            (None, HirKind::Capture(group)) => self.add(&group.sub),
            (None, HirKind::Repetition(repeated)) => self.repeat(repeated),
            (None, HirKind::Alternation(ways)) => {
                self.settle();
                let needs = ways.iter().map(Need::of).collect();
                self.settled.push(Need::either(needs));
            }
            (None, _) => self.settle(),
        }
    }

    /// Joins what may follow to what was read.
    fn join(&mut self, ways: &[String]) {
        let is_long = |way: &String| way.len() > TEXT_BYTES_MAX;
        if self.ways.len() * ways.len() > WAYS_MAX || self.ways.iter().any(is_long) {
            self.settle();
            self.ways = ways.to_vec();
        } else {
            self.ways = joined(&self.ways, ways);
        }
    }

    /// What is repeated stands there once at least, at its beginning and at its end, or not at all.
    fn repeat(&mut self, repeated: &Repetition) {
        if repeated.min == 0 {
            self.settle();
            return;
        }
        self.add(&repeated.sub);
        self.settle();
        if let Some(ways) = readings(&repeated.sub) {
            self.ways = ways;
        }
    }

    /// Takes what was read for what it is: nothing joins it.
    fn settle(&mut self) {
        let ways = std::mem::replace(&mut self.ways, vec![String::new()]);
        let needs = ways.into_iter().map(|way| {
            if way.is_empty() {
                Need::Nothing
            } else {
                Need::Text(way)
            }
        });
        self.settled.push(Need::either(needs.collect()));
    }

    fn finish(mut self) -> Need {
        self.settle();
        self.settled.retain(|need| *need != Need::Nothing);
        self.settled.dedup();
        match self.settled.len() {
            0 => Need::Nothing,
            1 => self.settled.swap_remove(0),
            _ => Need::All(self.settled),
        }
    }
}

/// Returns how what `hir` matches may read, where that is a few texts, in any case.
fn readings(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => {
            let text = str::from_utf8(&literal.0).ok()?;
            Some(vec![text.to_owned()])
        }
        HirKind::Class(Class::Unicode(class)) => characters(class),
        HirKind::Class(Class::Bytes(class)) => characters(&class.to_unicode_class()?),
        HirKind::Capture(group) => readings(&group.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(vec![String::new()], |ways, part| {
            let more = readings(part)?;
            (ways.len() * more.len() <= WAYS_MAX).then(|| joined(&ways, &more))
        }),
        HirKind::Alternation(alternatives) => {
            let mut ways = Vec::new();
            for alternative in alternatives {
                ways.extend(readings(alternative)?);
                if ways.len() > WAYS_MAX {
                    return None;
                }
            }
            Some(ways)
        }
        HirKind::Repetition(repeated) => repetition(repeated),
    }
}

/// Returns how a part that may be left out, or stands there so many times, may read.
fn repetition(repeated: &Repetition) -> Option<Vec<String>> {
    let once = readings(&repeated.sub)?;
    if (repeated.min, repeated.max) == (0, Some(1)) {
        return (once.len() < WAYS_MAX).then(|| [vec![String::new()], once].concat());
    }
    let times = repeated.max.filter(|max| *max == repeated.min)?;
    if once.len() != 1 {
        return None;
    }
    let text = once.concat();
    let times = usize::try_from(times).ok()?;
    (text.len().saturating_mul(times) <= TEXT_BYTES_MAX).then(|| vec![text.repeat(times)])
}

/// Returns the characters of a class, where they are few; cases of one letter are one.
fn characters(class: &ClassUnicode) -> Option<Vec<String>> {
    /// Most characters of a class that is looked at: cases of a few letters.
    const CHARACTERS_MAX: usize = 48;
    let mut ways: Vec<(char, ClassUnicode)> = Vec::new();
    let all = class.iter().flat_map(|range| range.start()..=range.end());
    for (count, c) in all.enumerate() {
        if count == CHARACTERS_MAX {
            return None;
        }
        let is_in = |(_, cases): &(char, ClassUnicode)| {
            cases
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&c))
        };
        if ways.iter().any(is_in) {
            continue;
        }
        let mut cases = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        cases.try_case_fold_simple().ok()?;
        ways.push((c, cases));
    }
    let is_few = (1..=WAYS_MAX).contains(&ways.len());
    is_few.then(|| ways.into_iter().map(|(c, _)| c.to_string()).collect())
}

fn joined(ways: &[String], more: &[String]) -> Vec<String> {
    let pairs = ways
        .iter()
        .flat_map(|way| more.iter().map(move |end| format!("{way}{end}")));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn need(pattern: &str) -> Need {
        Need::of(&regex_syntax::parse(pattern).unwrap())
    }

    /// Texts of which all are needed, alternatives after a bar.
    fn written(need: &Need) -> String {
        let several = |needs: &[Need], between: &str| {
            let needs: Vec<_> = needs.iter().map(written).collect();
            format!("({})", needs.join(between))
        };
        match need {
            Need::Nothing => "*".to_owned(),
            Need::Text(text) => text.clone(),
            Need::All(needs) => several(needs, " & "),
            Need::Either(needs) => several(needs, " | "),
        }
    }

    #[test]
    fn the_longest_texts_are_needed() {
        let check = |pattern: &str, expect: &str| {
            assert_eq!(written(&need(pattern)), expect, "{pattern}");
        };
        check("parse", "parse");
        check(r"\w+parse\d*", "parse");
        check("one.*two", "(one & two)");
        check("(foo|bar)baz", "(foobaz | barbaz)");
        check("^fn (main|run)$", "(fn main | fn run)");
        check("(?i)Parse", "PARSE");
        check("[Ff]oo", "Foo");
        check("colou?r", "(color | colour)");
        check("ab+c", "(ab & bc)");
        check("(abc){2}", "abcabc");
        check("x(one|two.*)y", "(x & (one | two) & y)");
        check("one|.*", "*");
        check(r"\d+", "*");
        check("a*", "*");
        check("[a-z]oo", "oo");
    }

    fn is_met(need: &Need, text: &str) -> bool {
        match need {
            Need::Nothing => true,
            Need::Text(part) => text.to_lowercase().contains(&part.to_lowercase()),
            Need::All(needs) => needs.iter().all(|need| is_met(need, text)),
            Need::Either(needs) => needs.iter().any(|need| is_met(need, text)),
        }
    }

    proptest! {
        #[test]
        fn a_text_that_matches_meets_what_the_pattern_needs(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "b", "ab", "[ab]", "[aA]", "b+", "(ab|ba)", "(a|b*)", "a?", "(ab){2}", "(?i:b)",
                    "[^c]", ".", "c{1,3}", "a+b", "(ab?c)+", "|",
                ]),
                1..9,
            ),
            texts in prop::collection::vec("[abcABC]{0,12}", 20),
        ) {
            let pattern = parts.concat();
            let regex = Regex::new(&pattern).unwrap();
            let need = need(&pattern);
            for text in texts {
                if regex.is_match(&text) {
                    prop_assert!(is_met(&need, &text), "{} needs {}: {}", pattern, written(&need), text);
                }
            }
        }
    }
}
