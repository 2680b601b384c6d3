//! What follows from a look at a source: what is known of it, what is kept open, and when to come back.

use std::time::Duration;

use sessions_archive::Lane;

use super::batch::{Batch, Written};
use super::work::Work;
use crate::ingest::error::LookError;
use crate::ingest::faults::{self, About};
use crate::ingest::place::Place;
use crate::ingest::queue::Job;
use crate::ingest::tail::Rest;
use crate::ingest::timers::Purpose;

impl Work {
    /// Takes what is committed for known, and sees what is left to do about it.
    pub(super) fn finish(&mut self, written: Written) {
        let Written {
            mut job,
            state,
            file,
            is_dead,
            rest,
            bytes,
        } = written;
        let place = job.place.clone();
        if let Some(state) = state {
            self.known.insert(place.clone(), Box::new(state));
        }
        if job.lane == Lane::Backlog {
            let counted = bytes.min(job.bytes);
            job.bytes -= counted;
            self.progress.bytes_done += counted;
        }
        job.tries = 0;
        let is_more = rest == Rest::More;
        if let Some(file) = file.filter(|_| !is_dead || is_more) {
            if !is_dead && (job.lane == Lane::Live || self.is_fresh(&place)) {
                self.held.keep_recent(&place, file);
            } else if is_more {
                self.held.keep(&place, file);
            }
        }
        if is_more || is_dead {
            // After a dead file comes the one that took its name.
            self.queue.put_back(job);
            return;
        }
        job.is_suspect = false;
        self.await_line(&place, rest);
        self.await_quiet(&place);
        self.count_done(&job);
        self.queue.finish(&job);
    }

    /// Tells whether a source was written a moment ago, so that more of it is to be expected.
    fn is_fresh(&self, place: &Place) -> bool {
        let cursor = self.known.get(place).and_then(|known| known.cursor);
        let since_ns = self.nanoseconds_ago(self.pace.compare);
        cursor.is_some_and(|cursor| cursor.stamp.modified_ns > since_ns)
    }

    pub(super) fn give_back(&mut self, batch: Batch) {
        for written in batch.written.into_iter().rev() {
            if let Some(file) = written.file {
                self.held.keep(&written.job.place, file);
            }
            self.queue.put_back(written.job);
        }
    }

    pub(super) fn await_line(&mut self, place: &Place, rest: Rest) {
        if let Rest::Unterminated { size } = rest {
            let at = self.clock.monotonic() + self.pace.line;
            self.timers.set(place, Purpose::FinishLine(size), at);
        }
    }

    fn await_quiet(&mut self, place: &Place) {
        let now = self.clock.monotonic();
        if self.is_fresh(place) {
            self.timers
                .set(place, Purpose::Compare, now + self.pace.compare);
        }
        self.await_fold(place);
    }

    /// Has a source packed once it has been quiet for long.
    pub(super) fn await_fold(&mut self, place: &Place) {
        let now = self.clock.monotonic();
        let is_quiet = self.is_quiet_for(place, self.pace.fold);
        let fold_at = if is_quiet { now } else { now + self.pace.fold };
        self.timers.set(place, Purpose::Fold, fold_at);
    }

    /// Tells whether a source was last written so long ago.
    pub(super) fn is_quiet_for(&self, place: &Place, quiet: Duration) -> bool {
        let cursor = self.known.get(place).and_then(|known| known.cursor);
        let changed_ns = cursor.map_or(0, |cursor| cursor.stamp.modified_ns);
        changed_ns <= self.nanoseconds_ago(quiet)
    }

    pub(super) fn count_done(&mut self, job: &Job) {
        if job.lane == Lane::Backlog {
            self.progress.sources_done += 1;
            self.progress.bytes_done += job.bytes;
        }
    }

    pub(super) fn note_unreadable(&mut self, place: &Place, error: &LookError) {
        let path = self.roots.locate(place);
        let fault = faults::unreadable(&path, error, self.clock.now());
        self.faults.note(About::Source(place.clone()), fault);
        let at = self.clock.monotonic() + self.pace.unreadable;
        self.timers.set(place, Purpose::ReadAgain, at);
    }

    /// Returns the time so long ago, in nanoseconds since 1970.
    ///
    /// Files carry nanoseconds and the clock milliseconds, so "now" is the end of its millisecond:
    /// what was written before this call is not from the future.
    pub(super) fn nanoseconds_ago(&self, ago: Duration) -> i128 {
        let ago = i128::try_from(ago.as_nanos()).unwrap_or(i128::MAX);
        (i128::from(self.clock.now().0) + 1) * 1_000_000 - ago
    }
}
