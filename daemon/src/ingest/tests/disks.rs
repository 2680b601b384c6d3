//! Disks that do to an archivist what a real one does too rarely to wait for.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sessions_archive::FileStamp;

use crate::ingest::disk::{Disk, SourceFile, SystemDisk};

/// Runs a hook before the first read of a file.
pub(super) struct Hooked<F>(pub(super) Arc<F>);

impl<F> fmt::Debug for Hooked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

impl<F: Fn(&Path) + Send + Sync + 'static> Disk for Hooked<F> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceFile>> {
        let file = SystemDisk.open(path)?;
        let (hook, path) = (Arc::clone(&self.0), path.to_path_buf());
        let hook = Box::new(move || hook(&path));
        Ok(Box::new(HookedFile { file, hook }))
    }
}

struct HookedFile {
    file: Box<dyn SourceFile>,
    hook: Box<dyn Fn() + Send>,
}

impl fmt::Debug for HookedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookedFile")
    }
}

impl SourceFile for HookedFile {
    fn stat(&self) -> io::Result<FileStamp> {
        self.file.stat()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (self.hook)();
        self.file.read_at(buffer, offset)
    }
}

/// Refuses to open paths with this ending while it is locked.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) ending: &'static str,
    pub(super) is_locked: Arc<AtomicBool>,
}

impl Disk for Locked {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceFile>> {
        let is_meant = path.to_string_lossy().ends_with(self.ending);
        if is_meant && self.is_locked.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        SystemDisk.open(path)
    }
}

/// Counts what is opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Counting(pub(super) Arc<AtomicUsize>);

impl Disk for Counting {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceFile>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        SystemDisk.open(path)
    }
}
