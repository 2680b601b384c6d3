//! The one place that asks the system what time it is. It must not know who asks.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sessions_model::Timestamp;

/// Tells the time.
pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// Returns the wall clock's time, which may jump.
    fn now(&self) -> Timestamp;

    /// Returns a time that never goes back, for deadlines.
    fn monotonic(&self) -> Instant;
}

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock that everybody else is passed"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Instant {
        Instant::now()
    }
}
