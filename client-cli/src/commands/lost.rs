//! `sessions lost`.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use serde::Deserialize;
use sessions_client::Client;
use sessions_model::{OnDisk, Session, SessionFilter, Timestamp};

use crate::args::Lost;
use crate::context::Context;
use crate::error::CliError;
use crate::json::{self, LostJson};
use crate::output::Output;
use crate::render::lost;
use crate::sweep::Sweep;

/// The longest line of the history that is read, in bytes; longer ones hold what was pasted.
const LINE_BYTES_MAX: usize = 16 << 20;

/// What is not on disk any more.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Sessions that the archive has and the disk has not, or not whole; latest first.
    pub(crate) restorable: Vec<Session>,
    /// Sessions that were gone before the archive could have them; latest first.
    pub(crate) gone: Vec<Gone>,
    /// When what is there is deleted.
    pub(crate) sweeps: Vec<Sweep>,
}

/// A session of which only its prompts in the history are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Its id.
    pub(crate) id: String,
    /// The directory it ran in.
    pub(crate) project: String,
    /// When something was last prompted.
    pub(crate) last_at: Timestamp,
}

/// Runs it.
pub(crate) async fn run(context: &Context, args: Lost) -> Result<(), CliError> {
    let client = context.connect().await?;
    let root = context.root_filter();
    let filter = SessionFilter {
        root: root.clone(),
        ..SessionFilter::default()
    };
    let sessions = client.list(&filter).await?.sessions;
    let known = sessions
        .iter()
        .map(|session| session.id.as_str().to_owned())
        .collect();
    let gone = gone(&client, root.as_deref(), &known).await?;
    let roots = client
        .status()
        .await?
        .roots
        .into_iter()
        .map(|root| root.path);
    let roots = roots.filter(|path| root.as_ref().is_none_or(|root| root == path));
    let is_lost = |session: &Session| session.on_disk != OnDisk::Whole && !session.is_live;
    let losses = Losses {
        sweeps: roots.map(|root| Sweep::look(&root, &context.now)).collect(),
        restorable: sessions.into_iter().filter(is_lost).collect(),
        gone,
    };
    if args.json {
        let mut out = Output::direct();
        json::write(&mut out, &LostJson::new(&losses))?;
        out.finish()?;
    } else {
        let mut out = Output::paged(&context.terminal);
        write!(
            out,
            "{}",
            lost::report(&losses, &context.now, &context.terminal)
        )?;
        out.finish()?;
    }
    if losses.restorable.is_empty() && losses.gone.is_empty() {
        return Err(CliError::nothing());
    }
    Ok(())
}

/// Returns the sessions that the histories of prompts name, in all lives that these had, and that are not
/// `known`.
async fn gone(
    client: &Client,
    root: Option<&str>,
    known: &HashSet<String>,
) -> Result<Vec<Gone>, CliError> {
    let mut found = BTreeMap::new();
    for source in client.unowned_sources().await? {
        let is_meant = root.is_none_or(|root| root == source.root);
        if source.kind != "history" || !is_meant {
            continue;
        }
        for life in &source.generations {
            let mut stream = client.bytes(source.id, Some(life.id)).await?;
            let mut line = Vec::new();
            while let Some(run) = stream.next().await? {
                for piece in run.split_inclusive(|byte| *byte == b'\n') {
                    if line.len() <= LINE_BYTES_MAX {
                        line.extend_from_slice(piece);
                    }
                    if piece.ends_with(b"\n") {
                        take(&line, known, &mut found);
                        line.clear();
                    }
                }
            }
        }
    }
    let mut found: Vec<Gone> = found.into_values().collect();
    found.sort_by_key(|gone| std::cmp::Reverse(gone.last_at));
    Ok(found)
}

fn take(line: &[u8], known: &HashSet<String>, found: &mut BTreeMap<String, Gone>) {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Prompt {
        session_id: String,
        project: String,
        timestamp: i64,
    }
    // Old versions named no session.
    let Ok(prompt) = serde_json::from_slice::<Prompt>(line) else {
        return;
    };
    if known.contains(&prompt.session_id) {
        return;
    }
    let last_at = Timestamp(prompt.timestamp);
    let gone = found.entry(prompt.session_id.clone()).or_insert(Gone {
        id: prompt.session_id,
        project: prompt.project,
        last_at,
    });
    gone.last_at = gone.last_at.max(last_at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_only_the_history_names_were_gone_before() {
        let known = HashSet::from(["here".to_owned()]);
        let mut found = BTreeMap::new();
        for line in [
            r#"{"display":"a","timestamp":5,"project":"/src/a","sessionId":"lost"}"#,
            r#"{"display":"b","timestamp":3,"project":"/src/a","sessionId":"lost"}"#,
            r#"{"display":"c","timestamp":4,"project":"/src/a","sessionId":"here"}"#,
            r#"{"display":"d","timestamp":4,"project":"/src/a"}"#,
            "{",
        ] {
            take(line.as_bytes(), &known, &mut found);
        }
        let expect = Gone {
            id: "lost".into(),
            project: "/src/a".into(),
            last_at: Timestamp(5),
        };
        assert_eq!(found.into_values().collect::<Vec<_>>(), [expect]);
    }
}
