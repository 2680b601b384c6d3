//! The pair that answers: a bounded number of engines, each lent to one question at a time.

use std::sync::{Arc, Mutex, PoisonError};

use sessions_query::Engine;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The engines over one pair.
#[derive(Debug)]
pub(crate) struct Serving {
    engines: Mutex<Vec<Engine>>,
    free: Arc<Semaphore>,
}

/// An engine, lent until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    serving: Arc<Serving>,
    engine: Option<Engine>,
    _permit: OwnedSemaphorePermit,
}

impl Serving {
    pub(super) fn new(engines: Vec<Engine>) -> Self {
        let free = Arc::new(Semaphore::new(engines.len()));
        Self {
            engines: Mutex::new(engines),
            free,
        }
    }

    /// Waits for an engine that nobody uses.
    pub(crate) async fn lease(self: Arc<Self>) -> Option<Lease> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let engine = self
            .engines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Some(Lease {
            serving: self,
            engine,
            _permit: permit,
        })
    }
}

impl Lease {
    /// Returns the engine.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        self.engine
            .as_mut()
            .expect("a permit stands for an engine, given back only on drop")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let engines = self.serving.engines.lock();
        engines
            .unwrap_or_else(PoisonError::into_inner)
            .extend(self.engine.take());
    }
}
