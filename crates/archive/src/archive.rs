//! The one writer. It belongs to one thread; whoever reads asks it for a reader.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sessions_model::{ArchiveId, DeviceId, Timestamp};

use crate::cache::FrameCache;
use crate::codec::{Density, Packer};
use crate::cursor::SourceState;
use crate::error::{During, Result, Step};
use crate::place::FileId;
use crate::reader::ArchiveReader;
use crate::schema;
use crate::source::{self, Which};
use crate::span::FrameReader;
use crate::transaction::{Tools, Transaction, random_id};

/// The archive, open for writing.
#[derive(Debug)]
pub struct Archive {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    /// The file that is open.
    pub(crate) file: Option<FileId>,
    pub(crate) frames: FrameReader,
    /// What the readers share; not with the writer, which sees blobs that may yet be rolled back.
    read_frames: FrameCache,
    pub(crate) packer: Packer,
    id: ArchiveId,
    device: DeviceId,
}

impl Archive {
    /// Opens `archive.db` in `dir`; makes it if there is none, migrates it if it is older, and
    /// refuses it if it is newer than this program.
    ///
    /// # Errors
    /// When the file is no archive, is damaged or of a newer schema, or the folder cannot be written.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self> {
        let archive = Self::open_file(&dir.join(schema::FILE_NAME), now)?;
        archive.note_identity()?;
        Ok(archive)
    }

    pub(crate) fn open_file(path: &Path, now: Timestamp) -> Result<Self> {
        let mut connection = schema::open_writer(path)?;
        let (id, device) = identify(&mut connection, path, now)?;
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            file: FileId::look(path).ok().flatten(),
            frames: FrameReader::default(),
            read_frames: FrameCache::default(),
            packer: Packer::new(Density::Live)?,
            id,
            device,
        })
    }

    /// Opens a reader with a connection of its own.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub fn reader(&self) -> Result<ArchiveReader> {
        ArchiveReader::open(&self.path, self.read_frames.clone())
    }

    /// Returns what tells this archive from every other.
    pub fn id(&self) -> ArchiveId {
        self.id
    }

    /// Returns the device whose sources this archive takes in.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Takes note of the machine that the archive is on, by a fingerprint of it. On another one than
    /// before, as after a disk was cloned, the device gets a new id: two devices never share one.
    /// Returns whether it did.
    ///
    /// # Errors
    /// When no random id can be drawn, or the database cannot be written.
    pub fn meet_machine(&mut self, fingerprint: [u8; 32]) -> Result<bool> {
        let fresh = random_id()?;
        let mut meet = || -> rusqlite::Result<bool> {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let known: Option<[u8; 32]> = transaction
                .query_row("SELECT value FROM meta WHERE key = 'machine'", [], |row| {
                    row.get(0)
                })
                .optional()?;
            if known == Some(fingerprint) {
                // Nothing is written: a start must not fail for a disk that is full.
                return Ok(false);
            }
            let is_other = known.is_some();
            let write = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
            transaction.execute(write, ("machine", fingerprint))?;
            if is_other {
                transaction.execute(write, ("device", fresh))?;
            }
            transaction.commit()?;
            Ok(is_other)
        };
        let is_other = meet().during(|| Step::Open(self.path.clone()))?;
        if is_other {
            self.device = DeviceId(fresh);
            self.note_identity()?;
        }
        Ok(is_other)
    }

    /// Returns every source, in the order they were first seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sources(&self) -> Result<Vec<SourceState>> {
        source::states(&self.connection, Which::All).during(|| Step::List)
    }

    /// Begins a transaction; everything in it is logged as having happened at `now`.
    ///
    /// # Errors
    /// When another process writes, or the database cannot be read.
    pub fn begin(&mut self, now: Timestamp) -> Result<Transaction<'_>> {
        let inner = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .during(|| Step::Begin)?;
        let tools = Tools {
            packer: &mut self.packer,
            frames: &mut self.frames,
            device: self.device,
        };
        Transaction::new(inner, tools, now)
    }

    /// Copies the write-ahead log into the database and empties it, unless a reader is in the way, and
    /// gives back what memory haste alone needs.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn rest(&mut self) -> Result<()> {
        self.frames.cache.clear();
        self.read_frames.clear();
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .and_then(|()| self.connection.execute_batch("PRAGMA shrink_memory"))
            .during(|| Step::Checkpoint)
    }

    /// Returns a setting.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        read_setting(&self.connection, key)
    }

    /// Writes a setting over the one before.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn set_setting(&mut self, key: &str, value: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute([key, value]))
            .map(drop)
            .during(|| Step::Set(key.to_owned()))
    }
}

pub(crate) fn read_setting(connection: &Connection, key: &str) -> Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE key = ?1")
        .and_then(|mut found| found.query_row([key], |row| row.get(0)).optional())
        .during(|| Step::ReadSetting(key.to_owned()))
}

/// Returns the archive's and the device's id; draws them in a new archive.
fn identify(
    connection: &mut Connection,
    path: &Path,
    now: Timestamp,
) -> Result<(ArchiveId, DeviceId)> {
    let (archive, device) = (random_id()?, random_id()?);
    let mut settle = || -> rusqlite::Result<([u8; 16], [u8; 16])> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let insert = "INSERT OR IGNORE INTO meta (key, value) VALUES (?1, ?2)";
        transaction.execute(insert, ("archive", archive))?;
        transaction.execute(insert, ("device", device))?;
        transaction.execute(insert, ("created", now.0.to_be_bytes()))?;
        let read = |key| {
            transaction.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
        };
        let found = (read("archive")?, read("device")?);
        transaction.commit()?;
        Ok(found)
    };
    let (archive, device) = settle().during(|| Step::Open(path.to_path_buf()))?;
    Ok((ArchiveId(archive), DeviceId(device)))
}

#[cfg(test)]
mod tests {
    use sessions_model::{ByteOffset, Origin, SourceKind};

    use super::*;
    use crate::cursor::{Cursor, FileStamp, Fingerprint};
    use crate::error::ErrorKind;
    use crate::log::Lane;

    const NOW: Timestamp = Timestamp(1_780_000_000_000);

    #[test]
    fn a_full_disk_is_told_apart_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(folder.path(), NOW).unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        let root = transaction.root("/home/dev/.claude").unwrap();
        let origin = Origin {
            path: "history.jsonl".to_owned(),
            kind: SourceKind::History,
            session: None,
            agent: None,
        };
        let source = transaction.source(root, &origin).unwrap();
        let generation = transaction
            .open_generation(source, None, Lane::Live)
            .unwrap();
        transaction.commit().unwrap();
        // The database refuses to grow, as a full disk would make it.
        let pages: i64 = archive
            .connection
            .query_row("PRAGMA max_page_count = 1", [], |row| row.get(0))
            .unwrap();
        assert!(pages > 1);
        let bytes: Vec<u8> = (0..100_000_u32)
            .flat_map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[..4].to_vec())
            .collect();
        let offset = ByteOffset(bytes.len() as u64);
        let cursor = Cursor {
            source,
            generation,
            offset,
            line_start: ByteOffset(0),
            fingerprint: Fingerprint {
                head: [0; 32],
                head_len: 0,
                tail: [0; 32],
                tail_len: 0,
            },
            stamp: FileStamp {
                device: 0,
                inode: 0,
                size: offset.0,
                modified_ns: 0,
            },
        };
        let mut transaction = archive.begin(NOW).unwrap();
        let error = transaction.append(&cursor, &bytes, Lane::Live).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}");
        assert_eq!(transaction.commit().unwrap_err().kind(), ErrorKind::Refused);
        assert_eq!(archive.sources().unwrap()[0].cursor, None);
        archive
            .connection
            .query_row("PRAGMA max_page_count = 100000", [], |_| Ok(()))
            .unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        transaction.append(&cursor, &bytes, Lane::Live).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn what_is_fixed_at_creation_is_as_designed() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(&folder.path().join("new"), NOW).unwrap();
        let number = |name: &str| -> i64 {
            archive
                .connection
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        };
        assert_eq!(number("page_size"), 4096);
        assert_eq!(number("auto_vacuum"), 2);
        assert_eq!(number("synchronous"), 2);
        assert_eq!(number("user_version"), 3);
        let mode: String = archive
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder.path().join("new")), 0o700);
            assert_eq!(mode(&archive.path), 0o600);
        }
    }
}
