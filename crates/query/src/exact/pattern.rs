//! A pattern, ready to be matched within lines. Knows neither where texts come from nor what is done with lines.

use std::ops::{ControlFlow, Range};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::print::Printer;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look,
    Repetition,
};
use regex_syntax::{Error as SyntaxError, ParserBuilder};
use sessions_model::{Pattern, PatternCase, PatternPlace, PatternSyntax};

use super::{Need, matching};
use crate::QueryError;

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 64 << 10;

/// Deepest nesting of a pattern's groups and repetitions.
const NESTING_MAX: u32 = 128;

/// Bytes that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 8 << 20;

/// Bytes that each thread may keep of the states it met while it matched.
const STATES_BYTES_MAX: usize = 4 << 20;

/// A compiled pattern. Cheap to clone, and quicker on several threads if each has its own.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    regex: Regex,
}

impl Matcher {
    /// Compiles `pattern`; returns what the texts must hold that match it, too.
    pub(crate) fn new(pattern: &Pattern) -> Result<(Self, Need), QueryError> {
        if pattern.text.is_empty() {
            return Err(wrong(0..0, "the pattern is empty"));
        }
        if pattern.text.len() > PATTERN_BYTES_MAX {
            let message = format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes");
            let end = pattern.text.floor_char_boundary(PATTERN_BYTES_MAX);
            return Err(wrong(end..pattern.text.len(), &message));
        }
        let hir = within_lines(&parse(pattern)?).ok_or_else(|| {
            let message = "a match lies within one line, and this one holds the end of a line";
            wrong(0..pattern.text.len(), message)
        })?;
        let need = Need::of(&hir);
        let hir = match pattern.place {
            PatternPlace::Anywhere => hir,
            PatternPlace::Words => Hir::concat(vec![
                Hir::look(Look::WordStartHalfUnicode),
                hir,
                Hir::look(Look::WordEndHalfUnicode),
            ]),
        };
        let mut printed = String::new();
        Printer::new()
            .print(&hir, &mut printed)
            .expect("a string takes everything");
        let built = RegexBuilder::new(&printed)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(STATES_BYTES_MAX)
            // What is printed is nested as what was parsed, give or take the groups around it.
            .nest_limit(NESTING_MAX * 8)
            .build();
        let regex = built.map_err(|error| wrong(0..pattern.text.len(), &reason(&error)))?;
        Ok((Self { regex }, need))
    }

    /// Tells whether a line of `text` matches.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        matching(self, text, |_, _| ControlFlow::Break(())).is_break()
    }

    /// Returns the first match in `text` that begins at `from` or behind it.
    pub(crate) fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        self.regex.find_at(text, from).map(|found| found.range())
    }
}

fn parse(pattern: &Pattern) -> Result<Hir, QueryError> {
    let escaped;
    let source = match pattern.syntax {
        PatternSyntax::Regex => &pattern.text,
        PatternSyntax::Literal => {
            escaped = regex_syntax::escape(&pattern.text);
            &escaped
        }
    };
    let parsed = ParserBuilder::new()
        .multi_line(true)
        .case_insensitive(pattern.case == PatternCase::Any)
        .nest_limit(NESTING_MAX)
        .build()
        .parse(source);
    parsed.map_err(|error| {
        let (span, message) = match &error {
            SyntaxError::Parse(error) => (*error.span(), error.kind().to_string()),
            SyntaxError::Translate(error) => (*error.span(), error.kind().to_string()),
            _ => return wrong(0..source.len(), "this is no regular expression"),
        };
        wrong(span.start.offset..span.end.offset, &message)
    })
}

fn wrong(span: Range<usize>, message: &str) -> QueryError {
    QueryError::Pattern {
        span,
        message: message.to_owned(),
    }
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            format!("the pattern takes more than {COMPILED_BYTES_MAX} bytes once it is compiled")
        }
        other => other.to_string(),
    }
}

/// Returns what `hir` matches within one line: no class holds the end of a line, and the ends of a text are
/// those of a line. None where a line's end must be matched.
fn within_lines(hir: &Hir) -> Option<Hir> {
    let each = |hirs: &[Hir]| hirs.iter().map(within_lines).collect::<Option<Vec<_>>>();
    Some(match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => return None,
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repeated) => Hir::repetition(Repetition {
            min: repeated.min,
            max: repeated.max,
            greedy: repeated.greedy,
            sub: Box::new(within_lines(&repeated.sub)?),
        }),
        // Nobody asks for groups.
        HirKind::Capture(group) => within_lines(&group.sub)?,
        HirKind::Concat(parts) => Hir::concat(each(parts)?),
        HirKind::Alternation(ways) => Hir::alternation(each(ways)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(text: &str) -> Result<Matcher, QueryError> {
        let pattern = Pattern {
            text: text.to_owned(),
            ..Pattern::default()
        };
        Ok(Matcher::new(&pattern)?.0)
    }

    #[test]
    fn a_match_lies_within_a_line() {
        let check = |pattern: &str, text: &str, expect: Option<Range<usize>>| {
            let found = matcher(pattern).unwrap().find(text.as_bytes(), 0);
            assert_eq!(found, expect, "{pattern} in {text:?}");
        };
        check("a.b", "a\nb axb", Some(4..7));
        check("(?s)a.b", "a\nb axb", Some(4..7));
        check(r"a\s*b", "a\nb a b", Some(4..7));
        check("a[^x]*b", "a\nb ab", Some(4..6));
        check("^b", "a\nb", Some(2..3));
        check("a$", "xa\nb", Some(1..2));
        check(r"\Ab\z", "a\nb\nc", Some(2..3));
        check(r"(?i)É", "é", Some(0..2));
    }

    #[test]
    fn a_pattern_that_cannot_be_matched_is_refused_with_a_reason() {
        let check = |pattern: &str, at: Range<usize>, reason: &str| {
            let error = matcher(pattern).unwrap_err();
            let QueryError::Pattern { span, message } = error else {
                panic!("{error}");
            };
            assert_eq!(span, at, "{message}");
            assert!(message.contains(reason), "{message}");
        };
        check("", 0..0, "empty");
        check("a(b", 1..2, "unclosed group");
        check("a[b", 1..2, "unclosed character class");
        check("ab{2,1}", 2..7, "invalid repetition");
        check(r"a\q", 1..3, "unrecognized escape");
        check(r"a\nb", 0..4, "end of a line");
        check("x{1000000}", 0..10, "once it is compiled");
        check(r"(\w{900}){900}", 0..14, "once it is compiled");
        check(
            &format!("{}x{}", "(".repeat(400), ")".repeat(400)),
            128..673,
            "nest",
        );
        let long = "x".repeat(1 << 20);
        check(&long, PATTERN_BYTES_MAX..1 << 20, "longer than 65536 bytes");
    }

    #[test]
    fn words_and_literal_text_are_as_people_know_them() {
        let check = |pattern: Pattern, text: &str, expect: Option<Range<usize>>| {
            let (matcher, _) = Matcher::new(&pattern).unwrap();
            assert_eq!(matcher.find(text.as_bytes(), 0), expect, "{pattern:?}");
        };
        let pattern = |text: &str| Pattern {
            text: text.to_owned(),
            ..Pattern::default()
        };
        let words = |text| Pattern {
            place: PatternPlace::Words,
            ..pattern(text)
        };
        check(words("foo|bar"), "foobar bar", Some(7..10));
        check(words("-x"), "a -x", Some(2..4));
        let literal = |text| Pattern {
            syntax: PatternSyntax::Literal,
            ..pattern(text)
        };
        check(literal("a.b(*"), "axb a.b(*", Some(4..9));
        let any_case = Pattern {
            case: PatternCase::Any,
            ..literal("Straße")
        };
        check(any_case, "STRAẞE", Some(0..8));
    }

    #[test]
    fn a_pattern_that_is_hard_for_others_takes_no_longer() {
        let text = "a".repeat(20_000);
        let found = matcher("(a*)*b").unwrap().find(text.as_bytes(), 0);
        assert_eq!(found, None);
    }
}
