//! Which session a name means, and what is said when it may mean several.

use std::fmt::Write;

use sessions_client::{Client, ClientError};
use sessions_model::Session;

use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::moment::Now;
use crate::render::candidates;
use crate::terminal::Terminal;

/// What stands for the session at hand.
pub(crate) const AT_HAND: &str = "@";

/// Candidates that are listed before the rest is counted.
const CANDIDATES_MAX: usize = 10;

/// Finds the session that `name` means: the start of an id, a title, or `@` for the session this program
/// is run from, else the latest of this directory.
pub(crate) async fn resolve(
    client: &Client,
    context: &Context,
    name: &str,
) -> Result<Session, CliError> {
    let asked = asked(name, context.own_session.as_deref());
    let root = context.root_filter();
    let found = client.resolve(asked, &context.cwd, root.as_deref()).await;
    found.map_err(|error| explain(error, name, context))
}

fn explain(error: ClientError, name: &str, context: &Context) -> CliError {
    match error {
        ClientError::Ambiguous { candidates, .. } => {
            ambiguous(name, &candidates, &context.now, &context.terminal)
        }
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

/// Returns what the daemon is asked for: in a session, that session stands for `@`.
fn asked<'a>(name: &'a str, own: Option<&'a str>) -> &'a str {
    own.filter(|_| name == AT_HAND).unwrap_or(name)
}

fn ambiguous(name: &str, candidates: &[Session], now: &Now, terminal: &Terminal) -> CliError {
    let shown = candidates.get(..CANDIDATES_MAX).unwrap_or(candidates);
    let mut detail = candidates::table(shown, now, terminal);
    // The daemon names no more than a screenful, so that how many there are is not known.
    let count = if candidates.len() > shown.len() {
        writeln!(detail, "  … and more").expect("a string takes everything");
        format!("more than {}", shown.len())
    } else {
        shown.len().to_string()
    };
    let mut error = CliError::usage(format!("{count} sessions match {name}"));
    error.detail = detail;
    error.hint("write more of the id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn check(name: &str, own: Option<&str>, expect: &str) {
        assert_eq!(asked(name, own), expect, "{name} in {own:?}");
    }

    #[test]
    fn at_means_the_session_it_is_called_from() {
        check("@", Some("0b9d"), "0b9d");
        check("@", None, "@");
        check("3f9a", Some("0b9d"), "3f9a");
    }

    #[test]
    fn ambiguous_name_lists_what_it_may_mean() {
        let mut sessions = samples::sessions();
        sessions.extend(samples::sessions());
        let error = ambiguous("fix", &sessions, &samples::now(), &samples::terminal(80));
        assert_eq!(error.kind.code(), 2);
        insta::assert_snapshot!(error.render());
    }
}
