//! Finds copies of one record among many matches: nearly all matches have none, and pay for one bit.

use rustc_hash::FxHashMap;

/// Bits for each document that may match: one in so many is taken for a possible copy and looked at.
const BITS_PER_DOCUMENT: u64 = 16;

const BITS_MIN: u64 = 1 << 12;
const BITS_MAX: u64 = 1 << 25;

/// Which identities were met, with false alarms but none missed.
pub(super) struct Met {
    words: Vec<u64>,
    mask: u64,
}

impl Met {
    /// Makes room for `documents` identities.
    pub(super) fn with_room_for(documents: u64) -> Self {
        let bits = documents
            .saturating_mul(BITS_PER_DOCUMENT)
            .clamp(BITS_MIN, BITS_MAX);
        let bits = bits.next_power_of_two();
        let words = usize::try_from(bits / 64).expect("2^25 bits fit into memory");
        #[expect(
            clippy::slow_vector_initialization,
            reason = "it writes: a page that is read before it is written costs two faults"
        )]
        let zeros = {
            let mut zeros = Vec::new();
            zeros.resize(words, 0);
            zeros
        };
        Self {
            words: zeros,
            mask: bits - 1,
        }
    }

    /// Notes `identity`; returns whether it may have been noted before.
    #[inline]
    pub(super) fn note(&mut self, identity: u64) -> bool {
        let (word, bit) = self.place(identity);
        self.words.get_mut(word).is_some_and(|slot| {
            let was_met = *slot & bit != 0;
            *slot |= bit;
            was_met
        })
    }

    #[inline]
    fn may_hold(&self, identity: u64) -> bool {
        let (word, bit) = self.place(identity);
        self.words.get(word).is_some_and(|slot| slot & bit != 0)
    }

    #[inline]
    fn place(&self, identity: u64) -> (usize, u64) {
        let bit = identity & self.mask;
        ((bit / 64) as usize, 1 << (bit % 64))
    }
}

/// Keeps, of the matches in all `lists` that are copies of one another, the one that `outranks` the others.
///
/// `suspects` are identities that may occur more than once.
pub(super) fn drop_copies<T>(
    lists: &mut [Vec<T>],
    suspects: &[u64],
    identity: impl Fn(&T) -> u64,
    outranks: impl Fn(&T, &T) -> bool,
) {
    let mut suspected = Met::with_room_for(suspects.len() as u64);
    let mut owners: FxHashMap<u64, Option<(usize, usize)>> = FxHashMap::default();
    for &suspect in suspects {
        suspected.note(suspect);
        owners.insert(suspect, None);
    }
    let mut dropped = Vec::new();
    for (list, matches) in lists.iter().enumerate() {
        for (place, candidate) in matches.iter().enumerate() {
            if !suspected.may_hold(identity(candidate)) {
                continue;
            }
            let Some(owner) = owners.get_mut(&identity(candidate)) else {
                continue;
            };
            let standing = owner.and_then(|(list, place)| lists.get(list)?.get(place));
            match standing {
                Some(standing) if outranks(standing, candidate) => dropped.push((list, place)),
                _ => dropped.extend(owner.replace((list, place))),
            }
        }
    }
    dropped.sort_unstable_by(|left, right| right.cmp(left));
    for (list, place) in dropped {
        lists[list].swap_remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Matches are (identity, rank); the smaller rank stands for the others.
    fn check(matches: &[(u64, u32)], expect: &[(u64, u32)]) {
        let mut met = Met::with_room_for(4);
        let suspects: Vec<u64> = matches
            .iter()
            .map(|found| found.0)
            .filter(|&identity| met.note(identity))
            .collect();
        // As they come from two segments.
        let (first, second) = matches.split_at(matches.len() / 2);
        let mut kept = [first.to_vec(), second.to_vec()];
        drop_copies(
            &mut kept,
            &suspects,
            |found| found.0,
            |left, right| left.1 < right.1,
        );
        let mut kept = kept.concat();
        kept.sort_unstable();
        assert_eq!(kept, expect, "{matches:?}");
    }

    #[test]
    fn one_of_all_copies_stays() {
        check(&[], &[]);
        check(&[(1, 0), (2, 0)], &[(1, 0), (2, 0)]);
        check(&[(1, 2), (1, 1), (1, 3), (2, 9)], &[(1, 1), (2, 9)]);
        check(&[(1, 3), (2, 5), (2, 4), (1, 2), (1, 1)], &[(1, 1), (2, 4)]);
    }

    #[test]
    fn a_false_alarm_drops_nothing() {
        let colliding = BITS_MIN + 1;
        check(&[(1, 0), (colliding, 0), (1, 1)], &[(1, 0), (colliding, 0)]);
    }

    #[test]
    fn as_many_matches_as_there_are_stay_distinct() {
        let matches: Vec<_> = (0..50_000).map(|identity| (identity * 977, 0)).collect();
        check(&matches, &matches);
    }
}
