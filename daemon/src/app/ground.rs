//! What stands before anything is opened: directories, the lock, settings, roots and the sandbox.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sessions_paths::{Environment, Paths, PathsError, create_private};

use super::{AppError, Origin};
use crate::backend::{Facts, setting_fault};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Settings};
use crate::footing::Footing;
use crate::lock::{self, Lock};
use crate::logs;
use crate::reserve::Reserve;
use crate::roots::{self, Roots};
use crate::sandbox::{self, Allowed, Attempt, Outside};
use crate::succession::{self, Succession};

/// What stands before anything is opened.
pub(super) struct Ground {
    pub(super) paths: Paths,
    pub(super) settings: Settings,
    pub(super) roots: Roots,
    pub(super) facts: Facts,
    pub(super) clock: Arc<dyn Clock>,
    started: Instant,
    pub(super) machine: Option<[u8; 32]>,
    pub(super) footing: Arc<Footing>,
    pub(super) reserve: Reserve,
    _locks: [Lock; 2],
    /// Let go of after the lock, which it takes.
    pub(super) succession: Succession,
}

impl Ground {
    /// Returns how long the daemon has lived.
    pub(super) fn lived(&self) -> Duration {
        self.clock.monotonic() - self.started
    }
}

/// Enters the sandbox that the daemon would run in, and tries what it should deny. A line each, and
/// whether all was denied.
///
/// # Errors
/// When the directories cannot be made.
pub fn check_sandbox(environment: &Environment) -> Result<(Vec<String>, bool), AppError> {
    let paths = Paths::choose(environment)?;
    let own = own_dirs(&paths)?;
    let footing = Footing::look(&own, &[]);
    let home = environment.home.clone().unwrap_or_default();
    let (settings, _) = config::read(&paths.config_file(), &home);
    let roots = Roots::gather(&paths, environment, &settings, SystemClock.now());
    let footing = footing.with_roots(roots.known());
    let _refused = fs::create_dir_all(&paths.config);
    let outside = Outside::listen(&paths.runtime)
        .map_err(AppError::file("listen in", paths.runtime.clone()))?;
    let mut lines = sandbox::enter(&allowed(&own, &footing)).lines;
    // Where the list of config roots is, too: whoever writes it chooses what the next daemon may read.
    let readable = roots.known().iter().chain([&paths.config]);
    let attempts = sandbox::probe(readable, &outside);
    let say = |Attempt { what, is_denied }: &Attempt| match is_denied {
        true => format!("{what}: denied"),
        false => format!("{what}: ALLOWED"),
    };
    lines.extend(attempts.iter().map(say));
    Ok((lines, attempts.iter().all(|attempt| attempt.is_denied)))
}

fn own_dirs(paths: &Paths) -> Result<Vec<PathBuf>, AppError> {
    let own = vec![
        paths.data.clone(),
        paths.state.clone(),
        paths.runtime.clone(),
        paths.log_dir(),
    ];
    for dir in own
        .iter()
        .chain([&paths.archive_dir(), &paths.derived_dir()])
    {
        create_private(dir)?;
    }
    // Written to before the sandbox is entered: a link made from within would lead out of it.
    let log_dir = paths.log_dir();
    if log_dir.is_symlink() {
        return Err(PathsError::NotOurs { path: log_dir }.into());
    }
    Ok(own)
}

/// Makes the directories, takes the lock, reads the settings and enters the sandbox.
pub(super) fn prepare(environment: &Environment, origin: &Origin) -> Result<Ground, AppError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (started_at, started) = (clock.now(), clock.monotonic());
    let paths = Paths::choose(environment)?;
    // What is kept is as private as the transcripts: for this user alone, whatever the shell's mask is.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let own = own_dirs(&paths)?;
    let reserve = Reserve::settle(&paths.data);
    // So that a first settings file is noticed. Where it cannot be made, there is none to be written, either.
    let _refused = fs::create_dir_all(&paths.config);
    let home = environment.home.clone().unwrap_or_default();
    roots::note(&paths, environment);
    // Looked at before they are read: a change in between is then one that came after.
    let footing = Footing::look(&own, &[paths.config_file(), paths.root_list_file()]);
    let (settings, setting_faults) = config::read(&paths.config_file(), &home);
    // Whatever keeps the daemon from starting from here on is in the log, too.
    logs::start(&paths.log_dir(), &settings.log)
        .map_err(|error| AppError::file("log to", paths.log_dir())(io::Error::other(error)))?;
    let locks = lock_all(&paths)?;
    succession::arrive();
    let roots = Roots::gather(&paths, environment, &settings, started_at);
    let footing = footing.with_roots(roots.known());
    let machine = machine_fingerprint();
    let succession = match origin {
        Origin::Process { in_a_row } => Succession::begin(*in_a_row, started_at),
        Origin::Service { .. } => Succession::begin_with_manager(paths.successor_file()),
    };
    let sandbox = sandbox::enter(&allowed(&own, &footing));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), sandbox = ?sandbox.lines, "started");
    let hold = setting_faults.iter().find(|fault| fault.hides_excludes);
    let hold = hold.map(|fault| fault.message.clone());
    let faults = setting_faults.into_iter();
    let faults = faults.map(|fault| setting_fault(fault, started_at));
    let facts = Facts {
        paths: paths.clone(),
        started_at,
        sandbox: sandbox.lines,
        agents: settings.agents,
        faults: faults.chain(roots.faults().iter().cloned()).collect(),
        hold,
    };
    Ok(Ground {
        paths,
        settings,
        roots,
        facts,
        clock,
        started,
        machine,
        footing: Arc::new(footing),
        reserve,
        succession,
        _locks: locks,
    })
}

/// Takes the data, and the place of the socket, which daemons of other data may share.
fn lock_all(paths: &Paths) -> Result<[Lock; 2], AppError> {
    let take = |file: PathBuf, taken: AppError| {
        lock::acquire(&file).map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => taken,
            _ => AppError::file("lock", file)(source),
        })
    };
    let data = paths.data.clone();
    let data = take(paths.lock_file(), AppError::Locked { data })?;
    let socket = paths.socket();
    let socket = take(paths.socket_lock_file(), AppError::Listening { socket })?;
    Ok([data, socket])
}

/// Returns a hash of what the system calls this machine; none where it has no name for it.
///
/// Source: machine-id(5). The name itself is not to leave the machine, so its hash is keyed.
fn machine_fingerprint() -> Option<[u8; 32]> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    Some(blake3::derive_key(
        "claude-sessions 2026-11 device of an archive",
        id.trim().as_bytes(),
    ))
}

fn allowed(own: &[PathBuf], footing: &Footing) -> Allowed {
    let system = [
        "/proc",
        "/sys/fs",
        "/dev/urandom",
        "/dev/null",
        "/etc/localtime",
    ];
    let system = system.map(PathBuf::from).into_iter();
    let read = footing.readable().map(Path::to_path_buf);
    // One within another is the daemon's to write, and may be a link that leads anywhere by now.
    let is_inner = |dir: &PathBuf| {
        own.iter()
            .any(|other| dir != other && dir.starts_with(other))
    };
    let outer = own.iter().filter(|dir| !is_inner(dir));
    Allowed {
        read: read.chain(system.filter(|path| path.exists())).collect(),
        write: outer.cloned().collect(),
    }
}
