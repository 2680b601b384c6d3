//! What the histories of prompts name: every life that each root's `history.jsonl` had.
//!
//! The client's sweeps leave the history alone, and its `purge` of a project takes that project's prompts out:
//! so what went by itself is told from what somebody wanted gone. Must not know what is done about either.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use sessions_client::{Client, Source};
use sessions_model::{Session, Timestamp};

use crate::error::CliError;

/// The longest line that is read, in bytes; longer ones hold what was pasted.
const LINE_BYTES_MAX: usize = 16 << 20;

/// A session whose prompts a history names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompted {
    /// Its id.
    pub(crate) id: String,
    /// The directory it ran in.
    pub(crate) project: String,
    /// When something was last prompted.
    pub(crate) last_at: Timestamp,
}

/// The histories of all roots, or of one.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    by_root: BTreeMap<String, History>,
    damaged: Vec<String>,
}

#[derive(Debug, Default)]
struct History {
    prompted: BTreeMap<String, Prompted>,
    before: Named,
    /// In the file as it is; none where there is no file.
    now: Option<Named>,
}

/// Sessions and directories.
#[derive(Debug, Default)]
struct Named {
    ids: HashSet<String>,
    projects: HashSet<String>,
}

impl Named {
    fn is_another_than(&self, before: &Self) -> bool {
        let names_some = !self.projects.is_empty();
        names_some
            && self.ids.is_disjoint(&before.ids)
            && self.projects.is_disjoint(&before.projects)
    }
}

impl Histories {
    /// Reads what the archive has of them.
    pub(crate) async fn read(client: &Client, root: Option<&str>) -> Result<Self, CliError> {
        let mut histories = Self::default();
        for source in client.unowned_sources().await? {
            let is_meant = root.is_none_or(|root| root == source.root);
            if source.kind == "history" && is_meant {
                histories.read_source(client, &source).await?;
            }
        }
        Ok(histories)
    }

    async fn read_source(&mut self, client: &Client, source: &Source) -> Result<(), CliError> {
        let history = self.by_root.entry(source.root.clone()).or_default();
        for life in &source.generations {
            let is_now = life.is_current && !source.is_gone;
            if is_now {
                history.now = Some(Named::default());
            }
            let mut stream = client.bytes(source.id, Some(life.id)).await?;
            let mut line = Vec::new();
            while let Some(run) = stream.next().await? {
                for piece in run.split_inclusive(|byte| *byte == b'\n') {
                    if line.len() <= LINE_BYTES_MAX {
                        line.extend_from_slice(piece);
                    }
                    if piece.ends_with(b"\n") {
                        history.take(&line, is_now);
                        line.clear();
                    }
                }
            }
            // The last line may lack its end, for now or for good.
            history.take(&line, is_now);
            if !stream.losses().is_empty() {
                // What it says no more may be what is lost.
                history.now = None;
                let root = &source.root;
                self.damaged.push(format!(
                    "the history of {root} does not read back whole: nothing of it counts as forgotten"
                ));
            }
        }
        Ok(())
    }

    /// Returns what of them does not read back, for a person.
    pub(crate) fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Returns the sessions that any life of a history names.
    pub(crate) fn prompted(&self) -> impl Iterator<Item = &Prompted> {
        let histories = self.by_root.values();
        histories.flat_map(|history| history.prompted.values())
    }

    /// Tells whether somebody had the client forget `session`: the history named it once, or its directory,
    /// and is there still, and names it no more. One that names nothing of what it did is another, made anew after
    /// all was lost.
    pub(crate) fn forgot(&self, session: &Session) -> bool {
        let Some(history) = self.by_root.get(&session.root) else {
            return false;
        };
        let Some(now) = &history.now else {
            return false;
        };
        if now.is_another_than(&history.before) {
            return false;
        }
        let id = session.id.as_str();
        if history.before.ids.contains(id) {
            return !now.ids.contains(id);
        }
        // Scripts leave no prompts: what is known of their directory has to do.
        let is_named = |named: &Named| session.cwds.iter().any(|cwd| named.projects.contains(cwd));
        is_named(&history.before) && !is_named(now)
    }
}

impl History {
    fn take(&mut self, line: &[u8], is_now: bool) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Prompt {
            session_id: Option<String>,
            project: String,
            timestamp: i64,
        }
        let Ok(prompt) = serde_json::from_slice::<Prompt>(line) else {
            return;
        };
        let named = match &mut self.now {
            Some(now) if is_now => now,
            _ => &mut self.before,
        };
        named.projects.insert(prompt.project.clone());
        // Old versions named no session.
        let Some(id) = prompt.session_id else {
            return;
        };
        named.ids.insert(id.clone());
        let last_at = Timestamp(prompt.timestamp);
        let known = self.prompted.entry(id.clone()).or_insert(Prompted {
            id,
            project: prompt.project,
            last_at,
        });
        known.last_at = known.last_at.max(last_at);
    }
}

#[cfg(test)]
mod tests {
    use sessions_model::SessionId;

    use super::*;
    use crate::samples;

    fn line(id: &str, project: &str, at: i64) -> Vec<u8> {
        format!(r#"{{"display":"x","timestamp":{at},"project":"{project}","sessionId":"{id}"}}"#)
            .into_bytes()
    }

    #[test]
    fn each_session_is_named_once_with_its_last_prompt() {
        let mut history = History::default();
        history.take(&line("one", "/src/a", 5), false);
        history.take(&line("one", "/src/a", 3), false);
        history.take(
            br#"{"display":"d","timestamp":4,"project":"/src/a"}"#,
            false,
        );
        history.take(b"{", false);
        let expect = Prompted {
            id: "one".into(),
            project: "/src/a".into(),
            last_at: Timestamp(5),
        };
        assert_eq!(history.prompted.into_values().collect::<Vec<_>>(), [expect]);
    }

    fn check(id: &str, cwd: &str, is_there: bool, expect: bool) {
        let mut history = History::default();
        for (id, project) in [("kept", "/src/kept"), ("purged", "/src/purged")] {
            history.take(&line(id, project, 1), false);
        }
        if is_there {
            history.now = Some(Named::default());
            history.take(&line("kept", "/src/kept", 1), true);
        }
        let session = Session {
            id: SessionId::parse(id).unwrap(),
            cwds: vec![cwd.into()],
            root: "/root".into(),
            ..samples::sessions().remove(0)
        };
        let histories = Histories {
            by_root: BTreeMap::from([("/root".to_owned(), history)]),
            damaged: Vec::new(),
        };
        assert_eq!(histories.forgot(&session), expect, "{id} in {cwd}");
    }

    #[test]
    fn a_history_that_was_made_anew_tells_nothing_of_what_was_there() {
        let is_another = |now: &[u8], expect: bool| {
            let mut history = History::default();
            history.take(&line("one", "/src/a", 1), false);
            history.now = Some(Named::default());
            history.take(now, true);
            let found = history.now.unwrap().is_another_than(&history.before);
            assert_eq!(found, expect);
        };
        is_another(&line("new", "/src/new", 2), true);
        is_another(&line("new", "/src/a", 2), false);
        is_another(b"", false);
    }

    #[test]
    fn what_the_history_names_no_more_was_to_be_forgotten() {
        check("kept", "/src/kept", true, false);
        check("purged", "/src/purged", true, true);
        check("script", "/src/purged", true, true);
        check("script", "/src/kept", true, false);
        check("script", "/elsewhere", true, false);
        // A history that is gone itself says nothing.
        check("purged", "/src/purged", false, false);
    }
}
