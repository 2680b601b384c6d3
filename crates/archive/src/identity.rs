//! A small file beside the archive that says whose it is.
//!
//! It is read when the archive itself no longer can be: an archive that is suddenly empty is told from a
//! new one, and a salvage finds the device, the config roots and the tables again though the pages that
//! name them are lost, and knows how much there was.

use std::fmt;
use std::fs;
use std::io;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};
use sessions_model::{ArchiveId, DeviceId};

use crate::archive::Archive;
use crate::error::{ArchiveError, During, Result, Step};
use crate::schema;

const FILE_NAME: &str = "identity";

/// Whether the archive in a folder is what was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is, or nothing is known of one.
    AsBefore,
    /// It is gone, or empty and another one; this one was there.
    Vanished(ArchiveId),
}

/// How much an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Files that were archived.
    pub sources: u64,
    /// Sessions that those are of.
    pub sessions: u64,
    /// Bytes of all their generations.
    pub bytes: u64,
}

impl Held {
    pub(crate) fn count(connection: &Connection) -> rusqlite::Result<Self> {
        connection.query_row(
            "SELECT (SELECT count(*) FROM sources), (SELECT count(DISTINCT session) FROM sources),
                    (SELECT coalesce(sum(length - base), 0) FROM generations)",
            [],
            |row| {
                Ok(Self {
                    sources: row.get(0)?,
                    sessions: row.get(1)?,
                    bytes: row.get(2)?,
                })
            },
        )
    }

    /// Tells whether this is less than there was `before`. Sessions have names alone to lose: all they are
    /// is sources and bytes.
    pub fn lacks_of(&self, before: &Self) -> bool {
        self.sources < before.sources || self.bytes < before.bytes
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.sources, self.sessions, self.bytes)
    }
}

impl FromStr for Held {
    type Err = ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseIntError> {
        let mut numbers = text.splitn(3, ' ');
        let mut next = || numbers.next().unwrap_or_default().parse();
        Ok(Self {
            sources: next()?,
            sessions: next()?,
            bytes: next()?,
        })
    }
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    archive: [u8; 16],
    pub(crate) device: [u8; 16],
    /// Numbers and paths of the config roots.
    pub(crate) roots: Vec<(u64, String)>,
    /// Where each table and index begins, and its name.
    pub(crate) pages: Vec<(u32, String)>,
    pub(crate) held: Option<Held>,
}

impl Archive {
    /// Tells whether the archive in `dir` is what was there before. Writes nothing.
    pub fn presence(dir: &Path) -> Presence {
        let Some(identity) = Identity::read(dir) else {
            return Presence::AsBefore;
        };
        if is_another_and_empty(&dir.join(schema::FILE_NAME), &identity) {
            Presence::Vanished(ArchiveId(identity.archive))
        } else {
            Presence::AsBefore
        }
    }

    /// Writes beside the archive whose it is, unless that is written there already.
    ///
    /// # Errors
    /// When the database cannot be read, or the file beside it cannot be written.
    pub fn note_identity(&self) -> Result<()> {
        self.note(None)
    }

    /// Writes beside the archive whose it is, and how much it holds now. Every source is counted.
    ///
    /// # Errors
    /// When the database cannot be read, or the file beside it cannot be written.
    pub fn note_held(&self) -> Result<()> {
        self.note(Held::count(&self.connection).ok())
    }

    /// As [`Archive::note_held`], unless that is less than what was noted before: nothing of an archive is ever
    /// taken out. Then that stays, and both are returned, before and now.
    ///
    /// # Errors
    /// When the database cannot be read, or the file beside it cannot be written.
    pub fn note_growth(&self) -> Result<Option<(Held, Held)>> {
        let now = Held::count(&self.connection).during(|| Step::List)?;
        let noted = Identity::read(self.path.parent().unwrap_or(Path::new(".")));
        let before = noted.filter(|noted| is_of(noted, self));
        match before.and_then(|before| before.held) {
            Some(before) if now.lacks_of(&before) => Ok(Some((before, now))),
            _ => self.note(Some(now)).map(|()| None),
        }
    }

    /// Returns the file that says whose the archive is. Without it, how much there was is forgotten.
    pub fn identity_file(&self) -> PathBuf {
        self.path.with_file_name(FILE_NAME)
    }

    fn note(&self, held: Option<Held>) -> Result<()> {
        let path = self.identity_file();
        let roots = || -> rusqlite::Result<Vec<(u64, String)>> {
            self.connection
                .prepare("SELECT id, path FROM roots WHERE device = ?1 ORDER BY id")?
                .query_map([self.device().0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let pages = || -> rusqlite::Result<Vec<(u32, String)>> {
            self.connection
                .prepare("SELECT rootpage, name FROM sqlite_schema WHERE rootpage > 0 ORDER BY 1")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let noted = Identity::read(self.path.parent().unwrap_or(Path::new(".")));
        let identity = Identity {
            archive: self.id().0,
            device: self.device().0,
            roots: roots().during(|| Step::List)?,
            pages: pages().during(|| Step::List)?,
            // Where it is not counted, what was noted before is all that tells.
            held: held
                .or_else(|| noted.as_ref().filter(|noted| is_of(noted, self))?.held)
                .or_else(|| Held::count(&self.connection).ok()),
        };
        if noted.as_ref() == Some(&identity) {
            return Ok(());
        }
        match identity.write(&path) {
            // How much there is can be noted later: a start must not fail for a full disk.
            Err(_) if noted.is_some_and(|noted| noted.names_the_same(&identity)) => Ok(()),
            written => written.map_err(|source| ArchiveError::File {
                step: Step::NoteIdentity,
                path,
                source,
            }),
        }
    }
}

impl Identity {
    /// Reads the file in `dir`; none if there is none that makes sense.
    pub(crate) fn read(dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(dir.join(FILE_NAME)).ok()?;
        let (mut archive, mut device) = (None, None);
        let (mut roots, mut pages, mut held) = (Vec::new(), Vec::new(), None);
        for line in text.lines() {
            match line.split_once(' ')? {
                ("archive", id) => archive = Some(parse_id(id)?),
                ("device", id) => device = Some(parse_id(id)?),
                ("root", root) => {
                    let (number, path) = root.split_once(' ')?;
                    roots.push((number.parse().ok()?, path.to_owned()));
                }
                ("page", page) => {
                    let (number, name) = page.split_once(' ')?;
                    pages.push((number.parse().ok()?, name.to_owned()));
                }
                ("held", numbers) => held = numbers.parse().ok(),
                // Of a newer version.
                _ => {}
            }
        }
        Some(Self {
            archive: archive?,
            device: device?,
            roots,
            pages,
            held,
        })
    }

    fn names_the_same(&self, other: &Self) -> bool {
        (self.archive, self.device, &self.roots) == (other.archive, other.device, &other.roots)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let ids = [
            format!("archive {}\n", ArchiveId(self.archive)),
            format!("device {}\n", DeviceId(self.device)),
        ];
        let roots = self.roots.iter();
        let roots = roots.map(|(number, root)| format!("root {number} {root}\n"));
        let pages = self.pages.iter();
        let pages = pages.map(|(number, name)| format!("page {number} {name}\n"));
        let held = self.held.map(|held| format!("held {held}\n"));
        let lines = ids.into_iter().chain(roots).chain(pages).chain(held);
        let text: String = lines.collect();
        let draft: PathBuf = path.with_extension("new");
        fs::write(&draft, text)?;
        fs::File::open(&draft)?.sync_all()?;
        fs::rename(draft, path)
    }
}

fn is_of(identity: &Identity, archive: &Archive) -> bool {
    identity.archive == archive.id().0
}

fn parse_id(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32).then(|| number.to_be_bytes())
}

/// Tells whether a database holds nothing, and is not the one the identity speaks of. One that cannot be
/// read is damaged, which is for the opening to say.
fn is_another_and_empty(path: &Path, identity: &Identity) -> bool {
    match fs::metadata(path) {
        Err(error) => return error.kind() == io::ErrorKind::NotFound,
        Ok(file) if file.len() == 0 => return true,
        Ok(_) => {}
    }
    let Ok(connection) = schema::open_reader(path) else {
        return false;
    };
    let is_other = |connection: &Connection| -> rusqlite::Result<bool> {
        // Of one that was young, all may have been in the log, and that is gone.
        let has_tables: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema)",
            params![],
            |row| row.get(0),
        )?;
        if !has_tables {
            return Ok(true);
        }
        let id: Option<[u8; 16]> = connection
            .query_row("SELECT value FROM meta WHERE key = 'archive'", [], |row| {
                row.get(0)
            })
            .optional()?;
        let is_empty: bool = connection.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM generations)",
            params![],
            |row| row.get(0),
        )?;
        Ok(is_empty && id != Some(identity.archive))
    };
    is_other(&connection).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use sessions_model::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp(1_780_000_000_000);

    #[test]
    fn an_archive_that_was_emptied_replaced_or_removed_is_told_from_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, file) = (folder.path(), folder.path().join("archive.db"));
        assert_eq!(
            Archive::presence(dir),
            Presence::AsBefore,
            "nothing is known"
        );
        let id = {
            let archive = Archive::open(dir, NOW).unwrap();
            archive.id()
        };
        assert_eq!(Archive::presence(dir), Presence::AsBefore);
        fs::write(&file, "").unwrap();
        assert_eq!(Archive::presence(dir), Presence::Vanished(id));
        fs::remove_file(&file).unwrap();
        assert_eq!(Archive::presence(dir), Presence::Vanished(id));
        // What a young archive is whose log is gone: no tables yet.
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
            .unwrap();
        assert!(fs::metadata(&file).unwrap().len() > 0);
        assert_eq!(Archive::presence(dir), Presence::Vanished(id));
        fs::remove_file(&file).unwrap();
        let other = tempfile::tempdir().unwrap();
        drop(Archive::open(other.path(), NOW).unwrap());
        fs::copy(other.path().join("archive.db"), &file).unwrap();
        assert_eq!(Archive::presence(dir), Presence::Vanished(id));
        drop(Archive::open(dir, NOW).unwrap());
        assert_eq!(
            Archive::presence(dir),
            Presence::AsBefore,
            "it is taken for granted now"
        );
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(folder.path(), NOW).unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        transaction.root("/home/dev/my files").unwrap();
        transaction.commit().unwrap();
        archive.note_identity().unwrap();
        let identity = Identity::read(folder.path()).unwrap();
        assert_eq!(identity.device, archive.device().0);
        assert_eq!(identity.roots, [(1, "/home/dev/my files".to_owned())]);
        assert_eq!(identity.held, Some(Held::default()));
        let begins = |(_, name): &(u32, String)| name == "blobs";
        assert!(identity.pages.iter().any(begins), "{:?}", identity.pages);
    }
}
