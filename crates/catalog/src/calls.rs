//! Tool calls whose result has not come, so that a result's document can name its tool; and likewise notes of
//! queued prompts until the prompts come.

use rusqlite::{Connection, OptionalExtension, Row};
use rustc_hash::FxHashMap;
use sessions_model::SourceId;

use crate::CatalogError;
use crate::error::Doing;
use crate::facts::fnv1a;

/// What is kept of a call until its result comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenCall {
    /// The tool's name.
    pub tool: String,
    /// Whether it asks for what this program knows.
    pub is_echo: bool,
}

/// The calls of the open transaction.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// What to write, or nothing for a row to delete.
    changed: FxHashMap<(SourceId, i64), Option<OpenCall>>,
}

impl Calls {
    /// Keeps what is known of a call until its result comes.
    pub(crate) fn remember(&mut self, source: SourceId, call: &str, open: OpenCall) {
        self.changed.insert((source, hash(call)), Some(open));
    }

    /// Returns what is known of `call` and forgets it.
    pub(crate) fn take(
        &mut self,
        connection: &Connection,
        source: SourceId,
        call: &str,
    ) -> Result<Option<OpenCall>, CatalogError> {
        let key = (source, hash(call));
        if let Some(open) = self.changed.remove(&key) {
            if open.is_none() {
                self.changed.insert(key, None);
            }
            return Ok(open);
        }
        let stored = find(connection, source, key.1).reading("an open tool call")?;
        if stored.is_some() {
            self.changed.insert(key, None);
        }
        Ok(stored)
    }

    /// Returns how much is not written yet.
    pub(crate) fn held(&self) -> usize {
        self.changed.len()
    }

    /// Gives back room.
    pub(crate) fn shed(&mut self) {
        self.changed.shrink_to_fit();
    }

    /// Writes what changed.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), CatalogError> {
        for ((source, call), open) in self.changed.drain() {
            store(connection, source, call, open.as_ref()).writing("an open tool call")?;
        }
        Ok(())
    }
}

fn hash(call: &str) -> i64 {
    fnv1a(call.bytes()).cast_signed()
}

fn find(
    connection: &Connection,
    source: SourceId,
    call: i64,
) -> rusqlite::Result<Option<OpenCall>> {
    let read = |row: &Row<'_>| {
        Ok(OpenCall {
            tool: row.get(0)?,
            is_echo: row.get(1)?,
        })
    };
    connection
        .prepare_cached("SELECT tool, is_echo FROM open_call WHERE source = ?1 AND call = ?2")?
        .query_row((source.0.cast_signed(), call), read)
        .optional()
}

fn store(
    connection: &Connection,
    source: SourceId,
    call: i64,
    open: Option<&OpenCall>,
) -> rusqlite::Result<usize> {
    let source = source.0.cast_signed();
    match open {
        Some(OpenCall { tool, is_echo }) => connection
            .prepare_cached(
                "REPLACE INTO open_call (source, call, tool, is_echo) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((source, call, tool, is_echo)),
        None => connection
            .prepare_cached("DELETE FROM open_call WHERE source = ?1 AND call = ?2")?
            .execute((source, call)),
    }
}
