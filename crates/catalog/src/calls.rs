//! Tool calls whose result has not come, so that a result's document can name its tool; and likewise notes of
//! queued prompts until the prompts come.

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use sessions_model::SourceId;

use crate::CatalogError;
use crate::error::Doing;
use crate::facts::fnv1a;

/// The calls of the open transaction.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// A tool's name to write, or nothing for a row to delete.
    changed: FxHashMap<(SourceId, i64), Option<String>>,
}

impl Calls {
    /// Keeps the tool's name until its result comes.
    pub(crate) fn remember(&mut self, source: SourceId, call: &str, tool: &str) {
        self.changed
            .insert((source, hash(call)), Some(tool.to_owned()));
    }

    /// Returns the tool of `call` and forgets it.
    pub(crate) fn take(
        &mut self,
        connection: &Connection,
        source: SourceId,
        call: &str,
    ) -> Result<Option<String>, CatalogError> {
        let key = (source, hash(call));
        if let Some(tool) = self.changed.remove(&key) {
            if tool.is_none() {
                self.changed.insert(key, None);
            }
            return Ok(tool);
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
        for ((source, call), tool) in self.changed.drain() {
            store(connection, source, call, tool.as_deref()).writing("an open tool call")?;
        }
        Ok(())
    }
}

fn hash(call: &str) -> i64 {
    fnv1a(call.bytes()).cast_signed()
}

fn find(connection: &Connection, source: SourceId, call: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT tool FROM open_call WHERE source = ?1 AND call = ?2")?
        .query_row((source.0.cast_signed(), call), |row| row.get(0))
        .optional()
}

fn store(
    connection: &Connection,
    source: SourceId,
    call: i64,
    tool: Option<&str>,
) -> rusqlite::Result<usize> {
    let source = source.0.cast_signed();
    match tool {
        Some(tool) => connection
            .prepare_cached("REPLACE INTO open_call (source, call, tool) VALUES (?1, ?2, ?3)")?
            .execute((source, call, tool)),
        None => connection
            .prepare_cached("DELETE FROM open_call WHERE source = ?1 AND call = ?2")?
            .execute((source, call)),
    }
}
