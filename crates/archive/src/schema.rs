//! How the database is opened, created and brought up to date.
//!
//! Page size and vacuum mode are fixed when the file is made; everything else is set on each opening.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{ArchiveError, During, Result, Step};

/// The file in the data directory.
pub(crate) const FILE_NAME: &str = "archive.db";

/// Marks the file as ours: `CSar`.
const APPLICATION_ID: i32 = 0x4353_6172;
pub(crate) const PAGE_BYTES: u32 = 4096;
const BUSY_WAIT_MS_MAX: u32 = 5_000;
const WRITER_CACHE_KIB: u32 = 8 * 1024;
const READER_CACHE_KIB: u32 = 2 * 1024;
/// Pages in the write-ahead log before it is copied into the database.
const CHECKPOINT_PAGES: u32 = 4096;
const WAL_BYTES_KEPT: u32 = 16 * 1024 * 1024;
const STATEMENTS_CACHED: usize = 64;

/// Step `n` brings schema `n` to `n + 1`.
const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
];

/// Opens the archive at `path` for writing; makes it, or brings it up to date.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    let step = || Step::Open(path.to_path_buf());
    make_private(path)?;
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .during(step)?;
    keep_statements(&connection).during(step)?;
    let found = check_schema(&connection, path)?;
    if found == 0 {
        // Said of an archive that is there, these write to it: a start must not fail for a full disk.
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;"
            ))
            .during(step)?;
    }
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA busy_timeout = {BUSY_WAIT_MS_MAX};
             PRAGMA foreign_keys = ON;
             PRAGMA cell_size_check = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{WRITER_CACHE_KIB};
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
             PRAGMA journal_size_limit = {WAL_BYTES_KEPT};"
        ))
        .during(step)?;
    migrate(&mut connection, found).during(|| Step::Migrate(path.to_path_buf()))?;
    Ok(connection)
}

/// Opens the archive at `path` for reading alone.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let step = || Step::Open(path.to_path_buf());
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .during(step)?;
    keep_statements(&connection).during(step)?;
    connection
        .execute_batch(&format!(
            "PRAGMA busy_timeout = {BUSY_WAIT_MS_MAX};
             PRAGMA cell_size_check = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{READER_CACHE_KIB};"
        ))
        .during(step)?;
    check_schema(&connection, path)?;
    Ok(connection)
}

/// Prepares each statement once, whatever values it is given after.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

/// Makes a database's folder and an empty file in it that only its owner may read.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    make_folder(path)?;
    let mut file = fs::OpenOptions::new();
    file.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        file.mode(0o600);
    }
    file.open(path).map(drop).map_err(not_opened(path))
}

/// Makes a database's folder that only its owner may look into.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        folder.mode(0o700);
    }
    match path.parent() {
        Some(parent) => folder.create(parent).map_err(not_opened(path)),
        None => Ok(()),
    }
}

fn not_opened(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    move |source| ArchiveError::File {
        step: Step::Open(path.to_path_buf()),
        path: path.to_path_buf(),
        source,
    }
}

/// Returns the schema found, zero for a new file; refuses what is not ours or too new.
fn check_schema(connection: &Connection, path: &Path) -> Result<u32> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        Ok((
            number("application_id")?,
            number("user_version")?,
            number("schema_version")?,
        ))
    };
    let (application, version, changes) = read().during(|| Step::Open(path.to_path_buf()))?;
    let is_new = application == 0 && version == 0 && changes == 0;
    if !is_new && application != i64::from(APPLICATION_ID) {
        return Err(ArchiveError::Foreign {
            path: path.to_path_buf(),
        });
    }
    let known = newest();
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    if found > known {
        return Err(ArchiveError::NewerSchema {
            path: path.to_path_buf(),
            found,
            known,
        });
    }
    Ok(found)
}

fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

fn migrate(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    let missing = MIGRATIONS
        .iter()
        .zip(1_u32..)
        .filter(|(_, version)| *version > found);
    for (migration, version) in missing {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
