//! Tokens of API messages, each counted once over all sessions however often its lines were copied.

use rusqlite::{Connection, OptionalExtension, Row};
use rustc_hash::FxHashMap;
use sessions_model::{Seq, SessionOrdinal, Usage};

use crate::error::Doing;
use crate::facts::TokenUse;
use crate::state::{COUNT_MAX, States};
use crate::{CatalogError, MessageKey};

/// What is known of one message.
#[derive(Debug, Clone, Copy)]
struct Owned {
    session: SessionOrdinal,
    is_copy: bool,
    at: Seq,
    model: Option<i64>,
    usage: Usage,
}

impl Owned {
    /// The earliest row that is no copy owns the message, else the earliest; the largest counts stand.
    fn merge(self, other: Self) -> Self {
        let is_earlier = (other.is_copy, other.at) < (self.is_copy, self.at);
        let owner = if is_earlier { other } else { self };
        Self {
            model: owner.model.or(self.model).or(other.model),
            usage: self.usage.max(other.usage),
            ..owner
        }
    }
}

/// The messages of the open transaction.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    messages: FxHashMap<MessageKey, Owned>,
    models: FxHashMap<String, i64>,
}

impl Ledger {
    /// Returns how much is not written yet.
    pub(crate) fn held(&self) -> usize {
        self.messages.len()
    }

    /// Gives back room.
    pub(crate) fn shed(&mut self) {
        self.messages.shrink_to_fit();
    }

    /// Takes in what one line reports.
    pub(crate) fn add(
        &mut self,
        connection: &Connection,
        used: &TokenUse<'_>,
    ) -> Result<(), CatalogError> {
        let model = match used.model {
            Some(name) => Some(self.model(connection, name)?),
            None => None,
        };
        let line = Owned {
            session: used.session,
            is_copy: used.is_copy,
            at: used.at,
            model,
            usage: capped(used.usage),
        };
        self.messages
            .entry(used.message)
            .and_modify(|known| *known = known.merge(line))
            .or_insert(line);
        Ok(())
    }

    fn model(&mut self, connection: &Connection, name: &str) -> Result<i64, CatalogError> {
        if let Some(id) = self.models.get(name) {
            return Ok(*id);
        }
        let id = intern(connection, name).writing("a model")?;
        self.models.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Writes what changed and moves tokens between the sessions in `states`.
    pub(crate) fn flush(
        &mut self,
        connection: &Connection,
        states: &mut States,
    ) -> Result<(), CatalogError> {
        // In the order of the table: random keys would touch a page each.
        let mut messages: Vec<_> = self.messages.drain().collect();
        messages.sort_unstable_by_key(|(key, _)| key.0.cast_signed());
        for (key, line) in messages {
            let before = find(connection, key).reading("the tokens of a message")?;
            let after = before.map_or(line, |before| before.merge(line));
            if let Some(before) = before {
                if before.session == after.session
                    && before.is_copy == after.is_copy
                    && before.at == after.at
                    && before.usage == after.usage
                {
                    continue;
                }
                states
                    .get(connection, before.session)?
                    .subtract_tokens(before.usage);
            }
            states
                .get(connection, after.session)?
                .add_tokens(after.usage);
            store(connection, key, after).writing("the tokens of a message")?;
        }
        Ok(())
    }
}

/// Returns counts that a column holds.
fn capped(usage: Usage) -> Usage {
    Usage {
        input: usage.input.min(COUNT_MAX),
        output: usage.output.min(COUNT_MAX),
        cache_read: usage.cache_read.min(COUNT_MAX),
        cache_creation: usage.cache_creation.min(COUNT_MAX),
    }
}

fn intern(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO model (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([name])?;
    connection
        .prepare_cached("SELECT id FROM model WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
}

fn find(connection: &Connection, key: MessageKey) -> rusqlite::Result<Option<Owned>> {
    connection
        .prepare_cached(
            "SELECT session, is_copy, seq, model, input, output, cache_read, cache_creation
             FROM message WHERE key = ?1",
        )?
        .query_row([key.0.cast_signed()], owned)
        .optional()
}

fn owned(row: &Row<'_>) -> rusqlite::Result<Owned> {
    Ok(Owned {
        session: SessionOrdinal(row.get(0)?),
        is_copy: row.get(1)?,
        at: Seq(row.get(2)?),
        model: row.get(3)?,
        usage: Usage {
            input: row.get(4)?,
            output: row.get(5)?,
            cache_read: row.get(6)?,
            cache_creation: row.get(7)?,
        },
    })
}

fn store(connection: &Connection, key: MessageKey, owned: Owned) -> rusqlite::Result<usize> {
    let Usage {
        input,
        output,
        cache_read,
        cache_creation,
    } = owned.usage;
    connection
        .prepare_cached("REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute((
            key.0.cast_signed(),
            owned.session.0,
            owned.is_copy,
            owned.at.0,
            owned.model,
            input,
            output,
            cache_read,
            cache_creation,
        ))
}
