//! Looks into a repository with git, so that it changes nothing, starts nothing that a repository names, and
//! ends in time.
//!
//! Sources: git(1), git-config(1).

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long git may take for everything that is asked about one repository.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the names of variables begin that would lead git to another repository, or have it start programs.
const OF_GIT: &str = "GIT_";

/// What holds for every call. Locks are left to whoever works there; no monitor, hook or transport of the
/// repository's choosing is started.
const ALWAYS: [&str; 8] = [
    "--no-optional-locks",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
];

/// The git of this machine.
#[derive(Debug)]
pub struct Git {
    variables: Vec<(OsString, OsString)>,
    patience: Duration,
}

impl Git {
    /// Takes the environment that git is to run in; what is meant for git itself is left out.
    pub fn new(environment: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let is_foreign = |(name, _): &(OsString, OsString)| {
            !name.as_encoded_bytes().starts_with(OF_GIT.as_bytes())
        };
        Self {
            variables: environment.filter(is_foreign).collect(),
            patience: PATIENCE,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Returns a call of git in `cwd`, which asks nobody for anything.
    pub(crate) fn command(&self, cwd: &Path) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("GIT_TERMINAL_PROMPT", "0")
            .current_dir(cwd);
        command
    }

    /// Returns when a look at a repository that begins now is to have ended.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Starts git in a process group of its own, with `arguments`, in `cwd`.
    pub(crate) fn start(&self, cwd: &Path, arguments: &[&str]) -> io::Result<Running> {
        let mut command = self.command(cwd);
        command
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(ALWAYS)
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        Ok(Running { child, output })
    }
}

/// A git that runs; it and what it started end with this value.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    output: Option<ChildStdout>,
}

impl Running {
    /// Returns what it prints, once it has ended well; an error where it does not, prints more than
    /// `bytes_max` or takes longer than until `deadline`.
    pub(crate) fn output(mut self, bytes_max: usize, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut output = self.output.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut bytes = Vec::new();
        let mut piece = [0; 16 << 10];
        while is_readable(&output, deadline)? {
            let count = output.read(&mut piece)?;
            if count == 0 {
                let is_fine = self.child.wait()?.success();
                return is_fine.then_some(bytes).ok_or(ErrorKind::Other.into());
            }
            bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
            if bytes.len() > bytes_max {
                return Err(ErrorKind::FileTooLarge.into());
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may have ended in between; then there is nobody left.
            let _gone = kill_process_group(group, Signal::KILL);
        }
        drop(self.child.wait());
    }
}

/// Waits until there is something to read, or the end; false when the deadline has passed.
fn is_readable(output: &ChildStdout, deadline: Instant) -> io::Result<bool> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(false);
    }
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    let mut outputs = [PollFd::new(output, PollFlags::IN)];
    Ok(poll(&mut outputs, Some(&left))? > 0)
}
