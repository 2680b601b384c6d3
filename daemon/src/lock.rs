//! One daemon for each data directory, and for each socket.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// Holds what it was taken for until it is dropped, or until the process ends however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock `file` of a data directory or a socket.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] when another daemon holds it; any other error of opening the file.
pub(crate) fn acquire(file: &Path) -> io::Result<Lock> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        // What stands there was made by a daemon in its sandbox: it must not lead out of it.
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(file)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    // For clients that do not find the socket.
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(Lock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_daemon_is_refused_until_the_first_ends() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("lock");
        let first = acquire(&file).unwrap();
        assert_eq!(
            acquire(&file).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(first);
        // A process that another test starts has it for a moment, until it is executed.
        while acquire(&file).is_err() {
            std::thread::yield_now();
        }
    }
}
