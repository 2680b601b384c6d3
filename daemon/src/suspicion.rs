//! A sign that something of the archive does not read back, from whoever comes upon it to whoever checks.
//!
//! Knows neither what was found nor what is done about it.

use std::sync::Arc;

use sessions_archive::{ArchiveReader, Loss};
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

    /// Waits until a check is asked for.
    pub(crate) async fn raised(&self) {
        self.0.notified().await;
    }
}
