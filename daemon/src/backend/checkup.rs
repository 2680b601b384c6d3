//! Proof that the archive reads back, and what is done where it does not: bytes are put back from the files
//! they came from, and a database that is broken is salvaged when the daemon starts again.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use sessions_archive::{ArchiveError, ArchiveReader, ErrorKind, KnownLoss, Loss};
use sessions_model::{Fault, FaultKind};
use tokio::runtime::Handle;

use super::copy::{describe, failed};
use super::{Backend, Refusal};
use crate::causes::chain;
use crate::salvage;

/// Losses that are mended at a time: the archivist has other work, too.
const LOSSES_MAX: usize = 64;

/// Goes on while that is so.
pub(crate) fn go_on_while(is_so: bool) -> ControlFlow<()> {
    if is_so {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// How far a verification is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VerifyStep {
    /// Bytes read back.
    pub(crate) bytes_checked: u64,
    /// Bytes there are.
    pub(crate) bytes_total: u64,
}

/// What a verification found, for a person.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Bytes that read back.
    pub(crate) bytes_checked: u64,
    /// What is wrong with the database itself.
    pub(crate) structure: Vec<String>,
    /// What is lost, and was not known to be.
    pub(crate) losses: Vec<String>,
    /// What was damaged, and reads back now or is being built anew.
    pub(crate) mended: Vec<String>,
    /// What was known to be lost.
    pub(crate) known: Vec<String>,
}

type Tell<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

impl Backend {
    /// Reads the whole archive back, telling how far it is, for as long as somebody hears it.
    pub(crate) async fn verify(
        self: &Arc<Self>,
        mut tell: impl FnMut(VerifyStep) + Send + 'static,
        is_heard: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Findings, Refusal> {
        let turn = self.limits.whole().await.ok_or(Refusal::Stopping)?;
        let is_wanted = self.wanted_while(is_heard);
        let backend = Arc::clone(self);
        let verified = self.on_archive(move |reader| {
            let reader = reader.reopen()?.while_wanted(is_wanted)?;
            let mut step = |bytes_checked, bytes_total| {
                tell(VerifyStep {
                    bytes_checked,
                    bytes_total,
                });
                ControlFlow::Continue(())
            };
            let found = backend.check_up(&reader, &mut step);
            drop(turn);
            found
        });
        verified.await?.map_err(|error| self.broken_off(&error))
    }

    /// Checks the archive because something of it did not read back; what it comes to is a fault.
    pub(super) async fn check(self: &Arc<Self>) {
        let Some(turn) = self.limits.whole().await else {
            return;
        };
        let is_wanted = self.wanted_while(|| true);
        let backend = Arc::clone(self);
        let checked = self.on_archive(move |reader| {
            // What is broken is known, and is salvaged at the next start.
            if backend.is_to_be_salvaged() {
                return Ok(());
            }
            let reader = reader.reopen()?.while_wanted(is_wanted)?;
            let checked = backend.check_up(&reader, &mut |_, _| ControlFlow::Continue(()));
            drop(turn);
            checked.map(drop)
        });
        match checked.await {
            Ok(Err(_)) | Err(_) if *self.stopping.borrow() => {}
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "the archive could not be checked");
            }
            Err(refusal) => tracing::error!(?refusal, "the archive could not be checked"),
            Ok(Ok(())) => {}
        }
    }

    /// Tells whether the archive was found to be broken.
    pub(super) fn is_to_be_salvaged(&self) -> bool {
        salvage::is_wanted(&self.facts.paths.archive_dir()).unwrap_or_default()
    }

    /// Says why a long reading failed: it may have been broken off because the daemon ends.
    pub(super) fn broken_off(&self, error: &ArchiveError) -> Refusal {
        if *self.stopping.borrow() {
            Refusal::Stopping
        } else {
            failed(error)
        }
    }

    /// Reads everything back and mends what can be mended.
    fn check_up(
        &self,
        reader: &ArchiveReader,
        tell: &mut Tell<'_>,
    ) -> Result<Findings, ArchiveError> {
        let structure = reader.check_structure()?;
        let mut bytes_checked = 0;
        let mut step = |done, total| {
            bytes_checked = done;
            tell(done, total)
        };
        let losses = match reader.verify(&mut step) {
            // What the structure says of it is known.
            Err(error) if !structure.is_empty() && error.kind() == ErrorKind::Corrupt => Vec::new(),
            verified => verified?,
        };
        let known = match reader.known_losses() {
            // The list itself may be what is broken.
            Err(_) if !structure.is_empty() => Vec::new(),
            known => known?,
        };
        // Whoever writes over a broken database breaks more of it.
        let left = if structure.is_empty() {
            // Its bytes may have come back since.
            let is_sound = |known: &&KnownLoss| !losses.iter().any(|loss| known.covers(loss));
            let sound = known.iter().filter(is_sound).map(KnownLoss::as_loss);
            let all: Vec<Loss> = losses.iter().copied().chain(sound).collect();
            self.mend(&all)
        } else {
            losses.clone()
        };
        let is_mended = |loss: &&Loss| !left.iter().any(|left| left.is_within(loss));
        let mended: Vec<Loss> = losses.iter().filter(is_mended).copied().collect();
        let is_known = |loss: &Loss| known.iter().any(|known| known.covers(loss));
        let (known, lost): (Vec<_>, Vec<_>) = left.into_iter().partition(is_known);
        let unread: u64 = known
            .iter()
            .chain(&lost)
            .map(|loss| loss.end.0 - loss.start.0)
            .sum();
        let lines = |losses: &[Loss]| losses.iter().map(|loss| describe(loss, reader)).collect();
        let mut mended: Vec<String> = lines(&mended);
        mended.extend(Handle::current().block_on(self.renew_derived()));
        let mut found = Findings {
            bytes_checked: bytes_checked.saturating_sub(unread),
            structure,
            losses: lines(&lost),
            mended,
            known: lines(&known),
        };
        self.take_findings(&found);
        // A fault for as long as the damaged archive is kept, so it is none of this check.
        found.losses.extend(self.missing());
        Ok(found)
    }

    /// Has catalog and index built anew if they do not read back; says what was wrong with them.
    pub(super) async fn renew_derived(&self) -> Vec<String> {
        let lent = async { self.deriver.serving()?.lease().await };
        let Some(mut lease) = lent.await else {
            return Vec::new();
        };
        let looked = tokio::task::spawn_blocking(move || lease.engine().damaged()).await;
        let damaged = looked.unwrap_or_else(|_| vec!["the index: reading it back panicked".into()]);
        if !damaged.is_empty() {
            tracing::error!(?damaged, "catalog and index are built anew");
            self.deriver.begin_rebuild().await;
        }
        damaged
    }

    /// Has the archivist put back what the files on disk have; returns what stays lost.
    fn mend(&self, losses: &[Loss]) -> Vec<Loss> {
        let mut left = Vec::new();
        for some in losses.chunks(LOSSES_MAX) {
            match Handle::current().block_on(self.archivist.mend(some.to_vec())) {
                Ok(lost) => left.extend(lost),
                Err(error) => {
                    tracing::error!(error = chain(&error), "damage could not be mended");
                    left.extend(some);
                }
            }
        }
        left
    }

    /// Says what was found in the log and in `status`, and has a broken database salvaged.
    fn take_findings(&self, found: &Findings) {
        let Findings {
            structure,
            losses,
            mended,
            ..
        } = found;
        if !mended.is_empty() {
            tracing::warn!(?mended, "what was damaged was put back from its files");
        }
        if !losses.is_empty() {
            tracing::error!(?losses, "what is archived does not read back");
        }
        let fault = |message: String, hint: &str| Fault {
            kind: FaultKind::Archive,
            message,
            hint: hint.into(),
            since: self.clock.now(),
        };
        let fault = if !structure.is_empty() {
            tracing::error!(?structure, "the archive's database is damaged");
            if let Err(error) = salvage::want(&self.facts.paths.archive_dir()) {
                tracing::error!(%error, "no salvage could be asked for");
            }
            Some(fault(
                "the archive's database is damaged".into(),
                "\"sessions daemon restart\" makes a new one of all that can be read, keeps the damaged \
                 one beside it, and archives what is on disk again",
            ))
        } else if losses.is_empty() {
            None
        } else {
            Some(fault(
                format!(
                    "{} lost: bytes that do not read back from the archive",
                    salvage::places(losses.len())
                ),
                "\"sessions verify\" lists what is lost; everything else is sound; a backup may have it",
            ))
        };
        let mut said = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        *said = fault;
    }
}
