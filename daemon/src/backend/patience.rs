//! How long an answer is worked on: as long as somebody waits for it, and no longer than it may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sessions_query::Budget;

/// Somebody waits for an answer until this is dropped, as it is with the call.
#[derive(Debug)]
pub(super) struct Patience {
    is_over: Arc<AtomicBool>,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            is_over: Arc::default(),
        }
    }

    /// Returns what may be taken from now on: so much time, while somebody waits.
    pub(super) fn budget(&self, time_max: Duration) -> Budget {
        let is_over = Arc::clone(&self.is_over);
        let started = Instant::now();
        Budget::spent_when_not(move || {
            !is_over.load(Ordering::Relaxed) && started.elapsed() < time_max
        })
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_when_nobody_waits_or_the_time_is_up() {
        let patience = Patience::new();
        let budget = patience.budget(Duration::from_hours(1));
        assert!(!budget.is_spent());
        assert!(patience.budget(Duration::ZERO).is_spent());
        drop(patience);
        assert!(budget.is_spent());
    }
}
