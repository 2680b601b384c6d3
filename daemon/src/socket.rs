//! The socket: bound where the clients look, for its user alone.
//!
//! Knows nothing of what is said over it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::net::{UnixListener, UnixStream};
use tokio_stream::Stream;

/// Binds `path`, replacing a socket that nobody listens on.
///
/// The data directory's lock is held by the caller, so nobody else binds at the same time.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] when somebody answers there; any other error of binding.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.exists() {
        if BlockingStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connections from this user alone; another user's is closed unanswered.
#[derive(Debug)]
pub(crate) struct OwnConnections {
    listener: UnixListener,
    user: u32,
}

impl OwnConnections {
    /// Accepts from `listener` what comes from the user this process runs as.
    pub(crate) fn new(listener: UnixListener) -> Self {
        Self {
            listener,
            user: rustix::process::getuid().as_raw(),
        }
    }

    fn is_own(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.user)
    }
}

impl Stream for OwnConnections {
    type Item = io::Result<UnixStream>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
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
    use super::*;

    #[tokio::test]
    async fn stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(bind(&path).unwrap());
        assert!(path.exists(), "dropping a listener leaves the file");
        let live = bind(&path).unwrap();
        assert_eq!(bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(live);
    }
}
