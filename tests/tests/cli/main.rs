//! The command line over the sample sessions: what it prints as JSON, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agents;
mod checkpoint;
mod export;
mod fork;
mod grep;
mod list;
mod restore;
mod search;
#[cfg(target_os = "linux")]
mod service;
mod setup;
mod status;
mod tag;
mod view;

use sessions_tests::corpus::copy_samples;
use sessions_tests::{Daemon, Home};
use tempfile::TempDir;

/// The samples in a directory of their own, archived.
struct Samples {
    daemon: Daemon,
    home: Home,
    // Dropped last: the daemon watches it.
    _root: TempDir,
}

impl Samples {
    fn archived() -> Self {
        let root = TempDir::with_prefix("samples-").unwrap();
        copy_samples(root.path()).unwrap();
        let home = Home::new(root.path()).unwrap();
        let daemon = home.start().unwrap();
        home.settle().unwrap();
        Self {
            daemon,
            home,
            _root: root,
        }
    }

    /// Checks how the CLI ends, and that it says why where it fails.
    fn check_exit(&self, args: &[&str], expect: i32) -> String {
        let output = self.home.sessions(args).unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expect), "{args:?}: {words}");
        let says_error = words.starts_with("error: ");
        assert_eq!(says_error, expect >= 2, "{args:?}: {words}");
        words
    }
}

/// How long a checkpoint may wait for its record.
const BOUND_MAX: std::time::Duration = std::time::Duration::from_secs(30);

/// Session ids of the samples.
const PARSER: &str = "9aaa74c8-ebe3-4e02-bf08-b248a3297e38";
const BRANCH: &str = "c527f15c-5e55-4544-b6db-32fb263919fc";
const FLAKY: &str = "31488f04-7487-437c-9a1d-0285cb827d97";
