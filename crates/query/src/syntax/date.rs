//! Dates as people write them, and the moments they stand for.

use std::fmt;

use jiff::civil::{self, Weekday};
use sessions_model::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Largest count of units: enough for two centuries of days.
const COUNT_MAX: u32 = 73_000;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `m`: of the calendar.
    Month,
    /// `y`
    Year,
}

/// A date as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Date {
    /// `today`
    Today,
    /// `yesterday`
    Yesterday,
    /// `3d`: so many units before today; of hours, before now.
    Ago(u32, Unit),
    /// `2026`
    Year(i16),
    /// `2026-05`
    Month(i16, i8),
    /// `2026-05-01`
    Day(civil::Date),
    /// `2026-05-01T14:30`, local, to the minute or to the second.
    Clock(civil::DateTime),
    /// `2026-05-01T14:30:00Z`, as JSON has it.
    Moment(jiff::Timestamp),
    /// `monday`: the last one, today if it is one.
    Weekday(Weekday),
    /// `march`: the last one that has begun.
    MonthOfYear(i8),
}

/// From one moment, included, to another, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Date {
    /// Reads a date.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Yesterday),
            _ => {}
        }
        if let Some(date) = read_ago(text).or_else(|| read_name(text)) {
            return Some(date);
        }
        if text.contains(':') {
            return read_clock(text);
        }
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4)?;
        let year = i16::try_from(year).ok().filter(|year| *year >= 1970)?;
        let Some(month) = parts.next() else {
            return Some(Self::Year(year));
        };
        let month = i8::try_from(number(month, 2)?).ok()?;
        let first = civil::Date::new(year, month, 1).ok()?;
        let Some(day) = parts.next() else {
            return Some(Self::Month(first.year(), first.month()));
        };
        let day = i8::try_from(number(day, 2)?).ok()?;
        let date = civil::Date::new(year, month, day).ok()?;
        parts.next().is_none().then_some(Self::Day(date))
    }

    /// Whether it is later than `other` whatever the moment is: both name a place in the calendar.
    pub(super) fn is_surely_after(self, other: Self) -> bool {
        let names_place = |date| matches!(date, Self::Year(_) | Self::Month(..) | Self::Day(_));
        let from = |date: Self| date.span(Timestamp(0), 0).from;
        names_place(self) && names_place(other) && from(self) > from(other)
    }

    /// Returns the moments it stands for at `now`, where local time is `offset_ms` ahead of UTC.
    pub fn span(self, now: Timestamp, offset_ms: i32) -> Span {
        let local = now.millis() + i64::from(offset_ms);
        let today = civil_of(local.div_euclid(DAY_MS));
        let (first, after) = match self {
            Self::Ago(count, Unit::Hour) => {
                let from = Timestamp(now.millis() - i64::from(count) * HOUR_MS);
                return Span {
                    from,
                    to: Timestamp(from.millis() + HOUR_MS),
                };
            }
            Self::Today => day(today),
            Self::Yesterday => day(before(today, 1, Unit::Day)),
            Self::Ago(count, unit) => day(before(today, count, unit)),
            Self::Day(date) => day(date),
            Self::Clock(at) => {
                let day_ms = days_of(at.date()) * DAY_MS - i64::from(offset_ms);
                return around(day_ms + since_midnight_ms(at.time()), at.second() == 0);
            }
            Self::Moment(at) => return around(at.as_millisecond(), false),
            Self::Weekday(wanted) => {
                let back = today.weekday().since(wanted);
                day(before(today, u32::from(back.unsigned_abs()), Unit::Day))
            }
            Self::MonthOfYear(month) => {
                let year = today.year() - i16::from(today.month() < month);
                whole_month(year, month)
            }
            Self::Month(year, month) => whole_month(year, month),
            Self::Year(year) => {
                let first = civil::Date::new(year, 1, 1).unwrap_or(civil::Date::MIN);
                (first, after(first, Unit::Year))
            }
        };
        let moment = |date| Timestamp(days_of(date) * DAY_MS - i64::from(offset_ms));
        Span {
            from: moment(first),
            to: moment(after),
        }
    }
}

/// A minute, or a second, from a moment on.
fn around(from_ms: i64, is_minute: bool) -> Span {
    let length_ms = if is_minute { 60_000 } else { 1_000 };
    Span {
        from: Timestamp(from_ms),
        to: Timestamp(from_ms.saturating_add(length_ms)),
    }
}

fn since_midnight_ms(time: civil::Time) -> i64 {
    let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
    (minutes * 60 + i64::from(time.second())) * 1_000 + i64::from(time.millisecond())
}

fn whole_month(year: i16, month: i8) -> (civil::Date, civil::Date) {
    let first = civil::Date::new(year, month, 1).unwrap_or(civil::Date::MIN);
    (first, after(first, Unit::Month))
}

/// Reads the name of a weekday or a month, or its first three letters.
fn read_name(text: &str) -> Option<Date> {
    let text = text.to_ascii_lowercase();
    let means = |name: &str| name.starts_with(&text) && (text.len() == 3 || text == name);
    let place = |names: &[&str]| names.iter().position(|name| means(name));
    if let Some(day) = place(&WEEKDAYS) {
        let day = Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok()?;
        return Some(Date::Weekday(day));
    }
    let month = i8::try_from(place(&MONTHS)?).ok()?;
    Some(Date::MonthOfYear(month + 1))
}

/// Reads a time of the clock: with a zone a moment anywhere, without one a local time.
fn read_clock(text: &str) -> Option<Date> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return (at.as_millisecond() >= 0).then_some(Date::Moment(at));
    }
    let at: civil::DateTime = text.parse().ok()?;
    (at.year() >= 1970).then_some(Date::Clock(at))
}

fn read_ago(text: &str) -> Option<Date> {
    let mut chars = text.chars();
    let unit = match chars.next_back()?.to_ascii_lowercase() {
        'h' => Unit::Hour,
        'd' => Unit::Day,
        'w' => Unit::Week,
        'm' => Unit::Month,
        'y' => Unit::Year,
        _ => return None,
    };
    let digits = chars.as_str();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: u32 = digits.parse().ok()?;
    (is_number && count <= COUNT_MAX).then_some(Date::Ago(count, unit))
}

/// Reads a number of at most `digits` digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !text.is_empty() && text.len() <= digits).then(|| text.parse().ok())?
}

fn day(date: civil::Date) -> (civil::Date, civil::Date) {
    (date, after(date, Unit::Day))
}

fn after(date: civil::Date, unit: Unit) -> civil::Date {
    date.saturating_add(units(1, unit))
}

fn before(date: civil::Date, count: u32, unit: Unit) -> civil::Date {
    date.saturating_sub(units(count, unit))
}

fn units(count: u32, unit: Unit) -> jiff::Span {
    let span = jiff::Span::new();
    let count = i64::from(count);
    let of_unit = match unit {
        Unit::Hour => span.try_hours(count),
        Unit::Day => span.try_days(count),
        Unit::Week => span.try_weeks(count),
        Unit::Month => span.try_months(count),
        Unit::Year => span.try_years(count),
    };
    // A span too long to hold goes back to the beginning of time.
    of_unit.unwrap_or_else(|_| span.years(19_998))
}

/// Returns the date that is `days` after 1970-01-01, within what a calendar holds.
fn civil_of(days: i64) -> civil::Date {
    let span = jiff::Span::new().try_days(days).unwrap_or_default();
    civil::date(1970, 1, 1).saturating_add(span)
}

fn days_of(date: civil::Date) -> i64 {
    let since = civil::date(1970, 1, 1).until(date);
    since.map_or(0, |span| i64::from(span.get_days()))
}

fn name_of(names: &[&'static str], place: i8) -> &'static str {
    let place = usize::try_from(place).ok();
    place.and_then(|place| names.get(place)).unwrap_or(&"")
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Ago(count, unit) => {
                let unit = match unit {
                    Unit::Hour => 'h',
                    Unit::Day => 'd',
                    Unit::Week => 'w',
                    Unit::Month => 'm',
                    Unit::Year => 'y',
                };
                write!(f, "{count}{unit}")
            }
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(date) => write!(f, "{date}"),
            Self::Clock(at) => write!(f, "{at}"),
            Self::Moment(at) => write!(f, "{at}"),
            Self::Weekday(day) => f.write_str(name_of(&WEEKDAYS, day.to_monday_zero_offset())),
            Self::MonthOfYear(month) => f.write_str(name_of(&MONTHS, month - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T00:30:00 at two hours ahead of UTC, where it is still February.
    const NOW: Timestamp = Timestamp(1_772_317_800_000);
    const AHEAD_MS: i32 = 7_200_000;

    #[test]
    fn dates_span_local_days() {
        let check = |text: &str, from: &str, to: &str| {
            let span = Date::read(text)
                .expect("the test's dates are dates")
                .span(NOW, AHEAD_MS);
            let show = |at: Timestamp| {
                let local = jiff::Timestamp::from_millisecond(at.millis() + i64::from(AHEAD_MS));
                local.expect("it is in range").to_string()
            };
            assert_eq!(
                (show(span.from), show(span.to)),
                (from.into(), to.into()),
                "{text}"
            );
        };
        check("today", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        check("Yesterday", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z");
        check("3d", "2026-02-26T00:00:00Z", "2026-02-27T00:00:00Z");
        check("2w", "2026-02-15T00:00:00Z", "2026-02-16T00:00:00Z");
        check("1m", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z");
        check("1h", "2026-02-28T23:30:00Z", "2026-03-01T00:30:00Z");
        // The first of March 2026 is a Sunday.
        check("sunday", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        check("Monday", "2026-02-23T00:00:00Z", "2026-02-24T00:00:00Z");
        check("sat", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z");
        check("march", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
        check("apr", "2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z");
        check("may", "2025-05-01T00:00:00Z", "2025-06-01T00:00:00Z");
        check(
            "2026-02-03T04:05",
            "2026-02-03T04:05:00Z",
            "2026-02-03T04:06:00Z",
        );
        check(
            "2026-02-03T04:05:06",
            "2026-02-03T04:05:06Z",
            "2026-02-03T04:05:07Z",
        );
        check(
            "2026-02-03T02:05:06Z",
            "2026-02-03T04:05:06Z",
            "2026-02-03T04:05:07Z",
        );
        check("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check("2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
        check("2024-2-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        let texts = [
            "",
            "d",
            "3x",
            "-3d",
            "2026-13",
            "2026-02-30",
            "2026-02-01-01",
            "99999999d",
            "１d",
            "1969",
            "marc",
            "m",
            "1969-12-31T00:00Z",
            "2026-02-30T04:05",
            "04:05",
        ];
        for text in texts {
            assert_eq!(Date::read(text), None, "{text}");
        }
    }

    #[test]
    fn far_dates_do_not_overflow() {
        for text in ["73000d", "73000w", "73000m", "73000y", "9999-12-31"] {
            let span = Date::read(text)
                .expect("the test's dates are dates")
                .span(NOW, i32::MAX);
            assert!(span.from <= span.to, "{text}");
        }
    }
}
