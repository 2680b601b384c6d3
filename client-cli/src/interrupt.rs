//! Work that a signal ends in order: what was begun is taken away again.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{CliError, Kind};

/// Works until it is done, or until somebody has it end: what it held is dropped then.
pub(crate) async fn until_interrupted<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let hear = |kind| {
        signal(kind).map_err(|error| {
            CliError::new(
                Kind::Internal,
                format!("could not wait for signals: {error}"),
            )
        })
    };
    let mut interrupt = hear(SignalKind::interrupt())?;
    let mut terminate = hear(SignalKind::terminate())?;
    let mut hangup = hear(SignalKind::hangup())?;
    tokio::select! {
        done = work => return done,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    let message = "interrupted: what was put back stays, and nothing half done is left";
    Err(CliError::new(Kind::Interrupted, message).hint("run this again for the rest"))
}
