//! Work that a signal ends in order: what was begun is taken away again.

use std::fs;
use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{CliError, Kind};

/// Works until it is done, or until somebody has it end: what it held is dropped then.
pub(crate) async fn until_interrupted<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let ignored = ignored();
    tokio::select! {
        done = work => return done,
        () = heard(SignalKind::interrupt(), ignored) => {}
        () = heard(SignalKind::terminate(), ignored) => {}
        () = heard(SignalKind::hangup(), ignored) => {}
    }
    let message = "interrupted: what was finished stays, and nothing half done is left";
    Err(CliError::new(Kind::Interrupted, message).hint("run this again for what is missing"))
}

/// Waits for a signal, unless whoever started this has it ignored, as `nohup` does.
async fn heard(kind: SignalKind, ignored: u64) {
    if ignored & 1 << (kind.as_raw_value() - 1) == 0
        && let Ok(mut signals) = signal(kind)
    {
        signals.recv().await;
    } else {
        pending::<()>().await;
    }
}

/// Returns the signals that are ignored, a bit for each; none where the system does not say.
///
/// Source: `proc_pid_status(5)`.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
