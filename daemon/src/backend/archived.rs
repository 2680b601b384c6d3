//! Sessions that are archived and that the catalog does not know yet: their files name them. What they are called,
//! where they ran and what was said in them is known to the catalog alone.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use sessions_archive::{ArchiveError, ArchiveReader, SourceState};
use sessions_model::{
    OnDisk, ProjectKey, Session, SessionFilter, SessionId, SourceKind, Timestamp, Tokens,
};

use super::{Backend, Refusal, copy};
use crate::live;

impl Backend {
    /// Adds to the sessions of a list those that nothing is derived of, as long as it does not narrow what only the
    /// catalog knows.
    pub(super) async fn add_archived(
        &self,
        filter: &SessionFilter,
        sessions: &mut Vec<Session>,
    ) -> Result<(), Refusal> {
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let is_narrowed = filter.project.is_some()
            || filter.since.is_some()
            || filter.until.is_some()
            || filter.live_only;
        if is_narrowed || sessions.len() >= limit {
            return Ok(());
        }
        let known: HashSet<SessionId> = sessions.iter().map(|it| it.id.clone()).collect();
        let archived = self.archived(String::new(), filter.root.clone()).await?;
        sessions.extend(archived.into_iter().filter(|it| !known.contains(&it.id)));
        sessions.truncate(limit);
        Ok(())
    }

    /// Returns the sessions in `root`, where one is named, whose ids begin so, the one written last first.
    pub(super) async fn archived(
        &self,
        begin: String,
        root: Option<String>,
    ) -> Result<Vec<Session>, Refusal> {
        let roots = self.roots.clone();
        let read = self.on_archive(move |reader| {
            let live = live::sessions(roots.known());
            named(&reader, (&begin, root.as_deref()), &live)
        });
        read.await?.map_err(|error| copy::failed(&error))
    }
}

fn named(
    reader: &ArchiveReader,
    (begin, root): (&str, Option<&str>),
    live: &HashSet<SessionId>,
) -> Result<Vec<Session>, ArchiveError> {
    let mut paths = HashMap::new();
    let mut found: HashMap<SessionId, Vec<SourceState>> = HashMap::new();
    for source in reader.sources()? {
        let path = match paths.entry(source.root) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(reader.root_path(source.root)?.unwrap_or_default())
            }
        };
        let is_in_root = root.is_none_or(|root| path == root);
        let id = source.origin.session.clone();
        if let Some(id) = id.filter(|id| is_in_root && id.as_str().starts_with(begin)) {
            found.entry(id).or_default().push(source);
        }
    }
    let mut sessions: Vec<Session> = found
        .into_iter()
        .filter_map(|(id, sources)| {
            let main = sources
                .iter()
                .find(|source| source.origin.kind == SourceKind::Transcript)?;
            let is_live = live.contains(&id);
            Some(Session {
                root: paths[&main.root].clone(),
                is_live,
                ..unread(id, main, &sources)
            })
        })
        .collect();
    sessions.sort_by(|one, other| {
        let latest = other.ended_at.cmp(&one.ended_at);
        latest.then_with(|| one.id.as_str().cmp(other.id.as_str()))
    });
    Ok(sessions)
}

/// Returns what is known of a session whose rows were not read.
fn unread(id: SessionId, main: &SourceState, sources: &[SourceState]) -> Session {
    let stamps = || sources.iter().filter_map(|source| source.cursor);
    let gone = sources.iter().filter(|source| source.is_gone).count();
    let written = main.cursor.map(|cursor| cursor.stamp.modified_ns);
    // Its last row was written then.
    let millis = written.and_then(|ns| i64::try_from(ns / 1_000_000).ok());
    Session {
        id,
        title: String::new(),
        project: String::new(),
        project_key: ProjectKey::default(),
        cwds: Vec::new(),
        branch: None,
        started_at: None,
        ended_at: millis.map(Timestamp),
        entries: 0,
        prompts: 0,
        models: Vec::new(),
        tokens: Tokens::default(),
        bytes: stamps().map(|cursor| cursor.offset.0).sum(),
        on_disk: match gone {
            0 => OnDisk::Whole,
            gone if gone == sources.len() => OnDisk::Gone,
            _ => OnDisk::Partly,
        },
        is_live: false,
        entrypoint: None,
        is_automated: false,
        gone_since: None,
        root: String::new(),
        last_prompt: None,
        subagents: 0,
        checkpoints: 0,
        tags: Vec::new(),
        ended_by: None,
    }
}
