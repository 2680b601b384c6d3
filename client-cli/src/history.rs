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
    /// Files that were made anew, one after the other: each after all before it was lost.
    files: Vec<Lives>,
    /// In the life that is being read.
    life: Named,
}

/// One file, through all its lives.
#[derive(Debug)]
struct Lives {
    /// In any of them.
    ever: Named,
    /// In the last one.
    last: Named,
}

/// Sessions and directories.
#[derive(Debug, Default, Clone)]
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

    fn extend(&mut self, more: &Self) {
        self.ids.extend(more.ids.iter().cloned());
        self.projects.extend(more.projects.iter().cloned());
    }
}

impl Lives {
    /// Tells whether `session` was named once, or its directory, and is no more.
    fn forgot(&self, session: &Session) -> bool {
        let id = session.id.as_str();
        if self.ever.ids.contains(id) {
            return !self.last.ids.contains(id);
        }
        // Scripts leave no prompts: what is known of their directory has to do.
        let is_named = |named: &Named| session.cwds.iter().any(|cwd| named.projects.contains(cwd));
        is_named(&self.ever) && !is_named(&self.last)
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
            let mut stream = client.bytes(source.id, Some(life.id)).await?;
            let mut line = Vec::new();
            while let Some(run) = stream.next().await? {
                for piece in run.split_inclusive(|byte| *byte == b'\n') {
                    if line.len() <= LINE_BYTES_MAX {
                        line.extend_from_slice(piece);
                    }
                    if piece.ends_with(b"\n") {
                        history.take(&line);
                        line.clear();
                    }
                }
            }
            // The last line may lack its end, for now or for good.
            history.take(&line);
            let is_whole = stream.losses().is_empty();
            history.end_life(is_whole);
            if !is_whole {
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

    /// Tells whether somebody had the client forget `session`: the history named it once, or its directory, and
    /// names it no more. One that is gone itself says what it said last; one that names nothing of what it did is
    /// another, made anew after all was lost, and takes nothing back.
    pub(crate) fn forgot(&self, session: &Session) -> bool {
        let files = self
            .by_root
            .get(&session.root)
            .map(|history| &*history.files);
        let files = files.unwrap_or_default().iter().rev();
        files
            .take_while(|file| !file.last.ids.contains(session.id.as_str()))
            .any(|file| file.forgot(session))
    }
}

impl History {
    fn take(&mut self, line: &[u8]) {
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
        let named = &mut self.life;
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

    /// Takes in the life that was read. Of one that does not read back whole, what it says no more may be lost.
    fn end_life(&mut self, is_whole: bool) {
        let life = std::mem::take(&mut self.life);
        match self.files.last_mut() {
            Some(file) if !life.is_another_than(&file.ever) => {
                file.ever.extend(&life);
                file.last = if is_whole { life } else { file.ever.clone() };
            }
            _ => self.files.push(Lives {
                ever: life.clone(),
                last: life,
            }),
        }
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
        history.take(&line("one", "/src/a", 5));
        history.take(&line("one", "/src/a", 3));
        history.take(br#"{"display":"d","timestamp":4,"project":"/src/a"}"#);
        history.take(b"{");
        let expect = Prompted {
            id: "one".into(),
            project: "/src/a".into(),
            last_at: Timestamp(5),
        };
        assert_eq!(history.prompted.into_values().collect::<Vec<_>>(), [expect]);
    }

    /// Each life names sessions, in directories that are called like them; one that is marked does not read back.
    fn forgot(lives: &[&[&str]], id: &str, cwd: &str) -> bool {
        let mut history = History::default();
        for life in lives {
            for id in life.iter().filter(|id| **id != "damaged") {
                history.take(&line(id, &format!("/src/{id}"), 1));
            }
            history.end_life(!life.contains(&"damaged"));
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
        histories.forgot(&session)
    }

    #[test]
    fn what_the_history_names_no_more_was_to_be_forgotten() {
        let lives: &[&[&str]] = &[&["kept", "purged"], &["kept"]];
        assert!(forgot(lives, "purged", "/src/purged"));
        assert!(forgot(lives, "script", "/src/purged"));
        assert!(!forgot(lives, "kept", "/src/kept"));
        assert!(!forgot(lives, "script", "/src/kept"));
        assert!(!forgot(lives, "script", "/elsewhere"));
        assert!(!forgot(&[&["kept", "purged"]], "purged", "/src/purged"));
        assert!(forgot(&[&["purged"], &[]], "purged", "/src/purged"));
    }

    #[test]
    fn a_history_that_was_made_anew_takes_nothing_back() {
        let lives: &[&[&str]] = &[&["kept", "purged"], &["kept"], &["new"]];
        assert!(!forgot(lives, "kept", "/src/kept"));
        assert!(forgot(lives, "purged", "/src/purged"));
        let again: &[&[&str]] = &[&["kept", "purged"], &["kept"], &["new"], &["new", "purged"]];
        assert!(!forgot(again, "purged", "/src/purged"));
    }

    #[test]
    fn a_history_that_does_not_read_back_whole_forgets_nobody() {
        let lives: &[&[&str]] = &[&["kept", "purged"], &["kept", "damaged"]];
        assert!(!forgot(lives, "purged", "/src/purged"));
    }
}
