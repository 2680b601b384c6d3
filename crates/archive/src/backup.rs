//! A copy of the whole archive, taken while it is in use and read back before it gets its name.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sessions_model::{Seq, Timestamp};

use crate::archive::Archive;
use crate::cache::FrameCache;
use crate::error::{ArchiveError, ErrorKind, Refusal, Result, Step};
use crate::loss::Loss;
use crate::reader::ArchiveReader;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReceipt {
    /// Bytes of the file.
    pub bytes: u64,
    /// The archive's position it was taken at.
    pub head: Seq,
    /// Sources it holds.
    pub sources: u64,
    /// What was damaged before, and does not read back from the copy either.
    pub losses: Vec<Loss>,
}

impl Archive {
    /// Writes a copy of the archive to `to`; see [`ArchiveReader::backup`].
    ///
    /// # Errors
    /// When `to` exists or cannot be written, the copy lacks what the archive has, or it was broken
    /// off.
    pub fn backup(&self, to: &Path, now: Timestamp) -> Result<BackupReceipt> {
        self.reader()?.backup(to, now)
    }
}

impl ArchiveReader {
    /// Writes a copy of the archive to `to`, which must not exist, and reads it back.
    ///
    /// The writer goes on meanwhile. The name appears when the copy is whole and on disk. Of a damaged
    /// archive it holds every byte that reads back, and the receipt names the others. The write-ahead log
    /// is not emptied meanwhile: it ends when that grows too large, and when it is not wanted (see
    /// [`ArchiveReader::while_wanted`]).
    ///
    /// # Errors
    /// When `to` exists or cannot be written, the copy lacks what the archive has, or it was broken
    /// off.
    pub fn backup(&self, to: &Path, now: Timestamp) -> Result<BackupReceipt> {
        let step = || Step::BackUp(to.to_path_buf());
        let draft = Draft::begin(to, step)?;
        let to_draft = [draft.path.to_string_lossy()];
        let copy = || self.connection.execute("VACUUM INTO ?1", to_draft);
        let copied = self.wanted.hold_log(copy, step);
        match copied {
            Ok(_) => {}
            // What cannot be copied as it is, is copied row by row.
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                draft.remove_old().map_err(failed(to, step))?;
                let mut go_on = |_, _| match self.wanted.check(step) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                Archive::salvage(&self.path, &draft.path, now, &mut go_on)
                    .map_err(|error| self.wanted.explain(error))?;
            }
            Err(error) => return Err(error),
        }
        let receipt = self.check_copy(&draft, now, step)?;
        draft.finish(to, step)?;
        Ok(receipt)
    }

    fn check_copy(
        &self,
        draft: &Draft,
        now: Timestamp,
        step: impl Fn() -> Step,
    ) -> Result<BackupReceipt> {
        let copy = Self::open(&draft.path, FrameCache::default())?;
        let copy = copy.watched(self.wanted.clone())?;
        let mut whole = |_, _| ControlFlow::Continue(());
        let losses = copy.verify(&mut whole)?;
        // A copy may lack what was lost before; it must not lose more.
        if !losses.is_empty() {
            let before = self.verify(&mut whole)?;
            let is_as_before = |loss: &Loss| {
                let holds = |old: &Loss| {
                    old.generation == loss.generation
                        && old.start <= loss.start
                        && loss.end <= old.end
                };
                before.iter().any(holds)
            };
            if !losses.iter().all(is_as_before) {
                return Err(ArchiveError::refused(step(), Refusal::BadCopy));
            }
        }
        Ok(BackupReceipt {
            bytes: copy.database_bytes(),
            head: copy.heads()?.head(),
            sources: copy.usage(now)?.sources,
            losses,
        })
    }
}

/// A file that takes its name when it is whole; gone if it never does.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) path: PathBuf,
}

impl Draft {
    /// Names a draft for `target`, which must not exist, and removes what an earlier attempt left.
    pub(crate) fn begin(target: &Path, step: impl Fn() -> Step) -> Result<Self> {
        if target.try_exists().map_err(failed(target, &step))? {
            return Err(ArchiveError::refused(step(), Refusal::Exists));
        }
        let draft = Self::beside(target);
        draft.remove_old().map_err(failed(target, &step))?;
        Ok(draft)
    }

    /// Gives the draft its name, unless that was taken meanwhile.
    pub(crate) fn finish(self, target: &Path, step: impl Fn() -> Step) -> Result<()> {
        self.publish(target).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ArchiveError::refused(step(), Refusal::Exists),
            _ => failed(target, step)(error),
        })
    }

    /// Names a draft for `target`, in the same folder.
    pub(crate) fn beside(target: &Path) -> Self {
        let mut name = target
            .file_name()
            .map_or_else(OsString::new, OsString::from);
        name.push(".part");
        Self {
            path: target.with_file_name(name),
        }
    }

    /// Removes what an earlier attempt left.
    pub(crate) fn remove_old(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Syncs the draft and gives it its name, unless that is taken.
    pub(crate) fn publish(self, target: &Path) -> io::Result<()> {
        keep_private(&self.path)?;
        File::open(&self.path)?.sync_all()?;
        // A hard link refuses an existing name in one step; not every file system has them.
        match fs::hard_link(&self.path, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if target.try_exists()? => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.path, target)?,
            Ok(()) => {}
        }
        sync_folder(target)
    }
}

/// Says what failed on the file at `path`.
pub(crate) fn failed(path: &Path, step: impl Fn() -> Step) -> impl Fn(io::Error) -> ArchiveError {
    move |source| ArchiveError::File {
        step: step(),
        path: path.to_path_buf(),
        source,
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A draft that stays behind is overwritten by the next attempt.
        drop(self.remove_old());
    }
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a new name in the folder of `path` permanent.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
