//! What breaks off the long readings: nobody wants them any more, or they stand in the writer's way.
//!
//! A statement that reads the whole database keeps the write-ahead log from being emptied for as long. Knows
//! nothing of what is read.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use rusqlite::{Connection, ErrorCode};

use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::place::log_of;

/// Steps of a statement between two looks; a step is a row of a table or a page.
const STEPS: i32 = 100;

/// Bytes to which the write-ahead log may grow under one statement.
const LOG_BYTES_MAX: u64 = 1 << 30;

/// Whether somebody still wants what is being read.
#[derive(Clone)]
pub(crate) struct Wanted {
    is_wanted: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether one statement reads the whole database.
    holds_log: Arc<AtomicBool>,
}

impl Wanted {
    pub(crate) fn new(is_wanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            is_wanted: Arc::new(is_wanted),
            holds_log: Arc::default(),
        }
    }

    /// Has each statement of `connection` to the database at `path` broken off once it is not wanted.
    pub(crate) fn watch(&self, connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
        let (wanted, log) = (self.clone(), log_of(path));
        let log_bytes = move || fs::metadata(&log).map_or(0, |log| log.len());
        let is_in_the_way =
            move |wanted: &Self| wanted.holds_log.load(Relaxed) && log_bytes() > LOG_BYTES_MAX;
        let is_over = move || !(wanted.is_wanted)() || is_in_the_way(&wanted);
        connection.progress_handler(STEPS, Some(is_over))
    }

    /// Runs a statement that reads the whole database, unless the log grows too much meanwhile.
    pub(crate) fn hold_log<T>(
        &self,
        statement: impl FnOnce() -> rusqlite::Result<T>,
        step: impl FnOnce() -> Step,
    ) -> Result<T> {
        self.holds_log.store(true, Relaxed);
        let done = statement();
        self.holds_log.store(false, Relaxed);
        done.during(step).map_err(|error| self.explain(error))
    }

    /// Fails if nobody wants `step` any more.
    pub(crate) fn check(&self, step: impl FnOnce() -> Step) -> Result<()> {
        if (self.is_wanted)() {
            Ok(())
        } else {
            Err(ArchiveError::refused(step(), Refusal::Unwanted))
        }
    }

    /// Says why a statement was broken off, if it was.
    pub(crate) fn explain(&self, error: ArchiveError) -> ArchiveError {
        match error {
            ArchiveError::Database { step, source }
                if source.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                let refusal = if (self.is_wanted)() {
                    Refusal::Overtaken
                } else {
                    Refusal::Unwanted
                };
                ArchiveError::refused(step, refusal)
            }
            error => error,
        }
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self::new(|| true)
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wanted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 9999) \
                        SELECT count(*) FROM n";

    #[test]
    fn a_statement_ends_when_it_is_not_wanted_and_when_the_log_grows_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.db");
        let mut connection = Connection::open_in_memory().unwrap();
        let is_on = Arc::new(AtomicBool::new(true));
        let wanted = Wanted::new({
            let is_on = Arc::clone(&is_on);
            move || is_on.load(Relaxed)
        });
        wanted.watch(&mut connection, &path).unwrap();
        let run = || connection.query_row(LONG, [], |row| row.get::<_, u32>(0));
        let check = |expect: Option<Refusal>| {
            let refusal = match wanted.hold_log(run, || Step::Verify) {
                Ok(_) => None,
                Err(ArchiveError::Refused { refusal, .. }) => Some(refusal),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(refusal, expect);
        };
        check(None);
        let log = fs::File::create(log_of(&path)).unwrap();
        log.set_len(LOG_BYTES_MAX + 1).unwrap();
        check(Some(Refusal::Overtaken));
        assert!(run().is_ok(), "a short statement is in nobody's way");
        log.set_len(LOG_BYTES_MAX).unwrap();
        check(None);
        is_on.store(false, Relaxed);
        check(Some(Refusal::Unwanted));
        assert!(wanted.check(|| Step::Verify).is_err());
    }
}
