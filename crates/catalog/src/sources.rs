//! The sources of sessions: how long they are and what the disk still holds.

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use sessions_model::{RootId, Seq, SessionOrdinal, SourceId, SourceKind, Timestamp};

use crate::facts::SourceFacts;

/// Something said at a seq; the highest stands.
type Said<T> = Option<(Seq, T)>;

#[derive(Debug)]
struct Source {
    session: Option<SessionOrdinal>,
    root: RootId,
    kind: SourceKind,
    bytes: Said<u64>,
    gone_since: Said<Option<Timestamp>>,
    is_cut: Said<bool>,
    within: Said<u64>,
}

/// The sources of the open transaction.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    changed: FxHashMap<SourceId, Source>,
}

impl Sources {
    /// Takes in what a change says.
    pub(crate) fn say(&mut self, facts: &SourceFacts) {
        let source = self.changed.entry(facts.source).or_insert_with(|| Source {
            session: None,
            root: facts.root,
            kind: facts.kind,
            bytes: None,
            gone_since: None,
            is_cut: None,
            within: None,
        });
        source.session = facts.session.or(source.session);
        // Known of the archive when it was said: the last word is the better one.
        (source.root, source.kind) = (facts.root, facts.kind);
        say(&mut source.bytes, facts.at, facts.bytes);
        say(&mut source.gone_since, facts.at, facts.gone_since);
        say(&mut source.is_cut, facts.at, facts.is_cut);
        let within = facts.within.map(|within| within.0);
        say(&mut source.within, facts.at, within);
    }

    /// Writes what changed.
    pub(crate) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (id, source) in self.changed.drain() {
            store(connection, id, &source)?;
        }
        Ok(())
    }
}

fn say<T>(slot: &mut Said<T>, at: Seq, said: Option<T>) {
    if let Some(said) = said
        && slot.as_ref().is_none_or(|(before, _)| at >= *before)
    {
        *slot = Some((at, said));
    }
}

/// Splits what was said into the value and its seq, which is -1 where nothing was.
fn columns<T: Default>(said: Said<T>) -> (T, i64) {
    said.map_or((T::default(), -1), |(at, value)| {
        (value, at.0.cast_signed())
    })
}

fn store(connection: &Connection, id: SourceId, source: &Source) -> rusqlite::Result<usize> {
    let (bytes, bytes_at) = columns(source.bytes);
    let (gone_since, is_gone_at) = columns(source.gone_since);
    let (is_cut, is_cut_at) = columns(source.is_cut);
    let (within, within_at) = columns(source.within);
    connection
        .prepare_cached(
            "INSERT INTO source VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET
                session = coalesce(excluded.session, session),
                root = excluded.root,
                kind = excluded.kind,
                bytes = iif(excluded.bytes_at >= bytes_at, excluded.bytes, bytes),
                bytes_at = max(bytes_at, excluded.bytes_at),
                is_gone = iif(excluded.is_gone_at >= is_gone_at, excluded.is_gone, is_gone),
                gone_since = iif(excluded.is_gone_at >= is_gone_at, excluded.gone_since, gone_since),
                is_gone_at = max(is_gone_at, excluded.is_gone_at),
                is_cut = iif(excluded.is_cut_at >= is_cut_at, excluded.is_cut, is_cut),
                is_cut_at = max(is_cut_at, excluded.is_cut_at),
                within = iif(excluded.within_at >= within_at, excluded.within, within),
                within_at = max(within_at, excluded.within_at)",
        )?
        .execute(rusqlite::params![
            id.0,
            source.session.map(|session| session.0),
            source.root.0,
            kind_code(source.kind),
            bytes,
            bytes_at,
            gone_since.is_some(),
            gone_since.map(Timestamp::millis),
            is_gone_at,
            is_cut,
            is_cut_at,
            within,
            within_at,
        ])
}

/// The number of a kind in the table.
pub(crate) fn kind_code(kind: SourceKind) -> i64 {
    match kind {
        SourceKind::Transcript => 0,
        SourceKind::Subagent => 1,
        SourceKind::ToolResult => 2,
        SourceKind::Sidecar => 3,
        SourceKind::FileHistory => 4,
        SourceKind::History => 5,
    }
}
