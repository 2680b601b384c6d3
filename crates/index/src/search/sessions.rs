//! A condition on the session of a document, anywhere in an expression. It never scores.

use std::sync::Arc;

use sessions_model::SessionOrdinal;
use tantivy::columnar::ColumnValues;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::{BitSet, DocId, Score, SegmentReader};

use crate::schema::SESSION;
use crate::scope::OrdinalSet;

/// Documents whose session is read together.
const BATCH_LEN: u32 = 1024;

/// Documents of these sessions.
#[derive(Debug, Clone)]
pub(super) struct InSessions(pub(super) Arc<OrdinalSet>);

impl Query for InSessions {
    fn weight(&self, _scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for InSessions {
    fn scorer(&self, reader: &SegmentReader, _boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let sessions: Arc<dyn ColumnValues<u64>> =
            reader.fast_fields().column_first_or_default(SESSION)?;
        let mut inside = BitSet::with_max_value(reader.max_doc());
        let mut batch = Vec::new();
        for start in (0..reader.max_doc()).step_by(BATCH_LEN as usize) {
            let end = reader.max_doc().min(start + BATCH_LEN);
            batch.resize((end - start) as usize, 0);
            sessions.get_range(u64::from(start), &mut batch);
            for (doc, session) in (start..).zip(&batch) {
                if self.0.contains(SessionOrdinal(*session)) {
                    inside.insert(doc);
                }
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(inside), 0.0)))
    }

    fn explain(&self, _reader: &SegmentReader, _doc: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("in one of the sessions", 0.0))
    }
}
