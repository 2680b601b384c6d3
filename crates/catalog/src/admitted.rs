//! Which records a session already has. It knows nothing of what is in them.
//!
//! The keys of the sessions in work are held in memory and written at commit, eight bytes each, in a few
//! chunks per session: a row of a table for each would cost five times the space and the time. What a
//! session has beyond so many goes into such a table all the same, and is looked up there, so that no
//! session takes more memory than another.

use std::collections::hash_map::Entry;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};
use sessions_model::{RecordKey, SessionOrdinal};

use crate::CatalogError;
use crate::error::Doing;

/// Chunks after which a session's keys are written anew as one.
const CHUNKS_MAX: i64 = 32;

/// Bits of a chunk's id that count within its session.
const CHUNK_BITS: u32 = 20;

/// Keys kept in memory between commits.
const KEYS_HELD_MAX: usize = 512 * 1024;

/// Keys of a session in chunks after which its next ones are rows.
const CHUNKED_KEYS_MAX: usize = 256 * 1024;

/// Keys not written yet after which a commit is due.
const FRESH_KEYS_MAX: usize = 512 * 1024;

const OF_SESSION: &str = "the records of a session";

#[derive(Debug, Default)]
struct Keys {
    /// Those in chunks, and those not written yet.
    known: FxHashSet<u64>,
    /// Those not written yet.
    fresh: Vec<u64>,
    chunks: i64,
}

impl Keys {
    fn fill_chunks(&self) -> bool {
        self.known.len() - self.fresh.len() >= CHUNKED_KEYS_MAX
    }
}

/// The record keys of the sessions in work.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    sessions: FxHashMap<SessionOrdinal, Keys>,
    /// How many keys of all sessions are not written yet.
    fresh: usize,
}

impl Admitted {
    /// Adds `key`; returns whether the session did not have it.
    pub(crate) fn admit(
        &mut self,
        connection: &Connection,
        session: SessionOrdinal,
        key: RecordKey,
    ) -> Result<bool, CatalogError> {
        let keys = match self.sessions.entry(session) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(load(connection, session).reading(OF_SESSION)?),
        };
        if keys.known.contains(&key.0)
            || keys.fill_chunks() && has_row(connection, session, key.0).reading(OF_SESSION)?
        {
            return Ok(false);
        }
        keys.known.insert(key.0);
        keys.fresh.push(key.0);
        self.fresh += 1;
        Ok(true)
    }

    /// Returns whether so much is not written yet that a commit is due.
    pub(crate) fn is_full(&self) -> bool {
        self.fresh >= FRESH_KEYS_MAX
    }

    /// Forgets the sessions of which everything is written.
    pub(crate) fn shed(&mut self) {
        self.sessions.retain(|_, keys| !keys.fresh.is_empty());
        self.sessions.shrink_to_fit();
    }

    /// Writes what is new.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), CatalogError> {
        for (session, keys) in &mut self.sessions {
            if keys.fresh.is_empty() {
                continue;
            }
            if keys.fill_chunks() {
                store_rows(connection, *session, keys).writing(OF_SESSION)?;
            } else {
                store(connection, *session, keys).writing(OF_SESSION)?;
            }
        }
        self.fresh = 0;
        let held: usize = self.sessions.values().map(|keys| keys.known.len()).sum();
        if held > KEYS_HELD_MAX {
            self.sessions.clear();
        }
        Ok(())
    }
}

fn first_chunk(session: SessionOrdinal) -> i64 {
    session.0.cast_signed() << CHUNK_BITS
}

fn load(connection: &Connection, session: SessionOrdinal) -> rusqlite::Result<Keys> {
    let first = first_chunk(session);
    let mut statement =
        connection.prepare_cached("SELECT keys FROM admitted WHERE id >= ?1 AND id < ?2")?;
    let mut rows = statement.query([first, first + (1 << CHUNK_BITS)])?;
    let mut keys = Keys::default();
    while let Some(row) = rows.next()? {
        let chunk = row.get_ref(0)?.as_blob()?;
        let numbers = chunk.chunks_exact(8).map(|key| {
            u64::from_le_bytes(
                key.try_into()
                    .expect("chunks of eight bytes hold eight bytes"),
            )
        });
        keys.known.extend(numbers);
        keys.chunks += 1;
    }
    Ok(keys)
}

fn has_row(connection: &Connection, session: SessionOrdinal, key: u64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM admitted_row WHERE session = ?1 AND key = ?2")?
        .exists((session.0, key.cast_signed()))
}

/// Writes the new keys of a session that has enough of them in memory, and forgets them.
fn store_rows(
    connection: &Connection,
    session: SessionOrdinal,
    keys: &mut Keys,
) -> rusqlite::Result<()> {
    // In the order of the table: random keys would touch a page each.
    keys.fresh.sort_unstable_by_key(|key| key.cast_signed());
    let mut statement =
        connection.prepare_cached("INSERT INTO admitted_row (session, key) VALUES (?1, ?2)")?;
    for key in keys.fresh.drain(..) {
        statement.execute((session.0, key.cast_signed()))?;
        keys.known.remove(&key);
    }
    Ok(())
}

fn store(
    connection: &Connection,
    session: SessionOrdinal,
    keys: &mut Keys,
) -> rusqlite::Result<()> {
    let first = first_chunk(session);
    if keys.chunks >= CHUNKS_MAX {
        connection
            .prepare_cached("DELETE FROM admitted WHERE id >= ?1 AND id < ?2")?
            .execute([first, first + (1 << CHUNK_BITS)])?;
        keys.fresh = keys.known.iter().copied().collect();
        keys.chunks = 0;
    }
    let blob: Vec<u8> = keys.fresh.drain(..).flat_map(u64::to_le_bytes).collect();
    connection
        .prepare_cached("INSERT INTO admitted (id, keys) VALUES (?1, ?2)")?
        .execute((first + keys.chunks, blob))?;
    keys.chunks += 1;
    Ok(())
}
