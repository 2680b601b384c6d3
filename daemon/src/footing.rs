//! What a start took for given: directories by identity, and the settings as they were.
//!
//! Neither the sandbox nor the settings of a running daemon can be changed. Where something is another now
//! than it was at the start, another start is due. Knows nothing of how that comes about.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sessions_watch::Folder;

use crate::ingest::FOLDERS;

/// What the daemon stands on.
#[derive(Debug)]
pub(crate) struct Footing {
    /// Directories of ours, which have to be there.
    own: Vec<Given>,
    /// Directories of Claude's, which may be missing: roots, and what their folders lead to.
    read: Vec<Given>,
    settings: Vec<Given>,
    /// The archive's file, once it is open.
    archive: OnceLock<Given>,
}

/// A place as it was at the start.
#[derive(Debug)]
struct Given {
    path: PathBuf,
    look: fn(&Path) -> Option<Identity>,
    was: Option<Identity>,
}

/// What tells a thing from another of the same name.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// By its number: its time changes with what is written into it.
    Place { device: u64, inode: u64 },
    /// By what is in it: some file systems give other numbers at each look.
    File { size: u64, modified: (i64, i64) },
}

/// What is another than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    /// The settings: the daemon may be reading what it must not read any more.
    Settings(&'a Path),
    /// A directory, or the archive's file.
    Place(&'a Path),
}

impl Footing {
    /// Looks at directories of ours and at the settings as they are now.
    pub(crate) fn look(own: &[PathBuf], settings: &[PathBuf]) -> Self {
        let own = own.iter().map(|path| Given::new(path.clone(), directory));
        let settings = settings.iter();
        Self {
            own: own.collect(),
            read: Vec::new(),
            settings: settings
                .map(|path| Given::new(path.clone(), file))
                .collect(),
            archive: OnceLock::new(),
        }
    }

    /// Takes the archive's file for given from now on.
    pub(crate) fn stand_on(&self, archive: &Path) {
        // It is opened once.
        drop(self.archive.set(Given::new(archive.to_path_buf(), inode)));
    }

    /// Looks at config roots, too.
    pub(crate) fn with_roots(mut self, roots: &[PathBuf]) -> Self {
        for root in roots {
            let folders = FOLDERS.map(|folder| Given::new(root.join(folder), led_to));
            self.read.push(Given::new(root.clone(), directory));
            self.read.extend(folders);
        }
        self
    }

    /// Returns the directories of Claude's that are there, wherever links lead.
    pub(crate) fn readable(&self) -> impl Iterator<Item = &Path> {
        let there = self.read.iter().filter(|given| given.was.is_some());
        there.map(|given| given.path.as_path())
    }

    /// Tells whether the first directory of ours, which holds all that is kept, is gone: then nobody wants to
    /// find it made again.
    pub(crate) fn is_lost(&self) -> bool {
        self.own.first().is_some_and(|data| data.now().is_none())
    }

    /// Returns the first place that is another than it was, settings before directories. What is not there to
    /// be read is waited for.
    pub(crate) fn changed(&self) -> Option<Change<'_>> {
        let has_come = |given: &&Given| given.now().is_some_and(|now| given.was != Some(now));
        let is_other = |given: &&Given| given.now() != given.was;
        if let Some(given) = self.settings.iter().find(is_other) {
            return Some(Change::Settings(&given.path));
        }
        // An archive that is gone is put back by whoever has it open, and is another then.
        let mut read = self.read.iter().chain(self.archive.get());
        let given = read.find(has_come);
        let given = given.or_else(|| self.own.iter().find(is_other))?;
        Some(Change::Place(&given.path))
    }
}

impl Given {
    fn new(path: PathBuf, look: fn(&Path) -> Option<Identity>) -> Self {
        let was = look(&path);
        Self { path, look, was }
    }

    fn now(&self) -> Option<Identity> {
        (self.look)(&self.path)
    }
}

fn directory(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().filter(Metadata::is_dir)?;
    inode(path)
}

/// What a folder of a root leads to; none where it is no link, since then it is the root's.
fn led_to(path: &Path) -> Option<Identity> {
    if !fs::symlink_metadata(path).ok()?.is_symlink() {
        return None;
    }
    directory(&Folder::look(path).directory()?)
}

/// A file that is written all the time.
fn inode(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    Some(Identity::Place {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

fn file(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    Some(Identity::File {
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_comes_or_is_replaced_is_named_and_what_goes_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let (own, root, settings) = (at("own"), at("root"), at("config.toml"));
        for folder in [&own, &at("disk"), &at("other")] {
            fs::create_dir(folder).unwrap();
        }
        let look = || {
            let roots = std::slice::from_ref(&root);
            Footing::look(std::slice::from_ref(&own), std::slice::from_ref(&settings))
                .with_roots(roots)
        };
        let check = |footing: &Footing, expect: Option<&Path>| {
            assert_eq!(footing.changed(), expect.map(Change::Place));
        };
        let missing = look();
        check(&missing, None);
        assert_eq!(missing.readable().count(), 0);
        fs::create_dir(&root).unwrap();
        check(&missing, Some(&root));

        let plain = look();
        fs::create_dir(root.join("projects")).unwrap();
        fs::write(root.join("history.jsonl"), "1").unwrap();
        check(&plain, None);
        fs::remove_dir(root.join("projects")).unwrap();
        symlink(at("disk"), root.join("projects")).unwrap();
        check(&plain, Some(&root.join("projects")));

        let led = look();
        assert_eq!(led.readable().count(), 2);
        check(&led, None);
        fs::remove_file(root.join("projects")).unwrap();
        check(&led, None);
        symlink(at("other"), root.join("projects")).unwrap();
        check(&led, Some(&root.join("projects")));

        let there = look();
        fs::rename(&root, at("aside")).unwrap();
        check(&there, None);
        fs::create_dir(&root).unwrap();
        check(&there, Some(&root));

        let archive = at("archive.db");
        fs::write(&archive, "1").unwrap();
        // As the daemon has it: so no other file can get its number.
        let _open = fs::File::open(&archive).unwrap();
        let stood = look();
        stood.stand_on(&archive);
        fs::write(&archive, "12").unwrap();
        check(&stood, None);
        fs::remove_file(&archive).unwrap();
        check(&stood, None);
        fs::write(&archive, "1").unwrap();
        fs::write(at("other.db"), "1").unwrap();
        fs::rename(at("other.db"), &archive).unwrap();
        check(&stood, Some(&archive));

        let set = look();
        fs::write(&settings, "log = 3").unwrap();
        assert_eq!(set.changed(), Some(Change::Settings(&settings)));
        let unset = look();
        assert!(!unset.is_lost());
        fs::remove_dir(&own).unwrap();
        check(&unset, Some(&own));
        assert!(unset.is_lost());
    }
}
