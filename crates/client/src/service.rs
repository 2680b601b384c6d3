//! A daemon that a service manager keeps: has it started, and never starts it.
//!
//! One that was started from here would stand in the service's way. Knows processes and files; must not know
//! what is said over the socket.

use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sessions_paths::{Paths, Service};
use tokio::net::UnixStream;

use crate::holder::{FIND_DEADLINE, Wait, find, try_connect};
use crate::start::{START_DEADLINE, words_left};
use crate::{ClientError, StartError};

/// How long a manager may take to give up a start.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// Has `service` start the daemon, and returns a connection to it.
pub(crate) async fn have_started(
    service: Service,
    paths: &Paths,
) -> Result<UnixStream, ClientError> {
    if let Some(stream) = find(paths, FIND_DEADLINE).await? {
        return Ok(stream);
    }
    let uid = rustix::process::getuid().as_raw();
    connect_after(service, &service.start_command(uid), paths).await
}

/// Has `service` not start a daemon again that asked for it as it ended: whoever tells it to end wins.
pub(crate) async fn have_stopped(service: Service, paths: &Paths) {
    let Some(words) = service.stop_command() else {
        return;
    };
    // A manager that cannot be asked starts none.
    let Ok(mut child) = spawn(service, &words, paths) else {
        return;
    };
    let mut wait = Wait::until(STOP_DEADLINE);
    while let Ok(None) = child.try_wait() {
        if !wait.pause().await {
            return;
        }
    }
}

fn spawn(service: Service, words: &[String], paths: &Paths) -> io::Result<Child> {
    Command::new(words.first().map(String::as_str).unwrap_or_default())
        .args(words.iter().skip(1))
        .envs(service.variable(paths))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

async fn connect_after(
    service: Service,
    words: &[String],
    paths: &Paths,
) -> Result<UnixStream, ClientError> {
    // What it said of an earlier failure must not be taken for this one's; absent is as good.
    drop(fs::remove_file(paths.failure_file()));
    let refused = |reason: String| StartError::Service {
        manager: service.word(),
        command: words.join(" "),
        reason,
    };
    let mut child = spawn(service, words, paths).map_err(|error| refused(error.to_string()))?;
    let socket = paths.socket();
    let mut wait = Wait::until(START_DEADLINE);
    loop {
        let ended = child.try_wait().ok().flatten();
        if let Some(stream) = try_connect(&socket).await? {
            return Ok(stream);
        }
        if let Some(status) = ended.filter(|status| !status.success()) {
            return Err(refused(status.to_string()).into());
        }
        if !wait.pause().await {
            let seconds = START_DEADLINE.as_secs();
            let slow = StartError::Slow { socket, seconds };
            return Err(words_left(paths).unwrap_or(slow).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use sessions_paths::{Environment, create_private};

    use super::*;

    fn trial() -> (tempfile::TempDir, Paths) {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment::read().unwrap();
        environment.sessions_home = Some(home.path().to_owned());
        let paths = Paths::choose(&environment).unwrap();
        for dir in [&paths.runtime, &paths.state] {
            create_private(dir).unwrap();
        }
        (home, paths)
    }

    async fn ask(script: &str, paths: &Paths) -> Result<UnixStream, ClientError> {
        let words = ["sh", "-c", script].map(str::to_owned);
        connect_after(Service::Systemd, &words, paths).await
    }

    #[tokio::test]
    async fn a_manager_that_refuses_is_quoted() {
        let (_home, paths) = trial();
        let error = ask("exit 5", &paths).await.unwrap_err();
        let ClientError::Start(StartError::Service { reason, .. }) = error else {
            panic!("unexpected: {error:?}");
        };
        assert_eq!(reason, "exit status: 5");
    }

    #[test]
    fn a_daemon_that_cannot_start_is_quoted() {
        let (_home, paths) = trial();
        assert!(words_left(&paths).is_none());
        fs::write(paths.failure_file(), "no space\nfree some\n").unwrap();
        let Some(StartError::Ended { reason, hint }) = words_left(&paths) else {
            panic!("it has said why");
        };
        assert_eq!(
            (reason.as_str(), hint.as_deref()),
            ("no space", Some("free some"))
        );
    }

    #[tokio::test]
    async fn who_listens_meanwhile_is_connected_to() {
        let (_home, paths) = trial();
        let bind = async { tokio::net::UnixListener::bind(paths.socket()).unwrap() };
        let (asked, _listener) = tokio::join!(ask("exit 0", &paths), bind);
        asked.unwrap();
    }
}
