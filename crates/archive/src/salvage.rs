//! Saving what can be read of a damaged archive into a fresh one.
//!
//! Every row is looked up by its own id, so that one broken page costs what lies on it and no more. The
//! fresh archive has a new id and a new log: whatever was derived from the old one is to be rebuilt.

mod mend;
mod relog;

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::blob::{self, BlobId};
use crate::codec::Unpacker;
use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::schema;
use crate::verify::Loss;

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

impl Archive {
    /// Copies what can be read of the database `damaged` into a new one at `to`, which must not exist.
    /// The damaged one is left as it is.
    pub fn salvage(damaged: &Path, to: &Path, now: Timestamp) -> Result<Salvaged> {
        let step = || Step::Salvage(damaged.to_path_buf());
        let exists = to.try_exists().map_err(|source| ArchiveError::File {
            step: step(),
            path: to.to_path_buf(),
            source,
        })?;
        if exists {
            return Err(ArchiveError::refused(step(), Refusal::Exists));
        }
        let old = schema::open_reader(damaged)?;
        let new = Self::open_file(to, now)?;
        let (blobs_kept, blobs_lost) = copy(&old, &new.connection).during(step)?;
        mend::add_notes(&new.connection, damaged).during(step)?;
        mend::fill_gaps(&new.connection).during(step)?;
        drop(new);
        // Opened again: the device may be the old one now.
        let mut new = Self::open_file(to, now)?;
        let losses = new
            .reader()?
            .verify(&mut |_, _| ControlFlow::Continue(()))?;
        mend::forget_cursors(&new.connection, &losses).during(step)?;
        relog::write_log(&mut new, now)?;
        Ok(Salvaged {
            blobs_kept,
            blobs_lost,
            losses,
        })
    }
}

/// Copies every table, and returns how many blobs were kept and lost.
fn copy(old: &Connection, new: &Connection) -> rusqlite::Result<(u64, u64)> {
    new.pragma_update(None, "foreign_keys", false)?;
    mend::keep_device(old, new)?;
    for table in &TABLES {
        copy_table(old, new, table)?;
    }
    let counts = copy_blobs(old, new)?;
    copy_segments(old, new)?;
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

/// Copies every blob that agrees with its hash.
fn copy_blobs(old: &Connection, new: &Connection) -> rusqlite::Result<(u64, u64)> {
    let mut unpacker = Unpacker::default();
    let (mut kept, mut lost) = (0, 0);
    each_id(new, highest(old, "blobs", "id"), |id| {
        let is_sound = matches!(blob::load(old, &mut unpacker, BlobId(id)), Ok(Ok(_)));
        if is_sound && copy_blob(old, new, id)? {
            kept += 1;
        } else if is_named(old, id) {
            lost += 1;
        }
        Ok(())
    })?;
    Ok((kept, lost))
}

fn copy_blob(old: &Connection, new: &Connection, id: i64) -> rusqlite::Result<bool> {
    let row: rusqlite::Result<Vec<Value>> = old
        .prepare_cached(
            "SELECT id, hash, raw_len, codec, dictionary, level, data FROM blobs WHERE id = ?1",
        )
        .and_then(|mut found| found.query_row([id], |row| (0..7).map(|at| row.get(at)).collect()));
    let Ok(values) = row else { return Ok(false) };
    let inserted = new
        .prepare_cached(
            "INSERT OR IGNORE INTO blobs (id, hash, raw_len, codec, dictionary, level, data) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params_from_iter(values))?;
    Ok(inserted == 1)
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
