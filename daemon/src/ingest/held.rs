//! Descriptors kept open, so that a file which is unlinked or replaced can still be read to its end.
//!
//! Two sorts: sources that the client may sweep before the scan has come to them, and sources that
//! were written a moment ago. It must not know what is in them.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::disk::{Disk, SourceFile};
use super::place::Place;

/// Most descriptors of sources written recently.
const RECENT_MAX: usize = 64;
/// Most descriptors of endangered sources, where the process may open as many.
const ENDANGERED_MAX: u64 = 4096;
/// Descriptors left to the rest of the process.
const SPARE: u64 = 256;

/// The descriptors.
#[derive(Debug)]
pub(crate) struct Held {
    files: FxHashMap<Place, Box<dyn SourceFile>>,
    recent: VecDeque<Place>,
    endangered_max: usize,
}

/// What opening a source came to.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The file that is there now.
    Current(Box<dyn SourceFile>),
    /// The file that was there before, and is no longer.
    Dead(Box<dyn SourceFile>),
    /// There is none.
    Missing,
}

impl Held {
    pub(crate) fn new() -> Self {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let room = limit
            .unwrap_or(u64::MAX)
            .saturating_sub(SPARE)
            .min(ENDANGERED_MAX);
        Self {
            files: FxHashMap::default(),
            recent: VecDeque::new(),
            endangered_max: usize::try_from(room).unwrap_or(0),
        }
    }

    /// Opens the file at `place`; first the one held for it, if another has taken its name.
    pub(crate) fn open(
        &mut self,
        disk: &dyn Disk,
        place: &Place,
        path: &Path,
    ) -> io::Result<Opened> {
        let found = match disk.open(path) {
            Ok(file) => Some(file),
            Err(error) if is_absence(&error) => None,
            Err(error) => return Err(error),
        };
        Ok(match (found, self.release(place)) {
            (Some(file), Some(old)) if file.stat()?.inode != old.stat()?.inode => Opened::Dead(old),
            (Some(file), _) => Opened::Current(file),
            (None, Some(old)) => Opened::Dead(old),
            (None, None) => Opened::Missing,
        })
    }

    /// Keeps the file of a source that is being written.
    pub(crate) fn keep_recent(&mut self, place: &Place, file: Box<dyn SourceFile>) {
        self.files.insert(place.clone(), file);
        self.recent.retain(|other| other != place);
        self.recent.push_back(place.clone());
        if self.recent.len() > RECENT_MAX
            && let Some(oldest) = self.recent.pop_front()
        {
            self.files.remove(&oldest);
        }
    }

    /// Keeps a file until its source is looked at again.
    pub(crate) fn keep(&mut self, place: &Place, file: Box<dyn SourceFile>) {
        self.files.insert(place.clone(), file);
    }

    /// Opens an endangered source ahead of its turn. Tells whether there is room for more.
    pub(crate) fn hold(&mut self, disk: &dyn Disk, place: &Place, path: &Path) -> bool {
        if self.files.len() >= self.endangered_max {
            return false;
        }
        if !self.files.contains_key(place)
            && let Ok(file) = disk.open(path)
        {
            self.files.insert(place.clone(), file);
        }
        true
    }

    /// Returns the file held for `place`, which is no longer held then.
    pub(crate) fn release(&mut self, place: &Place) -> Option<Box<dyn SourceFile>> {
        self.recent.retain(|other| other != place);
        self.files.remove(place)
    }

    /// Returns the sources written recently.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &Place> {
        self.recent.iter()
    }
}

/// Tells whether an error means that there is no file of that name.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
