//! The tables, and whether a database on disk can be used. It knows nothing of what rows mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sessions_model::ArchiveId;

use crate::error::is_corrupt;

/// Raised with every change of the tables or of what they mean: an older catalog is rebuilt.
const SCHEMA_VERSION: i64 = 7;

/// Marks the file as ours: "sesc".
const APPLICATION_ID: i64 = 0x7365_7363;

/// How long a reader waits for a lock.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Statements kept prepared on a connection.
const STATEMENTS_MAX: usize = 64;

const TABLES: &str = include_str!("schema.sql");

/// A database on disk.
#[derive(Debug)]
pub(crate) enum Found {
    /// None was there: the tables are new.
    Fresh(Connection),
    /// It is ours and of this version.
    Ready(Connection),
    /// It cannot be used; says why.
    Unusable(String),
}

/// What an opened database turns out to be.
enum Examined {
    Empty,
    Good,
    Bad(String),
}

/// Opens the database at `path` for `archive`, or makes it.
pub(crate) fn open(path: &Path, archive: ArchiveId) -> rusqlite::Result<Found> {
    let connection = Connection::open(path)?;
    match examine(&connection, archive) {
        Ok(Examined::Empty) => {
            set_up(&connection, archive)?;
            Ok(Found::Fresh(connection))
        }
        Ok(Examined::Good) => Ok(Found::Ready(connection)),
        Ok(Examined::Bad(reason)) => Ok(Found::Unusable(reason)),
        Err(error) if is_corrupt(&error) => Ok(Found::Unusable(format!("it is damaged: {error}"))),
        Err(error) => Err(error),
    }
}

fn examine(connection: &Connection, archive: ArchiveId) -> rusqlite::Result<Examined> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    tune(connection)?;
    let tables: u64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables == 0 {
        return Ok(Examined::Empty);
    }
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id")? != APPLICATION_ID {
        return Ok(Examined::Bad("it is no catalog of ours".to_owned()));
    }
    let version = pragma("user_version")?;
    if version != SCHEMA_VERSION {
        let reason = format!("it has version {version}, and {SCHEMA_VERSION} is needed");
        return Ok(Examined::Bad(reason));
    }
    let owner: Option<[u8; 16]> = connection
        .query_row("SELECT archive FROM applied", (), |row| row.get(0))
        .optional()?;
    if owner == Some(archive.0) {
        Ok(Examined::Good)
    } else {
        Ok(Examined::Bad("it belongs to another archive".to_owned()))
    }
}

fn set_up(connection: &Connection, archive: ArchiveId) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO applied (only, archive, backlog, live) VALUES (1, ?1, 0, 0)",
        [archive.0],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

/// Sets what holds for one connection. Derived data is not synced: after a crash of the machine the
/// daemon rebuilds it.
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_WAIT)?;
    keep_statements(connection)?;
    connection.pragma_update(None, "synchronous", "off")?;
    keep_temporary_in_memory(connection)?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)
}

/// Opens the database at `path` for reading alone.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    keep_statements(&connection)?;
    keep_temporary_in_memory(&connection)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}

/// Has no temporary file made for a long sort or a statement that may be taken back: the sandbox refuses it.
fn keep_temporary_in_memory(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")
}

/// Prepares each statement once. `SQLite` would prepare many anew whenever they are given other values,
/// lest these ask for another plan: most of what it takes to read one session.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}
