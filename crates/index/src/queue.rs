//! Bounds the bytes that wait for the indexing threads. tantivy bounds their number alone.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Most bytes of documents between the caller and the indexing threads.
const QUEUED_BYTES_MAX: usize = 8 << 20;

/// Counts the bytes that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: Mutex<usize>,
    freed: Condvar,
}

impl Queue {
    /// Waits until `bytes` more may wait, and counts them. A document over the limit goes alone.
    ///
    /// The wait ends: an indexing thread that fails drops what it had queued, and with it its weights.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Weight {
        let is_full = |queued: &mut usize| *queued > 0 && *queued + bytes > QUEUED_BYTES_MAX;
        let mut queued = self
            .freed
            .wait_while(self.lock(), is_full)
            .unwrap_or_else(PoisonError::into_inner);
        *queued += bytes;
        Weight {
            queue: Arc::clone(self),
            bytes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that wait, until dropped.
#[derive(Debug)]
pub(crate) struct Weight {
    queue: Arc<Queue>,
    bytes: usize,
}

impl Drop for Weight {
    fn drop(&mut self) {
        *self.queue.lock() -= self.bytes;
        self.queue.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wait_until_earlier_ones_are_done() {
        let queue = Arc::new(Queue::default());
        let first = queue.admit(QUEUED_BYTES_MAX);
        let waiting = Arc::clone(&queue);
        let second = std::thread::spawn(move || waiting.admit(1).bytes);
        assert_eq!(*queue.lock(), QUEUED_BYTES_MAX);
        drop(first);
        assert_eq!(second.join().unwrap(), 1);
        assert_eq!(*queue.lock(), 0);
    }

    #[test]
    fn a_document_over_the_limit_goes_alone() {
        let queue = Arc::new(Queue::default());
        let weight = queue.admit(QUEUED_BYTES_MAX * 2);
        drop(weight);
        assert_eq!(*queue.lock(), 0);
    }
}
