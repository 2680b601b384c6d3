//! A file that is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is done about a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Replace,
    /// It stays, and the new one is given up.
    Keep,
}

/// A file under way, which is gone when it is dropped before its end.
///
/// It has no name where the system has such files, so that also a process that is killed leaves nothing. Elsewhere
/// it is beside its place, under another one.
#[derive(Debug)]
pub(crate) struct WholeFile {
    out: BufWriter<File>,
    is_nameless: bool,
    partial: PathBuf,
    place: PathBuf,
}

impl WholeFile {
    /// Begins a file that only its user can read.
    pub(crate) fn create(place: &Path) -> io::Result<Self> {
        place.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        // Not after its own name, which may be as long as one can be.
        let partial = place.with_file_name(format!(".sessions-{}.partial", std::process::id()));
        let dir = place.parent().filter(|dir| !dir.as_os_str().is_empty());
        let nameless = nameless::create(dir.unwrap_or(Path::new(".")));
        let is_nameless = nameless.is_some();
        let named = || {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&partial)
        };
        Ok(Self {
            out: BufWriter::new(nameless.map_or_else(named, Ok)?),
            is_nameless,
            partial,
            place: place.to_owned(),
        })
    }

    /// Puts the file in its place once all of it is on disk.
    pub(crate) fn finish(mut self, existing: Existing) -> io::Result<()> {
        self.out.flush()?;
        let file = self.out.get_ref();
        file.sync_all()?;
        match (existing, self.is_nameless) {
            (Existing::Keep, true) => nameless::link(file, &self.place),
            // Unlike a rename, a link fails where there is a file already; `drop` removes the other name.
            (Existing::Keep, false) => fs::hard_link(&self.partial, &self.place),
            (Existing::Replace, is_nameless) => {
                if is_nameless {
                    nameless::link(file, &self.partial)?;
                }
                fs::rename(&self.partial, &self.place)
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    /// Makes a file without a name that only its user can read; none where it could not be given one later.
    pub(super) fn create(dir: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = File::from(open(dir, flags, Mode::RUSR | Mode::WUSR).ok()?);
        address(&file).exists().then_some(file)
    }

    /// Gives it one, unless something has it.
    pub(super) fn link(file: &File, name: &Path) -> io::Result<()> {
        Ok(linkat(
            CWD,
            address(file),
            CWD,
            name,
            AtFlags::SYMLINK_FOLLOW,
        )?)
    }

    fn address(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(not(target_os = "linux"))]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub(super) fn create(_dir: &Path) -> Option<File> {
        None
    }

    pub(super) fn link(_file: &File, _name: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and that is well.
        drop(fs::remove_file(&self.partial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let name =
            |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(dir).unwrap().map(name).collect()
    }

    #[test]
    fn file_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("a.md");
        let mut file = WholeFile::create(&place).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!place.exists());
        if cfg!(target_os = "linux") {
            assert_eq!(
                names(dir.path()),
                [""; 0],
                "whoever is killed now leaves nothing"
            );
        }
        drop(file);
        assert_eq!(names(dir.path()), [""; 0]);
        let mut file = WholeFile::create(&place).unwrap();
        file.write_all(b"whole").unwrap();
        file.finish(Existing::Replace).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(names(dir.path()), ["a.md"]);
    }

    #[test]
    fn file_that_is_there_is_kept_where_it_must_be() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("backup.db");
        fs::write(&place, b"old").unwrap();
        let mut file = WholeFile::create(&place).unwrap();
        file.write_all(b"new").unwrap();
        let error = file.finish(Existing::Keep).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&place).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["backup.db"]);
    }
}
