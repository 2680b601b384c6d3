//! Which sessions a search looks at, and as seen from when.

use sessions_model::{SessionOrdinal, Timestamp};

use crate::budget::Budget;

/// A set of sessions: one bit each, since ordinals are small and dense.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrdinalSet {
    words: Vec<u64>,
}

/// Highest ordinal a set takes in; beyond it memory would be spent on a mistake (2 MiB of bits).
const ORDINAL_MAX: u64 = (1 << 24) - 1;

impl OrdinalSet {
    /// Adds `session`. An ordinal over the named limit is not dense and is left out.
    pub fn insert(&mut self, session: SessionOrdinal) {
        let Some((word, bit)) = place(session) else {
            return;
        };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(slot) = self.words.get_mut(word) {
            *slot |= bit;
        }
    }

    /// Returns whether `session` is in the set.
    #[inline]
    pub fn contains(&self, session: SessionOrdinal) -> bool {
        place(session)
            .is_some_and(|(word, bit)| self.words.get(word).is_some_and(|slot| slot & bit != 0))
    }

    /// Returns the sessions that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words);
        Self {
            words: words.map(|(left, right)| left & right).collect(),
        }
    }

    /// Returns how many sessions are in the set.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Returns whether no session is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }
}

impl FromIterator<SessionOrdinal> for OrdinalSet {
    fn from_iter<I: IntoIterator<Item = SessionOrdinal>>(sessions: I) -> Self {
        let mut set = Self::default();
        sessions.into_iter().for_each(|session| set.insert(session));
        set
    }
}

fn place(session: SessionOrdinal) -> Option<(usize, u64)> {
    let ordinal = (session.0 <= ORDINAL_MAX).then_some(session.0)?;
    Some((usize::try_from(ordinal / 64).ok()?, 1 << (ordinal % 64)))
}

/// What a search sees besides its expression.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only these sessions; every session if there is no set.
    pub sessions: Option<OrdinalSet>,
    /// The session that is looked at no more than to count its matches: the one that asks.
    pub left_out: Option<SessionOrdinal>,
    /// Sessions whose matches rank lower: what scripts ran, for example.
    pub demoted: OrdinalSet,
    /// The moment that recency is measured from.
    pub now: Timestamp,
    /// What the search may take.
    pub budget: Budget,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: OrdinalSet = [0, 63, 64, 1_000].map(SessionOrdinal).into_iter().collect();
        let check = |ordinal: u64, expect: bool| {
            assert_eq!(set.contains(SessionOrdinal(ordinal)), expect, "{ordinal}");
        };
        for ordinal in [0, 63, 64, 1_000] {
            check(ordinal, true);
        }
        for ordinal in [1, 62, 65, 999, 1_001, u64::MAX] {
            check(ordinal, false);
        }
        assert_eq!(set.len(), 4);
    }

    #[test]
    fn an_ordinal_that_is_not_dense_takes_no_memory() {
        let mut set = OrdinalSet::default();
        set.insert(SessionOrdinal(u64::MAX));
        assert!(set.is_empty());
    }
}
