//! The archive's file under an archive that is open: whether it still has its name, and how it gets it back.
//!
//! A file that is removed while it is open lives on without a name, and is gone when it is closed. Knows
//! nothing of who removed it, nor whether they meant to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::backup::{Draft, failed};
use crate::error::{During, Result, Step};
use crate::schema;

/// What became of the file that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It has its name.
    Kept,
    /// Nothing has its name.
    Lost,
    /// Another file has its name.
    Taken,
}

/// What tells a file from another of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    /// Looks at the file at `path`; none if there is none.
    pub(crate) fn look(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(Self::of(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[cfg(unix)]
    fn of(found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(found.dev(), found.ino())
    }

    #[cfg(not(unix))]
    fn of(_: &fs::Metadata) -> Self {
        // There a file that is open cannot be removed.
        Self(0, 0)
    }
}

impl Archive {
    /// Says what became of the open file. One look at the file system.
    pub fn place(&self) -> Place {
        match FileId::look(&self.path) {
            Ok(None) => Place::Lost,
            Ok(found) if found != self.file => Place::Taken,
            // What cannot be looked at is no reason to act.
            Ok(_) | Err(_) => Place::Kept,
        }
    }

    /// Writes the open file under its name again, which it has lost, and beside it whose it is. Whoever has it
    /// open writes to the old one still: it has to be opened anew.
    ///
    /// # Errors
    /// When there is no room for it, it cannot be read, or a file has the name now.
    pub fn put_back(&self) -> Result<()> {
        self.write_to(&self.path.clone())?;
        self.note_identity()
    }

    /// Writes the open file beside the other that has its name now; returns where.
    ///
    /// # Errors
    /// When there is no room for it, or it cannot be read.
    pub fn put_beside(&self, now: Timestamp) -> Result<PathBuf> {
        let path = suffixed(&self.path, &format!(".replaced-{}", now.0));
        self.write_to(&path)?;
        Ok(path)
    }

    fn write_to(&self, to: &Path) -> Result<()> {
        let step = || Step::PutBack(to.to_path_buf());
        schema::make_folder(to)?;
        let draft = Draft::begin(to, step)?;
        self.copy_pages(&draft.path).during(step)?;
        // What is left of the old file's log is in the copy.
        for old in [log_of(to), shared_of(to)] {
            match fs::remove_file(old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(to, step)(error));
                }
                _ => {}
            }
        }
        draft.finish(to, step)
    }

    fn copy_pages(&self, to: &Path) -> rusqlite::Result<()> {
        let mut copy = Connection::open(to)?;
        let backup = Backup::new(&self.connection, &mut copy)?;
        match backup.step(-1)? {
            StepResult::Done => Ok(()),
            _ => Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                None,
            )),
        }
    }
}

/// Returns where the write-ahead log of the database at `path` is.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    suffixed(path, "-wal")
}

/// Returns where the shared memory of the database at `path` is.
fn shared_of(path: &Path) -> PathBuf {
    suffixed(path, "-shm")
}

/// Returns the path of a file that is called as the one at `path` is, with more behind it.
pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
