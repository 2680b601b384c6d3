//! Sets of documents that were chosen before, as a condition of a query.

use std::sync::Arc;

use tantivy::index::SegmentId;
use tantivy::query::{ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, Score, SegmentReader, TantivyError};

use super::bits::{Bits, BitsDocs};

/// Documents of one snapshot. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentSet {
    segments: Arc<Vec<(SegmentId, Bits)>>,
}

impl DocumentSet {
    pub(crate) fn new(segments: Vec<(SegmentId, Bits)>) -> Self {
        Self {
            segments: Arc::new(segments),
        }
    }

    /// Returns how many documents there are.
    pub fn len(&self) -> u64 {
        self.segments.iter().map(|(_, bits)| bits.len()).sum()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|(_, bits)| bits.is_empty())
    }

    /// Returns the documents that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut segments = self.segments.as_ref().clone();
        for (segment, more) in other.segments.iter() {
            match segments.iter_mut().find(|(known, _)| known == segment) {
                Some((_, bits)) => bits.unite(more),
                None => segments.push((*segment, more.clone())),
            }
        }
        Self::new(segments)
    }

    pub(crate) fn of_segment(&self, segment: SegmentId) -> Option<&Bits> {
        let found = self.segments.iter().find(|(known, _)| *known == segment);
        found.map(|(_, bits)| bits)
    }
}

impl Query for DocumentSet {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(Chosen(self.clone())))
    }
}

struct Chosen(DocumentSet);

impl Weight for Chosen {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(match self.0.of_segment(reader.segment_id()) {
            Some(bits) => Box::new(ConstScorer::new(BitsDocs::new(bits.clone()), boost)),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.seek(doc) == doc {
            Ok(Explanation::new("chosen before", 1.0))
        } else {
            let reason = format!("document {doc} was not chosen");
            Err(TantivyError::InvalidArgument(reason))
        }
    }
}
