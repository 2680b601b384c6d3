//! The one place that asks the system what time it is. It must not know who asks.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use sessions_model::Timestamp;

/// Tells the time.
pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// Returns the wall clock's time, which may jump.
    fn now(&self) -> Timestamp;

    /// Returns a time that never goes back, for deadlines.
    fn monotonic(&self) -> Instant;
}

/// How long a weekday alone says which day it was, in milliseconds.
const WEEK_MS: i64 = 6 * 24 * 60 * 60 * 1000;

/// Returns a moment before `now` as people here say it: `Tuesday 14:02`.
pub(crate) fn say(then: Timestamp, now: Timestamp) -> String {
    say_in(&TimeZone::system(), then, now)
}

fn say_in(zone: &TimeZone, then: Timestamp, now: Timestamp) -> String {
    let form = if now.millis_since(then) < WEEK_MS {
        "%A %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    let exact = jiff::Timestamp::from_millisecond(then.millis()).unwrap_or_default();
    exact.to_zoned(zone.clone()).strftime(form).to_string()
}

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock that everybody else is passed"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_this_week_goes_by_its_name() {
        let now = Timestamp(1_795_399_320_000);
        let check = |days: i64, expect: &str| {
            let then = Timestamp(now.millis() - days * 24 * 60 * 60 * 1000);
            assert_eq!(say_in(&TimeZone::UTC, then, now), expect);
        };
        check(0, "Monday 02:02");
        check(5, "Wednesday 02:02");
        check(6, "2026-11-17 02:02");
    }
}
