//! Tries, from inside the sandbox, what it should deny. Every attempt is harmless where it succeeds.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};

/// A file that every system has and the daemon has no business with.
const ELSEWHERE: &str = "/etc/passwd";

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// What was tried, for a person.
    pub(crate) what: String,
    /// Whether the system denied it.
    pub(crate) is_denied: bool,
}

/// Tries what this process should not be able to do: to write a config root, to read elsewhere, to open
/// an internet socket and to run a program.
pub(crate) fn probe(roots: &[impl AsRef<Path>]) -> Vec<Attempt> {
    let mut attempts: Vec<_> = roots
        .iter()
        .map(AsRef::as_ref)
        .filter(|root| root.is_dir())
        .map(|root| attempt(&format!("write in {}", root.display()), write_in(root)))
        .collect();
    attempts.push(attempt(
        &format!("read {ELSEWHERE}"),
        File::open(ELSEWHERE).map(drop),
    ));
    attempts.push(attempt(
        "open an internet socket",
        UdpSocket::bind("127.0.0.1:0").map(drop),
    ));
    attempts.push(attempt("run a program", run("/bin/true")));
    attempts
}

fn attempt(what: &str, outcome: io::Result<()>) -> Attempt {
    let is_denied = outcome.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    Attempt {
        what: what.into(),
        is_denied,
    }
}

fn write_in(root: &Path) -> io::Result<()> {
    let path = root.join(format!(".sessionsd-probe-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(path)
}

fn run(program: &str) -> io::Result<()> {
    let null = Stdio::null;
    let status = Command::new(program)
        .stdin(null())
        .stdout(null())
        .stderr(null())
        .status();
    status.map(drop)
}
