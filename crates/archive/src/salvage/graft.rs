//! Opening what is damaged at its very beginning.
//!
//! Without its first page a file is no database, though everything else is there. Archives are made by the
//! same steps, so the first page of a fresh one says the same but for the number of pages.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sessions_model::Timestamp;

use crate::archive::Archive;
use crate::error::{During, ErrorKind, Result, Step};
use crate::schema;

/// Where a database says how many pages it has, and then where unused ones are and how many.
/// Source: <https://www.sqlite.org/fileformat2.html#the_database_header>
const PAGES_AT: usize = 28;
const UNUSED_AT: usize = 32;

/// What is read of a damaged archive.
pub(super) struct Damaged {
    pub(super) connection: Connection,
    _files: Temporary,
}

/// Opens a damaged archive for reading: as it is, else with another first page, else as one that holds
/// nothing.
pub(super) fn open(damaged: &Path, to: &Path, now: Timestamp) -> Result<Damaged> {
    let mut files = Temporary(Vec::new());
    let connection = match schema::open_reader(damaged) {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            match graft(damaged, to, now, &mut files) {
                Ok(connection) => connection,
                Err(_) => {
                    Connection::open_in_memory().during(|| Step::Salvage(damaged.to_path_buf()))?
                }
            }
        }
        opened => opened?,
    };
    Ok(Damaged {
        connection,
        _files: files,
    })
}

type Grafted<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn graft(damaged: &Path, to: &Path, now: Timestamp, files: &mut Temporary) -> Grafted<Connection> {
    let (copy, fresh) = (suffixed(to, ".grafted"), suffixed(to, ".fresh"));
    files.add(&copy);
    files.add(&fresh);
    files.remove();
    Archive::open_file(&fresh, now)?.rest()?;
    let mut page = vec![0; usize::try_from(schema::PAGE_BYTES)?];
    File::open(&fresh)?.read_exact(&mut page)?;
    fs::copy(damaged, &copy)?;
    let log = suffixed(damaged, "-wal");
    if log.exists() {
        fs::copy(log, suffixed(&copy, "-wal"))?;
    }
    let mut file = OpenOptions::new().write(true).open(&copy)?;
    let pages = file.seek(SeekFrom::End(0))? / u64::from(schema::PAGE_BYTES);
    let pages = u32::try_from(pages)?.to_be_bytes();
    page[PAGES_AT..PAGES_AT + 4].copy_from_slice(&pages);
    page[UNUSED_AT..UNUSED_AT + 8].fill(0);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&page)?;
    drop(file);
    let connection = schema::open_reader(&copy)?;
    // The rows of the schema may be on other pages than in a fresh archive.
    connection.prepare("SELECT 1 FROM blobs, segments, generations, sources")?;
    Ok(connection)
}

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

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
