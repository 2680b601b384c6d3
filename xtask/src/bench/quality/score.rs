//! How well answers are: whether the expected session is the first, among the first five, and how far down it is.

use std::collections::BTreeSet;

use crate::corpus::random::{float, wide};

/// Hits that somebody looks at.
pub(crate) const LOOKED_AT: usize = 10;
/// Hits that are seen at a glance.
const SEEN: usize = 5;

/// What a tool reached on some questions.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    asked: usize,
    first: usize,
    seen: usize,
    reciprocals: f64,
}

impl Score {
    /// Counts an answer by the place of the first expected session, from 1 on.
    pub(crate) fn count(&mut self, place: Option<usize>) {
        self.asked += 1;
        let Some(place) = place else {
            return;
        };
        self.first += usize::from(place == 1);
        self.seen += usize::from(place <= SEEN);
        self.reciprocals += 1.0 / float(wide(place));
    }

    /// The share of questions whose expected session came first.
    pub(crate) fn hit_at_1(&self) -> f64 {
        self.share(float(wide(self.first)))
    }

    /// The share of questions whose expected session was among the first five.
    pub(crate) fn hit_at_5(&self) -> f64 {
        self.share(float(wide(self.seen)))
    }

    /// The mean reciprocal rank.
    pub(crate) fn mrr(&self) -> f64 {
        self.share(self.reciprocals)
    }

    fn share(&self, of: f64) -> f64 {
        if self.asked == 0 {
            return 0.0;
        }
        of / float(wide(self.asked))
    }
}

/// The place of the first expected session among those that somebody looks at, each counted once.
pub(crate) fn place(found: &[String], expected: &BTreeSet<String>) -> Option<usize> {
    let mut seen: Vec<&String> = Vec::new();
    for session in found {
        if !seen.contains(&session) {
            seen.push(session);
        }
    }
    let looked_at = seen.iter().take(LOOKED_AT);
    let before = looked_at
        .into_iter()
        .position(|session| expected.contains(*session))?;
    Some(before + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_of_reciprocals() {
        let mut score = Score::default();
        for place in [Some(1), Some(2), Some(10), None] {
            score.count(place);
        }
        assert!((score.mrr() - 0.4).abs() < 1e-9);
        assert!((score.hit_at_1() - 0.25).abs() < 1e-9);
        assert!((score.hit_at_5() - 0.5).abs() < 1e-9);
        assert!(Score::default().mrr().abs() < 1e-9);
    }

    #[test]
    fn a_session_takes_one_place_however_often_it_is_found() {
        let check = |found: &[&str], expect: Option<usize>| {
            let found: Vec<String> = found.iter().map(|id| (*id).to_owned()).collect();
            let expected = ["x".to_owned(), "y".to_owned()].into();
            assert_eq!(place(&found, &expected), expect, "{found:?}");
        };
        check(&["x"], Some(1));
        check(&["a", "a", "b", "y", "x"], Some(3));
        check(&["a"], None);
        check(
            &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "x"],
            None,
        );
        check(&[], None);
    }
}
