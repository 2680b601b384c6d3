//! Opening what is damaged where it says what it has: its first page, and those of its schema.
//!
//! Without them a file is no database, though everything else is there. The schema of a fresh archive says
//! the same but for where each table begins: that stands in the file beside the archive, and without one
//! it is where archives have it that were made by the same steps.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::error::{During, ErrorKind, Result, Step};
use crate::identity::Identity;
use crate::place::{log_of, suffixed};
use crate::schema;

/// Where a database says how many pages it has, and then where unused ones are and how many.
/// Source: <https://www.sqlite.org/fileformat2.html#the_database_header>
const PAGES_AT: usize = 28;
const UNUSED_AT: usize = 32;

/// Where the first page says what it is in the tree of the schema, how many pages are below it but for the
/// last, which one that is, and where the others are named.
/// Source: <https://www.sqlite.org/fileformat2.html#b_tree_pages>
const KIND_AT: usize = 100;
const BELOW_AT: usize = 103;
const LAST_BELOW_AT: usize = 108;
const NAMED_AT: usize = 112;
const LEAF: u8 = 13;

/// The page that is used for locks alone, and is never read.
const LOCK_PAGE: u32 = 0x4000_0000 / schema::PAGE_BYTES + 1;

/// What is read of a damaged archive.
pub(super) struct Damaged {
    pub(super) connection: Connection,
    _files: Temporary,
}

/// Opens a damaged archive for reading: as it is, else with another schema, else as one that holds
/// nothing.
pub(super) fn open(
    damaged: &Path,
    to: &Path,
    now: Timestamp,
    identity: Option<&Identity>,
) -> Result<Damaged> {
    let mut files = Temporary(Vec::new());
    let connection = match schema::open_reader(damaged) {
        Ok(connection) if knows_tables(&connection).is_ok() => connection,
        Err(error) if error.kind() != ErrorKind::Corrupt => return Err(error),
        _ => {
            let pages = identity.map_or(&[][..], |identity| &identity.pages);
            match graft(damaged, to, (now, pages), &mut files) {
                Ok(connection) => connection,
                Err(_) => {
                    Connection::open_in_memory().during(|| Step::Salvage(damaged.to_path_buf()))?
                }
            }
        }
    };
    Ok(Damaged {
        connection,
        _files: files,
    })
}

/// Fails where the schema does not say what there is.
fn knows_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare("SELECT 1 FROM blobs, segments, generations, sources")
        .map(drop)
}

type Grafted<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn graft(
    damaged: &Path,
    to: &Path,
    (now, roots): (Timestamp, &[(u32, String)]),
    files: &mut Temporary,
) -> Grafted<Connection> {
    let (copy, fresh) = (suffixed(to, ".grafted"), suffixed(to, ".fresh"));
    files.add(&copy);
    files.add(&fresh);
    files.remove();
    Archive::open_file(&fresh, now)?.rest()?;
    begin_tables_at(roots, &fresh)?;
    fs::copy(damaged, &copy)?;
    plant(&fresh, &copy)?;
    let log = log_of(damaged);
    if log.exists() {
        fs::copy(log, log_of(&copy))?;
        // Whoever has read of it, successfully or not, brings in what the log holds when closing it. That
        // may be another first page.
        let settling = Connection::open(&copy)?;
        drop(settling.pragma_query_value(None, "application_id", |_| Ok(())));
        drop(settling);
        plant(&fresh, &copy)?;
    }
    let connection = schema::open_reader(&copy)?;
    knows_tables(&connection)?;
    Ok(connection)
}

/// Has the schema of `fresh` say that tables and indices begin at these pages.
fn begin_tables_at(roots: &[(u32, String)], fresh: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(fresh)?;
    connection.pragma_update(None, "writable_schema", true)?;
    let transaction = connection.transaction()?;
    for (page, name) in roots {
        transaction.execute(
            "UPDATE sqlite_schema SET rootpage = ?1 WHERE name = ?2",
            params![page, name],
        )?;
    }
    transaction.commit()
}

/// Gives `copy` the first page of `fresh`, and at its end the pages below that one.
fn plant(fresh: &Path, copy: &Path) -> Grafted<()> {
    let mut fresh = File::open(fresh)?;
    let mut copy = OpenOptions::new().write(true).open(copy)?;
    let page_bytes = u64::from(schema::PAGE_BYTES);
    let mut last = u32::try_from(copy.seek(SeekFrom::End(0))?.div_ceil(page_bytes))?;
    if last == 0 {
        return Err("it is empty".into());
    }
    let mut first = read_page(&mut fresh, 1)?;
    for at in named_below(&first)? {
        let below = read_page(&mut fresh, number_at(&first, at)?)?;
        last += if last + 1 == LOCK_PAGE { 2 } else { 1 };
        copy.seek(SeekFrom::Start(u64::from(last - 1) * page_bytes))?;
        copy.write_all(&below)?;
        put(&mut first, at, &last.to_be_bytes())?;
    }
    put(&mut first, PAGES_AT, &last.to_be_bytes())?;
    put(&mut first, UNUSED_AT, &[0; 8])?;
    copy.seek(SeekFrom::Start(0))?;
    copy.write_all(&first)?;
    Ok(())
}

/// Returns where the first page names the pages below it.
fn named_below(first: &[u8]) -> Grafted<Vec<usize>> {
    if first.get(KIND_AT) == Some(&LEAF) {
        return Ok(Vec::new());
    }
    let count = usize::from(short_at(first, BELOW_AT)?);
    let named = (0..count).map(|nth| short_at(first, NAMED_AT + 2 * nth).map(usize::from));
    named.chain([Ok(LAST_BELOW_AT)]).collect()
}

fn read_page(file: &mut File, number: u32) -> Grafted<Vec<u8>> {
    let mut page = vec![0; usize::try_from(schema::PAGE_BYTES)?];
    let before = u64::from(number.checked_sub(1).ok_or("no page has number 0")?);
    file.seek(SeekFrom::Start(before * u64::from(schema::PAGE_BYTES)))?;
    file.read_exact(&mut page)?;
    Ok(page)
}

fn short_at(page: &[u8], at: usize) -> Grafted<u16> {
    let bytes = page.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u16::from_be_bytes(*bytes.ok_or(OUTSIDE)?))
}

fn number_at(page: &[u8], at: usize) -> Grafted<u32> {
    let bytes = page.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u32::from_be_bytes(*bytes.ok_or(OUTSIDE)?))
}

fn put(page: &mut [u8], at: usize, bytes: &[u8]) -> Grafted<()> {
    let place = page.get_mut(at..at + bytes.len()).ok_or(OUTSIDE)?;
    place.copy_from_slice(bytes);
    Ok(())
}

const OUTSIDE: &str = "a page names what is not on it";

/// Files that are gone when nobody reads them any more.
struct Temporary(Vec<PathBuf>);

impl Temporary {
    fn add(&mut self, path: &Path) {
        let companions = ["", "-wal", "-shm"].map(|suffix| suffixed(path, suffix));
        self.0.extend(companions);
    }

    fn remove(&self) {
        for path in &self.0 {
            // Absent is as good; what stays is overwritten by the next salvage.
            drop(fs::remove_file(path));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}
