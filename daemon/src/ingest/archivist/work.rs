//! What the archivist knows of the sources, and what it has to look at.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sessions_archive::{ArchiveReader, SourceState, is_lost};
use sessions_model::{Fault, SourceId};
use sessions_transcript::classify;

use super::nameless::Nameless;
use crate::clock::Clock;
use crate::ingest::Excludes;
use crate::ingest::disk::{Disk, SourceFile};
use crate::ingest::error::LookError;
use crate::ingest::faults::{self, About, Faults};
use crate::ingest::handle::{Pace, ScanProgress};
use crate::ingest::held::{Held, is_absence};
use crate::ingest::place::{FOLDERS, Place, Roots};
use crate::ingest::queue::{Queue, delay_after};
use crate::ingest::tail::Tail;
use crate::ingest::timers::{Purpose, Timers};
use crate::ingest::walk::{Block, passed_by, unfollowed};

/// The state of the work.
#[derive(Debug)]
pub(crate) struct Work {
    pub(super) roots: Roots,
    pub(super) excludes: Excludes,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pace: Pace,
    pub(super) disk: Box<dyn Disk>,
    pub(super) tail: Tail,
    /// What the archive has. Boxed: putting them in order moves each many times.
    pub(super) known: BTreeMap<Place, Box<SourceState>>,
    /// What it has of sources whose paths a salvage could not find.
    nameless: Nameless,
    /// Those of them that a file was found for.
    pub(super) adopted: Vec<(Place, SourceId)>,
    pub(super) queue: Queue,
    pub(super) timers: Timers,
    pub(super) held: Held,
    /// Sources to be opened ahead of their turn, the most endangered first.
    pub(super) endangered: VecDeque<Place>,
    /// Sources that have been quiet for long enough to be compared, and to be packed.
    pub(super) to_compare: VecDeque<Place>,
    pub(super) to_fold: VecDeque<Place>,
    pub(super) faults: Faults,
    pub(super) progress: ScanProgress,
    /// Whether the user paused archiving.
    pub(super) is_paused: bool,
    /// Why archiving waits for the user, whether paused or not.
    pub(super) hold: Option<String>,
    backing_off: Option<Instant>,
    /// Until when settings may have changed that say what is not to be read.
    unsure: Option<Instant>,
    failures: u32,
}

impl Work {
    pub(super) fn new(
        roots: Roots,
        excludes: Excludes,
        clock: Arc<dyn Clock>,
        pace: Pace,
        disk: Box<dyn Disk>,
    ) -> Self {
        Self {
            roots,
            excludes,
            clock,
            pace,
            disk,
            tail: Tail::default(),
            known: BTreeMap::new(),
            nameless: Nameless::default(),
            adopted: Vec::new(),
            queue: Queue::default(),
            timers: Timers::default(),
            held: Held::new(),
            endangered: VecDeque::new(),
            to_compare: VecDeque::new(),
            to_fold: VecDeque::new(),
            faults: Faults::default(),
            progress: ScanProgress::default(),
            is_paused: false,
            hold: None,
            backing_off: None,
            unsure: None,
            failures: 0,
        }
    }

    /// Takes what the archive has, of the roots that are watched.
    pub(super) fn take_known(&mut self, sources: Vec<SourceState>) {
        let (mut named, mut nameless) = (Vec::with_capacity(sources.len()), Vec::new());
        for state in sources {
            if is_lost(&state.origin.path) {
                nameless.push(state);
            } else if let Some(root) = self.roots.index_of(state.root) {
                named.push((Place::new(root, &state.origin.path), Box::new(state)));
            }
        }
        self.known = named.into_iter().collect();
        self.nameless = Nameless::new(&nameless);
    }

    /// Tells whether the file at `place`, of which nothing is archived, is a source without a path, and notes
    /// that it is.
    pub(super) fn adopts(
        &mut self,
        place: &Place,
        file: &dyn SourceFile,
        reader: &ArchiveReader,
    ) -> Result<bool, LookError> {
        let is_free = match self.known.get(place) {
            Some(known) => known.cursor.is_none() && reader.generations(known.id)?.is_empty(),
            None => true,
        };
        if !is_free {
            return Ok(false);
        }
        let found = self.nameless.take(file, reader)?;
        self.adopted
            .extend(found.map(|source| (place.clone(), source)));
        Ok(found.is_some())
    }

    /// Takes a hint about a path below a root: a file, a folder, or something that is gone.
    pub(super) fn take_hint(&mut self, root: usize, below: &Path) {
        let Some(below) = below.to_str() else {
            return self.take_unnamed(root, below);
        };
        if self.excludes.has(&self.roots.0[root].path, below) {
            return;
        }
        let place = Place::new(root, below);
        let path = self.roots.locate(&place);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.rescan_folder(&place),
            Ok(metadata) if metadata.is_symlink() => self.take_link(place, &path),
            Err(error) if is_absence(&error) => self.take_absence(place),
            Ok(metadata) => match passed_by(below, metadata.file_type()) {
                Some(block) => {
                    let fault = faults::blocked(&path, &block, self.clock.now());
                    self.faults.note(About::Walked(place), fault);
                }
                None => self.take_file(place),
            },
            // Whatever stands in the way of a look stands in the way of reading, too, and is said then.
            Err(_) => self.take_file(place),
        }
    }

    fn take_file(&mut self, place: Place) {
        if classify(&place.path).is_some() {
            self.faults.clear(&About::Walked(place.clone()));
            self.queue.push(place);
        }
    }

    /// Says that what has such a name is not archived, as long as it is there.
    fn take_unnamed(&mut self, root: usize, below: &Path) {
        let is_utf8 = |path: &&Path| path.to_str().is_some();
        // Of a folder with such a name, not of all that is in it.
        let ancestors: Vec<&Path> = below
            .ancestors()
            .take_while(|path| !is_utf8(path))
            .collect();
        let Some(below) = ancestors.last() else {
            return;
        };
        let place = Place::new(root, &below.to_string_lossy());
        let at = &self.roots.0[root].path;
        let path = at.join(below);
        let is_wanted = FOLDERS.iter().any(|folder| below.starts_with(folder))
            && !self.excludes.has(at, &place.path);
        if is_wanted && fs::symlink_metadata(&path).is_ok() {
            let fault = faults::blocked(&path, &Block::Name, self.clock.now());
            self.faults.note(About::Walked(place), fault);
        } else {
            self.faults.clear(&About::Walked(place));
        }
    }

    fn take_link(&mut self, place: Place, path: &Path) {
        if FOLDERS.contains(&&*place.path) {
            self.rescan_folder(&place);
        } else if let Some(block) = unfollowed(&self.roots.0[place.root].path, &place.path) {
            let fault = faults::blocked(path, &block, self.clock.now());
            self.faults.note(About::Walked(place), fault);
        } else {
            // Under its other name it is archived; what this name held before is gone.
            self.take_absence(place);
        }
    }

    /// Looks at everything that was at this path or below it.
    fn take_absence(&mut self, place: Place) {
        self.faults.clear_walked(place.root, &place.path, &[]);
        let known: Vec<Place> = self.known_below(&place).map(|(it, _)| it.clone()).collect();
        for known in known {
            self.queue.push(known);
        }
        if classify(&place.path).is_some() {
            self.queue.push(place);
        }
    }

    /// Returns what is known at this path or below it, in order.
    pub(super) fn known_below(
        &self,
        folder: &Place,
    ) -> impl Iterator<Item = (&Place, &SourceState)> {
        let at_or_after = (Bound::Included(folder), Bound::Unbounded);
        let is_below = |place: &Place| {
            let rest = place.path.strip_prefix(&*folder.path).unwrap_or_default();
            folder.path.is_empty() || rest.is_empty() || rest.starts_with('/')
        };
        self.known
            .range(at_or_after)
            .map(|(place, state)| (place, &**state))
            .take_while(|(place, _)| place.root == folder.root)
            .take_while(|(place, _)| place.path.starts_with(&*folder.path))
            .filter(move |(place, _)| is_below(place))
    }

    /// Takes the timers and delays that are over.
    pub(super) fn take_due(&mut self, now: Instant) {
        self.queue.wake(now);
        while let Some((place, purpose)) = self.timers.pop(now) {
            match purpose {
                Purpose::FinishLine(size) => self.queue.push_seen(place, size),
                Purpose::ReadAgain => self.queue.push(place),
                Purpose::WalkAgain => self.take_hint(place.root, Path::new(&*place.path)),
                Purpose::Compare => self.to_compare.push_back(place),
                Purpose::Fold => self.to_fold.push_back(place),
            }
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        [self.queue.wakes_at(), self.timers.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Returns why nothing is read, where that is the user's will.
    pub(super) fn rest(&self) -> Option<String> {
        let hold = self.hold.as_ref();
        hold.map(|why| format!("archiving is paused: {why}"))
            .or_else(|| self.is_paused.then(|| "archiving is paused".to_owned()))
    }

    /// Tells whether nothing is to be read.
    pub(super) fn rests(&self) -> bool {
        self.is_paused || self.hold.is_some()
    }

    /// Forgets what was to be done: archiving is paused.
    pub(super) fn drop_all(&mut self) {
        self.progress = ScanProgress::default();
        self.queue.clear();
        self.endangered.clear();
        self.to_compare.clear();
        self.to_fold.clear();
        self.timers = Timers::default();
        self.held = Held::new();
    }

    pub(super) fn back_off(&mut self, fault: Fault) {
        let pause = delay_after(self.failures, self.pace.steady * 10, self.pace.steady_max);
        self.failures += 1;
        self.backing_off = Some(self.clock.monotonic() + pause);
        self.faults.note(About::Archive, fault);
    }

    pub(super) fn end_backing_off(&mut self) {
        self.failures = 0;
        self.backing_off = None;
        self.faults.clear(&About::Archive);
    }

    /// Reads nothing until it is known what a change of the files beside the roots says.
    pub(super) fn heed_beside(&mut self) {
        self.unsure = Some(self.clock.monotonic() + self.pace.beside);
    }

    /// Returns until when nothing is read, if anything stands in the way.
    pub(super) fn backing_off_until(&self, now: Instant) -> Option<Instant> {
        let waits = [self.backing_off, self.unsure].into_iter().flatten();
        waits.filter(|until| *until > now).max()
    }

    pub(super) fn is_backing_off(&self, now: Instant) -> bool {
        self.backing_off_until(now).is_some()
    }
}
