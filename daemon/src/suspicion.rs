//! A sign that something of the archive does not read back, from whoever comes upon it to whoever checks.
//!
//! Knows neither what was found nor what is done about it.

use std::sync::Arc;

use sessions_archive::{ArchiveError, ArchiveReader, ErrorKind, Loss};
use sessions_model::{ByteOffset, SourceId};
use tokio::sync::Notify;

/// Raised by all, answered by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suspicion(Arc<Notify>);

impl Suspicion {
    /// Asks for a check of the archive.
    pub(crate) fn raise(&self) {
        self.0.notify_one();
    }

    /// Asks for a check if any of `losses` is not known yet.
    pub(crate) fn raise_for(&self, losses: &[Loss], archive: &ArchiveReader) {
        if losses.is_empty() {
            return;
        }
        let known = archive.known_losses().unwrap_or_default();
        let is_known = |loss: &Loss| known.iter().any(|known| known.covers(loss));
        if !losses.iter().all(is_known) {
            self.raise();
        }
    }

    /// Asks for a check if `error` is damage that is not known yet.
    pub(crate) fn raise_on(&self, error: &ArchiveError, archive: &ArchiveReader) {
        match *error {
            ArchiveError::Damaged {
                generation,
                start,
                damage,
                ..
            } => {
                // Where it begins says enough: how far it reaches depends on who was reading.
                let first = Loss {
                    source: SourceId::default(),
                    generation,
                    start,
                    end: ByteOffset(start.0 + 1),
                    damage,
                };
                self.raise_for(&[first], archive);
            }
            _ if error.kind() == ErrorKind::Corrupt => self.raise(),
            _ => {}
        }
    }

    /// Waits until a check is asked for.
    pub(crate) async fn raised(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use sessions_archive::{Archive, Damage};
    use sessions_model::{GenerationId, Timestamp};

    use super::*;

    fn is_raised(suspicion: &Suspicion) -> bool {
        let raised = pin!(suspicion.raised());
        raised
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn what_is_known_to_be_lost_raises_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(dir.path(), Timestamp(0)).unwrap();
        let reader = archive.reader().unwrap();
        let suspicion = Suspicion::default();
        let loss = Loss {
            source: SourceId(1),
            generation: GenerationId(1),
            start: ByteOffset(10),
            end: ByteOffset(20),
            damage: Damage::Missing,
        };
        let error = ArchiveError::Damaged {
            generation: loss.generation,
            start: ByteOffset(12),
            end: ByteOffset(90),
            damage: loss.damage,
        };
        suspicion.raise_for(&[], &reader);
        assert!(!is_raised(&suspicion));
        suspicion.raise_for(&[loss], &reader);
        assert!(is_raised(&suspicion));
        suspicion.raise_on(&error, &reader);
        assert!(is_raised(&suspicion));
        archive.record_losses(&[loss], Timestamp(1)).unwrap();
        suspicion.raise_for(&[loss], &reader);
        suspicion.raise_on(&error, &reader);
        assert!(!is_raised(&suspicion));
    }
}
