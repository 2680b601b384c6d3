//! Puts files in their places: whole, for their user alone, and never over another.
//!
//! All files of a session are fetched before the first of them is shown, so that one that does not read
//! back leaves nothing behind. They wait in a folder beside, whose name the client and the daemon take for
//! nothing of theirs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sessions_client::Client;
use tempfile::TempDir;

use super::{Missing, Plan};
use crate::error::{CliError, Kind};
use crate::render::text::one_line;

/// What the folder of files that are under way is called. A session's id begins with no dot, so that whatever
/// is in there belongs to none.
const FOLDER_PREFIX: &str = ".sessions-restore-";

/// Files in their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Restored {
    /// How many came back.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// What stood in a place by the time the file was ready, and was left.
    pub(crate) kept: Vec<PathBuf>,
}

/// Fetches everything that `plan` misses, then puts it in place.
pub(crate) async fn put_back(client: &Client, plan: &Plan<'_>) -> Result<Restored, CliError> {
    let staging = Staging::default();
    let fetched = staging.fetch(client, &plan.missing).await?;
    staging.sync().await?;
    let mut restored = Restored::default();
    fetched.publish(&mut restored)?;
    Ok(restored)
}

/// Fetches all of `missing` but the last, which holds `bytes` instead, then puts them in place.
pub(crate) async fn put_new(
    client: &Client,
    missing: &[Missing<'_>],
    bytes: &[u8],
) -> Result<Restored, CliError> {
    let staging = Staging::default();
    let mut fetched = Fetched::default();
    if let Some((last, others)) = missing.split_last() {
        fetched = staging.fetch(client, others).await?;
        let mut file = staging.begin(last)?;
        file.write(bytes)?;
        fetched.0.push(file.staged);
    }
    staging.sync().await?;
    let mut restored = Restored::default();
    fetched.publish(&mut restored)?;
    Ok(restored)
}

/// Where files wait, those of one session or of many. With it goes what was not put in its place.
#[derive(Debug, Default)]
pub(crate) struct Staging {
    /// One folder for each place that may be a disk of its own, with the lock that says whose it is.
    folders: RefCell<BTreeMap<PathBuf, (TempDir, File)>>,
    files: Cell<u64>,
}

/// Files that are fetched whole and wait for their places, in the order in which they are shown.
#[derive(Debug, Default)]
pub(crate) struct Fetched(Vec<Staged>);

#[derive(Debug)]
struct Staged {
    waits_at: PathBuf,
    place: PathBuf,
}

/// A file that is being written.
#[derive(Debug)]
struct Partial {
    file: File,
    staged: Staged,
    length: u64,
}

impl Staging {
    /// Fetches `missing`; several calls may be under way at once.
    pub(crate) async fn fetch(
        &self,
        client: &Client,
        missing: &[Missing<'_>],
    ) -> Result<Fetched, CliError> {
        let mut fetched = Fetched::default();
        for missing in missing {
            let mut bytes = client.bytes(missing.source.id, None).await?;
            let mut file = self.begin(missing)?;
            while let Some(run) = bytes.next().await? {
                file.write(&run)?;
            }
            CliError::unless_whole(bytes.losses()).map_err(|error| unreadable(missing, error))?;
            fetched.0.push(file.finish(missing.length)?);
        }
        Ok(fetched)
    }

    fn begin(&self, missing: &Missing<'_>) -> Result<Partial, CliError> {
        let path = super::checked(&missing.source.path)?;
        // `projects` and `file-history` may be links to other disks: a file is linked within one.
        let top = path.components().next().map(|part| missing.base.join(part));
        let top = top.unwrap_or_else(|| missing.base.clone());
        let folder = self.folder(&top).map_err(|error| failed(&top, &error))?;
        let number = self.files.replace(self.files.get() + 1);
        let waits_at = folder.join(format!("{number}.tmp"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&waits_at)
            .map_err(|error| failed(&waits_at, &error))?;
        let place = missing.base.join(path);
        Ok(Partial {
            file,
            staged: Staged { waits_at, place },
            length: 0,
        })
    }

    fn folder(&self, top: &Path) -> io::Result<PathBuf> {
        let mut folders = self.folders.borrow_mut();
        if let Some((folder, _)) = folders.get(top) {
            return Ok(folder.path().to_owned());
        }
        make_folder(top)?;
        sweep(top);
        loop {
            let folder = tempfile::Builder::new()
                .prefix(FOLDER_PREFIX)
                .tempdir_in(top)?;
            let path = folder.path().to_owned();
            let lock = match File::open(&path) {
                // Another took it for one that is left, before it was locked.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => opened?,
            };
            // Where there are no locks, nobody takes any away either.
            let _unlocked = flock(&lock, FlockOperation::LockShared);
            if path.is_dir() {
                folders.insert(top.to_owned(), (folder, lock));
                return Ok(path);
            }
        }
    }

    /// Has what was fetched on the disk before any of it has its name: after a crash, a file that stands in a
    /// place is whole.
    pub(crate) async fn sync(&self) -> Result<(), CliError> {
        let opened: Result<Vec<_>, CliError> = (self.folders.borrow().values())
            .map(|(folder, opened)| {
                let path = folder.path().to_owned();
                match opened.try_clone() {
                    Ok(opened) => Ok((path, opened)),
                    Err(error) => Err(CliError::unwritten(&path, &error)),
                }
            })
            .collect();
        for (path, opened) in opened? {
            let written = tokio::task::spawn_blocking(move || sync_all_of(&opened)).await;
            let written = written.unwrap_or_else(|lost| Err(lost.into()));
            written.map_err(|error| CliError::unwritten(&path, &error))?;
        }
        Ok(())
    }
}

impl Fetched {
    /// Shows every file under its name, once all are on the disk, and counts it.
    pub(crate) fn publish(&self, restored: &mut Restored) -> Result<(), CliError> {
        for Staged { waits_at, place } in &self.0 {
            let failed = |error: io::Error| failed(place, &error);
            place.parent().map_or(Ok(()), make_folder).map_err(failed)?;
            // Invariant: no file is replaced. Unlike a rename, a link fails where there is one already.
            match fs::hard_link(waits_at, place) {
                Ok(()) => {
                    restored.files += 1;
                    restored.bytes += fs::metadata(place).map_err(failed)?.len();
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    restored.kept.push(place.clone());
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

impl Partial {
    fn write(&mut self, run: &[u8]) -> Result<(), CliError> {
        self.length += run.len() as u64;
        let written = self.file.write_all(run);
        written.map_err(|error| failed(&self.staged.place, &error))
    }

    /// Compares the length with that of the archive. The archive has the bytes still: nothing is lost if the
    /// power fails before the system has written them.
    fn finish(self, expected: u64) -> Result<Staged, CliError> {
        if self.length >= expected {
            return Ok(self.staged);
        }
        let message = format!(
            "the archive has {} of {} bytes of {}",
            self.length,
            expected,
            self.staged.place.display()
        );
        let error = CliError::new(Kind::Daemon, message).of_one();
        Err(error.hint("run \"sessions verify\""))
    }
}

/// Says that a file does not read back whole, so that none of its session is put back.
fn unreadable(missing: &Missing<'_>, error: CliError) -> CliError {
    let path = one_line(&missing.source.path);
    let message = format!("{path} does not read back whole: nothing of its session was put back");
    error.say(message).hint(
        "\"sessions verify\" puts back what is still on disk; \"sessions export ID --format jsonl -o FILE\" writes \
         all that reads back",
    )
}

/// Says that a file could not be written; others may well be, unless the disk takes no more.
fn failed(path: &Path, error: &io::Error) -> CliError {
    let unwritten = CliError::unwritten(path, error);
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
            unwritten
        }
        ErrorKind::AlreadyExists => unwritten
            .of_one()
            .hint("something stands where a folder belongs: move it away"),
        _ => unwritten.of_one(),
    }
}

/// Removes what restores that were killed have left in `top`: nobody holds the lock of such a folder. What another
/// user left, or another restore takes away at this moment, is in nobody's way.
fn sweep(top: &Path) {
    for entry in fs::read_dir(top).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = name
            .as_encoded_bytes()
            .starts_with(FOLDER_PREFIX.as_bytes());
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(folder) = File::open(entry.path()) else {
            continue;
        };
        // Held until it is gone: whoever made it a moment ago finds that out with its lock.
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _kept = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes a folder, and those it is in, for its user alone.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes out the file system that `folder` is on: once for thousands of small files.
#[cfg(target_os = "linux")]
fn sync_all_of(folder: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_all_of(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::restore::tests::source;
    use sessions_client::Source;

    const MAIN: &str = "projects/-src/3f.jsonl";

    fn missing<'a>(root: &Path, source: &'a Source) -> Missing<'a> {
        Missing {
            source,
            base: root.to_owned(),
            length: 5,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_file_is_shown_whole_and_private() {
        let root = tempfile::tempdir().unwrap();
        let main = source(root.path(), MAIN, "transcript", &[5]);
        let staging = Staging::default();
        let mut file = staging.begin(&missing(root.path(), &main)).unwrap();
        file.write(b"hello").unwrap();
        let fetched = Fetched(vec![file.finish(5).unwrap()]);
        staging.sync().await.unwrap();
        let place = root.path().join(MAIN);
        assert!(!place.exists(), "it is not ready");
        let mut restored = Restored::default();
        fetched.publish(&mut restored).unwrap();
        drop(staging);
        assert_eq!((restored.files, restored.bytes), (1, 5));
        assert_eq!(fs::read(&place).unwrap(), b"hello");
        assert_eq!(
            fs::metadata(&place).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(names(&root.path().join("projects")), ["-src"]);
        assert_eq!(names(&root.path().join("projects/-src")), ["3f.jsonl"]);
    }

    #[test]
    fn a_file_that_came_meanwhile_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        let main = source(root.path(), MAIN, "transcript", &[5]);
        let staging = Staging::default();
        let mut file = staging.begin(&missing(root.path(), &main)).unwrap();
        file.write(b"hello").unwrap();
        let place = root.path().join(MAIN);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, "theirs").unwrap();
        let fetched = Fetched(vec![file.finish(5).unwrap()]);
        let mut restored = Restored::default();
        fetched.publish(&mut restored).unwrap();
        assert_eq!((restored.files, &*restored.kept), (0, &[place.clone()][..]));
        assert_eq!(fs::read(&place).unwrap(), b"theirs");
    }

    #[test]
    fn what_a_killed_restore_left_goes_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        let main = source(root.path(), MAIN, "transcript", &[5]);
        let projects = root.path().join("projects");
        let left = projects.join(".sessions-restore-left");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("0.tmp"), "half").unwrap();
        let begin = |staging: &Staging| drop(staging.begin(&missing(root.path(), &main)).unwrap());
        let one = Staging::default();
        begin(&one);
        assert!(!left.exists());
        let two = Staging::default();
        begin(&two);
        assert_eq!(names(&projects).len(), 2, "each has its own");
        drop((one, two));
        assert_eq!(names(&projects), [""; 0]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let main = source(root.path(), MAIN, "transcript", &[5]);
        let staging = Staging::default();
        let mut file = staging.begin(&missing(root.path(), &main)).unwrap();
        file.write(b"hel").unwrap();
        let error = file.finish(5).unwrap_err();
        assert!(error.message.contains("3 of 5 bytes"), "{}", error.message);
        drop(staging);
        assert_eq!(names(&root.path().join("projects")), [""; 0]);
    }
}
