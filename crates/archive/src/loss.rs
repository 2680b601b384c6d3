//! What is lost: ranges of bytes that do not read back, and the list of those that are known to.
//!
//! A loss is on the list once no file on disk could give its bytes back; it leaves the list when it is
//! mended. Knows nothing of how damage is found or mended.

use std::ops::Range;

use rusqlite::{Connection, params};
use sessions_model::{ByteOffset, GenerationId, SourceId, Timestamp};

use crate::archive::Archive;
use crate::error::{Damage, During, Result, Step};
use crate::reader::ArchiveReader;

/// Bytes that do not read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The source.
    pub source: SourceId,
    /// The generation that owns them.
    pub generation: GenerationId,
    /// The first byte lost.
    pub start: ByteOffset,
    /// One past the last byte lost.
    pub end: ByteOffset,
    /// What was found in their place.
    pub damage: Damage,
}

impl Loss {
    /// Tells whether this is all of `other`, or a part of it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.generation == other.generation && other.start <= self.start && self.end <= other.end
    }

    /// Adds a part of it to a list of such, or lengthens the last one if it goes on.
    pub(crate) fn add_part(&self, parts: &mut Vec<Self>, range: Range<u64>) {
        let (start, end) = (ByteOffset(range.start), ByteOffset(range.end));
        match parts.last_mut() {
            _ if start >= end => {}
            Some(last) if last.end == start => last.end = end,
            _ => parts.push(Self {
                start,
                end,
                ..*self
            }),
        }
    }
}

/// A range that is known to be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLoss {
    /// The source.
    pub source: SourceId,
    /// The generation that owns it.
    pub generation: GenerationId,
    /// The first byte lost.
    pub start: ByteOffset,
    /// One past the last byte lost.
    pub end: ByteOffset,
    /// Since when.
    pub since: Timestamp,
}

impl KnownLoss {
    /// Returns it as what a check finds.
    pub fn as_loss(&self) -> Loss {
        Loss {
            source: self.source,
            generation: self.generation,
            start: self.start,
            end: self.end,
            damage: Damage::Missing,
        }
    }

    /// Tells whether `loss` is within this one.
    pub fn covers(&self, loss: &Loss) -> bool {
        self.generation == loss.generation && self.start <= loss.start && loss.end <= self.end
    }
}

impl Archive {
    /// Returns what is known to be lost.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn known_losses(&self) -> Result<Vec<KnownLoss>> {
        list(&self.connection)
    }

    /// Takes note of what is lost for good, since now unless it is known.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn record_losses(&mut self, losses: &[Loss], now: Timestamp) -> Result<()> {
        let mut record = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            for loss in losses {
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO losses (generation, start, until, at) \
                         SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM losses \
                         WHERE generation = ?1 AND start <= ?2 AND until >= ?3)",
                    )?
                    .execute(params![loss.generation.0, loss.start.0, loss.end.0, now.0])?;
            }
            transaction.commit()
        };
        record().during(|| Step::RecordLoss)
    }
}

impl ArchiveReader {
    /// Returns what is known to be lost.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn known_losses(&self) -> Result<Vec<KnownLoss>> {
        list(&self.connection)
    }
}

fn list(connection: &Connection) -> Result<Vec<KnownLoss>> {
    let list = || -> rusqlite::Result<Vec<KnownLoss>> {
        connection
            .prepare(
                "SELECT coalesce(g.source, 0), l.generation, l.start, l.until, l.at FROM losses l \
                 LEFT JOIN generations g ON g.id = l.generation ORDER BY l.generation, l.start",
            )?
            .query_map([], |row| {
                Ok(KnownLoss {
                    source: SourceId(row.get(0)?),
                    generation: GenerationId(row.get(1)?),
                    start: ByteOffset(row.get(2)?),
                    end: ByteOffset(row.get(3)?),
                    since: Timestamp(row.get(4)?),
                })
            })?
            .collect()
    };
    list().during(|| Step::List)
}

/// Leaves of a range on the list what does not read back again.
pub(crate) fn narrow(connection: &Connection, loss: &Loss, left: &[Loss]) -> rusqlite::Result<()> {
    let within = params![loss.generation.0, loss.start.0, loss.end.0];
    let since: Option<i64> = connection
        .prepare_cached(
            "SELECT min(at) FROM losses WHERE generation = ?1 AND start >= ?2 AND until <= ?3",
        )?
        .query_row(within, |row| row.get(0))?;
    let Some(since) = since else { return Ok(()) };
    connection
        .prepare_cached("DELETE FROM losses WHERE generation = ?1 AND start >= ?2 AND until <= ?3")?
        .execute(within)?;
    for part in left {
        connection
            .prepare_cached(
                "INSERT INTO losses (generation, start, until, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![part.generation.0, part.start.0, part.end.0, since])?;
    }
    Ok(())
}
