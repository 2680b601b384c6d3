//! The archive's own file: what is done when somebody removes or replaces it while it is open. Nothing that
//! was written is lost as long as it is open, so it is copied before anything else.
//!
//! Whoever removes all data means it; whoever removes the archive alone is told, and has it back.

use std::time::{Duration, Instant};

use sessions_archive::{ArchiveError, Place};
use sessions_model::{Fault, FaultKind};

use super::Archivist;
use crate::causes::chain;
use crate::ingest::faults::{self, About};

/// How long a removal may take that takes all data along.
const REMOVAL_MAX: Duration = Duration::from_secs(1);

/// Time between two tries to put the file back.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Stands in the data directory for as long as that is in use.
const LOCK: &str = "sessionsd.lock";

/// What became of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Standing {
    /// It is where it was.
    #[default]
    There,
    /// It is gone, and put back then.
    Gone { put_back_at: Instant },
    /// It was put back. What is open is the old one: nothing is written until another daemon opens the new one.
    PutBack,
}

impl Standing {
    /// Returns when there is something to do.
    pub(super) fn next_due(self) -> Option<Instant> {
        match self {
            Self::Gone { put_back_at } => Some(put_back_at),
            Self::There | Self::PutBack => None,
        }
    }

    /// Tells whether what is written would be lost.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::PutBack)
    }
}

impl Archivist {
    /// Looks whether the file is where it was; has what is missing put back, and a successor called when it is
    /// another.
    pub(super) fn look_after_file(&mut self, now: Instant) {
        match (self.archive.place(), self.standing) {
            (Place::Kept, Standing::There) | (_, Standing::PutBack) => {}
            (Place::Kept, Standing::Gone { .. }) => {
                self.standing = Standing::There;
                self.work.faults.clear(&About::File);
            }
            // Another daemon takes over; this one keeps what it has when it ends.
            (Place::Taken, _) => self.stir(),
            (Place::Lost, _) if !self.is_data_there() => self.stir(),
            (Place::Lost, Standing::There) => {
                tracing::error!("the archive's file was removed while it was in use");
                self.note_removal("is put back from what is open");
                let put_back_at = now + REMOVAL_MAX;
                self.standing = Standing::Gone { put_back_at };
            }
            (Place::Lost, Standing::Gone { put_back_at }) if put_back_at <= now => {
                self.put_back(now);
            }
            (Place::Lost, Standing::Gone { .. }) => {}
        }
    }

    fn put_back(&mut self, now: Instant) {
        match self.archive.put_back() {
            Ok(()) => {
                tracing::warn!("the archive's file was put back");
                self.standing = Standing::PutBack;
                self.work.drop_all();
                self.stir();
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "the archive's file is not back");
                self.note_removal(&format!("could not be put back: {}", chain(&error)));
                let put_back_at = now + AGAIN_AFTER;
                self.standing = Standing::Gone { put_back_at };
            }
        }
    }

    /// Keeps what is open before it is closed, if its file is not where it was.
    pub(super) fn keep_file(&self) {
        let kept = match (self.archive.place(), self.standing) {
            (Place::Kept, _) | (_, Standing::PutBack) => return,
            (Place::Lost, _) if !self.is_data_there() => return,
            (Place::Lost, _) => self.archive.put_back(),
            (Place::Taken, _) => self.archive.put_beside(self.work.clock.now()).map(drop),
        };
        match kept {
            Ok(()) => tracing::warn!("the archive's file was removed or replaced, and is kept"),
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "the archive's file could not be kept"
                );
            }
        }
    }

    fn is_data_there(&self) -> bool {
        self.idle.data_dir().join(LOCK).exists()
    }

    /// Notes how much the archive holds, and says so where that is less than it did.
    pub(super) fn note_growth(&mut self) -> Result<(), ArchiveError> {
        match self.archive.note_growth()? {
            Some(held) => {
                let identity = self.archive.identity_file();
                let fault = faults::shrunk(&held, &identity, self.work.clock.now());
                if !self.work.faults.has(&About::Held) {
                    tracing::error!(fault.message, "the archive lacks something");
                }
                self.work.faults.note(About::Held, fault);
            }
            None => self.work.faults.clear(&About::Held),
        }
        Ok(())
    }

    fn note_removal(&mut self, what: &str) {
        let fault = Fault {
            kind: FaultKind::Archive,
            message: format!("archive.db was removed while it was in use, and {what}"),
            hint:
                "let the daemon run until that is done; to remove everything, stop it first, and \
                   remove the whole data directory"
                    .into(),
            since: self.work.clock.now(),
        };
        self.work.faults.clear(&About::File);
        self.work.faults.note(About::File, fault);
    }
}
