//! Opening and reading files of a config root, for reading alone. It must not know what is in them.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use sessions_archive::FileStamp;

/// Opens sources. Tests put a hook in its place that changes the file in mid-read.
pub(crate) trait Disk: fmt::Debug + Send {
    /// Opens a regular file, never through a link in the last part of its path.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceFile>>;
}

/// One open file.
pub(crate) trait SourceFile: fmt::Debug + Send {
    /// Returns how the file looks now.
    fn stat(&self) -> io::Result<FileStamp>;

    /// Reads into `buffer` from `offset`; fewer bytes than it holds only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// The real disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemDisk;

impl Disk for SystemDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceFile>> {
        // Not blocking: a named pipe would hold us until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            Ok(Box::new(file))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ))
        }
    }
}

impl SourceFile for File {
    fn stat(&self) -> io::Result<FileStamp> {
        Ok(stamp(&self.metadata()?))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            match FileExt::read_at(self, &mut buffer[count..], offset + count as u64) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }
}

/// Returns the stamp that `metadata` amounts to.
pub(crate) fn stamp(metadata: &Metadata) -> FileStamp {
    FileStamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
            + i128::from(metadata.mtime_nsec()),
    }
}

/// Tells whether two stamps are of one unchanged file. The device is left out: its number may
/// change with a reboot.
pub(crate) fn is_same(one: &FileStamp, other: &FileStamp) -> bool {
    (one.inode, one.size, one.modified_ns) == (other.inode, other.size, other.modified_ns)
}
