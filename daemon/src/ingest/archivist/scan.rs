//! Walks roots and queues what differs from the archive: at the start, where events were lost, and now
//! and then to find what they missed. A file whose stamp is the archived one is not opened.

use std::path::Path;

use sessions_archive::{FileStamp, SourceState};
use sessions_transcript::classify;
use sessions_watch::{RootIndex, Watcher};

use super::work::Work;
use crate::ingest::disk::is_same;
use crate::ingest::faults::{self, About};
use crate::ingest::handle::ScanProgress;
use crate::ingest::place::Place;
use crate::ingest::queue::Job;
use crate::ingest::retention::Retention;
use crate::ingest::timers::Purpose;
use crate::ingest::walk::{Block, Tree, Walk, walk_folder, walk_root};

/// Files of a known root that may have changed while nobody watched for a search to wait for them.
const NEWS_FILES_MAX: usize = 64;

/// Bytes that they may have.
const NEWS_BYTES_MAX: u64 = 16 << 20;

/// What a walk found to be done.
#[derive(Debug, Default)]
struct Findings {
    /// Files that differ from what is archived.
    changed: Vec<(Place, FileStamp)>,
    /// Sources that are missing, and were not before.
    missing: Vec<Place>,
    /// Sources and bytes that are archived as they are.
    settled: ScanProgress,
}

impl Work {
    /// Queues everything that is not archived, as a backlog: what may be swept next first, then the
    /// newest. What little changed in a known root is news instead. Each folder is listed once it is covered.
    pub(super) fn scan_roots(&mut self, watcher: &Watcher) {
        self.progress = ScanProgress::default();
        let mut endangered = Vec::new();
        let mut others = Vec::new();
        for root in 0..self.roots.0.len() {
            let path = self.roots.0[root].path.clone();
            let retention = Retention::read(&path);
            let until_covered =
                |below: &str| watcher.wait_until_covered(RootIndex(root), Path::new(below));
            let is_new = !self.known.keys().any(|place| place.root == root);
            let found = self.look_through_once(root, "", &until_covered);
            if !is_new && self.is_news(&found) {
                self.count_news(&found);
                self.queue_live(found);
                continue;
            }
            for (place, stamp) in found.changed {
                let is_endangered = retention.endangers(&stamp, self.clock.now());
                let list = if is_endangered {
                    &mut endangered
                } else {
                    &mut others
                };
                list.push((place, stamp));
            }
            self.progress.sources_total += found.missing.len() as u64;
            let gone = found
                .missing
                .into_iter()
                .map(|place| Job::of_scan(place, 0));
            self.queue.extend_backlog(gone);
            add(&mut self.progress, &found.settled);
        }
        endangered.sort_by_key(|(_, stamp)| stamp.modified_ns);
        others.sort_by_key(|(_, stamp)| std::cmp::Reverse(stamp.modified_ns));
        self.endangered
            .extend(endangered.iter().map(|(place, _)| place.clone()));
        self.open_ahead();
        self.queue_backlog(endangered.into_iter().chain(others));
        self.progress.is_listed = true;
    }

    /// Looks through a root again: events were lost, or it appeared.
    pub(super) fn rescan(&mut self, root: usize) {
        let is_new = !self.known.keys().any(|place| place.root == root);
        let found = self.look_through(root, "");
        if is_new {
            let mut changed = found.changed;
            changed.sort_by_key(|(_, stamp)| std::cmp::Reverse(stamp.modified_ns));
            self.queue_backlog(changed);
        } else {
            self.queue_live(found);
        }
    }

    /// Looks through a folder that appeared or changed.
    pub(super) fn rescan_folder(&mut self, folder: &Place) {
        let found = self.look_through(folder.root, &folder.path);
        self.queue_live(found);
    }

    /// Looks through every root for what events missed, and returns how much that was.
    pub(super) fn audit(&mut self) -> u64 {
        let mut missed = 0;
        for root in 0..self.roots.0.len() {
            let found = self.look_through(root, "");
            missed += (found.changed.len() + found.missing.len()) as u64;
            self.queue_live(found);
        }
        missed
    }

    /// Returns the sources that are held open alone.
    pub(super) fn unlinked(&self) -> Vec<Place> {
        self.held.unlinked(&*self.disk, &self.roots)
    }

    /// Opens sources that may be swept before their turn comes.
    pub(super) fn open_ahead(&mut self) {
        while let Some(place) = self.endangered.front() {
            let path = self.roots.locate(place);
            if !self.held.hold(&*self.disk, place, &path) {
                return;
            }
            self.endangered.pop_front();
        }
    }

    fn is_news(&self, found: &Findings) -> bool {
        let bytes = found.changed.iter();
        let bytes = bytes.map(|(place, stamp)| stamp.size - self.archived_of(place, stamp));
        found.changed.len() + found.missing.len() <= NEWS_FILES_MAX
            && bytes.sum::<u64>() <= NEWS_BYTES_MAX
    }

    /// Counts for archived what will be in a moment.
    fn count_news(&mut self, found: &Findings) {
        let sources = (found.changed.len() + found.missing.len()) as u64;
        let bytes = found.changed.iter().map(|(_, stamp)| stamp.size).sum();
        let news = ScanProgress {
            sources_done: sources,
            sources_total: sources,
            bytes_done: bytes,
            bytes_total: bytes,
            ..ScanProgress::default()
        };
        add(&mut self.progress, &news);
        add(&mut self.progress, &found.settled);
    }

    /// Returns how many bytes of a file that looks like this are archived, at most.
    fn archived_of(&self, place: &Place, stamp: &FileStamp) -> u64 {
        let cursor = self.known.get(place).and_then(|known| known.cursor);
        cursor.map_or(0, |cursor| cursor.offset.0).min(stamp.size)
    }

    fn queue_live(&mut self, found: Findings) {
        let changed = found.changed.into_iter().map(|(place, _)| place);
        for place in changed.chain(found.missing) {
            self.queue.push(place);
        }
    }

    fn queue_backlog(&mut self, found: impl IntoIterator<Item = (Place, FileStamp)>) {
        let jobs: Vec<Job> = found
            .into_iter()
            .map(|(place, stamp)| {
                let archived = self.archived_of(&place, &stamp);
                self.progress.sources_total += 1;
                self.progress.bytes_total += stamp.size;
                self.progress.bytes_done += archived;
                Job::of_scan(place, stamp.size - archived)
            })
            .collect();
        self.queue.extend_backlog(jobs);
    }

    /// Looks through a folder that is covered.
    fn look_through(&mut self, root: usize, below: &str) -> Findings {
        self.look_through_once(root, below, &|_| ())
    }

    /// Looks through a folder, each in it once `before` has returned.
    fn look_through_once(&mut self, root: usize, below: &str, before: &dyn Fn(&str)) -> Findings {
        let path = self.roots.0[root].path.clone();
        if !path.is_dir() {
            let fault = faults::missing_root(&path, self.clock.now());
            self.faults.note(About::Root(root), fault);
            return Findings::default();
        }
        self.faults.clear(&About::Root(root));
        let tree = Tree {
            root: &path,
            before,
        };
        let walk = if below.is_empty() {
            walk_root(tree)
        } else {
            walk_folder(tree, below)
        };
        self.note_blocked(root, below, &path, &walk);
        let mut found = Findings::default();
        let mut seen = Vec::new();
        for (below, stamp) in &walk.files {
            let place = Place::new(root, below);
            let known = self.known.get(&place).map(Box::as_ref);
            if known.is_none() && classify(below).is_none() || self.excludes.has(&path, below) {
                continue;
            }
            if is_archived(known, stamp) {
                found.settled.sources_done += 1;
                found.settled.sources_total += 1;
                found.settled.bytes_done += stamp.size;
                found.settled.bytes_total += stamp.size;
            } else if !self.queue.has(&place) {
                found.changed.push((place.clone(), *stamp));
            }
            seen.push(place);
        }
        seen.sort();
        let mut seen = seen.iter().peekable();
        let folder = Place::new(root, below);
        for (place, known) in self.known_below(&folder) {
            while seen.next_if(|seen| *seen < place).is_some() {}
            if !known.is_gone
                && seen.peek() != Some(&place)
                && !walk.is_blind_to(&place.path)
                && !self.excludes.has(&path, &place.path)
            {
                found.missing.push(place.clone());
            }
        }
        found
    }

    fn note_blocked(&mut self, root: usize, below: &str, path: &Path, walk: &Walk) {
        let now = self.clock.now();
        let blocked = walk.blocked.iter();
        let wanted = blocked.filter(|(blocked, _)| !self.excludes.has(path, blocked));
        let (places, reasons): (Vec<Place>, Vec<&Block>) = wanted
            .map(|(blocked, why)| (Place::new(root, blocked), why))
            .unzip();
        self.faults.clear_walked(root, below, &places);
        for (place, why) in places.into_iter().zip(reasons) {
            let fault = match &*place.path {
                "" => faults::blocked(path, why, now),
                below => faults::blocked(&path.join(below), why, now),
            };
            if matches!(why, Block::Unreadable(_)) {
                let again = self.clock.monotonic() + self.pace.unreadable;
                self.timers.set(&place, Purpose::WalkAgain, again);
            }
            self.faults.note(About::Walked(place), fault);
        }
    }
}

/// Tells whether a file that looks like this is archived whole.
fn is_archived(known: Option<&SourceState>, stamp: &FileStamp) -> bool {
    let Some(known) = known else {
        // Nothing of an empty file is missing.
        return stamp.size == 0;
    };
    let is_current = |cursor: &sessions_archive::Cursor| {
        is_same(&cursor.stamp, stamp) && cursor.offset.0 == stamp.size
    };
    !known.is_gone && known.cursor.as_ref().is_some_and(is_current)
}

fn add(sum: &mut ScanProgress, more: &ScanProgress) {
    sum.sources_done += more.sources_done;
    sum.sources_total += more.sources_total;
    sum.bytes_done += more.bytes_done;
    sum.bytes_total += more.bytes_total;
}
