//! A real `sessionsd` process in a home of its own.
//!
//! Knows how to start, signal and join it; must not know what it stores.

use std::fs;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::binaries;
use crate::home::Home;
use crate::waiting::wait_for;

/// How long a daemon may take to answer: it may migrate, salvage or wait for a busy machine.
const START_MAX: Duration = Duration::from_secs(30);
/// How long it may take to end after SIGTERM: its grace period and a busy machine.
const STOP_MAX: Duration = Duration::from_secs(15);

/// A daemon; killed if it is dropped before it was stopped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts a daemon in `home` and waits until it answers on its socket.
    pub(crate) fn start(home: &Home) -> Result<Self> {
        let mut daemon = Self::spawn(home)?;
        let socket = home.socket();
        wait_for("the daemon's socket", START_MAX, || {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("sessionsd ended with {status}: {}", errors_of(home)?);
            }
            Ok(UnixStream::connect(&socket).ok())
        })?;
        Ok(daemon)
    }

    /// Starts a daemon without waiting for it.
    pub fn spawn(home: &Home) -> Result<Self> {
        let errors = fs::File::create(home.path().join("sessionsd.stderr"))?;
        let mut command = home.command(&binaries::built()?.daemon);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        let child = command.spawn().context("could not start sessionsd")?;
        Ok(Self { child })
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as a service manager would; it must have lived until now and end well in time.
    pub fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("sessionsd had ended before with {status}");
        }
        self.signal(Signal::TERM)?;
        let status = self.wait()?;
        ensure!(
            status.success(),
            "sessionsd ended with {status} after SIGTERM"
        );
        Ok(())
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        wait_for("the daemon's end", STOP_MAX, || {
            Ok(self.child.try_wait()?)
        })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).context("could not signal sessionsd")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill, and that is no fault.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn errors_of(home: &Home) -> Result<String> {
    Ok(fs::read_to_string(home.path().join("sessionsd.stderr"))?)
}
