//! A batch: passes over some sources, written in one transaction.
//!
//! Invariant: what is known of a source moves only after the commit that moved its cursor.

use rustc_hash::FxHashSet;
use sessions_archive::{
    ArchiveError, ArchiveReader, ErrorKind, Heads, Lane, SourceState, Transaction,
};
use sessions_model::Origin;
use sessions_transcript::classify;

use super::Archivist;
use super::work::Work;
use crate::ingest::disk::SourceFile;
use crate::ingest::error::LookError;
use crate::ingest::faults::About;
use crate::ingest::held::Opened;
use crate::ingest::place::Place;
use crate::ingest::queue::{Job, delay_after};
use crate::ingest::tail::{PASS_BYTES_MAX, Rest};
use crate::ingest::visit::{Draft, Patience, Subject, Target, Visit, visit};

/// Bytes after which a batch is committed. A live pass may go beyond: how much it finds is not known.
const BATCH_BYTES_MAX: u64 = PASS_BYTES_MAX;
/// Sources after which a batch is committed, so that hints are heard.
const BATCH_JOBS_MAX: usize = 256;
/// How often a file that nobody can reach any more is tried.
const DEAD_TRIES_MAX: u32 = 5;

/// Whether a file still has the name it was opened by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Current,
    Dead,
}

/// What one transaction is about.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Written, in order.
    pub(super) written: Vec<Written>,
    places: FxHashSet<Place>,
    bytes: u64,
    jobs: usize,
}

/// One source's part of a batch.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) job: Job,
    /// None until it is in the transaction.
    pub(super) state: Option<SourceState>,
    /// The file, unless it is gone.
    pub(super) file: Option<Box<dyn SourceFile>>,
    pub(super) is_dead: bool,
    pub(super) rest: Rest,
    pub(super) bytes: u64,
}

impl Written {
    fn is_backlog(&self) -> bool {
        self.job.lane == Lane::Backlog
    }
}

/// What is to be written about a source.
#[derive(Debug)]
enum Found {
    /// Nothing, and nothing more to do.
    Nothing,
    /// The file was changing.
    Again,
    /// Something.
    Draft {
        draft: Box<Draft>,
        file: Box<dyn SourceFile>,
        is_dead: bool,
    },
    /// It is gone.
    Gone,
}

impl Batch {
    fn fits(&self, job: &Job) -> bool {
        let is_room = self.bytes + job.bytes.min(PASS_BYTES_MAX) <= BATCH_BYTES_MAX;
        (is_room || self.written.is_empty())
            && self.jobs < BATCH_JOBS_MAX
            && !self.places.contains(&job.place)
    }
}

impl Archivist {
    /// Does as much of the queue as goes in one transaction.
    pub(super) fn run_batch(&mut self) {
        self.work.open_ahead();
        let mut batch = Batch::default();
        let outcome = self.fill(&mut batch);
        let is_refused = outcome
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Refused);
        if self.take_outcome(outcome) {
            if batch.written.iter().any(Written::is_backlog) {
                self.idle.note_backlog(self.work.clock.monotonic());
            }
            for written in batch.written {
                self.work.finish(written);
            }
        } else {
            self.work.give_back(batch);
            if is_refused {
                self.reload();
            }
        }
        self.take_adopted();
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<Option<Heads>, ArchiveError> {
        let now = self.work.clock.now();
        let Some(mut writing) = self.work.next_writing(batch, &self.reader) else {
            return Ok(None);
        };
        let mut transaction = self.archive.begin(now)?;
        loop {
            if let Some(written) = batch.written.last_mut() {
                written.state = self.work.write(&mut transaction, &written.job, writing)?;
            }
            if batch.bytes >= BATCH_BYTES_MAX {
                break;
            }
            match self.work.next_writing(batch, &self.reader) {
                Some(next) => writing = next,
                None => break,
            }
        }
        transaction.commit().map(Some)
    }

    /// Takes the archive's word for what it has: it contradicted ours.
    fn reload(&mut self) {
        match self.archive.sources() {
            Ok(sources) => self.work.take_known(sources),
            Err(error) => tracing::error!(%error, "the archive's sources cannot be read"),
        }
    }
}

/// What [`Work::write`] is to write.
#[derive(Debug)]
enum Writing {
    Draft(Box<Draft>),
    Gone,
}

impl Work {
    /// Looks at the sources of the queue up to the first about which there is something to write, and
    /// keeps its job in the batch. None when the batch is to be committed as it is.
    fn next_writing(&mut self, batch: &mut Batch, reader: &ArchiveReader) -> Option<Writing> {
        loop {
            // What was live is visible at once, unless more of it comes along.
            let is_prompt = batch
                .written
                .last()
                .is_some_and(|last| last.job.lane == Lane::Live);
            if is_prompt && !self.queue.has_live() {
                return None;
            }
            let job = self.queue.pop(|job| batch.fits(job))?;
            batch.jobs += 1;
            if let Some(writing) = self.examine(job, reader, batch) {
                return Some(writing);
            }
        }
    }

    /// Looks at a job's source. What there is to write is returned, and its job kept in the batch.
    fn examine(
        &mut self,
        mut job: Job,
        reader: &ArchiveReader,
        batch: &mut Batch,
    ) -> Option<Writing> {
        let found = match self.look(&job, reader) {
            Ok(found) => {
                self.faults.clear(&About::Source(job.place.clone()));
                found
            }
            Err(error) => {
                self.note_unreadable(&job.place, &error);
                Found::Nothing
            }
        };
        let (writing, written) = match found {
            Found::Nothing => {
                self.count_done(&job);
                self.queue.finish(&job);
                return None;
            }
            Found::Again => {
                let pause = delay_after(job.tries, self.pace.steady, self.pace.steady_max);
                job.tries += 1;
                self.queue.delay(job, self.clock.monotonic() + pause);
                return None;
            }
            Found::Gone => {
                let rest = Rest::Nothing;
                let written = Written {
                    job,
                    state: None,
                    file: None,
                    is_dead: false,
                    rest,
                    bytes: 0,
                };
                (Writing::Gone, written)
            }
            Found::Draft {
                draft,
                file,
                is_dead,
            } => {
                let (rest, bytes) = (draft.next.rest, draft.next.len());
                let file = Some(file);
                let written = Written {
                    job,
                    state: None,
                    file,
                    is_dead,
                    rest,
                    bytes,
                };
                (Writing::Draft(draft), written)
            }
        };
        batch.bytes += written.bytes;
        batch.places.insert(written.job.place.clone());
        batch.written.push(written);
        Some(writing)
    }

    fn look(&mut self, job: &Job, reader: &ArchiveReader) -> Result<Found, LookError> {
        let path = self.roots.locate(&job.place);
        if self
            .excludes
            .has(&self.roots.0[job.place.root].path, &job.place.path)
        {
            return Ok(Found::Nothing);
        }
        loop {
            // Ends: each turn but the last drops a held file.
            match self.held.open(&*self.disk, &job.place, &path)? {
                Opened::Current(file) => return self.look_at(job, (file, Life::Current), reader),
                Opened::Dead(file) => {
                    let found = self.look_at(job, (file, Life::Dead), reader)?;
                    if !matches!(found, Found::Nothing) {
                        return Ok(found);
                    }
                }
                Opened::Missing => {
                    let is_there = self
                        .known
                        .get(&job.place)
                        .is_some_and(|known| !known.is_gone);
                    let is_gone = is_there && self.roots.can_reach(&job.place);
                    return Ok(if is_gone { Found::Gone } else { Found::Nothing });
                }
            }
        }
    }

    fn look_at(
        &mut self,
        job: &Job,
        (file, life): (Box<dyn SourceFile>, Life),
        reader: &ArchiveReader,
    ) -> Result<Found, LookError> {
        let is_dead = life == Life::Dead;
        let Some(origin) = self.origin(&job.place) else {
            return Ok(Found::Nothing);
        };
        if !is_dead && self.adopts(&job.place, &*file, reader)? {
            return Ok(Found::Nothing);
        }
        let subject = Subject {
            file: &*file,
            shape: origin.shape(),
            known: self.known.get(&job.place).map(Box::as_ref),
            is_suspect: job.is_suspect,
            patience: Patience {
                changed_before_ns: self.nanoseconds_ago(self.pace.line),
                size_seen: job.size_seen,
                is_dead,
            },
        };
        Ok(match visit(&mut self.tail, &subject, reader)? {
            Visit::Write(draft) => Found::Draft {
                draft: Box::new(draft),
                file,
                is_dead,
            },
            Visit::Nothing(rest) => {
                self.await_line(&job.place, rest);
                if !is_dead && job.lane == Lane::Live {
                    self.held.keep_recent(&job.place, file);
                }
                Found::Nothing
            }
            Visit::Again if is_dead && job.tries >= DEAD_TRIES_MAX => Found::Nothing,
            Visit::Again => {
                self.held.keep(&job.place, file);
                Found::Again
            }
        })
    }

    fn origin(&self, place: &Place) -> Option<Origin> {
        let known = self.known.get(place).map(|known| known.origin.clone());
        known.or_else(|| classify(&place.path))
    }

    fn write(
        &self,
        transaction: &mut Transaction<'_>,
        job: &Job,
        writing: Writing,
    ) -> Result<Option<SourceState>, ArchiveError> {
        let Job { place, lane, .. } = job;
        let lane = *lane;
        let known = self.known.get(place).map(Box::as_ref);
        match (writing, known, self.origin(place)) {
            (Writing::Gone, Some(known), _) => {
                transaction.mark_gone(known.id, lane)?;
                Ok(Some(SourceState {
                    is_gone: true,
                    ..known.clone()
                }))
            }
            (Writing::Draft(draft), known, Some(origin)) => {
                let root = self.roots.0[place.root].id;
                let target = Target {
                    root,
                    origin: &origin,
                    known,
                    lane,
                };
                draft
                    .write(transaction, self.tail.bytes(&draft.next), &target)
                    .map(Some)
            }
            _ => Ok(None),
        }
    }
}
