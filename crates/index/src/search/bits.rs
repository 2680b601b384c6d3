//! Documents of one segment, a bit each. Knows nothing of what chose them.

use tantivy::{DocId, DocSet, TERMINATED};

/// A set of documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Makes an empty set of documents below `end`.
    pub(crate) fn none(end: DocId) -> Self {
        Self {
            words: vec![0; (end as usize).div_ceil(64)],
        }
    }

    /// Makes the set of all documents below `end`.
    pub(crate) fn all(end: DocId) -> Self {
        let mut all = Self {
            words: vec![u64::MAX; (end as usize).div_ceil(64)],
        };
        let left = end % 64;
        if left > 0
            && let Some(last) = all.words.last_mut()
        {
            *last = (1 << left) - 1;
        }
        all
    }

    #[inline]
    pub(crate) fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    pub(crate) fn remove(&mut self, doc: DocId) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word &= !(1 << (doc % 64));
        }
    }

    pub(crate) fn len(&self) -> u64 {
        let words = self.words.iter();
        words.map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Adds what `other` has.
    pub(crate) fn unite(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Takes out what `other` does not have.
    pub(crate) fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        for (word, kept) in self.words.iter_mut().zip(others) {
            *word &= kept;
        }
    }

    /// Returns the documents in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = DocId> + '_ {
        let mut next = self.first_from(0);
        std::iter::from_fn(move || {
            let found = next.filter(|&doc| doc != TERMINATED)?;
            next = self.first_from(found + 1);
            Some(found)
        })
    }

    /// Returns the first document that is `from` or comes after it.
    fn first_from(&self, from: DocId) -> Option<DocId> {
        let first = from as usize / 64;
        let begun = *self.words.get(first)? & (u64::MAX << (from % 64));
        let rest = self.words.iter().enumerate().skip(first + 1);
        let (at, word) = std::iter::once((first, begun))
            .chain(rest.map(|(at, word)| (at, *word)))
            .find(|(_, word)| *word != 0)?;
        let at = DocId::try_from(at).ok()?;
        Some(at * 64 + word.trailing_zeros())
    }
}

/// Goes through a set as tantivy goes through postings.
pub(super) struct BitsDocs {
    bits: Bits,
    doc: DocId,
}

impl BitsDocs {
    pub(super) fn new(bits: Bits) -> Self {
        let doc = bits.first_from(0).unwrap_or(TERMINATED);
        Self { bits, doc }
    }
}

impl DocSet for BitsDocs {
    fn advance(&mut self) -> DocId {
        if self.doc != TERMINATED {
            self.doc = self.bits.first_from(self.doc + 1).unwrap_or(TERMINATED);
        }
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if target > self.doc {
            self.doc = self.bits.first_from(target).unwrap_or(TERMINATED);
        }
        self.doc
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.bits.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_ends_where_it_is_said() {
        let check = |end: DocId| {
            let found: Vec<_> = Bits::all(end).iter().collect();
            assert_eq!(found, (0..end).collect::<Vec<_>>(), "{end}");
        };
        [0, 1, 63, 64, 65, 128, 200].into_iter().for_each(check);
        assert!(Bits::none(70).is_empty());
    }

    proptest! {
        #[test]
        fn a_set_holds_what_was_put_in(docs in prop::collection::btree_set(0..300_u32, 0..60), target in 0..310_u32) {
            let mut bits = Bits::none(300);
            for &doc in &docs {
                bits.insert(doc);
            }
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), docs.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.len(), docs.len() as u64);
            let after = docs.range(target..).next().copied().unwrap_or(TERMINATED);
            prop_assert_eq!(BitsDocs::new(bits.clone()).seek(target), after);
            let mut both = bits.clone();
            both.intersect(&Bits::all(150));
            prop_assert!(both.iter().eq(docs.range(..150).copied()));
            both.unite(&bits);
            prop_assert_eq!(both, bits);
        }
    }
}
