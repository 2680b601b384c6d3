//! Saving what can be read of a damaged archive into a fresh one.
//!
//! Every row is looked up by its own id, so that one broken page costs what lies on it and no more. What an
//! index knows of a row whose page is lost is taken from there. The fresh archive has a new id and a new log:
//! whatever was derived from the old one is to be rebuilt.

mod graft;
mod index;
mod mend;
mod relog;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::blob::{self, BlobId};
use crate::codec::{HOLLOW, Unpacker};
use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::identity::{Held, Identity};
use crate::loss::Loss;

/// Rows copied in one transaction.
const ROWS_PER_TRANSACTION: u64 = 1024;
/// No row takes less on disk: bounds the ids to try where the highest cannot be read.
const ROW_BYTES_MIN: u64 = 8;

/// What became of a damaged archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// Frames that read back and agree with their hash.
    pub blobs_kept: u64,
    /// Frames that are named somewhere and do not.
    pub blobs_lost: u64,
    /// Bytes that no generation can give back any more.
    pub losses: Vec<Loss>,
    /// What the archive held when that was noted last; none if it never was.
    pub before: Option<Held>,
    /// What is held now, with the bytes that are known to be lost.
    pub after: Held,
}

/// A table whose rows are looked up one by one.
struct Table {
    name: &'static str,
    key: &'static str,
    columns: &'static str,
}

const TABLES: [Table; 5] = [
    Table {
        name: "roots",
        key: "id",
        columns: "id, device, path",
    },
    Table {
        name: "sources",
        key: "id",
        columns: "id, root, path, kind, session, agent, is_gone",
    },
    Table {
        name: "generations",
        key: "id",
        columns: "id, source, parent, base, length, line_start, folded, opened_at, appended_at",
    },
    Table {
        name: "cursors",
        key: "source",
        columns: "source, generation, length, line_start, head, head_len, tail, tail_len, device, \
                  inode, size, modified_ns",
    },
    Table {
        name: "operations",
        key: "number",
        columns: "number, id, device, lamport, at, subject, field, value",
    },
];

/// Is told the bytes that were copied; an error gives the salvage up.
type Progress<'a> = dyn FnMut(u64) -> rusqlite::Result<()> + 'a;

fn interrupted() -> rusqlite::Error {
    let interrupted = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
    rusqlite::Error::SqliteFailure(interrupted, None)
}

impl Archive {
    /// Copies what can be read of the database `damaged` into a new one at `to`, which must not exist.
    /// The damaged one is left as it is.
    ///
    /// `progress` is told the bytes done and in all, as they lie on disk, and may give it up.
    ///
    /// # Errors
    /// When `to` exists or cannot be written, nothing of `damaged` can be read, or `progress` ended it.
    pub fn salvage(
        damaged: &Path,
        to: &Path,
        now: Timestamp,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Salvaged> {
        let step = || Step::Salvage(damaged.to_path_buf());
        let exists = to.try_exists().map_err(|source| ArchiveError::File {
            step: step(),
            path: to.to_path_buf(),
            source,
        })?;
        if exists {
            return Err(ArchiveError::refused(step(), Refusal::Exists));
        }
        let identity = Identity::read(damaged.parent().unwrap_or(Path::new(".")));
        let old = graft::open(damaged, to, now, identity.as_ref())?;
        let new = Self::open_file(to, now)?;
        let total = fs::metadata(damaged).map_or(0, |file| file.len());
        let mut done = |done| match progress(done, total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(interrupted()),
        };
        let (blobs_kept, blobs_lost) = copy(
            &old.connection,
            &new.connection,
            identity.as_ref(),
            &mut done,
        )
        .during(step)?;
        drop(old);
        mend::add_notes(&new.connection, damaged).during(step)?;
        let filled = mend::fill_gaps(&new.connection).during(step)?;
        drop(new);
        // Opened again: the device may be the old one now.
        let mut new = Self::open_file(to, now)?;
        relog::find_lines(&mut new, &filled)?;
        let losses = new.reader()?.missing()?;
        let known = new.known_losses()?;
        let is_new = |loss: &Loss| !known.iter().any(|known| known.covers(loss));
        let unknown: Vec<Loss> = losses.iter().copied().filter(is_new).collect();
        new.record_losses(&unknown, now)?;
        mend::forget_cursors(&new.connection, &unknown).during(step)?;
        relog::write_log(&mut new, now)?;
        Ok(Salvaged {
            blobs_kept,
            blobs_lost,
            losses,
            before: identity.and_then(|identity| identity.held),
            after: Held::count(&new.connection).during(step)?,
        })
    }
}

/// Copies every table, and returns how many blobs were kept and lost.
fn copy(
    old: &Connection,
    new: &Connection,
    identity: Option<&Identity>,
    progress: &mut Progress<'_>,
) -> rusqlite::Result<(u64, u64)> {
    new.pragma_update(None, "foreign_keys", false)?;
    mend::keep_device(old, new, identity)?;
    for table in &TABLES {
        copy_table(old, new, table)?;
    }
    index::add_rows(old, new)?;
    mend::keep_roots(new, identity)?;
    let counts = copy_blobs(old, new, progress)?;
    index::add_names(old, new)?;
    copy_segments(old, new)?;
    index::add_segments(old, new)?;
    copy_listed(old, new)?;
    Ok(counts)
}

fn copy_table(old: &Connection, new: &Connection, table: &Table) -> rusqlite::Result<()> {
    let Table { name, key, columns } = table;
    let count = columns.split(',').count();
    let marks = vec!["?"; count].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {name} ({columns}) VALUES ({marks})");
    let select = format!("SELECT {columns} FROM {name} WHERE {key} = ?1");
    each_id(new, highest(old, name, key), |id| {
        let row = old.prepare_cached(&select).and_then(|mut found| {
            found.query_row([id], |row| (0..count).map(|at| row.get(at)).collect())
        });
        let Ok(values): rusqlite::Result<Vec<Value>> = row else {
            return Ok(());
        };
        // A row that breaks a rule of its table is no row.
        drop(
            new.prepare_cached(&insert)?
                .execute(params_from_iter(values)),
        );
        Ok(())
    })
}

/// Copies every blob that agrees with its hash; of others the name alone, by which their bytes are known
/// when they are found again.
fn copy_blobs(
    old: &Connection,
    new: &Connection,
    progress: &mut Progress<'_>,
) -> rusqlite::Result<(u64, u64)> {
    let mut unpacker = Unpacker::default();
    let (mut kept, mut lost, mut bytes) = (0, 0, 0);
    progress(bytes)?;
    each_id(new, highest(old, "blobs", "id"), |id| {
        let is_sound = matches!(blob::load(old, &mut unpacker, BlobId(id)), Ok(Ok(_)));
        match is_sound
            .then(|| copy_blob(old, new, id))
            .transpose()?
            .flatten()
        {
            Some(length) => {
                kept += 1;
                bytes += length;
                progress(bytes)?;
            }
            None if is_named(old, id) => {
                lost += 1;
                copy_name(old, new, id)?;
            }
            None => {}
        }
        Ok(())
    })?;
    Ok((kept, lost))
}

/// Copies a blob; returns the bytes it takes, or none if it cannot be copied.
fn copy_blob(old: &Connection, new: &Connection, id: i64) -> rusqlite::Result<Option<u64>> {
    let row: rusqlite::Result<(Vec<Value>, u64)> = old
        .prepare_cached(
            "SELECT id, hash, raw_len, codec, dictionary, level, data, length(data) \
             FROM blobs WHERE id = ?1",
        )
        .and_then(|mut found| {
            found.query_row([id], |row| {
                let values = (0..7).map(|at| row.get(at)).collect::<Result<_, _>>()?;
                Ok((values, row.get(7)?))
            })
        });
    let Ok((values, length)) = row else {
        return Ok(None);
    };
    let inserted = new
        .prepare_cached(
            "INSERT OR IGNORE INTO blobs (id, hash, raw_len, codec, dictionary, level, data) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params_from_iter(values))?;
    Ok((inserted == 1).then_some(length))
}

/// Copies what a lost frame is called by, where that can be read.
fn copy_name(old: &Connection, new: &Connection, id: i64) -> rusqlite::Result<()> {
    let name: rusqlite::Result<([u8; 32], u64)> = old
        .prepare_cached("SELECT hash, raw_len FROM blobs WHERE id = ?1")
        .and_then(|mut found| found.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))));
    let Ok((hash, raw_len)) = name else {
        return Ok(());
    };
    new.prepare_cached(
        "INSERT OR IGNORE INTO blobs (id, hash, raw_len, codec, dictionary, level, data) \
         VALUES (?1, ?2, ?3, ?4, 0, 0, x'')",
    )?
    .execute(params![id, hash, raw_len, HOLLOW])
    .map(drop)
}

/// Tells a lost blob from a number never used.
fn is_named(old: &Connection, id: i64) -> bool {
    old.prepare_cached("SELECT 1 FROM segments WHERE blob = ?1 LIMIT 1")
        .and_then(|mut found| found.query_row([id], |_| Ok(())).optional())
        .is_ok_and(|found| found.is_some())
}

/// Copies the segments whose blob is there, each generation from both ends up to what is broken.
fn copy_segments(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    let highest = highest(old, "generations", "id");
    each_id(new, highest, |generation| {
        for order in ["ASC", "DESC"] {
            let select = format!(
                "SELECT generation, start, until, blob FROM segments \
                 WHERE generation = ?1 ORDER BY start {order}"
            );
            let insert = "INSERT OR IGNORE INTO segments (generation, start, until, blob) \
                          SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM blobs WHERE id = ?4)";
            if copy_until_broken(old, new, (&select, &[&generation]), insert)? {
                break;
            }
        }
        Ok(())
    })
}

/// Copies the small tables that have no number.
fn copy_listed(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    for (table, columns) in [
        ("settings", "key, value"),
        ("tombstones", "subject, at"),
        ("days", "day, lane, bytes"),
        ("losses", "generation, start, until, at"),
        (
            "hook_events",
            "number, id, at, event, root, session, reason, prompt, agent, pid, message",
        ),
    ] {
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let select = format!("SELECT {columns} FROM {table}");
        let insert = format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})");
        copy_until_broken(old, new, (&select, &[]), &insert)?;
    }
    Ok(())
}

/// Copies rows in order until one cannot be read; returns whether all could.
fn copy_until_broken(
    old: &Connection,
    new: &Connection,
    (select, values): (&str, &[&dyn ToSql]),
    insert: &str,
) -> rusqlite::Result<bool> {
    let Ok(mut select) = old.prepare_cached(select) else {
        return Ok(false);
    };
    let columns = select.column_count();
    let Ok(mut rows) = select.query(values) else {
        return Ok(false);
    };
    let mut insert = new.prepare_cached(insert)?;
    loop {
        let row: Vec<Value> = match rows.next() {
            Ok(None) => return Ok(true),
            Ok(Some(row)) => match (0..columns).map(|at| row.get(at)).collect() {
                Ok(values) => values,
                Err(_) => return Ok(false),
            },
            Err(_) => return Ok(false),
        };
        insert.execute(params_from_iter(row))?;
    }
}

/// Runs `copy` for every id up to `highest`, many to a transaction.
fn each_id(
    new: &Connection,
    highest: u64,
    mut copy: impl FnMut(i64) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut next = 1;
    while next <= highest {
        let transaction = new.unchecked_transaction()?;
        let stop = highest.min(next + ROWS_PER_TRANSACTION - 1);
        (next..=stop).try_for_each(|id| copy(id.cast_signed()))?;
        transaction.commit()?;
        next = stop + 1;
    }
    Ok(())
}

/// Returns the highest id a table ever had, or a bound if that cannot be read.
fn highest(old: &Connection, table: &str, key: &str) -> u64 {
    let read = |sql: &str| -> Option<u64> {
        old.query_row(sql, [], |row| row.get::<_, Option<u64>>(0))
            .ok()
            .flatten()
    };
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let by_table = read(&format!("SELECT max({key}) FROM {table}"));
    let by_sequence = read(&format!(
        "SELECT seq FROM sqlite_sequence WHERE name = '{table}'"
    ));
    let is_empty = || read(&format!("SELECT count(*) FROM {table}")) == Some(0);
    by_table.max(by_sequence).unwrap_or_else(|| {
        if is_empty() {
            0
        } else {
            read(pages).unwrap_or(0) / ROW_BYTES_MIN
        }
    })
}
