//! Waiting for a condition with a limit. Must not know what is waited for.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks at a condition that nothing announces.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Returns as soon as `condition` gives a value; fails after `limit` with the name of what never came.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what} did not come within {} s", limit.as_secs());
        }
        thread::park_timeout(LOOK_EVERY);
    }
}
