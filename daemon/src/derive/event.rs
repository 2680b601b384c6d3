//! What hooks reported of the lives of sessions, into the catalog.

use sessions_model::HookEvent;

use super::DeriveError;
use super::apply::Applier;

impl Applier<'_> {
    /// Takes in an event, if it says that a session began or ended; returns that no byte came with it.
    pub(super) fn event(&mut self, number: u64) -> Result<u64, DeriveError> {
        let Some(event) = self.archive.event(number)? else {
            return Ok(0);
        };
        let is_life = matches!(event.event, HookEvent::SessionStart | HookEvent::SessionEnd);
        if is_life {
            let session = self.pair.catalog.ordinal(&event.session)?;
            match event.event {
                HookEvent::SessionStart => self.pair.catalog.begun(session, event.at),
                _ => self.pair.catalog.left(session, event.at, &event.reason),
            }
        }
        Ok(0)
    }
}
