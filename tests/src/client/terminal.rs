//! The client on a terminal of its own: keys go in, and what it shows is read off the screen.
//!
//! Knows terminals, and what the client asks of whoever sits at one for the first time; must not know what
//! is tested with it.

use std::fmt;
use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pty_process::Size;
use pty_process::blocking::{Command, open};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use vt100::Parser;

use super::run::{API_KEY, Client, Config};
use crate::waiting::wait_for;

/// How long the client may take to show something: it starts within two seconds on an idle machine.
const SHOWN_MAX: Duration = Duration::from_mins(1);

/// How long it may take to end: its hooks at the end have a second and a half.
const END_MAX: Duration = Duration::from_secs(30);

/// The size of the screen.
const ROWS: NonZeroU16 = NonZeroU16::new(50).expect("it is not zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(120).expect("it is not zero");

/// What the line begins with that is typed into.
const PROMPT: char = '❯';

/// What a key sends.
pub mod keys {
    /// Enter.
    pub const ENTER: &str = "\r";
    /// Ctrl-C.
    pub const CTRL_C: &str = "\x03";
    /// Ctrl-D.
    pub const CTRL_D: &str = "\x04";
}

impl Client<'_> {
    /// Opens the client on a terminal in `directory`, which its user trusts.
    pub fn open(&self, directory: &Path, args: &[&str]) -> Result<Terminal> {
        accept(self.config, directory)?;
        let mut command = self.command(directory);
        command.args(args);
        Terminal::start(command)
    }
}

/// Answers beforehand what the client asks its user at a first start.
fn accept(config: &Config, directory: &Path) -> Result<()> {
    let answers = json!({
        "hasCompletedOnboarding": true,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [API_KEY], "rejected": []},
        "projects": {directory.display().to_string(): {
            "hasTrustDialogAccepted": true,
            "hasCompletedProjectOnboarding": true,
        }},
    });
    let file = config.root().join(".claude.json");
    Ok(fs::write(file, answers.to_string())?)
}

/// A client that shows itself on a terminal; killed if it is dropped before its end.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    /// The user's side of the terminal; none once it is closed.
    side: Option<File>,
    reader: Option<Reader>,
    screen: Screen,
}

impl Terminal {
    fn start(command: std::process::Command) -> Result<Self> {
        let (pty, pts) = open().context("could not open a terminal")?;
        pty.resize(Size::new(ROWS.get(), COLUMNS.get()))?;
        let child = Command::from(command).spawn(pts);
        let child = child.context("could not start the client")?;
        let side = File::from(OwnedFd::from(pty));
        let screen = Screen::default();
        Ok(Self {
            reader: Some(Reader::start(side.try_clone()?, screen.clone())?),
            child,
            side: Some(side),
            screen,
        })
    }

    /// Returns the client's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns what stands on the screen.
    pub fn screen(&self) -> String {
        self.screen.lock().screen().contents()
    }

    /// Waits until the screen shows `words`, and returns all of it.
    pub fn shows(&self, words: &str) -> Result<String> {
        self.shows_what(&format!("{words:?}"), |screen| {
            screen.contains(words).then(|| screen.to_owned())
        })
    }

    /// Waits until `look` finds what it looks for on the screen, and returns that.
    pub fn shows_what<T>(&self, what: &str, mut look: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let found = wait_for(what, SHOWN_MAX, || Ok(look(&self.screen())));
        found.with_context(|| self.screen())
    }

    /// Presses keys.
    pub fn press(&self, keys: &str) -> Result<()> {
        let mut side = self.side.as_ref().context("the terminal is closed")?;
        Ok(side.write_all(keys.as_bytes())?)
    }

    /// Types a line, and enters it once it stands there: keys that come in one go are taken for something
    /// pasted.
    pub fn enter(&self, line: &str) -> Result<()> {
        self.press(line)?;
        self.shows_what(line, |screen| {
            let mut lines = screen.lines();
            // What was entered before begins with the same mark, and stands above.
            let typed = lines.rfind(|line| line.starts_with(PROMPT))?;
            typed.contains(line).then_some(())
        })?;
        self.press(keys::ENTER)
    }

    /// Sends the client a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).context("could not signal the client")
    }

    /// Closes the terminal as a user does who closes its window.
    pub fn close(&mut self) {
        drop(self.reader.take());
        drop(self.side.take());
    }

    /// Waits for the client's end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let child = &mut self.child;
        let ended = wait_for("the client's end", END_MAX, || Ok(child.try_wait()?));
        ended.with_context(|| self.screen())
    }

    /// Waits for the client's end, which must be a good one.
    pub fn leave(mut self) -> Result<()> {
        let status = self.wait()?;
        ensure!(status.success(), "the client ended with {status}");
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After `wait` there is nothing left to kill, and that is no fault.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the client's output makes of a screen.
#[derive(Clone)]
struct Screen(Arc<Mutex<Parser>>);

impl Screen {
    fn lock(&self) -> MutexGuard<'_, Parser> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Parser::new(ROWS, COLUMNS, 0))))
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Screen").finish_non_exhaustive()
    }
}

/// Reads what the client writes, on a thread that ends with the client or when this is dropped: as long as
/// anyone holds the user's side, the terminal stays open.
#[derive(Debug)]
struct Reader {
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    fn start(side: File, screen: Screen) -> Result<Self> {
        let (stopped, stop) = pipe()?;
        let thread = thread::spawn(move || draw(side, &stopped, &screen));
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let joined = thread.join();
            debug_assert!(joined.is_ok(), "reading a terminal does not panic");
        }
    }
}

/// Puts everything on the screen until the other side is closed, or `stopped` is.
fn draw(mut side: File, stopped: &PipeReader, screen: &Screen) {
    let mut piece = [0; 16 << 10];
    loop {
        let mut ready = [
            PollFd::new(&side, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        if poll(&mut ready, None).is_err() {
            continue;
        }
        if !ready[1].revents().is_empty() {
            return;
        }
        // Where the client has ended, a terminal gives an error and not an end.
        let Ok(count @ 1..) = side.read(&mut piece) else {
            return;
        };
        screen
            .lock()
            .process(piece.get(..count).unwrap_or_default());
    }
}
