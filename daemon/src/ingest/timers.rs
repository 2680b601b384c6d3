//! When to come back to a source for a reason other than a change. Knows nothing of files.

use std::collections::BTreeSet;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::place::Place;

/// Why to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Purpose {
    /// Its last line has no end yet; it had this size in bytes.
    FinishLine(u64),
    /// It could not be read.
    ReadAgain,
    /// A walk could not look at it.
    WalkAgain,
    /// It has been quiet: compare all of it with what is archived.
    Compare,
    /// It has been quiet for long: pack it more densely.
    Fold,
}

/// One timer for each source and kind of purpose.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Instant, Place, Purpose)>,
    set: FxHashMap<(Place, u8), (Instant, Purpose)>,
}

impl Timers {
    /// Sets the timer for `purpose`, over the one set before.
    pub(crate) fn set(&mut self, place: &Place, purpose: Purpose, at: Instant) {
        self.cancel(place, purpose);
        self.due.insert((at, place.clone(), purpose));
        self.set
            .insert((place.clone(), kind(purpose)), (at, purpose));
    }

    /// Unsets the timer for this kind of purpose.
    pub(crate) fn cancel(&mut self, place: &Place, purpose: Purpose) {
        if let Some((at, purpose)) = self.set.remove(&(place.clone(), kind(purpose))) {
            self.due.remove(&(at, place.clone(), purpose));
        }
    }

    /// Takes the next timer that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Place, Purpose)> {
        self.due.first().filter(|(at, ..)| *at <= now)?;
        let (_, place, purpose) = self.due.pop_first()?;
        self.set.remove(&(place.clone(), kind(purpose)));
        Some((place, purpose))
    }

    /// Returns when the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, ..)| *at)
    }
}

fn kind(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::FinishLine(_) => 0,
        Purpose::ReadAgain => 1,
        Purpose::Compare => 2,
        Purpose::Fold => 3,
        Purpose::WalkAgain => 4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_timer_set_again_is_due_once_and_later() {
        let now = Instant::now();
        let place = Place::new(0, "a");
        let mut timers = Timers::default();
        timers.set(&place, Purpose::FinishLine(1), now);
        timers.set(&place, Purpose::FinishLine(2), now + Duration::from_secs(2));
        timers.set(&place, Purpose::Compare, now + Duration::from_secs(9));
        assert_eq!(timers.pop(now + Duration::from_secs(1)), None);
        let later = now + Duration::from_secs(3);
        assert_eq!(
            timers.pop(later),
            Some((place.clone(), Purpose::FinishLine(2)))
        );
        assert_eq!(timers.pop(later), None);
        timers.cancel(&place, Purpose::Compare);
        assert_eq!(timers.next(), None);
    }
}
