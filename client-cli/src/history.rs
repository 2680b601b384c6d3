//! What the histories of prompts name: every life that each root's `history.jsonl` had, and what it is now.
//!
//! The client's sweeps take out what was prompted longer ago than it keeps sessions for, its `purge` of a project all
//! that was prompted there, its `purge --all` the whole file: so what went by itself is told from what somebody
//! wanted gone. Must not know what is done about either.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Deserialize;
use sessions_client::{Client, Source};
use sessions_model::{Session, Timestamp};
use sessions_paths::read_regular;

use crate::error::CliError;
use crate::sweep;

/// The longest line that is read, in bytes; longer ones hold what was pasted.
const LINE_BYTES_MAX: usize = 16 << 20;

/// The largest history that is read from the disk, in bytes: that of years has some ten million.
const HISTORY_BYTES_MAX: u64 = 1 << 30;

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
    /// In the life that is being read.
    life: Named,
    /// Now, as far as is known.
    named: Named,
    /// Sessions that were named, and are no more.
    forgotten: HashSet<String>,
    /// Directories that were named, and once were not any more: when that was last.
    left_at: HashMap<String, Timestamp>,
}

/// Sessions and directories, with when something was last prompted in each.
#[derive(Debug, Default)]
struct Named {
    ids: HashMap<String, Timestamp>,
    projects: HashMap<String, Timestamp>,
    /// When the first of all was.
    first_at: Option<Timestamp>,
}

/// How a life of a history follows the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It is the same file, written anew: what it names no more was taken out.
    Rewritten {
        /// When it was first seen so.
        at: Timestamp,
        /// What was prompted before may have gone by itself.
        kept_from: Timestamp,
    },
    /// It does not read back whole: what is missing in it says nothing.
    Damaged,
    /// Its root was lost as a whole and made anew, and it with that.
    Anew,
}

impl Histories {
    /// Reads what the archive has of them.
    pub(crate) async fn read(
        client: &Client,
        root: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let mut histories = Self::default();
        for source in client.unowned_sources().await? {
            let is_meant = root.is_none_or(|root| root == source.root);
            if source.kind == "history" && is_meant {
                histories.read_source(client, &source, now).await?;
            }
        }
        Ok(histories)
    }

    async fn read_source(
        &mut self,
        client: &Client,
        source: &Source,
        now: Timestamp,
    ) -> Result<(), CliError> {
        let root = &source.root;
        let history = self.by_root.entry(root.clone()).or_default();
        let born_at = born_at(Path::new(root));
        let kept_ms = sweep::kept_ms(Path::new(root));
        let rewritten = |at: Timestamp| Turn::Rewritten {
            at,
            kept_from: Timestamp(at.millis() - kept_ms),
        };
        let mut before = None;
        for life in &source.generations {
            let mut stream = client.bytes(source.id, Some(life.id)).await?;
            let mut line = Vec::new();
            while let Some(run) = stream.next().await? {
                history.take_run(&run, &mut line);
            }
            // The last line may lack its end, for now or for good.
            history.take(&line);
            let is_whole = stream.losses().is_empty();
            let at = life.opened_at;
            history.end_life(if !is_whole {
                Turn::Damaged
            } else if is_between(before, born_at, at) {
                Turn::Anew
            } else {
                rewritten(at)
            });
            before = Some(at);
            if !is_whole {
                self.damaged.push(format!(
                    "the history of {root} does not read back whole: nothing of it counts as forgotten"
                ));
            }
        }
        // What was purged a moment ago may not be archived yet.
        let turn = if is_between(before, born_at, now) {
            Turn::Anew
        } else {
            rewritten(now)
        };
        match on_disk(Path::new(root)) {
            Ok(Some(lines)) => {
                let mut line = Vec::new();
                history.take_run(&lines, &mut line);
                history.take(&line);
                history.end_life(turn);
            }
            Ok(None) => {}
            Err(error) => self.damaged.push(format!(
                "the history of {root} cannot be read, so that nothing more counts as forgotten: {error}"
            )),
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

    /// Tells whether somebody had the client forget `session`: the history named it once, or its directory, and does
    /// no more.
    pub(crate) fn forgot(&self, session: &Session) -> bool {
        let history = self.by_root.get(&session.root);
        history.is_some_and(|history| history.forgot(session))
    }
}

impl History {
    fn forgot(&self, session: &Session) -> bool {
        let id = session.id.as_str();
        if self.named.ids.contains_key(id) || self.forgotten.contains(id) {
            return self.forgotten.contains(id);
        }
        // Scripts leave no prompts: what is known of their directory has to do, of as long as they were before it
        // was taken out.
        let left = session.cwds.iter().filter_map(|cwd| self.left_at.get(cwd));
        left.max()
            .is_some_and(|left_at| session.ended_at.is_none_or(|at| at <= *left_at))
    }

    /// Takes what was read of a life; `line` holds what has no end yet.
    fn take_run(&mut self, run: &[u8], line: &mut Vec<u8>) {
        for piece in run.split_inclusive(|byte| *byte == b'\n') {
            if line.len() <= LINE_BYTES_MAX {
                line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.take(line);
                line.clear();
            }
        }
    }

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
        let at = Timestamp(prompt.timestamp);
        let named = &mut self.life;
        named.first_at = Some(named.first_at.map_or(at, |first| first.min(at)));
        note(&mut named.projects, &prompt.project, at);
        // Old versions named no session.
        let Some(id) = prompt.session_id else {
            return;
        };
        note(&mut named.ids, &id, at);
        let known = self.prompted.entry(id.clone()).or_insert(Prompted {
            id,
            project: prompt.project,
            last_at: at,
        });
        known.last_at = known.last_at.max(at);
    }

    /// Takes in the life that was read.
    fn end_life(&mut self, turn: Turn) {
        let life = std::mem::take(&mut self.life);
        self.forgotten.retain(|id| !life.ids.contains_key(id));
        match turn {
            Turn::Rewritten { at, kept_from } => {
                let Named { ids, projects, .. } = std::mem::replace(&mut self.named, life);
                let named = &self.named;
                // A sweep takes the oldest out, and nothing that is kept yet.
                let is_swept = |last_at: Timestamp| {
                    last_at < kept_from && named.first_at.is_none_or(|first| last_at < first)
                };
                let taken_out =
                    |(name, last_at): (String, Timestamp)| (!is_swept(last_at)).then_some(name);
                let ids = ids.into_iter().filter_map(taken_out);
                let ids = ids.filter(|id| !named.ids.contains_key(id));
                self.forgotten.extend(ids);
                let projects = projects.into_iter().filter_map(taken_out);
                let projects = projects.filter(|project| !named.projects.contains_key(project));
                self.left_at.extend(projects.map(|project| (project, at)));
            }
            Turn::Damaged => {
                self.named.ids.extend(life.ids);
                self.named.projects.extend(life.projects);
                let firsts = [self.named.first_at, life.first_at];
                self.named.first_at = firsts.into_iter().flatten().min();
            }
            Turn::Anew => self.named = life,
        }
    }
}

fn note(named: &mut HashMap<String, Timestamp>, name: &str, at: Timestamp) {
    let last_at = named.entry(name.to_owned()).or_insert(at);
    *last_at = at.max(*last_at);
}

/// Returns when a folder was made, where the system says so.
fn born_at(folder: &Path) -> Option<Timestamp> {
    let born = fs::metadata(folder).and_then(|metadata| metadata.created());
    Timestamp::from_system(born.ok()?)
}

/// Tells whether a root was made after one life of its history was seen, and before the next was: it was lost as a
/// whole meanwhile, which no purge brings about.
fn is_between(before: Option<Timestamp>, born_at: Option<Timestamp>, at: Timestamp) -> bool {
    let is_after = |born: Timestamp| before.is_some_and(|before| before < born) && born <= at;
    born_at.is_some_and(is_after)
}

/// Reads the history as it is now: nothing where there is none. None where there is no root either.
fn on_disk(root: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_regular(&root.join("history.jsonl"), HISTORY_BYTES_MAX) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(root.is_dir().then(Vec::new)),
        Err(error) => Err(error),
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

    /// A life that begins at `at`, when nothing is old enough for a sweep.
    fn rewritten(at: i64) -> Turn {
        Turn::Rewritten {
            at: Timestamp(at),
            kept_from: Timestamp(0),
        }
    }

    /// Each life names sessions, in directories that are called like them, and begins at its number; one that is
    /// marked is damaged, or comes after its root was lost. A script's session ended at 1.
    fn forgot(lives: &[&[&str]], id: &str, cwd: &str) -> bool {
        let mut history = History::default();
        for (at, life) in (0..).zip(lives) {
            let marks = ["damaged", "anew"];
            for id in life.iter().filter(|id| !marks.contains(id)) {
                history.take(&line(id, &format!("/src/{id}"), 1));
            }
            history.end_life(if life.contains(&"damaged") {
                Turn::Damaged
            } else if life.contains(&"anew") {
                Turn::Anew
            } else {
                rewritten(at)
            });
        }
        let session = Session {
            id: SessionId::parse(id).unwrap(),
            cwds: vec![cwd.into()],
            root: "/root".into(),
            ended_at: Some(Timestamp(1)),
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
        let again: &[&[&str]] = &[&["kept", "purged"], &["kept"], &["kept", "purged"]];
        assert!(!forgot(again, "purged", "/src/purged"));
        let all: &[&[&str]] = &[&["purged"], &[], &["new"]];
        assert!(forgot(all, "purged", "/src/purged"));
        assert!(forgot(all, "script", "/src/purged"));
    }

    #[test]
    fn what_a_script_left_is_forgotten_with_its_directory_though_that_is_named_again() {
        let line = |id: &str| line(id, "/src/purged", 1);
        let mut history = History::default();
        for (at, ids) in (0..).zip([&["one"][..], &[], &["two"]]) {
            for id in ids {
                history.take(&line(id));
            }
            history.end_life(rewritten(at));
        }
        let forgot = |ended_at| {
            history.forgot(&Session {
                id: SessionId::parse("script").unwrap(),
                cwds: vec!["/src/purged".into()],
                ended_at,
                ..samples::sessions().remove(0)
            })
        };
        assert!(forgot(Some(Timestamp(1))));
        assert!(forgot(None));
        assert!(!forgot(Some(Timestamp(2))), "it came after");
    }

    #[test]
    fn what_is_older_than_what_is_kept_went_by_itself() {
        let check = |(purged, kept): (i64, &[i64]), kept_from: i64, expect: bool| {
            let mut history = History::default();
            let kept_lines = || kept.iter().map(|at| line("kept", "/src/kept", *at));
            for line in kept_lines().chain([line("session", "/src/other", purged)]) {
                history.take(&line);
            }
            history.end_life(rewritten(1));
            kept_lines().for_each(|line| history.take(&line));
            history.end_life(Turn::Rewritten {
                at: Timestamp(9),
                kept_from: Timestamp(kept_from),
            });
            for id in ["session", "script"] {
                let session = Session {
                    id: SessionId::parse(id).unwrap(),
                    cwds: vec!["/src/other".into()],
                    ended_at: Some(Timestamp(purged)),
                    ..samples::sessions().remove(0)
                };
                let what = (id, purged, kept, kept_from);
                assert_eq!(history.forgot(&session), expect, "{what:?}");
            }
        };
        check((3, &[6]), 5, false);
        check((5, &[6]), 5, true);
        check((3, &[2, 6]), 5, true);
        check((3, &[]), 5, false);
        check((6, &[]), 5, true);
    }

    #[test]
    fn what_says_nothing_forgets_nobody() {
        let lives: &[&[&str]] = &[&["kept", "purged"], &["kept", "damaged"]];
        assert!(!forgot(lives, "purged", "/src/purged"));
        let anew: &[&[&str]] = &[&["kept", "purged"], &["kept"], &["new", "anew"], &["new"]];
        assert!(!forgot(anew, "kept", "/src/kept"));
        assert!(forgot(anew, "purged", "/src/purged"));
    }

    #[test]
    fn a_root_that_was_made_anew_has_another_history() {
        let check = |before: Option<i64>, born: Option<i64>, expect: bool| {
            let between = is_between(before.map(Timestamp), born.map(Timestamp), Timestamp(9));
            assert_eq!(between, expect, "{before:?} {born:?}");
        };
        check(Some(5), Some(7), true);
        check(Some(5), Some(3), false);
        check(Some(5), Some(11), false);
        check(Some(5), None, false);
        check(None, Some(7), false);
    }

    #[test]
    fn a_history_that_is_gone_names_nothing_and_one_without_a_root_says_nothing() {
        let root = tempfile::tempdir().unwrap();
        let read = |root: &Path| on_disk(root).unwrap();
        assert_eq!(read(root.path()), Some(Vec::new()));
        fs::write(root.path().join("history.jsonl"), "{}").unwrap();
        assert_eq!(read(root.path()), Some(b"{}".to_vec()));
        assert_eq!(read(&root.path().join("none")), None);
    }
}
