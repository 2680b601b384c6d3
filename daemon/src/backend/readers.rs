//! Readers of the archive, lent to questions: to open one takes longer than most questions do.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use sessions_archive::{ArchiveError, ArchiveReader};

/// Readers that wait for the next question.
const IDLE_MAX: usize = 4;

/// Opens readers, and keeps some that were given back.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    first: Mutex<ArchiveReader>,
    idle: Mutex<Vec<ArchiveReader>>,
}

/// A reader that nobody else uses. It is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    reader: Option<ArchiveReader>,
    shared: Arc<Shared>,
}

impl Readers {
    /// Opens readers of the archive that `first` reads.
    pub(crate) fn new(first: ArchiveReader) -> Self {
        Self(Arc::new(Shared {
            first: Mutex::new(first),
            idle: Mutex::default(),
        }))
    }

    /// Opens a reader, which fails where the archive's file is not in its place.
    pub(crate) fn open(&self) -> Result<ArchiveReader, ArchiveError> {
        lock(&self.0.first).reopen()
    }

    /// Lends a reader that is open already, if there is one.
    pub(crate) fn lend(&self) -> Result<Lent, ArchiveError> {
        let idle = lock(&self.0.idle).pop();
        Ok(Lent {
            reader: Some(idle.map_or_else(|| self.open(), Ok)?),
            shared: Arc::clone(&self.0),
        })
    }
}

impl Deref for Lent {
    type Target = ArchiveReader;

    fn deref(&self) -> &ArchiveReader {
        self.reader
            .as_ref()
            .expect("it is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut idle = lock(&self.shared.idle);
        if idle.len() < IDLE_MAX && !thread::panicking() {
            idle.extend(self.reader.take());
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
