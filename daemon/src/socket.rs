//! The socket: bound where the clients look, for its user alone.
//!
//! Knows nothing of what is said over it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as Passed;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_stream::Stream;

/// Binds `path`, whatever stands there now.
///
/// Whoever binds holds the lock of the path, so that nobody listens there: the sandbox lets nobody find that
/// out by connecting.
///
/// # Errors
/// Those of binding.
pub(crate) fn bind(path: &Path) -> io::Result<(UnixListener, Bound)> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    Ok((listener, Bound::restrict(path, Owner::Daemon)?))
}

/// Takes over the socket that a service manager passed, if it is the one that clients look for at `path`; else
/// binds that.
///
/// # Errors
/// Those of binding.
pub(crate) fn take_or_bind(
    passed: Option<Passed>,
    path: &Path,
) -> io::Result<(UnixListener, Bound)> {
    let is_found = |passed: &Passed| {
        let address = passed.local_addr();
        address.is_ok_and(|address| address.as_pathname() == Some(path)) && path.exists()
    };
    let Some(passed) = passed else {
        return bind(path);
    };
    if !is_found(&passed) {
        tracing::warn!("the service manager passed another socket than clients find");
        return bind(path);
    }
    passed.set_nonblocking(true)?;
    let bound = Bound::restrict(path, Owner::Manager)?;
    Ok((UnixListener::from_std(passed)?, bound))
}

/// The file of a socket that was bound.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    path: PathBuf,
    inode: u64,
    owner: Owner,
}

/// Who made a socket, and listens on it when the daemon does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Daemon,
    Manager,
}

impl Bound {
    /// Opens the file for this user alone.
    fn restrict(path: &Path, owner: Owner) -> io::Result<Self> {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self {
            path: path.to_path_buf(),
            inode: fs::symlink_metadata(path)?.ino(),
            owner,
        })
    }

    /// Removes whatever file clients find now that the daemon ends, unless a service manager goes on listening
    /// there.
    pub(crate) fn clear(&self) {
        if self.owner == Owner::Daemon || !self.is_there() {
            // The next daemon would replace it; a client that looks now need not try it.
            drop(fs::remove_file(&self.path));
        }
    }

    /// Tells whether clients still find it.
    pub(crate) fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path)
            .is_ok_and(|found| found.file_type().is_socket() && found.ino() == self.inode)
    }

    /// Binds the same path again, whatever stands there now.
    ///
    /// # Errors
    /// As [`bind`].
    pub(crate) fn bind_again(&self) -> io::Result<(UnixListener, Self)> {
        bind(&self.path)
    }
}

/// Connections from this user alone; another user's is closed unanswered.
#[derive(Debug)]
pub(crate) struct OwnConnections {
    listener: UnixListener,
    replacements: mpsc::Receiver<UnixListener>,
    user: u32,
}

impl OwnConnections {
    /// Accepts from `listener`, or the latest of its `replacements`, what comes from the user this process
    /// runs as.
    pub(crate) fn new(listener: UnixListener, replacements: mpsc::Receiver<UnixListener>) -> Self {
        Self {
            listener,
            replacements,
            user: rustix::process::getuid().as_raw(),
        }
    }

    fn is_own(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.user)
    }
}

impl Stream for OwnConnections {
    type Item = io::Result<UnixStream>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Poll::Ready(Some(listener)) = self.replacements.poll_recv(context) {
            self.listener = listener;
        }
        loop {
            match self.listener.poll_accept(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok((stream, _))) if self.is_own(&stream) => {
                    return Poll::Ready(Some(Ok(stream)));
                }
                Poll::Ready(Ok(_)) => tracing::warn!("refused a connection of another user"),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::*;

    #[tokio::test]
    async fn whatever_stands_in_the_way_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(bind(&path).unwrap());
        assert!(path.exists(), "dropping a listener leaves the file");
        let (live, bound) = bind(&path).unwrap();
        assert!(bound.is_there());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(live);
        fs::remove_file(&path).unwrap();
        assert!(!bound.is_there());
        fs::write(&path, "").unwrap();
        assert!(!bound.is_there());
        assert!(bind(&path).unwrap().1.is_there(), "a file is replaced");
    }

    #[tokio::test]
    async fn a_passed_socket_is_taken_over_and_left_to_who_passed_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let passed = Passed::bind(&path).unwrap();
        let kept = passed.try_clone().unwrap();
        let (listener, bound) = take_or_bind(Some(passed), &path).unwrap();
        let accept = async { listener.accept().await.unwrap() };
        let connect = async { UnixStream::connect(&path).await.unwrap() };
        tokio::join!(accept, connect);
        drop(listener);
        bound.clear();
        assert!(bound.is_there(), "it is the manager's");
        drop(kept);
        // Lost while the daemon ran, and bound again by the daemon itself.
        fs::rename(&path, dir.path().join("aside")).unwrap();
        let (_again, again) = bound.bind_again().unwrap();
        assert!(again.is_there());
        bound.clear();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_that_nobody_finds_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("s"), dir.path().join("other"));
        let lost = Passed::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for passed in [Passed::bind(&other).unwrap(), lost] {
            let (_listener, bound) = take_or_bind(Some(passed), &path).unwrap();
            assert!(bound.is_there());
            bound.clear();
            assert!(!path.exists());
            assert!(other.exists());
        }
    }

    #[tokio::test]
    async fn a_listener_is_replaced_by_a_later_one() {
        let dir = tempfile::tempdir().unwrap();
        let (first, _) = bind(&dir.path().join("first")).unwrap();
        let (second, _) = bind(&dir.path().join("second")).unwrap();
        let (replace, replacements) = mpsc::channel(1);
        let mut connections = OwnConnections::new(first, replacements);
        let accept = async { connections.next().await.unwrap().unwrap() };
        let connect = async {
            replace.send(second).await.unwrap();
            UnixStream::connect(dir.path().join("second"))
                .await
                .unwrap()
        };
        tokio::join!(accept, connect);
    }
}
