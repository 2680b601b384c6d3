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

/// A file under way: beside its place, under another name, removed when dropped before its end.
#[derive(Debug)]
pub(crate) struct WholeFile {
    out: BufWriter<File>,
    partial: PathBuf,
    place: PathBuf,
}

impl WholeFile {
    /// Begins a file that only its user can read.
    pub(crate) fn create(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut partial_name = name.to_owned();
        partial_name.push(format!(".{}.partial", std::process::id()));
        let partial = place.with_file_name(partial_name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        Ok(Self {
            out: BufWriter::new(file),
            partial,
            place: place.to_owned(),
        })
    }

    /// Puts the file in its place once all of it is on disk.
    pub(crate) fn finish(mut self, existing: Existing) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        match existing {
            Existing::Replace => fs::rename(&self.partial, &self.place),
            // Unlike a rename, a link fails where there is a file already; `drop` removes the other name.
            Existing::Keep => fs::hard_link(&self.partial, &self.place),
        }
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
