//! Rows whose page is lost, from the indices that hold most of them a second time.
//!
//! An index is read only where it holds all that is asked for, so that the broken table is not touched.

use rusqlite::Connection;

use super::copy_until_broken;

/// What an index holds, from either end up to where it is broken, and how it becomes a row.
struct Second {
    columns: &'static str,
    table: &'static str,
    index: &'static str,
    order: &'static str,
    insert: &'static str,
}

/// What of the small tables an index knows, besides those that were copied.
const ROWS: [Second; 3] = [
    Second {
        columns: "id, device, path",
        table: "roots",
        index: "sqlite_autoindex_roots_1",
        order: "device",
        insert: "INSERT OR IGNORE INTO roots (id, device, path) VALUES (?, ?, ?)",
    },
    // What kind of file it is, whoever archives it finds out again.
    Second {
        columns: "id, root, path",
        table: "sources",
        index: "sqlite_autoindex_sources_1",
        order: "root",
        insert: "INSERT OR IGNORE INTO sources (id, root, path, kind) VALUES (?, ?, ?, 4)",
    },
    Second {
        columns: "id, source",
        table: "generations",
        index: "generations_source",
        order: "source",
        insert: "INSERT OR IGNORE INTO temp.owners (generation, source) VALUES (?, ?)",
    },
];

/// What frames are called by whose rows are lost: their bytes are known when they are found again.
const NAMES: Second = Second {
    columns: "id, hash",
    table: "blobs",
    index: "sqlite_autoindex_blobs_1",
    order: "hash",
    insert: "INSERT OR IGNORE INTO blobs (id, hash, raw_len, codec, dictionary, level, data)
             VALUES (?1, ?2, 0, 2, 0, 0, x'')",
};

/// Which segments are of a blob; how far they reach, its length says.
const SEGMENTS: Second = Second {
    columns: "generation, start, blob",
    table: "segments",
    index: "segments_blob",
    order: "blob",
    insert: "INSERT OR IGNORE INTO segments (generation, start, until, blob)
             SELECT ?1, ?2, ?2 + raw_len, id FROM blobs WHERE id = ?3 AND raw_len > 0",
};

/// Adds roots and sources, and notes whose each generation is.
pub(super) fn add_rows(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    new.execute_batch(
        "CREATE TEMP TABLE owners (generation INTEGER PRIMARY KEY, source INTEGER NOT NULL)",
    )?;
    ROWS.iter().try_for_each(|rows| add(old, new, rows))
}

/// Adds the names of blobs that were not copied.
pub(super) fn add_names(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    add(old, new, &NAMES)
}

/// Adds segments of the blobs that were copied.
pub(super) fn add_segments(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    add(old, new, &SEGMENTS)
}

fn add(old: &Connection, new: &Connection, second: &Second) -> rusqlite::Result<()> {
    let Second {
        columns,
        table,
        index,
        order,
        insert,
    } = second;
    let transaction = new.unchecked_transaction()?;
    for direction in ["ASC", "DESC"] {
        let select = format!(
            "SELECT {columns} FROM {table} INDEXED BY {index} ORDER BY {order} {direction}"
        );
        if copy_until_broken(old, new, (&select, &[]), insert)? {
            break;
        }
    }
    transaction.commit()
}
