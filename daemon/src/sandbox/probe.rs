//! Tries, from inside the sandbox, what it should deny. Every attempt is harmless where it succeeds.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::UdpSocket;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
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

/// Sockets that others would listen on, made before the sandbox is entered.
#[derive(Debug)]
pub(crate) struct Outside {
    path: PathBuf,
    _listener: UnixListener,
    #[cfg(target_os = "linux")]
    without_path: (std::os::unix::net::SocketAddr, UnixListener),
}

impl Outside {
    /// Listens on a socket in `dir`, and on one that no directory holds.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(crate) fn listen(dir: &Path) -> io::Result<Self> {
        let name = format!("probe-{}", std::process::id());
        let path = dir.join(&name);
        Ok(Self {
            _listener: UnixListener::bind(&path)?,
            path,
            #[cfg(target_os = "linux")]
            without_path: {
                use std::os::linux::net::SocketAddrExt;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                let listener = UnixListener::bind_addr(&address)?;
                (address, listener)
            },
        })
    }

    fn attempts(&self) -> Vec<Attempt> {
        vec![
            attempt(
                "connect to a Unix socket",
                UnixStream::connect(&self.path).map(drop),
            ),
            #[cfg(target_os = "linux")]
            attempt(
                "connect to an abstract Unix socket",
                UnixStream::connect_addr(&self.without_path.0).map(drop),
            ),
        ]
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // What is left behind is a file that nobody listens on.
        drop(fs::remove_file(&self.path));
    }
}

/// Tries what this process should not be able to do: to write where it only reads, to read elsewhere, to open
/// an internet socket, to reach what listens `outside`, and to run a program.
pub(crate) fn probe<'a>(
    directories: impl Iterator<Item = &'a PathBuf>,
    outside: &Outside,
) -> Vec<Attempt> {
    let mut attempts: Vec<_> = directories
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
    attempts.extend(outside.attempts());
    attempts.push(attempt(
        "send a datagram to a Unix socket",
        UnixDatagram::unbound().map(drop),
    ));
    attempts.push(attempt(
        "send a datagram over a pair of sockets",
        UnixDatagram::pair().map(drop),
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
