//! Reading what was committed: sessions as people see them, and sets of them. Any number of readers work
//! beside the writer, each on a connection of its own. They know neither the index nor the archive.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;
use sessions_model::{
    Checkpoint, CheckpointId, Project, Session, SessionFilter, SessionId, SessionOrdinal, SourceId,
};

use crate::error::Doing;
use crate::project::Projects;
use crate::tag::{self, OperationName};
use crate::{Applied, CatalogError, checkpoint, schema};

mod resolve;
mod row;
mod scope;
mod summary;

pub use scope::SessionPredicate;
pub use summary::Totals;

use row::SessionRow;

/// Sessions that one list holds at most, where the caller names no limit.
const SESSIONS_MAX: u32 = 20_000;

/// A connection for reading.
#[derive(Debug)]
pub struct CatalogReader {
    connection: Connection,
}

impl CatalogReader {
    /// Opens the database at `path`, which a [`Catalog`](crate::Catalog) has made.
    pub(crate) fn open(path: &Path) -> Result<Self, CatalogError> {
        let connection = schema::open_reader(path).map_err(|source| CatalogError::Open {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { connection })
    }

    /// Returns what `SQLite` finds wrong with the file; nothing if it is sound.
    ///
    /// # Errors
    /// When it is too damaged to be looked through.
    pub fn damaged(&self) -> Result<Option<String>, CatalogError> {
        let found: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .reading("whether it is sound")?;
        Ok((found != "ok").then_some(found))
    }

    /// Returns how far the archive's log was applied.
    pub fn applied(&self) -> Result<Applied, CatalogError> {
        crate::catalog::read_applied(&self.connection).reading("how far it was applied")
    }

    /// Returns the sessions that `filter` asks for, the latest first; those in `live` are running.
    pub fn sessions(
        &self,
        filter: &SessionFilter,
        live: &HashSet<SessionId>,
    ) -> Result<Vec<Session>, CatalogError> {
        self.read("the sessions", |connection| list(connection, filter, live))
    }

    /// Returns the sessions of these numbers, in their order; numbers that mean nothing are left out.
    pub fn by_ordinals(
        &self,
        ordinals: &[SessionOrdinal],
        live: &HashSet<SessionId>,
    ) -> Result<Vec<(SessionOrdinal, Session)>, CatalogError> {
        self.read("some sessions", |connection| {
            let projects = Projects::load(connection)?;
            let mut sessions = Vec::with_capacity(ordinals.len());
            for ordinal in ordinals {
                if let Some(row) = SessionRow::find(connection, *ordinal)? {
                    sessions.push((*ordinal, row.into_session(connection, &projects, live)?));
                }
            }
            Ok(sessions)
        })
    }

    /// Returns the session `id`.
    pub fn session(
        &self,
        id: &SessionId,
        live: &HashSet<SessionId>,
    ) -> Result<Option<Session>, CatalogError> {
        let Some(ordinal) = self.ordinal(id)? else {
            return Ok(None);
        };
        let sessions = self.by_ordinals(&[ordinal], live)?;
        Ok(sessions.into_iter().next().map(|(_, session)| session))
    }

    /// Returns the number of the session `id`.
    pub fn ordinal(&self, id: &SessionId) -> Result<Option<SessionOrdinal>, CatalogError> {
        self.read("the number of a session", |connection| {
            crate::catalog::find_ordinal(connection, id)
        })
    }

    /// Returns the sources of the session `id`, in the order they became known.
    pub fn sources_of(&self, id: &SessionId) -> Result<Vec<SourceId>, CatalogError> {
        self.read("the sources of a session", |connection| {
            connection
                .prepare_cached(
                    "SELECT source.id FROM source JOIN session ON session.ordinal = source.session
                     WHERE session.id = ?1 ORDER BY source.id",
                )?
                .query_map([id.as_str()], |row| row.get(0).map(SourceId))?
                .collect()
        })
    }

    /// Returns the sessions that `name` may mean: those whose id it begins or whose title it is, else
    /// those whose title holds it, whatever the case; the latest first. With `root`, in that root alone.
    pub fn resolve(
        &self,
        name: &str,
        root: Option<&str>,
        live: &HashSet<SessionId>,
    ) -> Result<Vec<Session>, CatalogError> {
        self.read("the sessions of a name", |connection| {
            resolve::resolve(connection, name, root, live)
        })
    }

    /// Returns the latest session that worked in the directory `cwd`, one that a person ran if there is
    /// any. With `root`, in that root alone.
    pub fn latest_in(
        &self,
        cwd: &str,
        root: Option<&str>,
        live: &HashSet<SessionId>,
    ) -> Result<Option<Session>, CatalogError> {
        self.read("the latest session of a directory", |connection| {
            resolve::latest_in(connection, cwd, root, live)
        })
    }

    /// Returns the projects, the latest first; with `root`, of the sessions in that root alone.
    pub fn projects(&self, root: Option<&str>) -> Result<Vec<Project>, CatalogError> {
        self.read("the projects", |connection| {
            summary::projects(connection, root)
        })
    }

    /// Returns the projects that `wanted` may mean: by name, key, address, or a directory in or above
    /// them.
    pub fn projects_meant(&self, wanted: &str) -> Result<Vec<Project>, CatalogError> {
        self.read("the projects of a name", |connection| {
            summary::projects_meant(connection, wanted)
        })
    }

    /// Returns the sessions for which `predicate` holds, by number.
    pub fn matching(
        &self,
        predicate: &SessionPredicate,
    ) -> Result<Vec<SessionOrdinal>, CatalogError> {
        self.read("a set of sessions", |connection| {
            scope::matching(connection, predicate)
        })
    }

    /// Returns the name of each session's project, by the session's number.
    pub fn project_names(&self) -> Result<Vec<(SessionOrdinal, String)>, CatalogError> {
        self.read("the projects of sessions", scope::project_names)
    }

    /// Returns a session's tags in order, each once.
    pub fn tags(&self, session: SessionOrdinal) -> Result<Vec<String>, CatalogError> {
        self.read("the tags of a session", |connection| {
            tag::of_session(connection, session)
        })
    }

    /// Returns the operations that gave `session` a tag: whoever takes it away names them.
    pub fn tagged_by(
        &self,
        session: SessionOrdinal,
        tag: &str,
    ) -> Result<Vec<OperationName>, CatalogError> {
        self.read("the tags of a session", |connection| {
            tag::given(connection, session, tag)
        })
    }

    /// Returns the numbers of all sessions, the latest first.
    pub fn ordinals_latest_first(&self) -> Result<Vec<SessionOrdinal>, CatalogError> {
        self.read("the sessions", |connection| {
            let sql = "SELECT ordinal FROM session ORDER BY ended_at DESC, id";
            connection
                .prepare_cached(sql)?
                .query_map((), |row| row.get(0).map(SessionOrdinal))?
                .collect()
        })
    }

    /// Returns the number after the last session's.
    pub fn ordinals_end(&self) -> Result<SessionOrdinal, CatalogError> {
        self.read("the sessions", |connection| {
            let sql = "SELECT coalesce(max(ordinal) + 1, 0) FROM session";
            connection
                .prepare_cached(sql)?
                .query_row((), |row| row.get(0).map(SessionOrdinal))
        })
    }

    /// Returns how often each kind of defect was met, the most frequent first.
    pub fn defects(&self) -> Result<Vec<sessions_model::DefectCount>, CatalogError> {
        self.read("the defects", summary::defects)
    }

    /// Returns sums over all sessions.
    pub fn totals(&self) -> Result<Totals, CatalogError> {
        self.read("the totals", summary::totals)
    }

    /// Returns at most `limit` directories that sessions were started in and no client has told about, the
    /// latest first.
    pub fn unresolved_cwds(&self, limit: u32) -> Result<Vec<String>, CatalogError> {
        self.read("the unknown directories", |connection| {
            summary::unresolved_cwds(connection, limit)
        })
    }

    /// Returns at most `limit` checkpoints, the latest first: of `session` and in `root`, where these are
    /// named.
    pub fn checkpoints(
        &self,
        of: (Option<&SessionId>, Option<&str>),
        limit: u32,
    ) -> Result<Vec<Checkpoint>, CatalogError> {
        self.read("the checkpoints", |connection| {
            checkpoint::list(connection, of, limit)
        })
    }

    /// Returns the checkpoints that `name` may mean: those whose id it begins, else those it is the name of;
    /// the latest first. With `root`, in that root alone.
    pub fn checkpoints_meant(
        &self,
        name: &str,
        root: Option<&str>,
    ) -> Result<Vec<Checkpoint>, CatalogError> {
        self.read("the checkpoints of a name", |connection| {
            checkpoint::meant(connection, name, root)
        })
    }

    /// Returns the numbers of the operations that made the checkpoints which no record is known for, the
    /// oldest first.
    pub fn pending_checkpoints(&self) -> Result<Vec<u64>, CatalogError> {
        self.read("the pending checkpoints", checkpoint::pending)
    }

    /// Returns the checkpoint that an operation of the archive made.
    pub fn checkpoint_made_by(&self, operation: u64) -> Result<Option<Checkpoint>, CatalogError> {
        self.read("a checkpoint", |connection| {
            checkpoint::made_by(connection, operation)
        })
    }

    /// Returns the number of the operation that holds a checkpoint's diff.
    pub fn checkpoint_described_by(&self, id: CheckpointId) -> Result<Option<u64>, CatalogError> {
        self.read("a checkpoint's repository", |connection| {
            checkpoint::described_by(connection, id)
        })
    }

    /// Runs `read` on one snapshot, however many statements it takes.
    fn read<T>(
        &self,
        what: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, CatalogError> {
        let snapshot = self.connection.unchecked_transaction().reading(what)?;
        read(&snapshot).reading(what)
    }
}

fn list(
    connection: &Connection,
    filter: &SessionFilter,
    live: &HashSet<SessionId>,
) -> rusqlite::Result<Vec<Session>> {
    let projects = Projects::load(connection)?;
    let limit = if filter.limit == 0 {
        SESSIONS_MAX
    } else {
        filter.limit
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut statement = connection.prepare_cached(row::LATEST_FIRST)?;
    let mut rows = statement.query(())?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        if sessions.len() >= limit {
            break;
        }
        let row = SessionRow::read(row)?;
        if !row.is_wanted(filter, &projects) || (filter.live_only && !live.contains(&row.id)) {
            continue;
        }
        if row.is_listed(connection)? && row.is_in_root(connection, filter.root.as_deref())? {
            sessions.push(row.into_session(connection, &projects, live)?);
        }
    }
    Ok(sessions)
}
