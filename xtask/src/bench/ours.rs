//! This product under measurement: a home of its own, the daemon in it, and its command line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::corpus::remove;
use super::process::{disk, time, time_search, wait};

/// Longest wait for an import or a restore.
const IMPORT_LIMIT: Duration = Duration::from_mins(15);
/// Time in which nothing on disk changes once everything is packed.
const REST: Duration = Duration::from_secs(20);
/// Such times that are waited for at most.
const RESTS_MAX: usize = 30;
/// Longest wait for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The programs and the folders they are run with.
#[derive(Debug)]
pub(crate) struct Ours {
    program: PathBuf,
    /// `SESSIONS_HOME`.
    pub(crate) home: PathBuf,
    root: PathBuf,
}

/// What `sessions status --json` says, as far as it is read here.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    /// The daemon's process.
    pub(crate) pid: u32,
    /// Whether everything on disk is searchable.
    pub(crate) complete: bool,
}

#[derive(Deserialize)]
struct Answer {
    total: u64,
}

impl Ours {
    /// Takes the programs, with an empty home.
    pub(crate) fn new(programs: &Path, home: &Path, root: &Path) -> Result<Self> {
        let ours = Self {
            program: programs.join("sessions"),
            home: home.to_owned(),
            root: root.to_owned(),
        };
        if home.exists() {
            // A daemon that an interrupted run left would write to a home that is gone.
            ours.stop()?;
        }
        remove(home)?;
        Ok(ours)
    }

    /// Starts the daemon, waits until everything is archived and searchable, and says how long it took.
    pub(crate) fn import(&self) -> Result<Duration> {
        let took = self.succeed(&["daemon", "start", "--wait"])?;
        let status = self.status()?;
        if !status.complete {
            bail!("the daemon says that the import is done and is not complete");
        }
        Ok(took)
    }

    /// Puts back everything that is missing, and says how long it took.
    pub(crate) fn restore(&self) -> Result<Duration> {
        self.succeed(&["restore", "--all-missing", "--yes"])
    }

    /// Runs a command that goes through the whole corpus, and says how long it took.
    fn succeed(&self, arguments: &[&str]) -> Result<Duration> {
        let (took, output) = time(&mut self.command(arguments), IMPORT_LIMIT)?;
        if !output.status.success() {
            bail!(
                "{arguments:?} failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(took)
    }

    /// Waits until what it keeps on disk grows and shrinks no more; returns its bytes.
    pub(crate) fn rest(&self) -> Result<u64> {
        let mut bytes = disk(&self.home).0;
        for _ in 0..RESTS_MAX {
            wait(REST);
            let before = std::mem::replace(&mut bytes, disk(&self.home).0);
            if bytes == before {
                return Ok(bytes);
            }
        }
        bail!("the daemon never came to rest")
    }

    /// Asks how the daemon is doing.
    pub(crate) fn status(&self) -> Result<Status> {
        let (_, text) = time_search(&mut self.command(&["status", "--json"]), ANSWER_LIMIT)?;
        serde_json::from_str(&text).context("could not read the status")
    }

    /// Searches, and says how long the whole process took and how much it found.
    pub(crate) fn search(&self, query: &str) -> Result<(Duration, u64)> {
        let mut command = self.command(&["search", "--json", "--limit", "20", query]);
        let (took, text) = time_search(&mut command, ANSWER_LIMIT)?;
        let answer: Answer = serde_json::from_str(&text).context("could not read an answer")?;
        Ok((took, answer.total))
    }

    /// Runs a command that answers at once, and returns what it printed.
    pub(crate) fn answer(&self, arguments: &[&str]) -> Result<String> {
        let (_, text) = time_search(&mut self.command(arguments), ANSWER_LIMIT)?;
        Ok(text)
    }

    /// Stops the daemon, if one runs.
    pub(crate) fn stop(&self) -> Result<()> {
        time(&mut self.command(&["daemon", "stop"]), ANSWER_LIMIT).map(|_| ())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command_of(&self.program);
        command.args(arguments);
        command
    }

    /// Returns a command of `program` that finds this home.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("SESSIONS_HOME", &self.home)
            .env("CLAUDE_CONFIG_DIR", &self.root);
        command
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            println!("could not stop the daemon of the benchmark: {error:#}");
        }
    }
}
