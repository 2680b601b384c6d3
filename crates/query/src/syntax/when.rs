//! What `on:` means: a date, or from one to another.

use std::fmt;
use std::ops::Range;

use sessions_model::Timestamp;

use super::filter::no_date;
use super::{Date, SyntaxError};

/// What `on:` means: a date, or from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Within it.
    Within(Date),
    /// `a..b`, both included; either may be left out.
    Between(Option<Date>, Option<Date>),
}

impl When {
    /// Reads a date, or two with dots between.
    pub(super) fn read(text: &str, span: Range<usize>) -> Result<Self, SyntaxError> {
        let date = |text: &str| Date::read(text).ok_or_else(|| no_date(text, span.clone()));
        let Some((first, last)) = text.split_once("..") else {
            return date(text).map(Self::Within);
        };
        let last = last.trim_start_matches('.');
        let end = |text: &str| match text {
            "" => Ok(None),
            text => date(text).map(Some),
        };
        match (end(first)?, end(last)?) {
            (None, None) => Err(no_date(text, span)),
            (Some(first), Some(last)) if first.is_surely_after(last) => {
                Err(SyntaxError::new(span, "the range ends before it begins")
                    .hint(format!("on:{last}..{first} is the other way round")))
            }
            (first, last) => Ok(Self::Between(first, last)),
        }
    }

    /// Returns the first moment included and the first excluded, where there is one.
    pub fn span(self, now: Timestamp, offset_ms: i32) -> (Option<Timestamp>, Option<Timestamp>) {
        let (first, last) = match self {
            Self::Within(date) => (Some(date), Some(date)),
            Self::Between(first, last) => (first, last),
        };
        (
            first.map(|date| date.span(now, offset_ms).from),
            last.map(|date| date.span(now, offset_ms).to),
        )
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = match self {
            Self::Within(date) => return date.fmt(f),
            Self::Between(first, last) => (first, last),
        };
        first.map_or(Ok(()), |date| date.fmt(f))?;
        f.write_str("..")?;
        last.map_or(Ok(()), |date| date.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T00:30:00.
    const NOW: Timestamp = Timestamp(1_772_325_000_000);

    fn read(text: &str) -> Result<When, SyntaxError> {
        When::read(text, 0..text.len())
    }

    #[test]
    fn ranges_hold_both_ends() {
        let check = |text: &str, from: Option<&str>, to: Option<&str>| {
            let when = read(text).unwrap();
            let moment =
                |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
            assert_eq!(
                when.span(NOW, 0),
                (from.map(moment), to.map(moment)),
                "{text}"
            );
            assert_eq!(read(&when.to_string()), Ok(when));
        };
        let (may, after) = ("2026-05-01T00:00:00Z", "2026-05-08T00:00:00Z");
        check("2026-05-01..2026-05-07", Some(may), Some(after));
        check("2026-05-01...2026-05-07", Some(may), Some(after));
        check("2026-05-01..", Some(may), None);
        check("..2026-05-07", None, Some(after));
        check(
            "2026-05-01..2026-05-01",
            Some(may),
            Some("2026-05-02T00:00:00Z"),
        );
        check(
            "yesterday..today",
            Some("2026-02-28T00:00:00Z"),
            Some("2026-03-02T00:00:00Z"),
        );
    }

    #[test]
    fn wrong_ranges_are_refused() {
        let check = |text: &str, message: &str| {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {}", error.message);
        };
        check("..", "is no date");
        check("may..someday", "\"someday\" is no date");
        check("2026-05..2026-04", "ends before it begins");
    }
}
