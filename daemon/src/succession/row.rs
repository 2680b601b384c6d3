//! How soon a daemon gives way that has itself just taken over: ever later, the more often in a row.
//!
//! What a daemon stands on may be another at every look, as inodes are on some network file systems. Without
//! a pause, starts would follow one another as fast as they can. Knows numbers; must not know the time.

use std::time::Duration;

/// Successions in a row that cost no wait: a user may do several things one after another.
const FREE_MAX: u32 = 3;

/// How long the first daemon after those has to live before it gives way; each next one twice as long.
const LIFE_MIN: Duration = Duration::from_secs(5);

/// How long any daemon has to live at most before it gives way.
const LIFE_MAX: Duration = Duration::from_mins(10);

/// A daemon that has lived longer than this ends the row.
const CALM: Duration = Duration::from_mins(20);

/// How many successions in a row led to a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Row(pub(crate) u32);

impl Row {
    /// Returns the row of the daemon that takes over from one that has `lived` so long.
    pub(crate) fn next(self, lived: Duration) -> Self {
        if lived > CALM {
            Self(1)
        } else {
            Self(self.0.saturating_add(1))
        }
    }

    /// Returns the row of the daemon that takes over, for another reason, from one that has `lived` so long.
    pub(crate) fn beside(self, lived: Duration) -> Self {
        if lived > CALM { Self(0) } else { self }
    }

    /// Returns how long a daemon that has `lived` so long has to go on before it gives way; none if it may
    /// give way now.
    pub(crate) fn wait(self, lived: Duration) -> Option<Duration> {
        let doublings = self.0.checked_sub(FREE_MAX)?;
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        let life = LIFE_MIN.saturating_mul(factor).min(LIFE_MAX);
        life.checked_sub(lived).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successions_in_a_row_are_spaced_out_up_to_a_limit() {
        let check = |row: u32, lived: u64, expect: Option<u64>| {
            let left = Row(row).wait(Duration::from_secs(lived));
            assert_eq!(left, expect.map(Duration::from_secs), "{row} {lived}");
        };
        for free in 0..FREE_MAX {
            check(free, 0, None);
        }
        check(3, 0, Some(5));
        check(3, 4, Some(1));
        check(3, 5, None);
        check(4, 0, Some(10));
        check(9, 0, Some(320));
        check(10, 0, Some(600));
        check(u32::MAX, 100, Some(500));
        check(u32::MAX, 600, None);
    }

    #[test]
    fn a_loop_stays_in_its_row_and_a_calm_ends_it() {
        let mut row = Row::default();
        for _ in 0..20 {
            row = row.next(row.wait(Duration::ZERO).unwrap_or_default());
        }
        assert_eq!(row, Row(20));
        assert_eq!(row.beside(Duration::ZERO), row);
        assert_eq!(row.beside(Duration::from_hours(1)), Row(0));
        assert_eq!(row.next(Duration::from_hours(1)), Row(1));
    }
}
