//! Puts a damaged archive aside and goes on with what can be read of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sessions_archive::{Archive, ArchiveError};
use sessions_model::Timestamp;

/// The archive's file in its directory.
const FILE: &str = "archive.db";

/// What `SQLite` keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Stands beside an archive that is to be salvaged before it is opened again.
const WANTED: &str = "salvage-wanted";

/// What a salvage came to.
#[derive(Debug)]
pub(crate) struct Lost {
    /// What was kept and what was not, for a person.
    pub(crate) message: String,
    /// Where the damaged file is now.
    pub(crate) kept: PathBuf,
}

/// Has the archive in `dir` salvaged when the daemon starts again.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn want(dir: &Path) -> io::Result<()> {
    fs::write(dir.join(WANTED), "")
}

/// Tells whether the archive in `dir` is to be salvaged. One that was taken away is not.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn is_wanted(dir: &Path) -> Result<bool, SalvageError> {
    if !dir.join(FILE).exists() {
        remove(&dir.join(WANTED))?;
    }
    Ok(dir.join(WANTED).exists())
}

/// Moves the damaged archive in `dir` aside and makes a new one of what can be read.
///
/// # Errors
/// When the directory cannot be written or nothing can be read; the damaged file is there all the same.
pub(crate) fn replace_damaged(dir: &Path, now: Timestamp) -> Result<Lost, SalvageError> {
    let aside = format!("{FILE}.damaged-{}", now.millis());
    let (damaged, kept) = (dir.join(FILE), dir.join(&aside));
    let fresh = dir.join("archive.db.salvaged");
    discard(&fresh)?;
    let salvaged = Archive::salvage(&damaged, &fresh, now)?;
    for suffix in COMPANIONS.into_iter().chain([""]) {
        let from = dir.join(format!("{FILE}{suffix}"));
        if from.exists() {
            rename(&from, &dir.join(format!("{aside}{suffix}")))?;
        }
    }
    rename(&fresh, &damaged)?;
    remove(&dir.join(WANTED))?;
    let message = format!(
        "the archive was damaged: {} frames were kept, {} are lost, in {} places",
        salvaged.blobs_kept,
        salvaged.blobs_lost,
        salvaged.losses.len()
    );
    tracing::error!(%message, "salvaged the archive");
    Ok(Lost { message, kept })
}

/// Why a damaged archive could not be replaced.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// Nothing could be read of it.
    #[error("could not salvage it")]
    Archive(#[from] ArchiveError),
    /// A file could not be moved or removed.
    #[error("could not move {}", path.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn rename(from: &Path, to: &Path) -> Result<(), SalvageError> {
    fs::rename(from, to).map_err(|source| SalvageError::Move {
        path: from.into(),
        source,
    })
}

/// Removes what an interrupted salvage left.
fn discard(fresh: &Path) -> Result<(), SalvageError> {
    for suffix in COMPANIONS.into_iter().chain([""]) {
        let path = PathBuf::from(format!("{}{suffix}", fresh.display()));
        remove(&path)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), SalvageError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SalvageError::Move {
            path: path.into(),
            source: error,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_that_was_taken_away_is_not_salvaged() {
        let dir = tempfile::tempdir().unwrap();
        want(dir.path()).unwrap();
        assert!(!is_wanted(dir.path()).unwrap());
        drop(Archive::open(dir.path(), Timestamp(0)).unwrap());
        assert!(!is_wanted(dir.path()).unwrap());
    }

    #[test]
    fn damaged_archive_is_kept_aside_and_a_readable_one_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp(1_000);
        let mut archive = Archive::open(dir.path(), now).unwrap();
        archive.set_setting("paused", "yes").unwrap();
        drop(archive);
        want(dir.path()).unwrap();
        assert!(is_wanted(dir.path()).unwrap());
        let lost = replace_damaged(dir.path(), now).unwrap();
        assert!(lost.kept.exists());
        assert!(!is_wanted(dir.path()).unwrap(), "once is enough");
        let archive = Archive::open(dir.path(), now).unwrap();
        assert_eq!(archive.setting("paused").unwrap().as_deref(), Some("yes"));
    }
}
