//! Mending: what of the archive does not read back is put back from the files it came from.
//!
//! Where a file no longer holds those bytes, the loss is noted, and what the file holds instead is
//! archived beside it.

use std::ops::Range;

use sessions_archive::{ArchiveError, Loss};
use sessions_model::SourceId;
use sessions_transcript::classify;

use super::Archivist;
use super::work::Work;
use crate::causes::chain;
use crate::ingest::disk::SourceFile;
use crate::ingest::faults::About;
use crate::ingest::place::Place;

impl Archivist {
    /// Puts back what the files on disk have of `losses`; returns what stays lost.
    pub(super) fn mend(&mut self, losses: &[Loss]) -> Result<Vec<Loss>, ArchiveError> {
        let now = self.work.clock.now();
        let mut left = Vec::new();
        for loss in losses {
            let place = self.work.place_of(loss.source);
            let file = place
                .as_ref()
                .and_then(|place| self.work.open_to_mend(place));
            // Without a file, too: what was equal to it may have been archived again since.
            let mut copy = |range| file.as_deref().and_then(|file| read(file, range));
            let mended = self.archive.mend(loss, &mut copy, now)?;
            if let Some(heads) = mended.heads {
                self.heads.send_replace(heads);
            }
            if !mended.left.is_empty() {
                left.extend(mended.left);
                if let Some(place) = place.filter(|_| file.is_some()) {
                    self.work.queue.push_suspect(place);
                }
            }
        }
        // While archiving is paused, no file was asked.
        if !self.work.is_paused {
            self.archive.record_losses(&left, now)?;
        }
        Ok(left)
    }

    /// Mends what a salvage left to be found again: sources that have no cursor since.
    pub(super) fn mend_salvaged(&mut self) {
        let mended = self.lost_of_salvage().and_then(|lost| {
            if !lost.is_empty() {
                let left = self.mend(&lost)?;
                tracing::info!(
                    lost = lost.len(),
                    left = left.len(),
                    "mended what was salvaged"
                );
            }
            Ok(())
        });
        if let Err(error) = mended {
            tracing::warn!(error = chain(&error), "what was lost could not be mended");
        }
    }

    /// Gives the sources their paths that files were found for, and puts back what these have of them.
    pub(super) fn take_adopted(&mut self) {
        let adopted = std::mem::take(&mut self.work.adopted);
        let merges = adopted
            .iter()
            .any(|(place, _)| self.work.known.contains_key(place));
        for (place, lost) in adopted {
            if let Err(error) = self.take_in(&place, lost) {
                tracing::warn!(error = chain(&error), "a source stays without its path");
            }
            self.work.queue.push(place);
        }
        // Two that are one now are no loss, unless there was one before.
        if merges
            && !self.work.faults.has(&About::Held)
            && let Err(error) = self.archive.note_held()
        {
            tracing::warn!(error = chain(&error), "how much is held is not noted");
        }
    }

    fn take_in(&mut self, place: &Place, lost: SourceId) -> Result<(), ArchiveError> {
        let Some(origin) = classify(&place.path) else {
            return Ok(());
        };
        let known = self.work.known.get(place).map(|known| known.id);
        let mut transaction = self.archive.begin(self.work.clock.now())?;
        match known {
            Some(known) => transaction.merge_source(lost, known)?,
            None => transaction.adopt_source(lost, self.work.roots.0[place.root].id, &origin)?,
        }
        self.heads.send_replace(transaction.commit()?);
        let id = known.unwrap_or(lost);
        let Some(state) = self.reader.source(id)? else {
            return Ok(());
        };
        self.work.known.insert(place.clone(), Box::new(state));
        let losses = self.reader.losses_of(id)?;
        self.mend(&losses).map(drop)
    }

    fn lost_of_salvage(&self) -> Result<Vec<Loss>, ArchiveError> {
        let sources: Vec<SourceId> = self
            .work
            .known
            .values()
            .filter(|known| known.cursor.is_none())
            .map(|known| known.id)
            .collect();
        let mut lost = Vec::new();
        for source in sources {
            lost.extend(self.reader.losses_of(source)?);
        }
        Ok(lost)
    }
}

impl Work {
    fn place_of(&self, source: SourceId) -> Option<Place> {
        let mut known = self.known.iter();
        known
            .find(|(_, state)| state.id == source)
            .map(|(place, _)| place.clone())
    }

    /// Opens a source's file, unless it is not to be read.
    fn open_to_mend(&self, place: &Place) -> Option<Box<dyn SourceFile>> {
        let root = &self.roots.0[place.root].path;
        if self.is_paused || self.excludes.has(root, &place.path) {
            return None;
        }
        self.disk.open(&self.roots.locate(place)).ok()
    }
}

pub(super) fn read(file: &dyn SourceFile, range: Range<u64>) -> Option<Vec<u8>> {
    let length = usize::try_from(range.end - range.start).ok()?;
    let mut bytes = vec![0; length];
    let count = file.read_at(&mut bytes, range.start).ok()?;
    (count == length).then_some(bytes)
}
