//! The archivist: the one thread that owns the archive.
//!
//! It waits for hints, commands and deadlines, and does one bounded step at a time: a batch of passes
//! that ends in one commit, or, when nothing is to be read, one piece of what can wait.

mod batch;
mod file;
mod idle;
mod mend;
mod nameless;
mod outcome;
mod scan;
mod settling;
mod start;
mod work;

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sessions_archive::{Archive, ArchiveReader, Heads};
use sessions_watch::{Changed, Hints, Wake, Watcher};
use tokio::sync::{mpsc, watch};

use super::handle::{Archiving, Command, SharedBoard};
use super::place::FOLDERS;
use super::{IngestError, faults};
use crate::suspicion::Suspicion;
use file::Standing;
use idle::Idle;
use settling::Settling;
use work::Work;

/// The setting that says whether archiving is paused.
const PAUSED: &str = "paused";

/// How long the end waits for files that were deleted meanwhile; a stop gives up after thirty seconds.
const UNLINKED_MAX: Duration = Duration::from_secs(10);

/// The thread's own state.
#[derive(Debug)]
pub(crate) struct Archivist {
    archive: Archive,
    reader: ArchiveReader,
    work: Work,
    settling: Settling,
    idle: Idle,
    standing: Standing,
    suspicion: Suspicion,
    watcher: Watcher,
    commands: mpsc::Receiver<Command>,
    heads: watch::Sender<Heads>,
    stir: mpsc::Sender<()>,
    board: SharedBoard,
}

impl Archivist {
    /// Works until the hints end. They cover the roots while it begins.
    fn run(mut self, covering: JoinHandle<Hints>) {
        self.mend_salvaged();
        if !self.work.rests() {
            self.work.scan_roots(&self.watcher);
        }
        let mut hints = match covering.join() {
            Ok(hints) => hints,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        // What became another before it was covered is told by no event.
        self.stir();
        self.publish();
        loop {
            let wake = hints.next(self.next_deadline());
            if wake.is_closed {
                break;
            }
            self.take_wake(wake);
            self.take_commands();
            let now = self.work.clock.monotonic();
            self.look_after_file(now);
            self.work.take_due(now);
            let is_over = self.standing.is_over();
            if !is_over && !self.work.rests() && !self.work.is_backing_off(now) {
                if self.work.queue.is_empty() {
                    self.idle_step(now);
                } else {
                    self.run_batch();
                }
            }
            self.publish();
            self.settling.answer(&self.work, *self.heads.borrow());
        }
        self.settling.end();
        self.save_unlinked();
        self.keep_file();
        // The file alone then holds everything, for whoever copies it.
        if let Err(error) = self.archive.rest() {
            tracing::warn!(
                error = crate::causes::chain(&error),
                "the write-ahead log stays"
            );
        }
        if let Err(error) = self.note_growth() {
            tracing::warn!(
                error = crate::causes::chain(&error),
                "how much is archived could not be noted"
            );
        }
    }

    /// Archives what is held open and has no name any more: whoever comes next cannot open it.
    fn save_unlinked(&mut self) {
        if self.work.rests() || self.standing.is_over() {
            return;
        }
        let unlinked = self.work.unlinked();
        let until = self.work.clock.monotonic() + UNLINKED_MAX;
        self.work.queue.clear();
        for place in unlinked {
            self.work.queue.push(place);
        }
        while !self.work.queue.is_empty() {
            let now = self.work.clock.monotonic();
            if now >= until || self.work.is_backing_off(now) {
                tracing::warn!("files that were deleted are not archived whole");
                return;
            }
            self.run_batch();
        }
    }

    /// Returns until when there is nothing to do; none if only a hint can bring work.
    fn next_deadline(&self) -> Option<Instant> {
        let now = self.work.clock.monotonic();
        let work = if self.work.rests() || self.standing.is_over() {
            None
        } else if let Some(until) = self.work.backing_off_until(now) {
            Some(until)
        } else if self.work.queue.is_empty() {
            [self.work.next_due(), self.idle.next_due(&self.work, now)]
                .into_iter()
                .flatten()
                .min()
        } else {
            Some(now)
        };
        let dues = [work, self.settling.next_due(), self.standing.next_due()];
        dues.into_iter().flatten().min()
    }

    fn take_wake(&mut self, wake: Wake) {
        let Wake {
            paths,
            rescans,
            cookies,
            is_beside,
            ..
        } = wake;
        let is_folder =
            |changed: &Changed| FOLDERS.iter().any(|name| changed.path == Path::new(name));
        if is_beside || !rescans.is_empty() || paths.iter().any(is_folder) {
            self.stir();
        }
        if is_beside {
            self.work.heed_beside();
        }
        if self.work.rests() {
            // Whatever changed is found when archiving goes on.
        } else {
            for changed in paths {
                self.work.take_hint(changed.root.0, &changed.path);
            }
            for root in &rescans {
                self.work.rescan(root.0);
            }
        }
        if !rescans.is_empty() {
            self.settling.ask_again(&mut self.work);
        }
        self.settling.take_cookies(&cookies, &self.work);
    }

    /// Has whoever looks after it look at what the daemon stands on.
    fn stir(&self) {
        // Where one call waits already, another says nothing more.
        let _waits = self.stir.try_send(());
    }

    fn take_commands(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            if self.standing.is_over() && !matches!(command, Command::Settle { .. }) {
                // It is dropped, which says that nobody answers.
                continue;
            }
            match command {
                Command::Settle { deadline, settled } => {
                    self.settling.begin(deadline, settled, &mut self.work);
                }
                Command::Operate {
                    operation,
                    recorded,
                } => {
                    let outcome = self.operate(&operation);
                    // Whoever asked may have stopped listening.
                    drop(recorded.send(outcome));
                }
                Command::NoteEvent { event, said, noted } => {
                    drop(noted.send(self.note_event(&event, said.as_ref())));
                }
                Command::ForgetMessages { session, until } => {
                    if let Err(error) = self.forget_messages(&session, until) {
                        tracing::warn!(error = crate::causes::chain(&error), "a message is kept");
                    }
                }
                Command::Mend { losses, left } => {
                    let outcome = self.mend(&losses).map_err(IngestError::from);
                    drop(left.send(outcome));
                }
                Command::SetArchiving { archiving, set } => {
                    drop(set.send(self.set_archiving(archiving)));
                }
            }
        }
    }

    fn operate(
        &mut self,
        operation: &sessions_archive::NewOperation,
    ) -> Result<sessions_model::Seq, IngestError> {
        let mut transaction = self.archive.begin(self.work.clock.now())?;
        let seq = transaction.operate(operation)?;
        self.heads.send_replace(transaction.commit()?);
        Ok(seq)
    }

    fn note_event(
        &mut self,
        event: &sessions_archive::Event,
        said: Option<&sessions_archive::NewOperation>,
    ) -> Result<Option<sessions_model::Seq>, IngestError> {
        let mut transaction = self.archive.begin(self.work.clock.now())?;
        let mut seq = transaction.note_event(event)?;
        if let (Some(_), Some(said)) = (seq, said) {
            seq = Some(transaction.operate(said)?);
        }
        self.heads.send_replace(transaction.commit()?);
        Ok(seq)
    }

    fn forget_messages(
        &mut self,
        session: &sessions_model::SessionId,
        until: sessions_model::Timestamp,
    ) -> Result<(), IngestError> {
        let mut transaction = self.archive.begin(self.work.clock.now())?;
        transaction.forget_messages(session, until)?;
        transaction.commit()?;
        Ok(())
    }

    fn set_archiving(&mut self, archiving: Archiving) -> Result<(), IngestError> {
        let is_paused = archiving == Archiving::Paused;
        self.archive
            .set_setting(PAUSED, if is_paused { "true" } else { "false" })?;
        let did_rest = self.work.rests();
        self.work.is_paused = is_paused;
        match (did_rest, self.work.rests()) {
            (false, true) => self.work.drop_all(),
            (true, false) => self.work.scan_roots(&self.watcher),
            _ => {}
        }
        Ok(())
    }

    fn publish(&mut self) {
        let mut board = self.board.lock();
        board.progress = self.work.progress;
        board.faults = self.work.faults.list();
        board.shortfall = self.settling.shortfall(&self.work);
        board.is_paused = self.work.rests();
    }

    /// Notes how a commit, or another use of the archive, went.
    fn take_outcome(
        &mut self,
        outcome: Result<Option<Heads>, sessions_archive::ArchiveError>,
    ) -> bool {
        match outcome {
            Ok(heads) => {
                if let Some(heads) = heads {
                    self.heads.send_replace(heads);
                    self.idle.note_commit(self.work.clock.monotonic());
                    self.work.end_backing_off();
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "the archive cannot be written");
                self.suspicion.raise_on(&error, &self.reader);
                let fault = faults::archive(&error, self.work.clock.now());
                self.work.back_off(fault);
                false
            }
        }
    }
}
