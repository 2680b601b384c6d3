//! Times as people write and read them: local, and as ages.
//!
//! The clock is read once, in `main`; everything here is told what time it is.

use std::path::Path;
use std::{env, fs};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, ToSpan};
use sessions_model::Timestamp;

/// From this age on a date says more than a number of weeks, in days.
const AGE_DAYS_MAX: i64 = 28;

/// Where the system keeps the rules of its time zone, `TZif` (RFC 9636).
const LOCAL_ZONE: &str = "/etc/localtime";

/// What time it is, and where.
#[derive(Debug, Clone)]
pub(crate) struct Now {
    /// The moment.
    pub(crate) at: Timestamp,
    /// The user's time zone.
    pub(crate) zone: TimeZone,
}

impl Now {
    /// Reads the clock and the time zone of the system.
    pub(crate) fn read() -> Self {
        Self {
            at: Timestamp(jiff::Timestamp::now().as_millisecond()),
            zone: system_zone(),
        }
    }

    /// Returns how many milliseconds local time is ahead of UTC.
    pub(crate) fn offset_ms(&self) -> i32 {
        self.zone.to_offset(moment(self.at)).seconds() * 1000
    }

    /// Returns how long ago `then` was, in at most four columns; a date where that says more.
    pub(crate) fn age(&self, then: Timestamp) -> String {
        let seconds = self.at.millis_since(then) / 1000;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match days {
            _ if seconds < 60 => "now".to_owned(),
            _ if minutes < 60 => format!("{minutes}m"),
            _ if hours < 24 => format!("{hours}h"),
            0..14 => format!("{days}d"),
            14..AGE_DAYS_MAX => format!("{}w", days / 7),
            _ => self.local(then).date().to_string(),
        }
    }

    /// Returns the local date and time to the minute.
    pub(crate) fn minute(&self, then: Timestamp) -> String {
        self.local(then).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Returns the local time of day.
    pub(crate) fn clock(&self, then: Timestamp) -> String {
        self.local(then).strftime("%H:%M:%S").to_string()
    }

    /// Returns the local date.
    pub(crate) fn date(&self, then: Timestamp) -> String {
        self.local(then).date().to_string()
    }

    /// Reads a moment as a user writes it: `today`, `yesterday`, `3d`, `2w`, `12h`, `2026-05`,
    /// `2026-05-01`, `2026-05-01T12:30`, or RFC 3339. A date means its first moment here.
    pub(crate) fn parse(&self, text: &str) -> Option<Timestamp> {
        let today = self.local(self.at).date();
        match text {
            "now" => return Some(self.at),
            "today" => return self.start_of(today),
            "yesterday" => return self.start_of(today.yesterday().ok()?),
            _ => {}
        }
        if let Some(span) = parse_ago(text) {
            let then = moment(self.at)
                .to_zoned(self.zone.clone())
                .checked_sub(span);
            return then.ok().map(|then| stamp(then.timestamp()));
        }
        if let Ok(exact) = text.parse::<jiff::Timestamp>() {
            return Some(stamp(exact));
        }
        // A date parser takes a date and time too, and leaves the time out.
        if let Ok(time) = text.parse::<DateTime>() {
            return self.at_local(time);
        }
        self.start_of(format!("{text}-01").parse::<Date>().ok()?)
    }

    fn start_of(&self, date: Date) -> Option<Timestamp> {
        self.at_local(date.at(0, 0, 0, 0))
    }

    fn at_local(&self, time: DateTime) -> Option<Timestamp> {
        let zoned = time.to_zoned(self.zone.clone()).ok()?;
        Some(stamp(zoned.timestamp()))
    }

    fn local(&self, then: Timestamp) -> DateTime {
        self.zone.to_datetime(moment(then))
    }
}

/// Reads the rules of the local zone from where the system keeps them. Only a `TZ` needs to be looked up
/// by name: opening the database of names walks some twenty directories, which every command would wait for.
fn system_zone() -> TimeZone {
    let rules = match env::var_os("TZ") {
        Some(_) => None,
        None => fs::read(LOCAL_ZONE).ok(),
    };
    rules
        .and_then(|rules| TimeZone::tzif("local", &rules).ok())
        .unwrap_or_else(TimeZone::system)
}

/// Returns when a file was last written; none where there is no telling.
pub(crate) fn written_at(file: &Path) -> Option<Timestamp> {
    let written = fs::metadata(file).and_then(|found| found.modified());
    written.ok().and_then(Timestamp::from_system)
}

/// Returns the moment in RFC 3339, UTC, to the millisecond: as JSON carries it.
pub(crate) fn rfc3339(then: Timestamp) -> String {
    moment(then).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Returns a length of time for people: `45 s`, `3 min`, `2 h 05 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A moment out of jiff's range is its nearest end.
fn moment(then: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(then.millis()).unwrap_or({
        if then.millis() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        }
    })
}

fn stamp(then: jiff::Timestamp) -> Timestamp {
    Timestamp(then.as_millisecond())
}

fn parse_ago(text: &str) -> Option<Span> {
    let unit = text.chars().next_back()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let limit = SignedDuration::MAX.as_secs() / 1_000_000_000_000;
    if !(0..=limit.min(100_000)).contains(&number) {
        return None;
    }
    match unit {
        'm' => Some(number.minutes()),
        'h' => Some(number.hours()),
        'd' => Some(number.days()),
        'w' => Some(number.weeks()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-05-14 12:00:00 UTC, a Thursday, in a zone two hours ahead.
    fn now() -> Now {
        Now {
            at: Timestamp(1_778_760_000_000),
            zone: TimeZone::fixed(jiff::tz::offset(2)),
        }
    }

    fn check_age(seconds: i64, expect: &str) {
        let then = Timestamp(now().at.millis() - seconds * 1000);
        assert_eq!(now().age(then), expect, "{seconds} s ago");
    }

    #[test]
    fn ages_are_short() {
        check_age(-5, "now");
        check_age(59, "now");
        check_age(60, "1m");
        check_age(3_599, "59m");
        check_age(7_200, "2h");
        check_age(86_400, "1d");
        check_age(86_400 * 15, "2w");
        check_age(86_400 * 28, "2026-04-16");
    }

    fn check_parse(text: &str, expect: Option<&str>) {
        let moment = now().parse(text).map(rfc3339);
        assert_eq!(moment.as_deref(), expect, "{text}");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        check_parse("today", Some("2026-05-13T22:00:00.000Z"));
        check_parse("yesterday", Some("2026-05-12T22:00:00.000Z"));
        check_parse("3d", Some("2026-05-11T12:00:00.000Z"));
        check_parse("12h", Some("2026-05-14T00:00:00.000Z"));
        check_parse("2w", Some("2026-04-30T12:00:00.000Z"));
        check_parse("2026-05", Some("2026-04-30T22:00:00.000Z"));
        check_parse("2026-05-01", Some("2026-04-30T22:00:00.000Z"));
        check_parse("2026-05-01T12:30", Some("2026-05-01T10:30:00.000Z"));
        check_parse("2026-05-01T12:30:00Z", Some("2026-05-01T12:30:00.000Z"));
        check_parse("99999999999d", None);
        check_parse("soon", None);
        check_parse("", None);
    }

    #[test]
    fn impossible_moments_do_not_panic() {
        assert!(!now().minute(Timestamp(i64::MAX)).is_empty());
        assert!(!rfc3339(Timestamp(i64::MIN)).is_empty());
    }

    #[test]
    fn local_time_is_shown() {
        assert_eq!(now().minute(now().at), "2026-05-14 14:00");
        assert_eq!(now().clock(now().at), "14:00:00");
        assert_eq!(now().offset_ms(), 7_200_000);
        assert_eq!(duration(7_500), "2 h 05 min");
    }
}
