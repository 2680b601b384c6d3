//! One trial of the product: a `SESSIONS_HOME`, the config root it archives, and the CLI in it.
//!
//! Knows the environment and the documented JSON; must not know how the daemon works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries;
use crate::daemon::Daemon;
use crate::tree::Tree;
use crate::waiting::wait_for;

/// How long everything on disk may take to be archived and indexed: 100 MB, unoptimised, on two cores.
const SETTLE_MAX: Duration = Duration::from_mins(3);

/// How long the archive may wait for the end of a line: two quiet seconds and a busy machine.
const UNFINISHED_MAX: Duration = Duration::from_secs(6);

/// A home for the product and the config root it looks at.
#[derive(Debug)]
pub struct Home {
    directory: TempDir,
    config_root: PathBuf,
}

impl Home {
    /// Makes an empty home for `config_root`, which need not exist.
    pub fn new(config_root: &Path) -> Result<Self> {
        Ok(Self {
            // Short, since a socket's path is bounded.
            directory: TempDir::with_prefix("cs-")?,
            config_root: config_root.to_owned(),
        })
    }

    /// Returns `SESSIONS_HOME`.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the config root.
    pub fn config_root(&self) -> &Path {
        &self.config_root
    }

    /// Returns the daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.path().join("run/sessionsd.sock")
    }

    /// Writes the settings.
    pub fn configure(&self, toml: &str) -> Result<()> {
        let directory = self.path().join("config");
        fs::create_dir_all(&directory)?;
        Ok(fs::write(directory.join("config.toml"), toml)?)
    }

    /// Starts a daemon and waits until it answers.
    pub fn start(&self) -> Result<Daemon> {
        Daemon::start(self)
    }

    /// Returns a program of ours with the environment of this home and nothing else.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.path());
        command.envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("TERM", "dumb"),
        ]);
        command
            .env("HOME", self.path())
            .env("SESSIONS_HOME", self.path());
        command.env("CLAUDE_CONFIG_DIR", &self.config_root);
        command
    }

    /// Runs the CLI to its end, however it ends.
    pub fn sessions(&self, args: &[&str]) -> Result<Output> {
        let mut command = self.command(&binaries::built()?.cli);
        command
            .args(args)
            .output()
            .context("could not run sessions")
    }

    /// Runs the CLI as Claude Code does, to its end, however it ends.
    pub fn as_agent(&self, args: &[&str]) -> Result<Output> {
        let mut command = self.command(&binaries::built()?.cli);
        command.env("CLAUDECODE", "1").args(args);
        command.output().context("could not run sessions")
    }

    /// Runs the CLI, which must succeed, and returns what it printed.
    pub fn bytes(&self, args: &[&str]) -> Result<Vec<u8>> {
        let output = self.sessions(args)?;
        let (status, words) = (output.status, String::from_utf8_lossy(&output.stderr));
        ensure!(
            status.success(),
            "sessions {args:?} ended with {status}: {words}"
        );
        Ok(output.stdout)
    }

    /// Runs the CLI, which must succeed, and parses what it printed.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let printed = self.bytes(args)?;
        serde_json::from_slice(&printed).with_context(|| {
            let words = String::from_utf8_lossy(&printed);
            format!("sessions {args:?} printed no JSON: {words}")
        })
    }

    /// Lists the sessions that `filters` ask for: there may be none yet, which is no success.
    pub fn listed(&self, filters: &[&str]) -> Result<Vec<Value>> {
        let output = self.sessions(&[&["list", "--json"], filters].concat())?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("sessions list printed no list: {output:?}"))
    }

    /// Waits until everything on disk is archived and searchable, and returns that status.
    pub fn settle(&self) -> Result<Value> {
        wait_for("an index that is complete", SETTLE_MAX, || {
            let status = self.json(&["status", "--json"])?;
            let is_settled = status["complete"] == true && status["progress"].is_null();
            Ok(is_settled.then_some(status))
        })
    }

    /// Waits until nothing is left to be done, whether or not all that is on disk can be archived.
    pub fn rest(&self) -> Result<Value> {
        wait_for("a daemon at rest", SETTLE_MAX, || {
            let status = self.json(&["status", "--json"])?;
            let is_at_rest =
                status["progress"].is_null() && status["indexed_seq"] == status["archive_seq"];
            Ok(is_at_rest.then_some(status))
        })
    }

    /// Searches; returns the whole answer also where there is no hit.
    pub fn search(&self, query: &str) -> Result<Value> {
        let output = self.sessions(&["search", "--json", "--automated", "--limit", "50", query])?;
        let nothing_found = output.status.code() == Some(1);
        let words = String::from_utf8_lossy(&output.stderr);
        let is_fine = output.status.success() || nothing_found;
        ensure!(
            is_fine,
            "search {query} ended with {}: {words}",
            output.status
        );
        serde_json::from_slice(&output.stdout).with_context(|| format!("search {query}: {words}"))
    }

    /// Compares the archive's bytes of one source with those on disk; returns what differs.
    pub fn difference(&self, path: &str, bytes: &[u8]) -> Result<Option<String>> {
        let mut args = vec!["view", "--source", path, "--raw"];
        // Files that belong to no session by their path are named without one.
        let session = session_in(path).map(str::to_owned);
        let session = session.or_else(|| session_of_rows(path, bytes));
        args.extend(session.as_deref());
        let output = self.sessions(&args)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Ok(Some(format!("{path}: {words}")));
        }
        let (archived, on_disk) = (output.stdout.len(), bytes.len());
        let same = output
            .stdout
            .iter()
            .zip(bytes)
            .take_while(|(a, b)| a == b)
            .count();
        let is_equal = archived == on_disk && same == on_disk;
        let fault = || format!("{path}: {archived} of {on_disk} bytes, the first {same} are equal");
        Ok((!is_equal).then(fault))
    }

    /// Compares every source of `tree` with the archive; returns what differs. What differs is given
    /// the time an unfinished line is, since the client may yet finish it.
    pub fn differences(&self, tree: &Tree) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (path, bytes) in &tree.files {
            let since = Instant::now();
            let mut difference = self.difference(path, bytes)?;
            while difference.is_some() && since.elapsed() < UNFINISHED_MAX {
                difference = self.difference(path, bytes)?;
            }
            found.extend(difference);
        }
        Ok(found)
    }
}

/// Returns the session that a path below a config root names.
fn session_in(path: &str) -> Option<&str> {
    let part = path
        .split('/')
        .nth(if path.starts_with("projects/") { 2 } else { 1 })?;
    let session = part.strip_suffix(".jsonl").unwrap_or(part);
    (!session.starts_with("agent-")).then_some(session)
}

/// Returns the session that the first row of an old subagent file names, whose path does not.
fn session_of_rows(path: &str, bytes: &[u8]) -> Option<String> {
    let (_, name) = path.rsplit_once('/')?;
    let row = bytes.split(|byte| *byte == b'\n').next()?;
    let row: Value = serde_json::from_slice(row).ok()?;
    let session = row["sessionId"].as_str()?;
    name.starts_with("agent-").then(|| session.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_session() {
        let check =
            |path: &str, expect: Option<&str>| assert_eq!(session_in(path), expect, "{path}");
        check("projects/-src-a/1.jsonl", Some("1"));
        check("projects/-src-a/1/subagents/agent-2.jsonl", Some("1"));
        check("file-history/1/abc@v1", Some("1"));
        check("projects/-src-a/agent-2.jsonl", None);
        check("history.jsonl", None);
    }
}
