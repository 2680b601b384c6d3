//! A session's entries on their way out. They are held in memory, all of them, for as long as they are
//! taken: only the end of a transcript says which branch a row is on. So there is room for so many bytes
//! of sessions, and who stops taking them lets go: the rest is read again when they go on.

use sessions_model::{Entry, EntryId, SessionId};
use sessions_query::Reading;

use super::limits::Share;
use super::{Backend, Lent, Refusal, copy};

/// Entries that are left of a session, in order.
#[derive(Debug)]
pub(crate) struct Portion {
    entries: std::vec::IntoIter<Entry>,
    losses: Vec<String>,
    at: Mark,
    share: Option<Share>,
}

/// How far a reader is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Entries that were taken.
    taken: usize,
    /// The last of them.
    last: Option<EntryId>,
}

impl Mark {
    /// Returns how many of `entries` come before what is left; none if what was taken last is not there.
    fn find(&self, entries: &[Entry]) -> Option<usize> {
        let Some(last) = &self.last else {
            return Some(0);
        };
        let is_last = |entry: &Entry| entry.id == *last;
        // Most often nothing was added before it meanwhile.
        let stayed = self.taken.checked_sub(1).and_then(|at| entries.get(at));
        if stayed.is_some_and(is_last) {
            return Some(self.taken);
        }
        entries.iter().rposition(is_last).map(|at| at + 1)
    }
}

impl Portion {
    /// Returns the next entry.
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let entry = self.entries.next()?;
        self.at = Mark {
            taken: self.at.taken + 1,
            last: Some(entry.id.clone()),
        };
        Some(entry)
    }

    /// Gives back the memory of what was not taken; returns where to go on.
    pub(crate) fn let_go(&mut self) -> Mark {
        self.entries = Vec::new().into_iter();
        self.share = None;
        self.at.clone()
    }

    /// Returns what of the session is lost, for a person.
    pub(crate) fn into_losses(self) -> Vec<String> {
        self.losses
    }
}

impl Backend {
    /// Returns a session's entries after `mark`, and what of it is lost.
    pub(crate) async fn read(&self, session: SessionId, mark: Mark) -> Result<Portion, Refusal> {
        self.catch_up().await;
        let id = session.clone();
        let bytes = self.ask(move |engine| engine.bytes_of(&session)).await?;
        let share = self.limits.session(bytes).await.ok_or(Refusal::Stopping)?;
        let session = id.clone();
        // The share goes where the memory is, whether or not the caller is still there.
        let read = self.ask(move |engine| Ok((engine.read(&session)?, share)));
        let (Some(Reading { entries, losses }), share) = read.await? else {
            return Err(Refusal::NotFound(format!("no session has the id {id}")));
        };
        let losses = if losses.is_empty() {
            Vec::new()
        } else {
            let suspicion = self.suspicion.clone();
            let say = move |reader: Lent| {
                suspicion.raise_for(&losses, &reader);
                let losses = losses.iter();
                losses.map(|loss| copy::describe(loss, &reader)).collect()
            };
            self.on_archive(say).await?
        };
        let before = mark.find(&entries).ok_or_else(|| {
            Refusal::Failed(format!("session {id} was written anew while it was read"))
        })?;
        let mut entries = entries.into_iter();
        entries.by_ref().take(before).for_each(drop);
        Ok(Portion {
            entries,
            losses,
            at: Mark {
                taken: before,
                last: mark.last,
            },
            share: Some(share),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sessions_model::{Branch, EntryKind};

    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            id: EntryId(id.to_owned()),
            kind: EntryKind::Prompt,
            time: None,
            text: String::new(),
            tool: None,
            is_error: false,
            agent: None,
            started: None,
            branch: Branch::Current,
            is_withdrawn: false,
            model: None,
            usage: None,
            images: 0,
            record_type: String::new(),
        }
    }

    fn entries(ids: &[&str]) -> Vec<Entry> {
        ids.iter().map(|id| entry(id)).collect()
    }

    /// What is left after `mark` of so many entries with so long a text, and the rest of the room.
    pub(crate) fn portion(count: usize, text: &str, mark: Mark) -> Portion {
        let entry = |number: usize| Entry {
            text: text.to_owned(),
            ..entry(&number.to_string())
        };
        let mut all: Vec<_> = (0..count).map(entry).collect();
        let before = mark.find(&all).unwrap();
        Portion {
            entries: all.split_off(before).into_iter(),
            losses: vec!["a loss".to_owned()],
            at: mark,
            share: None,
        }
    }

    #[test]
    fn who_let_go_goes_on_after_what_was_taken() {
        let mut portion = Portion {
            entries: entries(&["a", "b", "c"]).into_iter(),
            losses: Vec::new(),
            at: Mark::default(),
            share: None,
        };
        portion.next();
        portion.next();
        let mark = portion.let_go();
        assert!(portion.next().is_none());
        let check = |ids: &[&str], expect: Option<usize>| {
            assert_eq!(mark.find(&entries(ids)), expect, "{ids:?}");
        };
        check(&["a", "b", "c"], Some(2));
        check(&["b", "b", "c"], Some(2));
        check(&["a", "new", "b", "c"], Some(3));
        check(&["c"], None);
        assert_eq!(Mark::default().find(&[]), Some(0));
    }
}
