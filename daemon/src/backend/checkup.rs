//! Proof that the archive reads back, and what is done where it does not: bytes are put back from the files
//! they came from, and a database that is broken is salvaged when the daemon starts again.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use sessions_archive::{ArchiveError, ArchiveReader, ErrorKind, Loss};
use sessions_model::{Fault, FaultKind};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::copy::{blocking, describe, failed};
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
#[derive(Debug, Default)]
pub(crate) struct VerifyStep {
    /// Bytes read back.
    pub(crate) bytes_checked: u64,
    /// Bytes there are.
    pub(crate) bytes_total: u64,
    /// What was found: in the last step alone.
    pub(crate) found: Option<Findings>,
}

/// What a verification found, for a person.
#[derive(Debug, Default)]
pub(crate) struct Findings {
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
    /// Reads the whole archive back, telling how far it is. `send` returns false once nobody listens.
    pub(crate) fn verify(
        self: &Arc<Self>,
        send: impl Fn(Result<VerifyStep, Refusal>) -> bool + Send + 'static,
    ) -> Result<(), Refusal> {
        let reader = self.archive_reader()?;
        let backend = Arc::clone(self);
        blocking(move || {
            let mut last = (0, 0);
            let mut tell = |bytes_checked, bytes_total| {
                last = (bytes_checked, bytes_total);
                let step = VerifyStep {
                    bytes_checked,
                    bytes_total,
                    found: None,
                };
                go_on_while(send(Ok(step)))
            };
            let found = backend.check_up(&reader, &mut tell);
            send(
                found
                    .map_err(|error| failed(&error))
                    .map(|found| VerifyStep {
                        bytes_checked: last.0,
                        bytes_total: last.1,
                        found: Some(found),
                    }),
            );
        });
        Ok(())
    }

    /// Checks the archive because something of it did not read back; what it comes to is a fault.
    pub(super) async fn check(self: &Arc<Self>, stopping: watch::Receiver<bool>) {
        // What is broken is known, and is salvaged at the next start.
        if salvage::is_wanted(&self.facts.paths.archive_dir()).unwrap_or_default() {
            return;
        }
        let backend = Arc::clone(self);
        let checked = tokio::task::spawn_blocking(move || {
            let reader = backend.archive_reader()?;
            let mut tell = |_, _| go_on_while(!*stopping.borrow());
            backend
                .check_up(&reader, &mut tell)
                .map_err(|error| failed(&error))
        });
        if let Ok(Err(refusal)) = checked.await {
            tracing::error!(?refusal, "the archive could not be checked");
        }
    }

    /// Reads everything back and mends what can be mended.
    fn check_up(
        &self,
        reader: &ArchiveReader,
        tell: &mut Tell<'_>,
    ) -> Result<Findings, ArchiveError> {
        let structure = reader.check_structure()?;
        let losses = match reader.verify(tell) {
            // What the structure says of it is known.
            Err(error) if !structure.is_empty() && error.kind() == ErrorKind::Corrupt => Vec::new(),
            verified => verified?,
        };
        let known = match reader.known_losses() {
            // The list itself may be what is broken.
            Err(_) if !structure.is_empty() => Vec::new(),
            known => known?,
        };
        let is_known = |loss: &Loss| known.iter().any(|known| known.covers(loss));
        let (known, new): (Vec<_>, Vec<_>) = losses.into_iter().partition(is_known);
        // Whoever writes over a broken database breaks more of it.
        let lost = if structure.is_empty() {
            self.mend(&new)
        } else {
            new.clone()
        };
        let lines = |losses: &[Loss]| losses.iter().map(|loss| describe(loss, reader)).collect();
        let is_mended = |loss: &Loss| !lost.contains(loss);
        let mended: Vec<Loss> = new.into_iter().filter(is_mended).collect();
        let mut mended: Vec<String> = lines(&mended);
        mended.extend(Handle::current().block_on(self.renew_derived()));
        let found = Findings {
            structure,
            losses: lines(&lost),
            mended,
            known: lines(&known),
        };
        self.take_findings(&found);
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
