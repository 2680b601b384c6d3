//! Model values as text for people. Nothing here asks the daemon or writes to a stream.

pub(crate) mod candidates;
pub(crate) mod checkpoints;
pub(crate) mod conversation;
pub(crate) mod facets;
pub(crate) mod grep;
pub(crate) mod listing;
pub(crate) mod lost;
pub(crate) mod progress;
pub(crate) mod projects;
pub(crate) mod quantity;
pub(crate) mod results;
pub(crate) mod sources;
pub(crate) mod standing;
pub(crate) mod text;

use sessions_model::{Session, SessionId};

/// What stands for a title where there is none.
const UNTITLED: &str = "(no title)";

/// Returns the start of a session's id: enough to name it in nearly every archive.
pub(crate) fn short_id(id: &SessionId) -> String {
    text::one_line(id.short())
}

/// Returns a session's title on one line.
pub(crate) fn title(session: &Session) -> String {
    let title = text::one_line(&session.title);
    if title.is_empty() {
        UNTITLED.to_owned()
    } else {
        title
    }
}
