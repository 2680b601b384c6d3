//! Puts a damaged archive aside and goes on with what can be read of it.

mod account;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sessions_archive::{Archive, ArchiveError, Held, Presence};
use sessions_model::Timestamp;

use account::Account;
pub(crate) use account::{describe, size};

/// The archive's file in its directory.
pub(crate) const FILE: &str = "archive.db";

/// What `SQLite` keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Stands beside an archive that is to be salvaged before it is opened again.
const WANTED: &str = "salvage-wanted";

/// What stands between the archive's name and the time in the name of a damaged one.
const DAMAGED: &str = ".damaged-";

/// What stands there in the name of one whose file was replaced while it was in use.
const REPLACED: &str = ".replaced-";

/// An archive that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    path: PathBuf,
    is_replaced: bool,
    bytes: u64,
    /// What a salvage made of it.
    account: Option<Account>,
    /// When it was put aside.
    pub(crate) since: Timestamp,
}

impl Kept {
    /// Says what happened and what became of it, `lost` places being known to be lost.
    pub(crate) fn message(&self, lost: usize) -> String {
        let path = self.path.display();
        if self.is_replaced {
            return format!(
                "archive.db was replaced while it was in use: what was in use is kept as {path}"
            );
        }
        let unnamed = self.account.as_ref().and_then(Account::unnamed);
        if self.is_empty() {
            let unnamed = unnamed.map_or_else(String::new, |unnamed| format!("; {unnamed}"));
            return format!(
                "archive.db was missing or empty, though there was an archive before: a new one was \
                 begun with what the user wrote, and what was found is kept as {path}{unnamed}"
            );
        }
        let lost = match lost {
            0 if unnamed.is_some() => "what is lost has no name any more".to_owned(),
            0 => "nothing is known to be lost".to_owned(),
            lost => format!("{} known to be lost", places(lost)),
        };
        let unnamed = unnamed.map_or_else(String::new, |unnamed| format!("{unnamed}; "));
        format!(
            "the archive's database was damaged, and a new one was made of all that could be read; \
             {unnamed}{lost}; the damaged file ({}) is kept as {path}",
            size(self.bytes)
        )
    }

    /// Says what an archive that holds so much `now` lacks of what this one held.
    pub(crate) fn missing(&self, now: &Held) -> Option<String> {
        self.account.as_ref()?.missing(now)
    }

    /// Says what to do about it.
    pub(crate) fn hint(&self) -> String {
        let first = if self.is_replaced {
            "\"sessions status\" says what the one in its place holds; if the other is wanted, stop the \
             daemon and give it the name archive.db"
        } else if self.is_empty() {
            "what is still on disk is archived again by itself; for the rest, stop the daemon and put a \
             backup in the place of archive.db"
        } else {
            "\"sessions verify\" lists what is lost and puts back what is still on disk; a backup may \
             have more"
        };
        let path = self.path.display();
        format!("{first}; once nothing is missed: rm '{path}'*")
    }

    fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// Counts places of the archive: `1 place is`, `3 places are`.
pub(crate) fn places(count: usize) -> String {
    match count {
        1 => "1 place is".to_owned(),
        count => format!("{count} places are"),
    }
}

/// Returns the damaged archives that were put aside in `dir`, the oldest first.
pub(crate) fn kept(dir: &Path) -> Vec<Kept> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut kept: Vec<Kept> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let after = name.to_str()?.strip_prefix(FILE)?;
            let replaced = after.strip_prefix(REPLACED);
            let millis = replaced.or_else(|| after.strip_prefix(DAMAGED))?.parse();
            Some(Kept {
                path: entry.path(),
                is_replaced: replaced.is_some(),
                bytes: entry.metadata().ok()?.len(),
                account: Account::read(&entry.path()),
                since: Timestamp(millis.ok()?),
            })
        })
        .collect();
    kept.sort_unstable_by_key(|kept| kept.since);
    kept
}

/// Opens the archive in `dir`. A damaged one is salvaged first, and so is one that has vanished: what the
/// user wrote is kept beside it. `progress` is told the bytes done and in all; a salvage that it stops
/// leaves everything as it is.
///
/// # Errors
/// When it cannot be opened, or cannot be salvaged.
pub(crate) fn open(
    dir: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Archive, SalvageError> {
    let is_replaced = if let Presence::Vanished(expected) = Archive::presence(dir) {
        tracing::error!(%expected, "archive.db is missing or empty, though there was an archive");
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(dir.join(FILE))
            .map_err(moving(&dir.join(FILE)))?;
        true
    } else {
        is_wanted(dir)?
    };
    if !is_replaced {
        return Ok(Archive::open(dir, now)?);
    }
    replace_damaged(dir, now, progress)?;
    let archive = Archive::open(dir, now)?;
    // What it lacks is told by the account of the salvage.
    archive.note_held()?;
    Ok(archive)
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
fn replace_damaged(
    dir: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), SalvageError> {
    let aside = format!("{FILE}{DAMAGED}{}", now.millis());
    let damaged = dir.join(FILE);
    let fresh = dir.join("archive.db.salvaged");
    discard(&fresh)?;
    let salvaged = Archive::salvage(&damaged, &fresh, now, progress)?;
    let put_aside = dir.join(&aside);
    Account::of(&salvaged)
        .write(&put_aside)
        .map_err(moving(&put_aside))?;
    for suffix in COMPANIONS.into_iter().chain([""]) {
        let from = dir.join(format!("{FILE}{suffix}"));
        if from.exists() {
            rename(&from, &dir.join(format!("{aside}{suffix}")))?;
        }
    }
    rename(&fresh, &damaged)?;
    remove(&dir.join(WANTED))?;
    tracing::error!(
        frames_kept = salvaged.blobs_kept,
        frames_lost = salvaged.blobs_lost,
        places_lost = salvaged.losses.len(),
        before = ?salvaged.before,
        after = ?salvaged.after,
        aside,
        "salvaged the archive"
    );
    Ok(())
}

/// Why an archive could not be opened, nor a damaged one be replaced.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// It cannot be opened, or nothing can be read of it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file could not be made, moved or removed.
    #[error("could not write {}", path.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn rename(from: &Path, to: &Path) -> Result<(), SalvageError> {
    fs::rename(from, to).map_err(moving(from))
}

fn moving(path: &Path) -> impl FnOnce(io::Error) -> SalvageError {
    let path = path.to_path_buf();
    move |source| SalvageError::Move { path, source }
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
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(moving(path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go_on(_: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

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
        let archive = open(dir.path(), now, &mut go_on).unwrap();
        let kept = kept(dir.path());
        assert_eq!(kept.len(), 1);
        assert!(kept[0].since == now && kept[0].bytes > 0, "{kept:?}");
        assert!(kept[0].hint().contains(".damaged-1000"), "{kept:?}");
        assert!(!is_wanted(dir.path()).unwrap(), "once is enough");
        assert_eq!(archive.setting("paused").unwrap().as_deref(), Some("yes"));
    }

    #[test]
    fn what_was_put_aside_says_what_is_lost_what_is_kept_and_what_to_do() {
        let kept = |bytes| Kept {
            is_replaced: false,
            path: PathBuf::from("/a/archive.db.damaged-1"),
            bytes,
            account: None,
            since: Timestamp(1),
        };
        let check = |lost, expect: &str| {
            let message = kept(5_000_000).message(lost);
            assert!(message.contains(expect), "{message}");
            assert!(
                message.ends_with("(5 MB) is kept as /a/archive.db.damaged-1"),
                "{message}"
            );
        };
        check(0, "; nothing is known to be lost; ");
        check(1, "; 1 place is known to be lost; ");
        check(7, "; 7 places are known to be lost; ");
        assert!(kept(1).hint().starts_with("\"sessions verify\" lists"));
        // An emptied archive names no place: there is nothing that verify could list.
        assert!(!kept(0).hint().contains("verify"), "{}", kept(0).hint());
        assert!(kept(0).hint().ends_with("rm '/a/archive.db.damaged-1'*"));
    }

    #[test]
    fn an_archive_that_vanished_is_said_and_what_the_user_wrote_comes_back() {
        for leave in [&b""[..], b"gone"] {
            let dir = tempfile::tempdir().unwrap();
            let now = Timestamp(1_000);
            let mut archive = Archive::open(dir.path(), now).unwrap();
            let device = archive.device();
            archive.set_setting("paused", "yes").unwrap();
            archive.copy_notes(now).unwrap();
            drop(archive);
            let file = dir.path().join(FILE);
            match leave {
                b"" => fs::write(&file, "").unwrap(),
                _ => fs::remove_file(&file).unwrap(),
            }
            let archive = open(dir.path(), now, &mut go_on).unwrap();
            assert_eq!(archive.setting("paused").unwrap().as_deref(), Some("yes"));
            assert_eq!(archive.device(), device);
            let kept = kept(dir.path());
            assert!(kept[0].message(0).contains("missing or empty"), "{kept:?}");
        }
    }

    #[test]
    fn a_salvage_that_is_stopped_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp(1_000);
        let archive = Archive::open(dir.path(), now).unwrap();
        let id = archive.id();
        drop(archive);
        want(dir.path()).unwrap();
        open(dir.path(), now, &mut |_, _| ControlFlow::Break(())).unwrap_err();
        assert!(is_wanted(dir.path()).unwrap() && kept(dir.path()).is_empty());
        assert_eq!(Archive::open(dir.path(), now).unwrap().id(), id);
    }
}
