//! How long an event may take, all in all.
//!
//! Knows commands and other events; must not know what is done in that time.

use std::time::{Duration, Instant};

/// How long the client may take to say what happened. It waits for nobody meanwhile: on a busy machine it is
/// the one that is late, and what it says must not get lost over that.
const PAYLOAD_MAX: Duration = Duration::from_secs(2);

/// How long the client waits for an event that is only told.
const EVENT_MAX: Duration = Duration::from_millis(50);

/// How long the user waits for the answer to a command, a start of the daemon included.
const COMMAND_MAX: Duration = Duration::from_secs(2);

/// What is kept back of it for what is done when nobody answered: a file in the spool.
const SPOOLING: Duration = Duration::from_millis(10);

/// A moment that is not waited beyond.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    started: Instant,
    limit: Duration,
}

impl Patience {
    /// With a client that is to say what happened.
    pub(crate) fn with_client(started: Instant) -> Self {
        let limit = PAYLOAD_MAX;
        Self { started, limit }
    }

    /// With an event that is only told, from when the client has said it.
    pub(crate) fn with_event(said: Instant) -> Self {
        let limit = EVENT_MAX;
        Self {
            started: said,
            limit,
        }
    }

    /// With a command that is to be answered.
    pub(crate) fn with_command(self) -> Self {
        let limit = COMMAND_MAX;
        Self { limit, ..self }
    }

    /// Returns how long somebody may take to answer.
    pub(crate) fn left(&self) -> Duration {
        let spent = self.started.elapsed() + SPOOLING;
        self.limit.saturating_sub(spent)
    }

    /// Returns the limit in words.
    pub(crate) fn words(&self) -> String {
        format!("{} s", self.limit.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_leaves_room_for_the_spool() {
        let now = Instant::now();
        let event = Patience::with_event(now);
        assert!(event.left() + SPOOLING <= EVENT_MAX);
        assert!(event.with_command().left() > EVENT_MAX);
        let long_ago = now.checked_sub(Duration::from_secs(9)).unwrap();
        assert_eq!(Patience::with_event(long_ago).left(), Duration::ZERO);
    }
}
