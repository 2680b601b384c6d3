//! Where events wait that nobody took: a file each, for the next daemon.
//!
//! Knows names and numbers of files; must not know what is in them.

use std::fs::{self, DirEntry, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sessions_model::{CheckpointId, EventId, Timestamp};
use sessions_paths::{Paths, create_private};

/// Files that wait at most: days of work without a daemon.
const SPOOL_FILES_MAX: usize = 1024;

/// The spool.
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
}

impl Spool {
    /// Names it; nothing is made until something is kept.
    pub(crate) fn new(paths: &Paths) -> Self {
        Self {
            dir: paths.spool_dir(),
        }
    }

    /// Returns its directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps an event.
    ///
    /// # Errors
    /// When there are too many, or the disk takes no more; it is counted then, if even that can be.
    pub(crate) fn keep(&self, id: EventId, bytes: &[u8]) -> io::Result<()> {
        self.keep_as(&format!("{id}.{}", Paths::SPOOLED), bytes)
    }

    /// Keeps the state of a repository, by a name that comes after that of the event it belongs to.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(crate) fn keep_git(&self, id: CheckpointId, bytes: &[u8]) -> io::Result<()> {
        self.keep_as(&format!("{id}.git.{}", Paths::SPOOLED), bytes)
    }

    fn keep_as(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        create_private(&self.dir).map_err(io::Error::other)?;
        self.write(name, bytes)
            .inspect_err(|_| self.count_dropped())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // What a kill left half written counts, too: nobody but the daemon takes anything out.
        if fs::read_dir(&self.dir)?.count() > SPOOL_FILES_MAX {
            let full = format!("{SPOOL_FILES_MAX} events wait there already");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, full));
        }
        let half = self.dir.join(name).with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let written = options
            .open(&half)?
            .write_all(bytes)
            .and_then(|()| fs::rename(&half, self.dir.join(name)));
        // One that is cut off must not take the room of a whole one.
        written.inspect_err(|_| drop(fs::remove_file(&half)))
    }

    fn count_dropped(&self) {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let counted = options.open(self.dir.join(Paths::DROPPED));
        // A disk that does not take a byte leaves nothing else to be done.
        drop(counted.and_then(|mut file| file.write_all(b".")));
    }

    /// Returns since when the first of what waits does so.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let entries = fs::read_dir(&self.dir).ok()?;
        let events = entries
            .take(2 * SPOOL_FILES_MAX)
            .filter_map(Result::ok)
            .filter(|entry| {
                Path::new(&entry.file_name()).extension() == Some(Paths::SPOOLED.as_ref())
            });
        events.filter_map(|entry| written_at(&entry)).min()
    }
}

fn written_at(entry: &DirEntry) -> Option<Timestamp> {
    Timestamp::from_system(entry.metadata().ok()?.modified().ok()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn spool() -> (tempfile::TempDir, Spool) {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("state/spool");
        (home, Spool { dir })
    }

    fn names(spool: &Spool) -> Vec<String> {
        let entries = fs::read_dir(&spool.dir).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_kept_is_private_whole_and_in_order() {
        let (_home, spool) = spool();
        assert_eq!(spool.oldest(), None);
        spool.keep_git(CheckpointId([1; 16]), b"later").unwrap();
        spool.keep(EventId([1; 16]), b"first").unwrap();
        let id = "01".repeat(16);
        let kept = names(&spool);
        assert_eq!(kept, [format!("{id}.event"), format!("{id}.git.event")]);
        let file = spool.dir.join(&kept[0]);
        assert_eq!(fs::read(&file).unwrap(), b"first");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&spool.dir).unwrap().mode() & 0o777, 0o700);
        assert!(spool.oldest().is_some());
    }

    #[test]
    fn beyond_the_limit_events_are_counted() {
        let (_home, spool) = spool();
        create_private(&spool.dir).unwrap();
        for number in 0..SPOOL_FILES_MAX {
            fs::write(spool.dir.join(format!("{number}.event")), "").unwrap();
        }
        fs::write(spool.dir.join(Paths::DROPPED), ".").unwrap();
        for number in 0..3 {
            assert!(spool.keep(EventId([number; 16]), b"x").is_err());
        }
        assert_eq!(fs::read(spool.dir.join(Paths::DROPPED)).unwrap(), b"....");
        assert_eq!(names(&spool).len(), SPOOL_FILES_MAX + 1);
    }

    #[test]
    fn where_no_directory_can_be_it_is_an_error() {
        let (home, spool) = spool();
        fs::write(home.path().join("state"), "in the way").unwrap();
        assert!(spool.keep(EventId([0; 16]), b"x").is_err());
        assert_eq!(spool.oldest(), None);
    }

    #[test]
    fn what_cannot_be_written_whole_leaves_nothing() {
        let (_home, spool) = spool();
        let id = EventId([2; 16]);
        // A folder where the file is to be: it is written, and cannot be put in its place.
        fs::create_dir_all(spool.dir.join(format!("{id}.event/x"))).unwrap();
        assert!(spool.keep(id, b"x").is_err());
        assert_eq!(
            names(&spool),
            [format!("{id}.event"), Paths::DROPPED.to_owned()]
        );
    }
}
