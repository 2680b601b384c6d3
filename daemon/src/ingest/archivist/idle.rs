//! What can wait until there is nothing to read: comparing sources that fell quiet with what is archived
//! of them, packing them, emptying the write-ahead log, copying notes, and looking for missed changes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sessions_archive::ArchiveError;
use sessions_model::{GenerationId, SourceId};

use super::Archivist;
use super::work::Work;
use crate::causes::chain;
use crate::ingest::comparison::{Comparison, Verdict};
use crate::ingest::disk::{SourceFile, is_same};
use crate::ingest::error::LookError;
use crate::ingest::handle::Pace;
use crate::ingest::place::Place;

/// Time between two copies of what the user wrote.
const NOTES_EVERY: Duration = Duration::from_hours(24);
/// Time between two looks for sources that are not packed: what was no time or no room for, and what failed.
const SWEEP_EVERY: Duration = Duration::from_hours(6);

/// What waits, and since when.
#[derive(Debug)]
pub(super) struct Idle {
    data_dir: PathBuf,
    free_bytes_min: u64,
    pace: Pace,
    task: Option<Task>,
    audit_at: Instant,
    notes_at: Instant,
    sweep_at: Instant,
    checkpoint_at: Option<Instant>,
    /// Nothing is packed before that.
    fold_from: Instant,
    /// Changes that only an audit found.
    missed: u64,
}

/// Something that takes several steps.
#[derive(Debug)]
enum Task {
    Compare(Compare),
    Fold { generations: Vec<GenerationId> },
}

#[derive(Debug)]
struct Compare {
    place: Place,
    file: Box<dyn SourceFile>,
    comparison: Comparison,
    /// What to fold if all is the same.
    then_fold: Vec<GenerationId>,
}

impl Idle {
    pub(super) fn new(data_dir: PathBuf, free_bytes_min: u64, now: Instant, pace: &Pace) -> Self {
        Self {
            data_dir,
            free_bytes_min,
            pace: *pace,
            task: None,
            audit_at: now + pace.audit,
            notes_at: now + pace.checkpoint,
            // Whoever ended soon after an import left the packing of it.
            sweep_at: now + pace.rest,
            // Whoever was killed may have left a log, and how much there is untold.
            checkpoint_at: Some(now + pace.checkpoint),
            fold_from: now,
            missed: 0,
        }
    }

    /// Notes that the write-ahead log holds something.
    pub(super) fn note_commit(&mut self, now: Instant) {
        self.checkpoint_at = Some(now + self.pace.checkpoint);
    }

    /// Notes that a source of a backlog was archived.
    pub(super) fn note_backlog(&mut self, now: Instant) {
        self.fold_from = now + self.pace.rest;
    }

    /// Returns when there is something to do, `now` if there is already.
    pub(super) fn next_due(&self, work: &Work, now: Instant) -> Option<Instant> {
        if self.task.is_some() || !work.to_compare.is_empty() {
            return Some(now);
        }
        let dues = [
            Some(self.audit_at),
            Some(self.notes_at),
            Some(self.sweep_at),
            self.checkpoint_at,
            (!work.to_fold.is_empty()).then_some(self.fold_from),
        ];
        dues.into_iter().flatten().min()
    }

    /// Returns the directory of all data.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn has_room(&self) -> bool {
        rustix::fs::statvfs(&self.data_dir)
            .is_ok_and(|found| found.f_bavail.saturating_mul(found.f_frsize) > self.free_bytes_min)
    }
}

impl Archivist {
    /// Does one piece of what can wait.
    pub(super) fn idle_step(&mut self, now: Instant) {
        let done = if let Some(task) = self.idle.task.take() {
            self.go_on(task)
        } else if let Some(place) = self.work.to_compare.pop_front() {
            self.idle.task = self.begin_comparison(place, Vec::new());
            Ok(())
        } else if self.idle.checkpoint_at.is_some_and(|at| at <= now) {
            self.idle.checkpoint_at = None;
            self.work.tail.shrink();
            self.archive.rest().and_then(|()| self.note_growth())
        } else if self.idle.fold_from <= now
            && let Some(place) = self.work.to_fold.pop_front()
        {
            self.begin_fold(&place)
        } else {
            self.do_what_recurs(now)
        };
        if let Err(error) = done {
            self.suspicion.raise_on(&error, &self.reader);
            // Nothing of this is lost by waiting; what fails for good fails in a batch, too, and is
            // a fault then.
            tracing::warn!(error = chain(&error), "work that can wait failed");
        }
    }

    fn do_what_recurs(&mut self, now: Instant) -> Result<(), ArchiveError> {
        if self.idle.audit_at <= now {
            self.idle.audit_at = now + self.idle.pace.audit;
            let missed = self.work.audit();
            self.stir();
            self.idle.missed += missed;
            if missed > 0 {
                tracing::warn!(
                    missed,
                    in_all = self.idle.missed,
                    "changes that events missed"
                );
            }
        } else if self.idle.notes_at <= now {
            self.idle.notes_at = now + NOTES_EVERY;
            self.archive.copy_notes(self.work.clock.now())?;
            self.archive.prune_events(self.work.clock.now())?;
        } else if self.idle.sweep_at <= now {
            self.idle.sweep_at = now + SWEEP_EVERY;
            self.sweep()?;
        }
        Ok(())
    }

    /// Has what is not packed, or not all of it, packed once it has been quiet for long.
    fn sweep(&mut self) -> Result<(), ArchiveError> {
        let unfolded: HashSet<SourceId> = self.reader.unfolded_sources()?.into_iter().collect();
        let known = self.work.known.iter();
        let unfolded: Vec<Place> = known
            .filter(|(_, known)| unfolded.contains(&known.id))
            .map(|(place, _)| place.clone())
            .collect();
        for place in unfolded {
            self.work.await_fold(&place);
        }
        Ok(())
    }

    /// Begins to compare a source that fell quiet, unless it has changed again.
    fn begin_comparison(&mut self, place: Place, then_fold: Vec<GenerationId>) -> Option<Task> {
        let cursor = self.work.known.get(&place)?.cursor?;
        let file = self.work.disk.open(&self.work.roots.locate(&place)).ok()?;
        if !is_same(&file.stat().ok()?, &cursor.stamp) {
            self.work.queue.push(place);
            return None;
        }
        // Written a while ago, it need not be held any more.
        self.work.held.release(&place);
        let comparison = Comparison::new(cursor.generation, cursor.offset);
        Some(Task::Compare(Compare {
            place,
            file,
            comparison,
            then_fold,
        }))
    }

    /// Begins to pack a source that has been quiet for long.
    fn begin_fold(&mut self, place: &Place) -> Result<(), ArchiveError> {
        let Some(known) = self.work.known.get(place) else {
            return Ok(());
        };
        if !self.idle.has_room() || !self.work.is_quiet_for(place, self.idle.pace.fold) {
            return Ok(());
        }
        let generations = self.reader.generations(known.id)?;
        let unfolded = generations
            .iter()
            .filter(|generation| generation.folded < generation.length);
        let generations: Vec<_> = unfolded.map(|generation| generation.id).collect();
        self.idle.task = if generations.is_empty() {
            None
        } else if known.is_gone {
            Some(Task::Fold { generations })
        } else {
            self.begin_comparison(place.clone(), generations)
        };
        Ok(())
    }

    fn go_on(&mut self, task: Task) -> Result<(), ArchiveError> {
        match task {
            Task::Compare(compare) => self.go_on_comparing(compare),
            Task::Fold { generations } => self.go_on_folding(generations),
        }
    }

    fn go_on_comparing(&mut self, mut compare: Compare) -> Result<(), ArchiveError> {
        match compare.comparison.step(&*compare.file, &self.reader) {
            Ok(Verdict::Going) => self.idle.task = Some(Task::Compare(compare)),
            Ok(Verdict::Same) if compare.then_fold.is_empty() => {}
            Ok(Verdict::Same) => {
                self.idle.task = Some(Task::Fold {
                    generations: compare.then_fold,
                });
            }
            // Perhaps the file can mend it: a check finds out.
            Ok(Verdict::Lost { .. }) => self.suspicion.raise(),
            // Either it was edited in place, or it is changing just now.
            Ok(Verdict::Differs { .. } | Verdict::Shorter { .. }) => {
                self.work.queue.push_suspect(compare.place);
            }
            Err(LookError::Read(_)) => self.work.queue.push(compare.place),
            Err(LookError::Archive(error)) => return Err(error),
        }
        Ok(())
    }

    fn go_on_folding(&mut self, mut generations: Vec<GenerationId>) -> Result<(), ArchiveError> {
        let Some(generation) = generations.last() else {
            return Ok(());
        };
        let folded = self.archive.fold(*generation)?;
        self.idle.note_commit(self.work.clock.monotonic());
        if folded.is_done {
            generations.pop();
        }
        if !generations.is_empty() && self.idle.has_room() {
            self.idle.task = Some(Task::Fold { generations });
        }
        Ok(())
    }
}
