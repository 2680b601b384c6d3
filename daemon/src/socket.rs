//! The socket: bound where the clients look, for its user alone.
//!
//! Knows nothing of what is said over it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
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
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let bound = Bound {
        path: path.to_path_buf(),
        inode: fs::symlink_metadata(path)?.ino(),
    };
    Ok((listener, bound))
}

/// The file of a socket that was bound.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    path: PathBuf,
    inode: u64,
}

impl Bound {
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
