//! What time it is, and how a moment is said here.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use sessions_model::Timestamp;

/// How long a weekday alone says which day it was, in milliseconds.
const WEEK_MS: i64 = 6 * 24 * 3600 * 1000;

/// What time it is. The zone is looked up when it is asked for: most events need none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// The moment.
    pub(crate) at: Timestamp,
}

impl Now {
    /// Reads the clock.
    pub(crate) fn read() -> Self {
        Self {
            at: Timestamp(jiff::Timestamp::now().as_millisecond()),
        }
    }

    /// Returns how far local time is ahead of UTC, in milliseconds.
    pub(crate) fn utc_offset_ms(self) -> i32 {
        TimeZone::system().to_offset(exact(self.at)).seconds() * 1000
    }

    /// Returns a moment of the past as people say it: `Tuesday 14:02`.
    pub(crate) fn say(self, then: Timestamp) -> String {
        self.say_in(&TimeZone::system(), then)
    }

    fn say_in(self, zone: &TimeZone, then: Timestamp) -> String {
        let is_recent = self.at.millis_since(then) < WEEK_MS;
        let then = zone.to_datetime(exact(then));
        // Written by hand: what knows every form of writing is a fiftieth of the program.
        let (hour, minute) = (then.hour(), then.minute());
        if is_recent {
            return format!("{} {hour:02}:{minute:02}", name(then.weekday()));
        }
        let (year, month, day) = (then.year(), then.month(), then.day());
        format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn exact(then: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(then.millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(days: i64, expect: &str) {
        let now = Now {
            at: Timestamp(1_795_399_320_000),
        };
        let then = Timestamp(now.at.millis() - days * 86_400_000);
        assert_eq!(now.say_in(&TimeZone::UTC, then), expect);
    }

    #[test]
    fn a_day_of_this_week_goes_by_its_name() {
        check(0, "Monday 02:02");
        check(5, "Wednesday 02:02");
        check(6, "2026-11-17 02:02");
    }
}
