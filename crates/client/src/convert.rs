//! Wire types to model types, field by field, and totally.
//!
//! What a field must not hold is an error that says so; nothing is guessed.

mod checkpoint;
mod grep;
mod hook;
mod search;
mod session;
mod status;

pub(crate) use checkpoint::{checkpoint, git_to_wire};
pub(crate) use grep::{grep_event, grep_mode_to_wire, pattern_to_wire};
pub(crate) use hook::{reply, report, spooled_git, spooled_report};
pub(crate) use search::{answer, coverage};
pub(crate) use session::{entry, project, session, source};
pub(crate) use status::{progress, status};

use sessions_model::Timestamp;

use crate::ClientError;

fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp)
}

/// Converts each of `items`, or says what is wrong with the first that cannot be.
pub(crate) fn each<T, U>(
    items: Vec<T>,
    convert: impl Fn(T) -> Result<U, ClientError>,
) -> Result<Vec<U>, ClientError> {
    items.into_iter().map(convert).collect()
}
