//! Every task has a name, an owner and an end.
//!
//! Invariant: every task is joined at shutdown, in reverse start order, within a grace period.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// How long one task may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Owns the daemon's asynchronous tasks.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

impl Supervisor {
    /// Starts a task. It must end by itself once its inputs close or its stop signal comes.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that spawns: it keeps the handle"
    )]
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push((name, tokio::spawn(task)));
    }

    /// Waits for every task, the last started first; one that outlives the grace period is aborted.
    pub async fn join(mut self) {
        while let Some((name, mut task)) = self.tasks.pop() {
            match timeout(GRACE, &mut task).await {
                Ok(Ok(())) => tracing::debug!(name, "task ended"),
                Ok(Err(error)) => tracing::error!(name, %error, "task failed"),
                Err(_) => {
                    tracing::error!(name, "task outlived its grace period and was aborted");
                    task.abort();
                }
            }
        }
    }
}

/// Tasks that live as long as one call, ended together.
#[derive(Debug, Clone, Default)]
pub struct TaskSet(Arc<Mutex<JoinSet<()>>>);

impl TaskSet {
    /// Starts a task; those that have ended are forgotten.
    pub fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Aborts what still runs and waits for it.
    pub async fn end(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn tasks_are_joined_last_started_first() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = watch::channel(false);
        let mut supervisor = Supervisor::default();
        for name in ["first", "second"] {
            let (order, mut stopped) = (Arc::clone(&order), stopped.clone());
            supervisor.spawn(name, async move {
                stopped
                    .wait_for(|&on| on)
                    .await
                    .map(drop)
                    .unwrap_or_default();
                order.lock().unwrap().push(name);
            });
        }
        stop.send(true).unwrap();
        supervisor.join().await;
        assert_eq!(order.lock().unwrap().len(), 2);
    }
}
