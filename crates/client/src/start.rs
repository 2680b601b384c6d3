//! Finds the daemon's program and starts it.
//!
//! Knows processes and files; must not know what is said over the socket.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::OFlags;
use sessions_paths::{Environment, Paths, create_private};
use tokio::net::UnixStream;

use crate::holder::{Data, Wait, data_of, find, try_connect};
use crate::{ClientError, StartError};

/// The daemon's program.
pub const DAEMON: &str = "sessionsd";

/// How long a daemon may take until it listens.
pub(crate) const START_DEADLINE: Duration = Duration::from_secs(15);

/// How much of the end of the daemon's output is looked at for its last line, in bytes.
const OUTPUT_TAIL_BYTES: u64 = 4096;

/// Returns a program of ours, such as [`DAEMON`]: beside `own`, the running program, or in `search_path` (`PATH`).
pub fn find_program(
    name: &str,
    own: Option<&Path>,
    search_path: Option<OsString>,
) -> Option<PathBuf> {
    let beside = own.and_then(Path::parent).map(|dir| dir.join(name));
    let search_path = search_path.unwrap_or_default();
    let in_path = std::env::split_paths(&search_path).map(|dir| dir.join(name));
    beside
        .into_iter()
        .chain(in_path)
        .find(|program| program.is_file())
}

/// Starts `program` and returns a connection to it, or to another daemon that was started meanwhile.
pub(crate) async fn start(
    program: &Path,
    environment: &Environment,
    paths: &Paths,
) -> Result<UnixStream, ClientError> {
    create_private(&paths.state)?;
    if let Some(stream) = find(paths, START_DEADLINE).await? {
        return Ok(stream);
    }
    let mut child = spawn(program, environment, paths)?;
    let socket = paths.socket();
    let mut wait = Wait::until(START_DEADLINE);
    loop {
        // Asked before the socket: a daemon may listen, fail and end between two looks.
        let ended = child.try_wait().ok().flatten();
        if let Some(stream) = try_connect(&socket).await? {
            return Ok(stream);
        }
        let failed = ended.filter(|status| !status.success());
        if let Some(status) = failed.filter(|_| data_of(paths) != Data::Owned) {
            return Err(last_words(paths, status).into());
        }
        if !wait.pause().await {
            let seconds = START_DEADLINE.as_secs();
            return Err(StartError::Slow { socket, seconds }.into());
        }
    }
}

/// Executes the daemon in a process group of its own, so that neither Ctrl-C nor the end of the terminal
/// reaches it, with its output in a file that starts afresh.
fn spawn(program: &Path, environment: &Environment, paths: &Paths) -> Result<Child, StartError> {
    let path = paths.output_file();
    let output = open_output(&path).map_err(|source| StartError::Output { path, source })?;
    // What it says of an earlier failure must not be taken for this one's; absent is as good.
    drop(fs::remove_file(paths.failure_file()));
    let mut command = Command::new(program);
    if let Some(home) = &environment.sessions_home {
        command.env("SESSIONS_HOME", home);
    }
    if let Some(root) = &environment.claude_config_dir {
        command.env("CLAUDE_CONFIG_DIR", root);
    }
    command
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output.0)
        .stderr(output.1)
        .spawn()
        .map_err(|source| StartError::Execute {
            path: program.to_owned(),
            source,
        })
}

fn open_output(path: &Path) -> std::io::Result<(File, File)> {
    // A daemon in its sandbox may write there, and must not choose what is written from here.
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    // Truncated, then appended to: several starts at once do not overwrite each other's lines.
    drop(
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(no_link)
            .open(path)?,
    );
    let mut options = OpenOptions::new();
    let file = options.append(true).custom_flags(no_link).open(path)?;
    let twin = file.try_clone()?;
    Ok((file, twin))
}

/// Says why the daemon ended and what to do, in its own words if it left any.
fn last_words(paths: &Paths, status: ExitStatus) -> StartError {
    words_left(paths).unwrap_or_else(|| {
        let reason = last_line(&paths.output_file())
            .unwrap_or_else(|| format!("sessionsd ended at once ({status})"));
        StartError::Ended { reason, hint: None }
    })
}

/// Returns what a daemon that could not start has written down.
pub(crate) fn words_left(paths: &Paths) -> Option<StartError> {
    let failure = fs::read_to_string(paths.failure_file()).ok()?;
    let mut lines = failure
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    Some(StartError::Ended {
        reason: lines.next()?.to_owned(),
        hint: lines.next().map(str::to_owned),
    })
}

fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_TAIL_BYTES)))
        .ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    let lines = || tail.lines().map(str::trim);
    // A hint follows the error it belongs to.
    let error = lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .next_back();
    let line = error.or_else(|| lines().rfind(|line| !line.is_empty()))?;
    Some(line.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{FlockOperation, flock};

    use super::*;

    #[test]
    fn daemon_beside_the_program_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let (own, other) = (dir.path().join("own"), dir.path().join("other"));
        for folder in [&own, &other] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(DAEMON), "").unwrap();
        }
        let program = own.join("sessions");
        let search = || Some(OsString::from(&other));
        assert_eq!(
            find_program(DAEMON, Some(&program), search()),
            Some(own.join(DAEMON))
        );
        fs::remove_file(own.join(DAEMON)).unwrap();
        assert_eq!(
            find_program(DAEMON, Some(&program), search()),
            Some(other.join(DAEMON))
        );
        assert_eq!(find_program(DAEMON, Some(&program), None), None);
    }

    fn trial(script: &str) -> (tempfile::TempDir, PathBuf, Environment, Paths) {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment::read().unwrap();
        environment.sessions_home = Some(home.path().to_owned());
        let paths = Paths::choose(&environment).unwrap();
        let program = home.path().join(DAEMON);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        (home, program, environment, paths)
    }

    async fn check_failure(script: &str, expect: &str) {
        check_words(script, expect, None).await;
    }

    async fn check_words(script: &str, expect: &str, what_to_do: Option<&str>) {
        let (_home, program, environment, paths) = trial(script);
        let error = start(&program, &environment, &paths).await.unwrap_err();
        let ClientError::Start(StartError::Ended { reason, hint, .. }) = error else {
            panic!("unexpected: {error:?}");
        };
        assert_eq!((reason.as_str(), hint.as_deref()), (expect, what_to_do));
    }

    #[tokio::test]
    async fn failing_daemon_is_quoted() {
        check_failure(
            "echo starting; echo 'the disk is full' >&2; exit 3",
            "the disk is full",
        )
        .await;
        check_failure(
            "echo 'error: no home'; echo 'hint: set HOME'; exit 3",
            "no home",
        )
        .await;
        check_failure("exit 3", "sessionsd ended at once (exit status: 3)").await;
        check_words(
            "echo noise >&2
            printf 'the archive is newer\nupdate it\n' > $SESSIONS_HOME/state/sessionsd.failed
            exit 3",
            "the archive is newer",
            Some("update it"),
        )
        .await;
    }

    #[tokio::test]
    async fn loser_of_two_starts_waits_for_the_winner() {
        let (_home, program, environment, paths) = trial("echo 'error: locked'; exit 3");
        create_private(&paths.data).unwrap();
        create_private(&paths.runtime).unwrap();
        let lock = File::create(paths.lock_file()).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let winner = async {
            // Listens only once the loser has said why it ended.
            while last_line(&paths.output_file()).is_none() {
                tokio::task::yield_now().await;
            }
            tokio::net::UnixListener::bind(paths.socket()).unwrap()
        };
        let (connection, _listener) = tokio::join!(start(&program, &environment, &paths), winner);
        connection.unwrap();
    }
}
