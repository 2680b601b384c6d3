//! The successor: a process that waits, outside the sandbox, to take this daemon's place.
//!
//! What a sandboxed daemon may read cannot be widened, and it may start no program. So it starts its
//! successor before it enters the sandbox: this same program, which holds the end of a pipe and does
//! nothing until that is closed. A daemon that ends, however it ends, closes it; only if it has called
//! before does the successor start, and otherwise ends, too. Where a service manager keeps the daemon, it is
//! the successor: a daemon that has called asks for another start by its exit code. Knows nothing of why one is
//! called.

mod row;

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use sessions_model::{Fault, FaultKind, Timestamp};

use crate::causes::chain;
use row::Row;

/// The argument by which the program knows that it is to wait.
pub const SUCCEED: &str = "--succeed";

/// The argument that says how many successions in a row led to a start.
pub const IN_A_ROW: &str = "--in-a-row";

/// The argument that says that a service manager keeps the daemon.
pub const SERVICE: &str = "--service";

/// The exit code by which a daemon asks its service manager for another start.
///
/// Source: `EX_TEMPFAIL` of sysexits.h.
pub const START_AGAIN: u8 = 75;

/// What calls the successor; the number of successions in a row follows.
const CALL: u8 = b'!';

/// The longest call, in bytes.
const CALL_BYTES_MAX: u64 = 16;

/// The successor, if there is one, for all who may have reason to call it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Succession {
    line: Arc<Mutex<Line>>,
    /// Whether somebody told this daemon to end, for good.
    is_dismissed: Arc<AtomicBool>,
}

/// Why a successor is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The user did something that a daemon takes in at its start alone.
    Wish,
    /// What the daemon stands on is another: that may be so at each look.
    Place,
}

#[derive(Debug, Default)]
struct Line {
    successor: Option<Child>,
    /// Where a service manager is the successor: the file that takes how many there have been in a row.
    row_file: Option<PathBuf>,
    row: Row,
    called: Option<Cause>,
    /// That there is no successor.
    absence: Option<Fault>,
    /// That one will be called, and is not yet.
    delay: Option<Fault>,
}

impl Succession {
    /// Starts a successor to a daemon that so many successions `in_a_row` led to. Where that fails, nobody
    /// takes its place until a command starts one.
    pub(crate) fn begin(in_a_row: u32, now: Timestamp) -> Self {
        let started = start();
        let absence = started.as_ref().err().map(|error| {
            tracing::warn!(error = chain(error), "there is no successor");
            absence(&format!("it could not be started: {error}"), now)
        });
        let line = Line {
            successor: started.ok(),
            row: Row(in_a_row),
            absence,
            ..Line::default()
        };
        Self {
            line: Arc::new(Mutex::new(line)),
            ..Self::default()
        }
    }

    /// Leaves it to a service manager to start the next daemon, which finds the number of successions in a row in
    /// `row_file`.
    pub(crate) fn begin_with_manager(row_file: PathBuf) -> Self {
        let line = Line {
            row: Row(take_row(&row_file)),
            row_file: Some(row_file),
            ..Line::default()
        };
        Self {
            line: Arc::new(Mutex::new(line)),
            ..Self::default()
        }
    }

    /// Has the successor start once this process has ended, which is the caller's to see to.
    pub(crate) fn call(&self, cause: Cause) {
        let mut line = self.line();
        line.called = line.called.max(Some(cause));
    }

    /// Tells whether a successor will start once this process has ended.
    pub(crate) fn is_called(&self) -> bool {
        self.line().called.is_some() && !self.is_dismissed.load(Ordering::SeqCst)
    }

    /// Has no successor start, whoever called or calls it: the user wants the daemon to end.
    pub(crate) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::SeqCst);
    }

    /// Returns what dismisses the successor when it is set, by signals for example.
    pub(crate) fn dismissal(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_dismissed)
    }

    /// Says the last word to the successor of a daemon that has `lived` so long: after this, the process
    /// does nothing but end.
    pub(crate) fn conclude(&self, lived: Duration) {
        if !self.is_called() {
            return;
        }
        let mut line = self.line();
        let next = match line.called {
            Some(Cause::Place) => line.row.next(lived),
            _ => line.row.beside(lived),
        };
        let pipe = line
            .successor
            .as_mut()
            .and_then(|child| child.stdin.as_mut());
        let pipe_called = pipe.map(|pipe| write!(pipe, "{}{}", char::from(CALL), next.0));
        let row_file = line.row_file.as_deref();
        let noted = || row_file.map(|file| fs::write(file, next.0.to_string()));
        let called = pipe_called.or_else(noted);
        let called = called.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()));
        if let Err(error) = called {
            tracing::error!(
                error = chain(&error),
                "no successor can be called: the next command starts a daemon"
            );
        }
    }

    /// Returns how long a daemon that has `lived` so long has to go on before it gives way to what is
    /// another at `path`; none if it may now.
    pub(crate) fn wait(&self, path: &str, lived: Duration, now: Timestamp) -> Option<Duration> {
        let mut line = self.line();
        let left = line.row.wait(lived)?;
        if line.delay.is_none() {
            let (in_a_row, seconds) = (line.row.0, left.as_secs());
            tracing::warn!(
                path,
                in_a_row,
                seconds,
                "is another again: giving way later"
            );
            line.delay = Some(delay(path, in_a_row, now));
        }
        Some(left)
    }

    /// Takes back that a successor will be called.
    pub(crate) fn wait_no_more(&self) {
        self.line().delay = None;
    }

    /// Looks whether the successor still waits; the system keeps one that has ended until then.
    pub(crate) fn reap(&self, now: Timestamp) {
        let mut line = self.line();
        let ended = line.successor.as_mut().map(Child::try_wait);
        let Some(Ok(Some(status))) = ended else {
            return;
        };
        tracing::error!(%status, "the successor has ended");
        line.successor = None;
        line.absence = Some(absence(&format!("it has ended ({status})"), now));
    }

    /// Says what is wrong with who comes next.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let line = self.line();
        line.absence.iter().chain(&line.delay).cloned().collect()
    }

    // Every field is replaced whole.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn absence(why: &str, since: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Daemon,
        message: format!(
            "no successor waits to take the daemon's place, {why}: after a change of settings or config roots \
             it ends, and nothing is archived until the next command"
        ),
        hint: "run \"sessions daemon restart\"".into(),
        since,
    }
}

fn delay(path: &str, in_a_row: u32, since: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Daemon,
        message: format!(
            "{path} is another than at the start once more, or damaged, after {in_a_row} new starts in a row: the daemon \
             starts anew later, and goes on with what it has until then"
        ),
        hint: "see what replaces it; where nothing does, its file system gives other numbers at each look: \
               \"sessions daemon restart\" takes it in at once"
            .into(),
        since,
    }
}

/// Takes how many successions in a row led to a start by a service manager: once, since a daemon that ends
/// otherwise than by calling notes nothing.
fn take_row(file: &Path) -> u32 {
    let mut said = String::new();
    let opened = File::open(file);
    let read = opened.and_then(|file| file.take(CALL_BYTES_MAX).read_to_string(&mut said));
    // Where there is none, none was noted.
    drop(fs::remove_file(file));
    match read {
        Ok(_) => in_a_row(said.trim()).unwrap_or_default(),
        Err(_) => 0,
    }
}

/// Starts a successor, in a process group of its own: what a terminal sends is not meant for it.
fn start() -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command
        .arg(SUCCEED)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// Takes the place beside the daemon, which `file` names: whoever wants it to end sees who takes over, also
/// when the daemon has gone and its successor has not come yet.
///
/// # Errors
/// When the file cannot be written or locked.
pub fn stand_by(file: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        // Before it is locked: whoever finds the lock taken never reads of an earlier process.
        .truncate(true)
        .mode(0o600)
        // What stands there was made by a daemon in its sandbox: it must not lead out of it.
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(file)?;
    // An earlier one that was not called is about to end.
    flock(&file, FlockOperation::LockExclusive)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

/// Leaves that place, now that the daemon's own is taken. It came with the program, as its input.
pub(crate) fn arrive() {
    // Whoever was started by a command has none.
    let _none = flock(io::stdin(), FlockOperation::Unlock);
}

/// Waits until the daemon at the other end of `input` has ended; returns how many successions in a row
/// there have been if it called for a successor.
///
/// # Errors
/// When `input` cannot be read.
pub fn called(input: impl Read) -> io::Result<Option<u32>> {
    let mut said = Vec::new();
    input.take(CALL_BYTES_MAX).read_to_end(&mut said)?;
    Ok(match said.split_first() {
        Some((&CALL, row)) => Some(str::from_utf8(row).ok().and_then(in_a_row).unwrap_or(1)),
        _ => None,
    })
}

/// Reads a number of successions in a row.
pub fn in_a_row(text: &str) -> Option<u32> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes one whose successor is a process that repeats what it is told.
    fn succession(in_a_row: u32) -> Succession {
        let echo = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let succession = Succession::default();
        succession.line().row = Row(in_a_row);
        succession.line().successor = Some(echo.unwrap());
        succession
    }

    /// Ends the daemon; returns what its successor has heard.
    fn end(succession: &Succession, lived: Duration) -> Option<u32> {
        succession.conclude(lived);
        let successor = succession.line().successor.take().unwrap();
        let heard = successor.wait_with_output().unwrap();
        called(&*heard.stdout).unwrap()
    }

    #[test]
    fn successor_starts_only_if_it_was_called() {
        let check = |said: &str, expect: Option<u32>| {
            assert_eq!(called(said.as_bytes()).unwrap(), expect, "{said}");
        };
        check("", None);
        check("!3", Some(3));
        check("!", Some(1));
        assert_eq!(end(&succession(0), Duration::ZERO), None);
        let calling = succession(4);
        calling.call(Cause::Place);
        calling.call(Cause::Wish);
        assert_eq!(end(&calling, Duration::ZERO), Some(5));
        let wished = succession(4);
        wished.call(Cause::Wish);
        assert_eq!(
            end(&wished, Duration::ZERO),
            Some(4),
            "no loop is of wishes"
        );
    }

    #[test]
    fn who_is_told_to_end_has_no_successor_whenever_it_called() {
        let before = succession(0);
        before.dismiss();
        before.call(Cause::Place);
        assert_eq!(end(&before, Duration::ZERO), None);
        let after = succession(0);
        after.call(Cause::Place);
        after.dismissal().store(true, Ordering::SeqCst);
        assert_eq!(end(&after, Duration::ZERO), None);
    }

    #[test]
    fn a_service_manager_is_told_how_many_there_were_in_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("next");
        let begin = || Succession::begin_with_manager(file.clone());
        let first = begin();
        assert!(!first.is_called());
        first.conclude(Duration::ZERO);
        assert!(!file.exists(), "nobody called");
        first.call(Cause::Place);
        assert!(first.is_called());
        first.conclude(Duration::ZERO);
        let second = begin();
        assert_eq!(second.line().row, Row(1));
        assert!(!file.exists(), "it counts once");
        second.call(Cause::Place);
        second.conclude(Duration::ZERO);
        assert_eq!(begin().line().row, Row(2));
        fs::write(&file, "4294967295999999999").unwrap();
        assert_eq!(begin().line().row, Row(0));
    }

    #[test]
    fn a_delay_is_said_until_it_is_over() {
        let succession = succession(3);
        let wait = |lived| succession.wait("/root", Duration::from_secs(lived), Timestamp(1));
        assert_eq!(wait(1), Some(Duration::from_secs(4)));
        assert_eq!(wait(2), Some(Duration::from_secs(3)));
        let faults = succession.faults();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].message.starts_with("/root is another"));
        assert_eq!(wait(5), None);
        succession.wait_no_more();
        assert!(succession.faults().is_empty());
        assert_eq!(end(&succession, Duration::ZERO), None);
    }

    #[test]
    fn a_successor_that_died_is_said_once_it_is_reaped() {
        let succession = succession(0);
        succession.reap(Timestamp(1));
        assert!(succession.faults().is_empty());
        let pid = {
            let mut line = succession.line();
            let child = line.successor.as_mut().unwrap();
            child.kill().unwrap();
            rustix::process::Pid::from_child(child)
        };
        // Waits for its end, and leaves it to be reaped.
        let options =
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).unwrap();
        succession.reap(Timestamp(2));
        let faults = succession.faults();
        assert!(faults[0].message.contains("it has ended"), "{faults:?}");
        assert!(rustix::process::test_kill_process(pid).is_err());
        succession.call(Cause::Place);
        succession.conclude(Duration::ZERO);
    }
}
