//! Tasks that live as long as one call, ended together.
//!
//! Invariant: every task is joined at shutdown. The daemon's own threads are joined by their owners, in
//! reverse start order.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// The tasks of the calls under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskSet(Arc<Mutex<JoinSet<()>>>);

impl TaskSet {
    /// Starts a task; those that have ended are forgotten.
    pub(crate) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Aborts what still runs and waits for it.
    pub(crate) async fn end(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_task_that_waits_for_ever_ends_with_the_set() {
        let tasks = TaskSet::default();
        let (held, dropped) = oneshot::channel::<()>();
        tasks.start(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        tasks.end().await;
        assert!(dropped.await.is_err(), "what the task held is gone");
    }
}
