//! Which session a name means, and what is said when it may mean several.

use std::fmt::Write;

use sessions_client::{Client, ClientError};
use sessions_model::Session;

use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::render::candidates;

/// What stands for the session at hand.
const AT_HAND: &str = "@";

/// Candidates that are listed before the rest is counted.
const CANDIDATES_MAX: usize = 10;

/// Finds the session that `name` means: the start of an id, a title, or `@` for the session this program
/// is run from, else the latest of this directory.
pub(crate) async fn resolve(
    client: &Client,
    context: &Context,
    name: &str,
) -> Result<Session, CliError> {
    let asked = match &context.own_session {
        Some(own) if name == AT_HAND => own.as_str(),
        _ => name,
    };
    let root = context.root_filter();
    let found = client.resolve(asked, &context.cwd, root.as_deref()).await;
    found.map_err(|error| explain(error, name, context))
}

fn explain(error: ClientError, name: &str, context: &Context) -> CliError {
    match error {
        ClientError::Ambiguous { candidates, .. } => ambiguous(name, &candidates, context),
        ClientError::NotFound { .. } if name == AT_HAND => {
            let message = match &context.own_session {
                Some(own) => format!("the session this runs in, {own}, is not archived yet"),
                None => format!("no session ran in {}", context.cwd),
            };
            CliError::new(Kind::Nothing, message).hint("run \"sessions list\" to see recent ids")
        }
        other => other.into(),
    }
}

fn ambiguous(name: &str, candidates: &[Session], context: &Context) -> CliError {
    let count = candidates.len();
    let shown = candidates.get(..CANDIDATES_MAX).unwrap_or(candidates);
    let mut detail = candidates::table(shown, &context.now, &context.terminal);
    if count > CANDIDATES_MAX {
        writeln!(detail, "  … and {} more", count - CANDIDATES_MAX)
            .expect("a string takes everything");
    }
    let mut error = CliError::usage(format!("{count} sessions match {name}"));
    error.detail = detail;
    error.hint("write more of the id")
}
