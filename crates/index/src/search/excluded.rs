//! What must not hold. An exclusion asks for documents before the first that meets its condition, which
//! tantivy's phrases do not expect; here they are asked only for what lies ahead.

use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader};

/// A condition that excludes.
#[derive(Debug)]
pub(super) struct Excluded<Q>(pub(super) Q);

impl Clone for Excluded<Box<dyn Query>> {
    fn clone(&self) -> Self {
        Self(self.0.box_clone())
    }
}

impl Query for Excluded<Box<dyn Query>> {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(Excluded(self.0.weight(scoring)?)))
    }
}

impl Weight for Excluded<Box<dyn Weight>> {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(Excluded(self.0.scorer(reader, boost)?)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(reader, doc)
    }
}

/// Its `seek_danger` is the default one, which looks where it stands before it seeks.
impl DocSet for Excluded<Box<dyn Scorer>> {
    fn advance(&mut self) -> DocId {
        self.0.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.0.seek(target)
    }

    fn doc(&self) -> DocId {
        self.0.doc()
    }

    fn size_hint(&self) -> u32 {
        self.0.size_hint()
    }
}

impl Scorer for Excluded<Box<dyn Scorer>> {
    fn score(&mut self) -> Score {
        self.0.score()
    }
}
