//! The config roots that were named: the list of them beside the settings, and what none may be.
//!
//! What the daemon may read follows from this list, so the daemon, once it is in its sandbox, must not be
//! able to write it: clients do, and a start before it enters the sandbox. Must not know what a root holds.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::{Paths, PathsError, leads_to_same, read_regular, real_path};

/// Roots noted at most.
const ROOTS_MAX: usize = 64;

/// The longest list that is read, in bytes: each root may be as long as the system allows.
const LIST_BYTES_MAX: u64 = (ROOTS_MAX * 4096) as u64;

/// Why a directory cannot be a config root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootFault {
    /// It cannot be written down.
    #[error("it is no absolute path of one line")]
    Unwritable,
    /// It is `/`.
    #[error("it is the whole file system")]
    FileSystem,
    /// It is the user's home, which holds more than anybody is to read.
    #[error("it is your home directory")]
    Home,
    /// The user's home is in it.
    #[error("it holds your home directory")]
    HoldsHome,
    /// What the daemon writes would be read as what Claude Code wrote.
    #[error("it holds {}, where Claude Sessions keeps its own", dir.display())]
    HoldsOurs {
        /// A directory of ours.
        dir: PathBuf,
    },
    /// It is a directory of ours or in one: what is in it is the daemon's to write.
    #[error("it is or lies in {}, where Claude Sessions keeps its own", dir.display())]
    LiesInOurs {
        /// A directory of ours.
        dir: PathBuf,
    },
}

impl Paths {
    /// Tells whether `root` may be a config root of a user whose home is `home`.
    ///
    /// # Errors
    /// When it may not; the error says why.
    pub fn check_root(&self, root: &Path, home: Option<&Path>) -> Result<(), PathsError> {
        match self.root_fault(root, home) {
            Some(fault) => Err(PathsError::Root {
                path: root.to_owned(),
                fault,
            }),
            None => Ok(()),
        }
    }

    fn root_fault(&self, root: &Path, home: Option<&Path>) -> Option<RootFault> {
        let is_line = root.to_str().is_some_and(|text| !text.contains('\n'));
        if !root.is_absolute() || !is_line {
            return Some(RootFault::Unwritable);
        }
        let led = real_path(root);
        if led.parent().is_none() {
            return Some(RootFault::FileSystem);
        }
        match home.map(real_path) {
            Some(home) if home == led => return Some(RootFault::Home),
            Some(home) if home.starts_with(&led) => return Some(RootFault::HoldsHome),
            _ => {}
        }
        [&self.data, &self.state, &self.runtime, &self.config]
            .into_iter()
            .find_map(|dir| overlap(root, &led, dir))
    }

    /// Returns the list of the config roots that were named.
    pub fn root_list(&self) -> RootList {
        RootList {
            dir: self.config.clone(),
            file: self.root_list_file(),
        }
    }
}

fn overlap(root: &Path, led: &Path, dir: &Path) -> Option<RootFault> {
    let ours = real_path(dir);
    let dir = dir.to_owned();
    if ours != led && ours.starts_with(led) {
        return Some(RootFault::HoldsOurs { dir });
    }
    // By its name, too: a link in a directory of ours may lead anywhere by now.
    (led.starts_with(&ours) || root.starts_with(&dir)).then_some(RootFault::LiesInOurs { dir })
}

/// The list: a line for each root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootList {
    dir: PathBuf,
    file: PathBuf,
}

impl RootList {
    /// Returns the roots, each directory once, by the name it was noted under first; none where there is no
    /// list.
    ///
    /// # Errors
    /// When the list is there and cannot be read.
    pub fn read(&self) -> Result<Vec<PathBuf>, PathsError> {
        self.roots().map_err(|source| self.failed(source))
    }

    fn roots(&self) -> io::Result<Vec<PathBuf>> {
        let bytes = match read_regular(&self.file, LIST_BYTES_MAX) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))?;
        let mut roots: Vec<PathBuf> = Vec::new();
        for root in text.lines().take(ROOTS_MAX).map(PathBuf::from) {
            if !roots.iter().any(|noted| leads_to_same(noted, &root)) {
                roots.push(root);
            }
        }
        Ok(roots)
    }

    fn failed(&self, source: io::Error) -> PathsError {
        PathsError::RootList {
            path: self.file.clone(),
            source,
        }
    }

    /// Returns the name under which a root is noted, whichever links lead there; none where it is not.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn name_of(&self, root: &Path) -> Result<Option<PathBuf>, PathsError> {
        let mut roots = self.read()?.into_iter();
        Ok(roots.find(|noted| leads_to_same(noted, root)))
    }

    /// Notes a root; false if it was noted before, under this name or another.
    ///
    /// # Errors
    /// When the list cannot be read or written, or is full.
    pub fn add(&self, root: &Path) -> Result<bool, PathsError> {
        // Asked before anything is locked, since nearly always it is there.
        if self.name_of(root)?.is_some() {
            return Ok(false);
        }
        self.change(|roots| {
            if roots.len() >= ROOTS_MAX {
                let what = format!("{ROOTS_MAX} config roots are noted already");
                return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
            }
            roots.push(root.to_owned());
            Ok(())
        })
    }

    /// Takes a root out; false if it was not noted.
    ///
    /// # Errors
    /// When the list cannot be read or written.
    pub fn remove(&self, root: &Path) -> Result<bool, PathsError> {
        if self.name_of(root)?.is_none() {
            return Ok(false);
        }
        self.change(|roots| {
            roots.retain(|noted| !leads_to_same(noted, root));
            Ok(())
        })
    }

    /// Changes the list as one step, one process after the other.
    fn change(
        &self,
        change: impl FnOnce(&mut Vec<PathBuf>) -> io::Result<()>,
    ) -> Result<bool, PathsError> {
        let changed = || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.dir)?;
            let lock = File::open(&self.dir)?;
            flock(&lock, FlockOperation::LockExclusive)?;
            let mut roots = self.roots()?;
            let before = roots.clone();
            change(&mut roots)?;
            self.write(&roots)?;
            Ok(roots != before)
        };
        changed().map_err(|source| self.failed(source))
    }

    fn write(&self, roots: &[PathBuf]) -> io::Result<()> {
        let lines = roots.iter().filter_map(|root| root.to_str());
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        let written = self.file.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&written)?.write_all(text.as_bytes())?;
        fs::rename(written, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_holds_too_much_or_is_ours_is_no_root() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let (home, ours) = (top.join("home"), top.join("ours"));
        fs::create_dir_all(home.join(".claude")).unwrap();
        symlink(&home, top.join("link")).unwrap();
        symlink("/", home.join("all")).unwrap();
        let paths = Paths {
            data: ours.join("data"),
            state: ours.join("state"),
            runtime: ours.join("run"),
            config: ours.join("config"),
        };
        let check = |root: PathBuf, expect: Option<RootFault>| {
            assert_eq!(paths.root_fault(&root, Some(&home)), expect, "{root:?}");
        };
        let data = || ours.join("data");
        check(home.join(".claude"), None);
        check(top.join("elsewhere/not/there"), None);
        check("claude".into(), Some(RootFault::Unwritable));
        check(top.join("a\nb"), Some(RootFault::Unwritable));
        check("/".into(), Some(RootFault::FileSystem));
        check(home.join("all"), Some(RootFault::FileSystem));
        check(home.clone(), Some(RootFault::Home));
        check(top.join("link"), Some(RootFault::Home));
        check(top.clone(), Some(RootFault::HoldsHome));
        check(ours.clone(), Some(RootFault::HoldsOurs { dir: data() }));
        check(data(), Some(RootFault::LiesInOurs { dir: data() }));
        let within = data().join("archive");
        check(within.clone(), Some(RootFault::LiesInOurs { dir: data() }));
        fs::create_dir_all(data()).unwrap();
        symlink(home.join(".claude"), &within).unwrap();
        check(within, Some(RootFault::LiesInOurs { dir: data() }));
    }

    #[test]
    fn a_directory_is_one_root_whichever_links_lead_there() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let [root, link, late] = ["claude", "link", "late"].map(|name| top.join(name));
        let list = RootList {
            dir: top.join("config"),
            file: top.join("config/roots"),
        };
        fs::create_dir(&root).unwrap();
        symlink(&root, &link).unwrap();
        assert!(list.add(&link).unwrap());
        assert!(!list.add(&root).unwrap());
        assert_eq!(list.name_of(&root).unwrap().as_ref(), Some(&link));
        assert!(list.add(&late).unwrap());
        assert_eq!(list.read().unwrap(), [&*link, &*late]);
        symlink(&root, &late).unwrap();
        assert_eq!(list.read().unwrap(), [&*link], "noted before it led there");
        assert!(list.remove(&root).unwrap());
        assert!(list.read().unwrap().is_empty());
    }

    #[test]
    fn roots_are_noted_once_and_taken_out_again() {
        let dir = tempfile::tempdir().unwrap();
        let list = RootList {
            dir: dir.path().join("config"),
            file: dir.path().join("config/roots"),
        };
        let (first, second) = (Path::new("/a"), Path::new("/b c"));
        assert!(!list.remove(first).unwrap());
        assert!(list.add(first).unwrap());
        assert!(list.add(second).unwrap());
        assert!(!list.add(first).unwrap());
        assert_eq!(list.read().unwrap(), [first, second]);
        assert!(list.remove(first).unwrap());
        assert_eq!(list.read().unwrap(), [second]);
        for number in 1..ROOTS_MAX {
            assert!(
                list.add(&Path::new("/many").join(number.to_string()))
                    .unwrap()
            );
        }
        assert!(matches!(list.add(first), Err(PathsError::RootList { .. })));
        fs::remove_file(&list.file).unwrap();
        fs::create_dir(&list.file).unwrap();
        assert!(matches!(list.read(), Err(PathsError::RootList { .. })));
    }
}
