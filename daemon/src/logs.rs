//! Structured logs in the state directory: rotated daily, bounded, and never with transcript content.

use std::path::Path;

use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Days of logs that are kept.
const LOG_FILES_MAX: usize = 7;

/// Starts logging to `dir`; `level` is an `EnvFilter` directive such as `info` or `sessions_daemon=debug`.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn start(dir: &Path, level: &str) -> Result<(), InitError> {
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
        .with_writer(file)
        .finish();
    // A second start in one process (tests) keeps the first subscriber.
    let _kept = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}
