//! The process that holds the data: whether there is one, a connection to it, and its end.
//!
//! Knows the lock and the socket; must not know how a daemon is started, nor what is said to it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sessions_paths::Paths;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use crate::{ClientError, StartError};

/// How long a daemon that runs may take until it listens again.
pub(crate) const FIND_DEADLINE: Duration = Duration::from_secs(3);

/// How long a daemon that drains may take until it has ended.
const END_DEADLINE: Duration = Duration::from_secs(30);

/// The first pause between two looks; each next one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(4);

/// Connects to the socket; none if nobody listens there.
pub(crate) async fn try_connect(socket: &Path) -> Result<Option<UnixStream>, ClientError> {
    match UnixStream::connect(socket).await {
        Ok(stream) if is_ours(&stream) => Ok(Some(stream)),
        Ok(_) => Err(ClientError::Foreign {
            path: socket.to_owned(),
        }),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(ClientError::Socket {
                path: socket.to_owned(),
                source: error,
            }),
        },
    }
}

/// Tells whether this user listens there: what is asked is nobody else's business.
fn is_ours(stream: &UnixStream) -> bool {
    let own = rustix::process::getuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own)
}

/// Connects to a daemon that holds the data and does not listen yet, or lost its socket and is about to bind
/// it again; none if there is none.
pub(crate) async fn find(
    paths: &Paths,
    patience: Duration,
) -> Result<Option<UnixStream>, ClientError> {
    let socket = paths.socket();
    let mut wait = Wait::until(patience);
    while let Some(pid) = holder(paths) {
        if let Some(stream) = try_connect(&socket).await? {
            return Ok(Some(stream));
        }
        if !wait.pause().await {
            return Err(StartError::Deaf { pid, socket }.into());
        }
    }
    Ok(None)
}

fn signal_end(pid: u32) {
    if let Some(pid) = process(pid) {
        // It may have ended meanwhile, or belong to somebody else: waiting shows.
        let _unheeded = kill_process(pid, Signal::TERM);
    }
}

/// Tells whoever holds the data to end, and waits until it has; false if nobody does.
pub(crate) async fn end_any(paths: &Paths) -> Result<bool, StartError> {
    match holder(paths) {
        Some(pid) => {
            signal_end(pid);
            outwait(pid, paths).await.map(|()| true)
        }
        None => Ok(false),
    }
}

/// Tells the process to end that is about to take the place of a daemon that has gone; false if there is none.
pub(crate) async fn end_successor(paths: &Paths) -> Result<bool, StartError> {
    let path = paths.successor_file();
    let mut wait = Wait::until(END_DEADLINE);
    let mut told = None;
    while let Ok(file) = File::open(&path)
        && flock(&file, FlockOperation::NonBlockingLockShared).is_err()
    {
        let named = fs::read_to_string(&path).unwrap_or_default();
        if told.is_none() {
            told = named.trim().parse().ok();
            told.iter().copied().for_each(signal_end);
        }
        if !wait.pause().await {
            let (pid, seconds) = (told.unwrap_or_default(), END_DEADLINE.as_secs());
            return Err(StartError::OldStays { pid, seconds });
        }
    }
    Ok(told.is_some())
}

/// Tells whether a process holds the data.
pub(crate) fn is_held(paths: &Paths) -> bool {
    holder(paths).is_some()
}

/// Returns the process that holds the data, as it has written down.
fn holder(paths: &Paths) -> Option<u32> {
    let pid = named_holder(paths)?;
    // Asked first: to try a lock that is free takes it for a moment, from a daemon that just starts.
    (is_running(pid) && data_of(paths) == Data::Owned).then_some(pid)
}

/// Returns the process that took the data last.
fn named_holder(paths: &Paths) -> Option<u32> {
    let pid = fs::read_to_string(paths.lock_file()).ok()?;
    pid.trim().parse().ok()
}

/// Whether a daemon holds the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// It cannot be told.
    Unknown,
    /// None does.
    Free,
    /// One does: it runs, or was started at the same time and will listen soon.
    Owned,
}

pub(crate) fn data_of(paths: &Paths) -> Data {
    match File::open(paths.lock_file()) {
        Err(_) => Data::Unknown,
        Ok(file) if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() => Data::Free,
        Ok(_) => Data::Owned,
    }
}

/// Waits until the process `pid` has ended, or at least let go of the data, which its successor may have
/// taken since: a process whose parent takes no notice of its end keeps its number.
pub(crate) async fn outwait(pid: u32, paths: &Paths) -> Result<(), StartError> {
    let mut wait = Wait::until(END_DEADLINE);
    let is_held =
        || named_holder(paths).is_none_or(|named| named == pid) && data_of(paths) != Data::Free;
    while is_running(pid) && is_held() {
        if !wait.pause().await {
            let seconds = END_DEADLINE.as_secs();
            return Err(StartError::OldStays { pid, seconds });
        }
    }
    Ok(())
}

fn is_running(pid: u32) -> bool {
    process(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn process(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Looks again and again, ever less often, until a deadline.
pub(crate) struct Wait {
    deadline: Instant,
    pause: Duration,
}

impl Wait {
    pub(crate) fn until(limit: Duration) -> Self {
        Self {
            deadline: Instant::now() + limit,
            pause: PAUSE_MIN,
        }
    }

    /// Waits for the next look; false when the deadline has passed.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use sessions_paths::{Environment, create_private};

    use super::*;

    fn trial() -> (tempfile::TempDir, Paths) {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment::read().unwrap();
        environment.sessions_home = Some(home.path().to_owned());
        let paths = Paths::choose(&environment).unwrap();
        (home, paths)
    }

    #[tokio::test]
    async fn daemon_without_a_socket_is_waited_for_and_can_be_ended() {
        let (_home, paths) = trial();
        create_private(&paths.data).unwrap();
        create_private(&paths.runtime).unwrap();
        assert!(find(&paths, FIND_DEADLINE).await.unwrap().is_none());
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let lock = File::create(paths.lock_file()).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        fs::write(paths.lock_file(), child.id().to_string()).unwrap();
        let error = find(&paths, Duration::ZERO).await.unwrap_err();
        let ClientError::Start(StartError::Deaf { pid, .. }) = error else {
            panic!("unexpected: {error:?}");
        };
        let bind = async { tokio::net::UnixListener::bind(paths.socket()).unwrap() };
        let (found, listener) = tokio::join!(find(&paths, FIND_DEADLINE), bind);
        assert!(found.unwrap().is_some());
        drop(listener);
        assert_eq!(pid, child.id());
        let ended = async {
            tokio::task::yield_now().await;
            drop(lock);
        };
        let (outwaited, ()) = tokio::join!(end_any(&paths), ended);
        assert!(outwaited.unwrap());
        assert!(!child.wait().unwrap().success(), "it was told to end");
    }

    #[tokio::test]
    async fn a_successor_between_two_daemons_is_told_to_end() {
        let (_home, paths) = trial();
        assert!(!end_successor(&paths).await.unwrap());
        create_private(&paths.state).unwrap();
        let file = File::create(paths.successor_file()).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        // Holds the lock as the successor does: by what it was started with.
        let mut command = Command::new("sleep");
        let mut child = command.arg("100").stdin(file).spawn().unwrap();
        drop(command);
        fs::write(paths.successor_file(), child.id().to_string()).unwrap();
        assert!(end_successor(&paths).await.unwrap());
        assert!(!child.wait().unwrap().success(), "it was told to end");
    }

    #[tokio::test]
    async fn ended_process_is_outwaited() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let (_home, paths) = trial();
        outwait(pid, &paths).await.unwrap();
    }

    #[tokio::test]
    async fn daemon_whose_end_nobody_noticed_is_outwaited() {
        let (_home, paths) = trial();
        create_private(&paths.data).unwrap();
        let lock = File::create(paths.lock_file()).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let ended = async {
            tokio::task::yield_now().await;
            drop(lock);
        };
        let (outwaited, ()) = tokio::join!(outwait(child.id(), &paths), ended);
        outwaited.unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn who_has_a_successor_is_not_waited_for() {
        let (_home, paths) = trial();
        create_private(&paths.data).unwrap();
        let successor = std::process::id() + 1;
        fs::write(paths.lock_file(), successor.to_string()).unwrap();
        let lock = File::open(paths.lock_file()).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        assert_eq!(data_of(&paths), Data::Owned);
        // This process runs on, as one that nobody reaps seems to.
        outwait(std::process::id(), &paths).await.unwrap();
    }
}
