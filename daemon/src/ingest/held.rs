//! Descriptors kept open, so that a file which is unlinked or replaced can still be read to its end.
//!
//! Two sorts: sources that the client may sweep before the scan has come to them, and sources that
//! were written a moment ago. It must not know what is in them.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use rustc_hash::FxHashMap;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::disk::{Disk, SourceFile};
use super::place::{Place, Roots};

/// Most descriptors of sources written recently.
const RECENT_MAX: usize = 64;
/// Most descriptors of endangered sources, where the system lets us open as many.
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
    /// Holds nothing yet; sees that the process may open enough.
    pub(crate) fn new() -> Self {
        Self {
            files: FxHashMap::default(),
            recent: VecDeque::new(),
            endangered_max: usize::try_from(raise_limit().saturating_sub(SPARE)).unwrap_or(0),
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

    /// Returns the sources whose file has its name no more: whoever lets go of it loses it.
    pub(crate) fn unlinked(&self, disk: &dyn Disk, roots: &Roots) -> Vec<Place> {
        let inode = |file: &dyn SourceFile| file.stat().ok().map(|stamp| stamp.inode);
        let is_unlinked = |place: &Place, file: &dyn SourceFile| {
            let named = disk.open(&roots.locate(place));
            named.ok().and_then(|named| inode(&*named)) != inode(file)
        };
        let files = self.files.iter();
        let unlinked = files.filter(|(place, file)| is_unlinked(place, &***file));
        unlinked.map(|(place, _)| place.clone()).collect()
    }

    /// Returns the sources written recently.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &Place> {
        self.recent.iter()
    }
}

/// Raises this process's limit on open files to what we need of it, and returns it.
fn raise_limit() -> u64 {
    let wanted = ENDANGERED_MAX + SPARE;
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = wanted.min(limit.maximum.unwrap_or(u64::MAX));
    if current >= raised {
        return current.min(wanted);
    }
    match setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(raised),
            ..limit
        },
    ) {
        Ok(()) => raised,
        Err(error) => {
            tracing::debug!(%error, current, "the limit on open files stays");
            current
        }
    }
}

/// Tells whether an error means that there is no file of that name.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
