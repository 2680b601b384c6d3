//! Structured logs in the state directory: rotated daily, bounded, and never with transcript content.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Days of logs that are kept.
const LOG_FILES_MAX: usize = 7;

/// Bytes logged in one day; what comes after is dropped.
const DAY_BYTES_MAX: u64 = 16 << 20;

const DAY: Duration = Duration::from_hours(24);

/// A writer that stops for the rest of the day when it has written enough.
#[derive(Debug)]
struct Capped<W> {
    inner: W,
    since: Instant,
    left: u64,
}

impl<W> Capped<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            since: Instant::now(),
            left: DAY_BYTES_MAX,
        }
    }
}

impl<W: Write> Write for Capped<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.since.elapsed() >= DAY {
            (self.since, self.left) = (Instant::now(), DAY_BYTES_MAX);
        }
        let bytes = line.len() as u64;
        if bytes > self.left {
            self.left = 0;
            return Ok(line.len());
        }
        self.left -= bytes;
        // A disk that takes no log is said in `status`; whoever logs must not fail for it.
        drop(self.inner.write_all(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        drop(self.inner.flush());
        Ok(())
    }
}

/// Removes links in place of logs: this process is not in its sandbox yet, and who made them was.
fn remove_links(dir: &Path) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.path().is_symlink()) {
        // What cannot be removed is not ours to write through, either.
        drop(fs::remove_file(entry.path()));
    }
}

/// Starts logging to `dir`; `level` is an `EnvFilter` directive such as `info` or `sessions_daemon=debug`.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn start(dir: &Path, level: &str) -> Result<(), InitError> {
    remove_links(dir);
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("sessionsd")
        .filename_suffix("log")
        .max_log_files(LOG_FILES_MAX)
        .build(dir)?;
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(level);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(Capped::new(file)))
        .finish();
    // A second start in one process (tests) keeps the first subscriber.
    let _kept = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn nothing_is_logged_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, elsewhere) = (dir.path().join("logs"), dir.path().join("elsewhere"));
        fs::create_dir(&logs).unwrap();
        fs::write(&elsewhere, "").unwrap();
        fs::write(logs.join("old.log"), "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, logs.join("new.log")).unwrap();
        remove_links(&logs);
        let left: Vec<_> = fs::read_dir(&logs).unwrap().flatten().collect();
        assert_eq!(left.len(), 1);
        assert!(elsewhere.exists());
    }

    #[test]
    fn a_line_that_the_disk_does_not_take_is_dropped() {
        let mut log = Capped::new(Full);
        log.write_all(b"a line").unwrap();
        log.flush().unwrap();
    }

    #[test]
    fn a_day_of_logs_is_bounded_and_the_next_begins_anew() {
        let mut log = Capped::new(Vec::new());
        let line = vec![b'x'; 1 << 20];
        for _ in 0..32 {
            log.write_all(&line).unwrap();
        }
        assert_eq!(log.inner.len() as u64, DAY_BYTES_MAX);
        log.left = 0;
        log.since = Instant::now().checked_sub(DAY).unwrap();
        log.write_all(b"next day").unwrap();
        assert!(log.inner.ends_with(b"next day"));
    }
}
