//! What the process environment says about places, read once and passed on as a value.
//!
//! Knows variables and platform conventions; must not know what is kept where.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::PathsError;

/// The folder of ours below each of the platform's directories.
const FOLDER: &str = "claude-sessions";

/// Where logins make runtime directories, by the user's number.
///
/// Source: `pam_systemd(8)`.
const LOGIN_RUNTIMES: &str = "/run/user";

/// The platform's directories for this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformDirs {
    /// For data that must not be lost.
    pub data: PathBuf,
    /// For logs and markers; none where the platform does not tell state from data.
    pub state: Option<PathBuf>,
    /// For sockets; none where the platform has no such place.
    pub runtime: Option<PathBuf>,
    /// For settings.
    pub config: PathBuf,
}

/// What paths depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `SESSIONS_HOME`: one directory for everything.
    pub sessions_home: Option<PathBuf>,
    /// `CLAUDE_CONFIG_DIR`: the config root the client uses instead of `~/.claude`.
    pub claude_config_dir: Option<PathBuf>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The platform's directories; none without a home.
    pub platform: Option<PlatformDirs>,
    /// The directory for temporary files.
    pub temp: PathBuf,
    /// The numeric id of the user.
    pub uid: u32,
}

impl PlatformDirs {
    /// Returns those of a user's home, as the variables and conventions of the platform have it.
    ///
    /// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>; on macOS, the directories of
    /// `NSApplicationSupportDirectory`.
    fn of(home: &Path, variable: impl Fn(&'static str) -> Option<OsString>) -> Self {
        if cfg!(target_os = "macos") {
            let support = home.join("Library/Application Support").join(FOLDER);
            return Self {
                data: support.clone(),
                state: None,
                runtime: None,
                config: support,
            };
        }
        let named = |name| {
            let dir = variable(name).map(PathBuf::from);
            // The specification: a relative one is to be taken for none.
            let dir = dir.filter(|dir| dir.is_absolute());
            dir.map(|dir| dir.join(FOLDER))
        };
        let default = |dir: &str| home.join(dir).join(FOLDER);
        Self {
            data: named("XDG_DATA_HOME").unwrap_or_else(|| default(".local/share")),
            state: Some(named("XDG_STATE_HOME").unwrap_or_else(|| default(".local/state"))),
            runtime: named("XDG_RUNTIME_DIR"),
            config: named("XDG_CONFIG_HOME").unwrap_or_else(|| default(".config")),
        }
    }
}

impl Environment {
    /// Reads the environment of this process.
    ///
    /// Fails where a variable holds a relative path and the working directory is gone.
    pub fn read() -> Result<Self, PathsError> {
        // Without it, the list of users is not asked: that loads libraries, which a program that is linked with
        // all of its own must not, and it made the hook 150 kB larger.
        let home = absolute(env::var_os("HOME"))?;
        let uid = rustix::process::getuid().as_raw();
        let platform = home.as_deref().map(|home| {
            let dirs = PlatformDirs::of(home, env::var_os);
            let login = || login_runtime(Path::new(LOGIN_RUNTIMES), uid);
            PlatformDirs {
                runtime: dirs.runtime.or_else(login),
                ..dirs
            }
        });
        Ok(Self {
            sessions_home: absolute(env::var_os("SESSIONS_HOME"))?,
            claude_config_dir: absolute(env::var_os("CLAUDE_CONFIG_DIR"))?,
            platform,
            home,
            temp: env::temp_dir(),
            uid,
        })
    }

    /// Returns the config roots that this environment names: `CLAUDE_CONFIG_DIR` if set, else
    /// `~/.claude`. Whether they exist is not looked at.
    pub fn config_roots(&self) -> Vec<PathBuf> {
        let default = || self.home.as_ref().map(|home| home.join(".claude"));
        self.claude_config_dir
            .clone()
            .or_else(default)
            .into_iter()
            .collect()
    }
}

/// Returns the folder of ours in the runtime directory that a login made for the user, below `dir`: `su`, cron and
/// some containers do not say where it is, and all processes of a user are to find the same socket.
fn login_runtime(dir: &Path, uid: u32) -> Option<PathBuf> {
    let dir = dir.join(uid.to_string());
    let found = fs::symlink_metadata(&dir).ok()?;
    (found.is_dir() && found.uid() == uid).then(|| dir.join(FOLDER))
}

/// Returns `path` absolute, and [`spelt`] as everybody spells it.
///
/// # Errors
/// When `path` is relative and the working directory is gone, or `path` is empty.
pub fn absolute_path(path: &Path) -> io::Result<PathBuf> {
    Ok(spelt(&std::path::absolute(path)?))
}

/// Returns `path` as everybody spells it: neither a separator at its end nor a way out of a directory and back makes
/// it another. Links are followed only where `..` comes after one.
pub fn spelt(path: &Path) -> PathBuf {
    let mut spelt = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            spelt = spelt.canonicalize().unwrap_or(spelt);
            if !spelt.pop() {
                spelt.push(component);
            }
        } else {
            spelt.push(component);
        }
    }
    spelt
}

/// Returns `path` without links, as far as it is there.
pub(crate) fn real_path(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(found) = ancestor.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(found, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name());
    }
    path.to_owned()
}

/// Tells whether two paths are of one thing, whichever links lead there.
pub fn leads_to_same(one: &Path, other: &Path) -> bool {
    one == other || real_path(one) == real_path(other)
}

/// Returns the path a variable holds, made absolute; an empty variable is as good as none.
fn absolute(value: Option<OsString>) -> Result<Option<PathBuf>, PathsError> {
    let path = match value {
        Some(value) if !value.is_empty() => PathBuf::from(value),
        _ => return Ok(None),
    };
    match absolute_path(&path) {
        Ok(absolute) => Ok(Some(absolute)),
        Err(source) => Err(PathsError::Resolve { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variable_is_as_good_as_none() {
        assert_eq!(absolute(Some(OsString::new())).unwrap(), None);
        assert_eq!(absolute(None).unwrap(), None);
    }

    #[test]
    fn relative_variable_is_resolved_once() {
        let path = absolute(Some("trial".into())).unwrap().unwrap();
        assert_eq!(path, env::current_dir().unwrap().join("trial"));
    }

    #[test]
    fn one_directory_has_one_spelling() {
        for path in ["/work/claude", "/work/claude/", "/work//./claude/."] {
            let spelt = absolute(Some(path.into())).unwrap().unwrap();
            assert_eq!(spelt.as_os_str(), "/work/claude", "{path}");
        }
        assert_eq!(absolute_path(Path::new("/")).unwrap().as_os_str(), "/");
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let inner = top.join("a/b");
        fs::create_dir_all(&inner).unwrap();
        std::os::unix::fs::symlink(&inner, top.join("link")).unwrap();
        assert_eq!(spelt(&top.join("a/../c")), top.join("c"));
        assert_eq!(spelt(&top.join("link/../c")), top.join("a/c"));
        assert_eq!(spelt(&top.join("link/c/")), top.join("link/c"));
        assert_eq!(spelt(Path::new("../c")), Path::new("../c"));
    }

    #[test]
    fn the_runtime_directory_of_a_login_is_found_without_being_named() {
        let dir = tempfile::tempdir().unwrap();
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(login_runtime(dir.path(), uid), None);
        let own = dir.path().join(uid.to_string());
        fs::create_dir(&own).unwrap();
        assert_eq!(login_runtime(dir.path(), uid), Some(own.join(FOLDER)));
        fs::create_dir(dir.path().join("4294967294")).unwrap();
        assert_eq!(login_runtime(dir.path(), 4_294_967_294), None, "another's");
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn variables_name_directories_by_whole_paths_alone() {
        let of = |set: &[(&str, &str)]| {
            PlatformDirs::of(Path::new("/home/u"), |name| {
                let found = set.iter().find(|(of, _)| *of == name);
                found.map(|(_, value)| value.into())
            })
        };
        let dirs = of(&[("XDG_DATA_HOME", "share"), ("XDG_CONFIG_HOME", "")]);
        let path = |dir: &str| PathBuf::from(dir).join(FOLDER);
        assert_eq!(dirs.data, path("/home/u/.local/share"));
        assert_eq!(dirs.state, Some(path("/home/u/.local/state")));
        assert_eq!(dirs.config, path("/home/u/.config"));
        assert_eq!(dirs.runtime, None);
        let dirs = of(&[
            ("XDG_DATA_HOME", "/d"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
            ("XDG_CONFIG_HOME", "/c"),
        ]);
        assert_eq!((dirs.data, dirs.config), (path("/d"), path("/c")));
        assert_eq!(dirs.state, Some(path("/s")));
        assert_eq!(dirs.runtime, Some(path("/run/user/7")));
    }

    #[test]
    fn the_process_has_an_environment() {
        let environment = Environment::read().unwrap();
        assert!(environment.temp.is_absolute());
    }
}
