//! Why an event was not taken.

use std::error::Error;
use std::io;
use std::iter::successors;

use sessions_client::ClientError;

/// Why nobody took an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unheard {
    /// There is no daemon, or it refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It runs, and does not answer.
    #[error("the daemon did not answer within {limit}")]
    Late {
        /// How long it had.
        limit: String,
    },
    /// This program could not even ask.
    #[error("the system gave no means to ask the daemon")]
    Runtime(#[source] io::Error),
}

impl Unheard {
    /// Returns it with what it came from.
    pub(crate) fn words(&self) -> String {
        let causes = successors(Some(self as &dyn Error), |&error| error.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        causes.join(": ")
    }

    /// Tells whether there is nobody who could have taken it.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Client(ClientError::Absent | ClientError::Lost { .. })
        )
    }
}
