//! The catalog's one writer. It gathers what rows say in memory and writes it at commit, in one
//! transaction with how far the archive's log was applied.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use sessions_model::{
    ArchiveId, CheckpointId, RecordKey, RootId, Seq, SessionId, SessionOrdinal, SourceId, Timestamp,
};

use crate::admitted::Admitted;
use crate::calls::{Calls, OpenCall};
use crate::checkpoint::CheckpointWord;
use crate::error::Doing;
use crate::ledger::Ledger;
use crate::operation::Operation;
use crate::schema::{self, Found};
use crate::sources::Sources;
use crate::state::States;
use crate::tag::OperationName;
use crate::{CatalogError, CatalogReader, SessionFacts, SourceFacts, TokenUse};

/// The database's name in its directory.
const FILE_NAME: &str = "catalog.db";

/// Messages and open calls not written yet after which a commit is due.
const GATHERED_MAX: usize = 256 * 1024;

/// Session ids whose ordinal is kept in memory.
const ORDINALS_HELD_MAX: usize = 50_000;

/// How far each lane of the archive's log was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// The lane of imports.
    pub backlog: Seq,
    /// The lane of what changes now.
    pub live: Seq,
}

/// What opening a catalog found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// There was none: everything is to be applied.
    Fresh,
    /// It goes on from where it was.
    Resumed(Applied),
    /// What was there cannot be used, for the reason given, and was put out of the way: the catalog is
    /// empty, and everything is to be applied.
    Rebuild(String),
}

/// The writer. What it was told is visible to readers after the next [`commit`](Self::commit), and lost
/// if it is dropped before. After an error it must be opened again.
#[derive(Debug)]
pub struct Catalog {
    connection: Connection,
    path: PathBuf,
    applied: Applied,
    next_ordinal: u64,
    ordinals: FxHashMap<SessionId, SessionOrdinal>,
    states: States,
    admitted: Admitted,
    ledger: Ledger,
    calls: Calls,
    sources: Sources,
    roots: FxHashMap<RootId, String>,
    defects: FxHashMap<String, u64>,
    operations: Vec<Operation>,
}

impl Catalog {
    /// Opens the catalog of `archive` in `dir`, or makes it.
    pub fn open(dir: &Path, archive: ArchiveId) -> Result<(Self, Opened), CatalogError> {
        fs::create_dir_all(dir).map_err(|source| CatalogError::Directory {
            dir: dir.to_owned(),
            source,
        })?;
        let path = dir.join(FILE_NAME);
        let open = || {
            schema::open(&path, archive).map_err(|source| CatalogError::Open {
                path: path.clone(),
                source,
            })
        };
        let reason = match open()? {
            Found::Fresh(connection) => {
                return Ok((Self::start(connection, path)?, Opened::Fresh));
            }
            Found::Ready(connection) => match Self::start(connection, path.clone()) {
                Err(error) if error.is_corrupt() => "it is damaged".to_owned(),
                started => return started.map(Self::resumed),
            },
            Found::Unusable(reason) => reason,
        };
        remove(&path).map_err(|source| CatalogError::Remove {
            path: path.clone(),
            source,
        })?;
        match open()? {
            Found::Fresh(connection) => {
                Ok((Self::start(connection, path)?, Opened::Rebuild(reason)))
            }
            Found::Ready(_) | Found::Unusable(_) => {
                let source = io::Error::from(ErrorKind::AlreadyExists);
                Err(CatalogError::Remove { path, source })
            }
        }
    }

    fn resumed(self) -> (Self, Opened) {
        let opened = Opened::Resumed(self.applied);
        (self, opened)
    }

    fn start(connection: Connection, path: PathBuf) -> Result<Self, CatalogError> {
        let applied = read_applied(&connection).reading("how far it was applied")?;
        let next_ordinal: u64 = connection
            .query_row(
                "SELECT coalesce(max(ordinal) + 1, 0) FROM session",
                (),
                |row| row.get(0),
            )
            .reading("the sessions")?;
        Ok(Self {
            connection,
            path,
            applied,
            next_ordinal,
            ordinals: FxHashMap::default(),
            states: States::default(),
            admitted: Admitted::default(),
            ledger: Ledger::default(),
            calls: Calls::default(),
            sources: Sources::default(),
            roots: FxHashMap::default(),
            defects: FxHashMap::default(),
            operations: Vec::new(),
        })
    }

    /// Returns how far the log was applied at the last commit.
    pub fn applied(&self) -> Applied {
        self.applied
    }

    /// Opens a connection for reading what was committed.
    pub fn reader(&self) -> Result<CatalogReader, CatalogError> {
        CatalogReader::open(&self.path)
    }

    /// Returns the number of `session`, which it gets when it is first met. Numbers are dense, from 0.
    pub fn ordinal(&mut self, session: &SessionId) -> Result<SessionOrdinal, CatalogError> {
        if let Some(ordinal) = self.ordinals.get(session) {
            return Ok(*ordinal);
        }
        let known = find_ordinal(&self.connection, session).reading("the number of a session")?;
        let ordinal = known.unwrap_or_else(|| {
            let ordinal = SessionOrdinal(self.next_ordinal);
            self.next_ordinal += 1;
            self.states.create(ordinal, session.clone());
            ordinal
        });
        self.ordinals.insert(session.clone(), ordinal);
        Ok(ordinal)
    }

    /// Takes the record `key` into `session`; returns false if the session already has it.
    pub fn admit(&mut self, session: SessionOrdinal, key: RecordKey) -> Result<bool, CatalogError> {
        self.admitted.admit(&self.connection, session, key)
    }

    /// Merges what one row says of `session`.
    pub fn merge(
        &mut self,
        session: SessionOrdinal,
        facts: &SessionFacts<'_>,
    ) -> Result<(), CatalogError> {
        self.states.get(&self.connection, session)?.merge(facts);
        Ok(())
    }

    /// Counts the tokens of an API message once, however many lines and sessions repeat it: the largest
    /// counts, for the session whose row has the smallest seq of those that are no copies.
    pub fn use_tokens(&mut self, used: &TokenUse<'_>) -> Result<(), CatalogError> {
        self.ledger.add(&self.connection, used)
    }

    /// Keeps what is known of `call` until its result comes.
    pub fn remember_call(&mut self, source: SourceId, call: &str, open: OpenCall) {
        self.calls.remember(source, call, open);
    }

    /// Returns what is known of `call`, for its result. A second time it returns nothing.
    pub fn take_call(
        &mut self,
        source: SourceId,
        call: &str,
    ) -> Result<Option<OpenCall>, CatalogError> {
        self.calls.take(&self.connection, source, call)
    }

    /// Keeps that a note of a queued prompt stands in `source` until the prompt itself comes.
    pub fn remember_note(&mut self, source: SourceId, name: &str) {
        self.calls.remember(source, name, OpenCall::default());
    }

    /// Returns whether such a note was kept. A second time it was not.
    pub fn take_note(&mut self, source: SourceId, name: &str) -> Result<bool, CatalogError> {
        let kept = self.calls.take(&self.connection, source, name)?;
        Ok(kept.is_some())
    }

    /// Takes in where a config root is.
    pub fn root(&mut self, root: RootId, path: &str) {
        self.roots.insert(root, path.to_owned());
    }

    /// Takes in what a change says of a source.
    pub fn source(&mut self, facts: &SourceFacts) {
        self.sources.say(facts);
    }

    /// Counts `lines` that did not parse as expected, or are of an unknown type.
    pub fn count_defect(&mut self, name: &str, lines: u64) {
        *self.defects.entry(name.to_owned()).or_default() += lines;
    }

    /// Takes in what a client found out about a directory: the common directory of its repository and
    /// the address of its remote, empty where there is none. The last word stands.
    pub fn directory(&mut self, cwd: &str, common_dir: &str, remote: &str) {
        let [cwd, common_dir, remote] = [cwd, common_dir, remote].map(str::to_owned);
        self.operations.push(Operation::Directory {
            cwd,
            common_dir,
            remote,
        });
    }

    /// Counts everything known as `from`, a project or a directory, as `to` from now on.
    pub fn move_project(&mut self, from: &str, to: &str) {
        self.operations.push(Operation::Move {
            from: from.to_owned(),
            to: to.to_owned(),
        });
    }

    /// Takes in what is said of a checkpoint.
    pub fn checkpoint(&mut self, id: CheckpointId, word: CheckpointWord) {
        self.operations.push(Operation::Checkpoint { id, word });
    }

    /// Takes in that the user gave `session` a tag, by the operation of this name.
    pub fn tag(&mut self, operation: OperationName, session: SessionOrdinal, tag: &str) {
        let tag = tag.to_owned();
        self.operations.push(Operation::Tag {
            operation,
            session,
            tag,
        });
    }

    /// Takes in that the user took back the tags that these operations gave, known already or not.
    pub fn untag(&mut self, given: Vec<OperationName>) {
        self.operations.push(Operation::Untag { given });
    }

    /// Takes in that a client began a session, or took it up.
    pub fn begun(&mut self, session: SessionOrdinal, at: Timestamp) {
        self.operations.push(Operation::Begun { session, at });
    }

    /// Takes in that a client left a session, and why.
    pub fn left(&mut self, session: SessionOrdinal, at: Timestamp, reason: &str) {
        let reason = reason.to_owned();
        self.operations.push(Operation::Left {
            session,
            at,
            reason,
        });
    }

    /// Returns whether so much was taken in since the last commit that the next one is due.
    pub fn is_full(&self) -> bool {
        self.admitted.is_full() || self.ledger.held() + self.calls.held() >= GATHERED_MAX
    }

    /// Writes everything taken in since the last commit, together with how far the log was applied.
    pub fn commit(&mut self, applied: Applied) -> Result<(), CatalogError> {
        let transaction = self
            .connection
            .unchecked_transaction()
            .writing("a transaction")?;
        self.ledger.flush(&transaction, &mut self.states)?;
        self.states.flush(&transaction)?;
        self.admitted.flush(&transaction)?;
        self.calls.flush(&transaction)?;
        self.sources.flush(&transaction).writing("a source")?;
        for (root, path) in self.roots.drain() {
            transaction
                .prepare_cached("REPLACE INTO root (id, path) VALUES (?1, ?2)")
                .and_then(|mut statement| statement.execute((root.0, path)))
                .writing("a config root")?;
        }
        for (name, lines) in self.defects.drain() {
            count_defect(&transaction, &name, lines).writing("a count of defects")?;
        }
        for operation in self.operations.drain(..) {
            operation
                .store(&transaction)
                .writing("what the user said")?;
        }
        transaction
            .prepare_cached("UPDATE applied SET backlog = ?1, live = ?2")
            .and_then(|mut statement| statement.execute([applied.backlog.0, applied.live.0]))
            .writing("how far it was applied")?;
        transaction.commit().writing("a transaction")?;
        self.applied = applied;
        if self.ordinals.len() > ORDINALS_HELD_MAX {
            self.ordinals.clear();
        }
        Ok(())
    }

    /// Lets go of what is held to save reading it again. What is not committed yet stays.
    pub fn shed(&mut self) -> Result<(), CatalogError> {
        if self.states.has_changes() {
            return Ok(());
        }
        self.states = States::default();
        self.ordinals = FxHashMap::default();
        self.admitted.shed();
        self.ledger.shed();
        self.calls.shed();
        self.connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory")
            .writing("what it holds in memory")
    }
}

pub(crate) fn read_applied(connection: &Connection) -> rusqlite::Result<Applied> {
    connection.query_row("SELECT backlog, live FROM applied", (), |row| {
        Ok(Applied {
            backlog: Seq(row.get(0)?),
            live: Seq(row.get(1)?),
        })
    })
}

pub(crate) fn find_ordinal(
    connection: &Connection,
    session: &SessionId,
) -> rusqlite::Result<Option<SessionOrdinal>> {
    connection
        .prepare_cached("SELECT ordinal FROM session WHERE id = ?1")?
        .query_row([session.as_str()], |row| row.get(0).map(SessionOrdinal))
        .optional()
}

fn count_defect(connection: &Connection, name: &str, lines: u64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO defect (name, lines) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET lines = lines + excluded.lines",
        )?
        .execute((name, lines))
}

/// Removes the database and what `SQLite` keeps beside it.
fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
