//! The successor: a process that waits, outside the sandbox, to take this daemon's place.
//!
//! What a sandboxed daemon may read cannot be widened, and it may start no program. So it starts its
//! successor before it enters the sandbox: this same program, which holds the end of a pipe and does
//! nothing until that is closed. A daemon that ends, however it ends, closes it; only if it has called
//! before does the successor start, and otherwise ends, too. Knows nothing of why one is called.

use std::env;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::causes::chain;

/// The argument by which the program knows that it is to wait.
pub const SUCCEED: &str = "--succeed";

const CALL: &[u8] = b"!";

/// The successor, if there is one, for all who may have reason to call it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Succession(Arc<Mutex<Option<Successor>>>);

impl Succession {
    /// Starts a successor. Where that fails, nobody takes this daemon's place until a command starts one.
    pub(crate) fn begin() -> Self {
        let successor = Successor::start().inspect_err(|error| {
            tracing::warn!(error = chain(error), "there is no successor");
        });
        Self(Arc::new(Mutex::new(successor.ok())))
    }

    /// Has the successor start as soon as this process has ended, which is the caller's to see to.
    pub(crate) fn call(&self) {
        let mut successor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let called = match successor.as_mut() {
            Some(successor) => successor.call(),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        if let Err(error) = called {
            tracing::error!(
                error = chain(&error),
                "no successor can be called: the next command starts a daemon"
            );
        }
    }
}

/// The process that waits.
#[derive(Debug)]
struct Successor(Child);

impl Successor {
    /// Starts it, in a process group of its own: what a terminal sends is not meant for it.
    ///
    /// # Errors
    /// When this program cannot be found or executed.
    fn start() -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(SUCCEED)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .map(Self)
    }

    /// Has it start as soon as this process has ended.
    ///
    /// # Errors
    /// When it does not wait any more.
    fn call(&mut self) -> io::Result<()> {
        let pipe = self.0.stdin.as_mut();
        pipe.ok_or(io::ErrorKind::BrokenPipe)?.write_all(CALL)
    }
}

/// Waits until the daemon at the other end of `input` has ended; true if it called for a successor.
///
/// # Errors
/// When `input` cannot be read.
pub fn is_called(input: impl Read) -> io::Result<bool> {
    let mut said = Vec::new();
    input.take(2 * CALL.len() as u64).read_to_end(&mut said)?;
    Ok(said == CALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successor_starts_only_if_it_was_called() {
        assert!(is_called(CALL).unwrap());
        assert!(!is_called(io::empty()).unwrap());
    }
}
