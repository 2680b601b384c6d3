//! Daemons that say nothing, and how long they are waited for.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use sessions_paths::create_private;
use tokio::net::UnixListener;
use tokio::time::Instant;

use super::*;

fn connection(home: &Path) -> Connection {
    let environment = Environment {
        sessions_home: Some(home.to_owned()),
        ..Environment::read().unwrap()
    };
    Connection {
        paths: Paths::choose(&environment).unwrap(),
        environment,
        root: None,
        program: None,
        start: Start::IfAbsent,
        agent_root: None,
    }
}

#[tokio::test]
async fn a_daemon_that_accepts_and_says_nothing_is_not_waited_for_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let connection = connection(home.path());
    let (stream, silent) = UnixStream::pair().unwrap();
    let client = Client::over(stream, &connection);
    let greeted = client.greet(Duration::from_millis(10)).await;
    let is_silent = matches!(greeted, Err(ClientError::Silent { seconds: 0 }));
    assert!(is_silent, "nobody has answered");
    drop(silent);
}

/// Time passes at once here where nobody does anything.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_hangs_is_not_waited_for_for_long_when_it_is_to_end() {
    let home = tempfile::tempdir().unwrap();
    let connection = connection(home.path());
    let paths = &connection.paths;
    create_private(&paths.data).unwrap();
    create_private(&paths.runtime).unwrap();
    let mut hung = Command::new("sleep").arg("100").spawn().unwrap();
    kill_process(Pid::from_child(&hung), Signal::STOP).unwrap();
    let lock = File::create(paths.lock_file()).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    fs::write(paths.lock_file(), hung.id().to_string()).unwrap();
    let _listener = UnixListener::bind(paths.socket()).unwrap();
    let begin = Instant::now();
    let error = Client::end(&connection).await.unwrap_err();
    let ClientError::Stays { pid, .. } = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(pid, hung.id());
    assert!(begin.elapsed() < Duration::from_secs(37));
    hung.kill().unwrap();
    hung.wait().unwrap();
}
