//! The four directories and the files in them.
//!
//! Pure: follows from the environment alone, creates nothing.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::{Environment, PathsError};

/// Longest socket path, in bytes: macOS has room for 104 with the closing NUL.
pub const SOCKET_BYTES_MAX: usize = 103;

const SOCKET: &str = "sessionsd.sock";

/// The directories of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The archive and what is derived from it.
    pub data: PathBuf,
    /// Logs and markers.
    pub state: PathBuf,
    /// The socket.
    pub runtime: PathBuf,
    /// Settings.
    pub config: PathBuf,
}

impl Paths {
    /// How the names of files in the spool end that wait.
    pub const SPOOLED: &str = "event";

    /// The file in the spool whose length says how many events could not be kept.
    pub const DROPPED: &str = "dropped";

    /// Chooses the directories: all below `SESSIONS_HOME` where it is set, else where the platform puts
    /// such things. The runtime directory is one in which the socket's path is short enough.
    pub fn choose(environment: &Environment) -> Result<Self, PathsError> {
        let (data, state, runtime, config) = match &environment.sessions_home {
            Some(home) => {
                let below = |name: &str| home.join(name);
                (below("data"), below("state"), below("run"), below("config"))
            }
            None => platform_dirs(environment)?,
        };
        Ok(Self {
            runtime: short_runtime(runtime, &data, environment),
            data,
            state,
            config,
        })
    }

    /// Returns the socket that the daemon listens on, at most [`SOCKET_BYTES_MAX`] bytes.
    pub fn socket(&self) -> PathBuf {
        self.runtime.join(SOCKET)
    }

    /// Returns the file whose lock says that a daemon owns the place of the socket.
    pub fn socket_lock_file(&self) -> PathBuf {
        self.runtime.join("sessionsd.sock.lock")
    }

    /// Returns the file whose lock says that a process waits to take the daemon's place, or is about to.
    pub fn successor_file(&self) -> PathBuf {
        self.state.join("sessionsd.next")
    }

    /// Returns the directory of the archive.
    pub fn archive_dir(&self) -> PathBuf {
        self.data.join("archive")
    }

    /// Returns the directory of the derived pairs.
    pub fn derived_dir(&self) -> PathBuf {
        self.data.join("derived")
    }

    /// Returns the file whose lock says that a daemon owns the data.
    pub fn lock_file(&self) -> PathBuf {
        self.data.join("sessionsd.lock")
    }

    /// Returns the directory of the daemon's logs.
    pub fn log_dir(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// Returns the directory of the events that no daemon took.
    pub fn spool_dir(&self) -> PathBuf {
        self.state.join("spool")
    }

    /// Returns the file that takes what a daemon started by a client prints.
    pub fn output_file(&self) -> PathBuf {
        self.state.join("sessionsd.out")
    }

    /// Returns the file in which a daemon that could not start says why: the error, then a hint.
    pub fn failure_file(&self) -> PathBuf {
        self.state.join("sessionsd.failed")
    }

    /// Returns the file that lists the config roots that were named: among the settings, which the daemon in
    /// its sandbox cannot write.
    pub fn root_list_file(&self) -> PathBuf {
        self.config.join("roots")
    }

    /// Returns the file that says which service manager keeps the daemon; there is none where clients start it.
    pub fn service_file(&self) -> PathBuf {
        self.config.join("service")
    }

    /// Returns the file in which `sessions setup` notes what it changed.
    pub fn setup_file(&self) -> PathBuf {
        self.config.join("setup.json")
    }

    /// Returns the directory of what files were before `sessions setup` changed them.
    pub fn backup_dir(&self) -> PathBuf {
        self.config.join("before-setup")
    }

    /// Returns the file of settings.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

type Dirs = (PathBuf, PathBuf, PathBuf, PathBuf);

fn platform_dirs(environment: &Environment) -> Result<Dirs, PathsError> {
    let dirs = environment.platform.clone().ok_or(PathsError::NoHome)?;
    let state = dirs.state.unwrap_or_else(|| dirs.data.join("state"));
    // Not the temporary directory at first: two processes of one user may disagree about it.
    let runtime = dirs.runtime.unwrap_or_else(|| state.join("run"));
    Ok((dirs.data, state, runtime, dirs.config))
}

/// Returns `runtime` if a socket in it has a short enough path, else a folder below the temporary
/// directory named after the user and the data directory, so that each installation has its own.
fn short_runtime(runtime: PathBuf, data: &Path, environment: &Environment) -> PathBuf {
    let fits = |dir: &Path| dir.join(SOCKET).as_os_str().len() <= SOCKET_BYTES_MAX;
    if fits(&runtime) {
        return runtime;
    }
    let hash = fnv1a(data.as_os_str().as_bytes());
    let name = format!("sessions-{}-{hash:016x}", environment.uid);
    let below_temp = environment.temp.join(&name);
    if fits(&below_temp) {
        below_temp
    } else {
        Path::new("/tmp").join(name)
    }
}

/// The 64-bit FNV-1a hash: the same in every version, so that client and daemon agree on the folder.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlatformDirs;

    fn environment() -> Environment {
        Environment {
            sessions_home: None,
            claude_config_dir: None,
            home: Some("/home/user".into()),
            platform: Some(PlatformDirs {
                data: "/home/user/.local/share/claude-sessions".into(),
                state: Some("/home/user/.local/state/claude-sessions".into()),
                runtime: Some("/run/user/1000/claude-sessions".into()),
                config: "/home/user/.config/claude-sessions".into(),
            }),
            temp: "/tmp".into(),
            uid: 1000,
        }
    }

    fn check_socket(environment: &Environment, expect: &str) {
        let socket = Paths::choose(environment).unwrap().socket();
        assert_eq!(socket, Path::new(expect));
        assert!(socket.as_os_str().len() <= SOCKET_BYTES_MAX);
    }

    #[test]
    fn sessions_home_holds_everything() {
        let home = Environment {
            sessions_home: Some("/trial".into()),
            ..environment()
        };
        let paths = Paths::choose(&home).unwrap();
        assert_eq!(paths.archive_dir(), Path::new("/trial/data/archive"));
        assert_eq!(paths.log_dir(), Path::new("/trial/state/logs"));
        assert_eq!(paths.config_file(), Path::new("/trial/config/config.toml"));
        check_socket(&home, "/trial/run/sessionsd.sock");
    }

    #[test]
    fn platform_directories_are_the_default() {
        check_socket(
            &environment(),
            "/run/user/1000/claude-sessions/sessionsd.sock",
        );
    }

    #[test]
    fn without_a_runtime_directory_the_socket_is_in_the_state() {
        let mut without = environment();
        without.platform.as_mut().unwrap().runtime = None;
        check_socket(
            &without,
            "/home/user/.local/state/claude-sessions/run/sessionsd.sock",
        );
    }

    #[test]
    fn long_socket_path_moves_to_a_short_folder() {
        let mut long = environment();
        long.sessions_home = Some(format!("/{}", "x".repeat(120)).into());
        check_socket(&long, "/tmp/sessions-1000-db1b0917b07587cb/sessionsd.sock");
        long.temp = format!("/{}", "t".repeat(120)).into();
        check_socket(&long, "/tmp/sessions-1000-db1b0917b07587cb/sessionsd.sock");
    }

    #[test]
    fn hash_is_the_published_one() {
        // From the reference vectors of the FNV draft.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn no_home_is_said() {
        let homeless = Environment {
            home: None,
            platform: None,
            ..environment()
        };
        assert!(matches!(Paths::choose(&homeless), Err(PathsError::NoHome)));
        assert!(homeless.config_roots().is_empty());
    }

    #[test]
    fn claude_config_dir_replaces_the_default_root() {
        let mut environment = environment();
        assert_eq!(
            environment.config_roots(),
            [Path::new("/home/user/.claude")]
        );
        environment.claude_config_dir = Some("/work/claude".into());
        assert_eq!(environment.config_roots(), [Path::new("/work/claude")]);
    }
}
