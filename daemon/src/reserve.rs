//! Space that is set aside, so that a start on a full disk can open what is there and answer from it.
//!
//! A database cannot even be read without a few pages of new files beside it. Knows nothing of what they are.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

/// Bytes set aside: several times what opening takes.
const BYTES: u64 = 1 << 20;

/// A file that holds nothing but its place.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Sets space aside in `dir`, or gives it back if the disk is full by now.
    pub(crate) fn settle(dir: &Path) -> Self {
        let reserve = Self {
            path: dir.join("reserve"),
        };
        let free = rustix::fs::statvfs(dir).map(|stat| stat.f_bavail * stat.f_frsize);
        reserve.settle_for(free.unwrap_or_default());
        reserve
    }

    fn settle_for(&self, free: u64) {
        if free < BYTES {
            // One that is not there gives nothing back.
            let _missing = fs::remove_file(&self.path);
        } else {
            self.hold();
        }
    }

    /// Sets the space aside for the next start, as far as there is any.
    pub(crate) fn hold(&self) {
        let is_held = fs::symlink_metadata(&self.path).is_ok_and(|held| held.len() >= BYTES);
        if is_held {
            return;
        }
        if let Err(error) = self.make() {
            tracing::debug!(%error, "no space could be set aside");
            let _missing = fs::remove_file(&self.path);
        }
    }

    fn make(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::create_new(&self.path)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, BYTES) {
            // Not every file system can promise space; what is written has it.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                io::copy(&mut io::Read::take(io::repeat(1), BYTES), &mut file)?;
                file.flush()
            }
            made => Ok(made?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn space_is_set_aside_while_there_is_some_and_given_back_when_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::settle(dir.path());
        let held = fs::metadata(&reserve.path).unwrap();
        assert_eq!(held.len(), BYTES);
        assert!(held.blocks() * 512 >= BYTES, "its place is taken");
        reserve.settle_for(BYTES - 1);
        assert!(!reserve.path.exists());
        reserve.settle_for(0);
        fs::write(&reserve.path, "cut short").unwrap();
        reserve.hold();
        assert_eq!(fs::metadata(&reserve.path).unwrap().len(), BYTES);
    }
}
