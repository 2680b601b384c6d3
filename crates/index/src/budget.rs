//! When a search is given up: nobody waits for it any more, or it has had its time. It keeps no clock.

use std::fmt;
use std::sync::Arc;

use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, Score, SegmentReader, TantivyError};

/// What a search may take. The default is as much as it needs.
#[derive(Clone, Default)]
pub struct Budget(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Budget {
    /// Lets a search go on as long as `goes_on` says so. It is asked often, from several threads.
    pub fn spent_when_not(goes_on: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(goes_on)))
    }

    /// Whether the search is to be given up.
    pub fn is_spent(&self) -> bool {
        self.0.as_ref().is_some_and(|goes_on| !goes_on())
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("is_spent", &self.is_spent())
            .finish()
    }
}

/// A condition that may stand for very many words: it is opened in no further segment once the budget is spent.
#[derive(Debug)]
pub(crate) struct Costly<Q> {
    pub(crate) inner: Q,
    pub(crate) budget: Budget,
}

impl Clone for Costly<Box<dyn Query>> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.box_clone(),
            budget: self.budget.clone(),
        }
    }
}

impl Query for Costly<Box<dyn Query>> {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(Costly {
            inner: self.inner.weight(scoring)?,
            budget: self.budget.clone(),
        }))
    }
}

impl Weight for Costly<Box<dyn Weight>> {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if self.budget.is_spent() {
            return Err(TantivyError::InternalError("the search is given up".into()));
        }
        self.inner.scorer(reader, boost)
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.inner.explain(reader, doc)
    }
}
