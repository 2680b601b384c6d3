//! One session's row, and what the tables beside it add to make a session of it.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row};
use sessions_model::{
    OnDisk, ProjectKey, Session, SessionFilter, SessionId, SessionOrdinal, SourceKind, Timestamp,
    Tokens,
};

use crate::project::{Projects, project_name};
use crate::sources::kind_code;
use crate::state::session_id;
use crate::tag;

/// The columns that [`SessionRow::read`] reads, in its order.
macro_rules! columns {
    () => {
        "ordinal, id, coalesce(name, first_prompt, ''), last_prompt, started_at, ended_at, entries, \
         prompts, branch, entrypoint, cwd, worktree_of, is_automated, tokens_input, tokens_output, \
         tokens_cache_read, tokens_cache_creation"
    };
}

/// Selects every session, the latest first.
pub(super) const LATEST_FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM session ORDER BY ended_at DESC, id"
);

const BY_ORDINAL: &str = concat!("SELECT ", columns!(), " FROM session WHERE ordinal = ?1");

/// What the row of a session says.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) ordinal: SessionOrdinal,
    pub(super) id: SessionId,
    pub(super) title: String,
    last_prompt: Option<String>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    entries: u64,
    prompts: u64,
    branch: Option<String>,
    entrypoint: Option<String>,
    cwd: Option<String>,
    worktree_of: Option<String>,
    pub(super) is_automated: bool,
    tokens: Tokens,
}

/// What a session's sources add up to.
#[derive(Debug, Default)]
struct SourceSums {
    bytes: u64,
    subagents: u64,
    root: String,
    gone_since: Option<Timestamp>,
    are_any_here: bool,
    are_any_lost: bool,
}

impl SourceSums {
    fn on_disk(&self) -> OnDisk {
        match (self.are_any_here, self.are_any_lost) {
            (false, _) => OnDisk::Gone,
            (true, true) => OnDisk::Partly,
            (true, false) => OnDisk::Whole,
        }
    }
}

impl SessionRow {
    /// Reads a row of [`LATEST_FIRST`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            ordinal: SessionOrdinal(row.get(0)?),
            id: session_id(row, 1)?,
            title: row.get(2)?,
            last_prompt: row.get(3)?,
            started_at: row.get::<_, Option<i64>>(4)?.map(Timestamp),
            ended_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
            entries: row.get(6)?,
            prompts: row.get(7)?,
            branch: row.get(8)?,
            entrypoint: row.get(9)?,
            cwd: row.get(10)?,
            worktree_of: row.get(11)?,
            is_automated: row.get(12)?,
            tokens: Tokens {
                input: row.get(13)?,
                output: row.get(14)?,
                cache_read: row.get(15)?,
                cache_creation: row.get(16)?,
            },
        })
    }

    /// Reads the row of one session.
    pub(super) fn find(
        connection: &Connection,
        ordinal: SessionOrdinal,
    ) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(BY_ORDINAL)?
            .query_row([ordinal.0], Self::read)
            .optional()
    }

    /// Returns the project it belongs to.
    pub(super) fn project(&self, projects: &Projects) -> ProjectKey {
        projects.of_session(self.cwd.as_deref(), self.worktree_of.as_deref())
    }

    /// Returns whether the row itself is what `filter` asks for.
    pub(super) fn is_wanted(&self, filter: &SessionFilter, projects: &Projects) -> bool {
        let is_since = filter
            .since
            .is_none_or(|since| self.ended_at.is_some_and(|at| at >= since));
        let is_until = filter
            .until
            .is_none_or(|until| self.started_at.is_some_and(|at| at < until));
        let is_project = || match filter.project.as_deref() {
            Some(wanted) => projects.is_meant(&self.project(projects), wanted),
            None => true,
        };
        is_since && is_until && is_project()
    }

    /// Returns whether there is a conversation to show: sidecars alone are none.
    pub(super) fn is_listed(&self, connection: &Connection) -> rusqlite::Result<bool> {
        if self.entries > 0 {
            return Ok(true);
        }
        connection
            .prepare_cached("SELECT 1 FROM source WHERE session = ?1 AND kind = ?2")?
            .exists((self.ordinal.0, kind_code(SourceKind::Transcript)))
    }

    /// Returns whether one of its sources is in `root`, if that is named.
    pub(super) fn is_in_root(
        &self,
        connection: &Connection,
        root: Option<&str>,
    ) -> rusqlite::Result<bool> {
        let Some(root) = root else {
            return Ok(true);
        };
        connection
            .prepare_cached(
                "SELECT 1 FROM source JOIN root ON root.id = source.root
                 WHERE source.session = ?1 AND root.path = ?2",
            )?
            .exists((self.ordinal.0, root))
    }

    /// Adds what the tables beside it say.
    pub(super) fn into_session(
        self,
        connection: &Connection,
        projects: &Projects,
        live: &HashSet<SessionId>,
    ) -> rusqlite::Result<Session> {
        let project_key = self.project(projects);
        let sums = sums(connection, self.ordinal)?;
        let is_live = live.contains(&self.id);
        let told = life(connection, &self, is_live)?;
        let cwds = "SELECT cwd FROM session_cwd WHERE session = ?1 ORDER BY at, cwd";
        let models = "SELECT model FROM session_model WHERE session = ?1 ORDER BY at, model";
        Ok(Session {
            title: self.title,
            project: project_name(&project_key).to_owned(),
            project_key,
            cwds: texts(connection, cwds, self.ordinal)?,
            branch: self.branch,
            started_at: self.started_at,
            ended_at: self.ended_at,
            entries: self.entries,
            prompts: self.prompts,
            models: texts(connection, models, self.ordinal)?,
            tokens: self.tokens,
            bytes: sums.bytes,
            on_disk: sums.on_disk(),
            gone_since: sums.gone_since,
            is_live,
            entrypoint: self.entrypoint,
            is_automated: self.is_automated,
            root: sums.root,
            last_prompt: self.last_prompt,
            subagents: sums.subagents,
            checkpoints: told.checkpoints,
            tags: tag::of_session(connection, self.ordinal)?,
            ended_by: told.ended_by,
            id: self.id,
        })
    }
}

/// What is known of a session besides its rows.
struct Life {
    checkpoints: u64,
    ended_by: Option<String>,
}

/// Bytes of a session's directories, and of its models, that are told: a session is a part of many answers.
const NAMES_BYTES_MAX: usize = 64 << 10;

/// Why a session ended where a client began it and left it without a word.
const KILLED: &str = "killed";

fn life(connection: &Connection, row: &SessionRow, is_live: bool) -> rusqlite::Result<Life> {
    let checkpoints = "SELECT count(*) FROM checkpoint WHERE session = ?1 AND NOT is_gone";
    let checkpoints = connection
        .prepare_cached(checkpoints)?
        .query_row([row.id.as_str()], |row| row.get(0))?;
    let ended_by = if is_live {
        None
    } else {
        // Whoever began a session, did not say that it left, and does not run, was ended.
        connection
            .prepare_cached(
                "SELECT iif(left_at IS NULL OR begun_at > left_at, ?2, reason)
                 FROM session_life WHERE session = ?1",
            )?
            .query_row((row.ordinal.0, KILLED), |row| row.get(0))
            .optional()?
            .flatten()
    };
    Ok(Life {
        checkpoints,
        ended_by,
    })
}

fn texts(
    connection: &Connection,
    sql: &str,
    session: SessionOrdinal,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([session.0])?;
    let (mut texts, mut room) = (Vec::new(), NAMES_BYTES_MAX);
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        let Some(left) = room.checked_sub(text.len()) else {
            break;
        };
        room = left;
        texts.push(text);
    }
    Ok(texts)
}

/// Adds up the sources: the main transcript first, then what is on disk, then what was seen last, so that
/// the first root is the one the session was last seen in.
fn sums(connection: &Connection, session: SessionOrdinal) -> rusqlite::Result<SourceSums> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, bytes, is_gone, is_cut, path, is_moved, gone_since
         FROM placed LEFT JOIN root ON root.id = placed.root WHERE session = ?1
         ORDER BY kind > 0, is_gone, bytes_at DESC, placed.id",
    )?;
    let mut rows = statement.query([session.0])?;
    let mut sums = SourceSums::default();
    while let Some(row) = rows.next()? {
        let [is_gone, is_cut]: [bool; 2] = [row.get(2)?, row.get(3)?];
        let gone_since = row.get::<_, Option<i64>>(6)?.map(Timestamp);
        if row.get(5)? {
            // The other counts for both, but for what this one had lost before.
            sums.are_any_lost |= is_cut;
            continue;
        }
        sums.gone_since = sums.gone_since.max(gone_since);
        sums.bytes += row.get::<_, u64>(1)?;
        sums.subagents += u64::from(row.get::<_, i64>(0)? == kind_code(SourceKind::Subagent));
        sums.are_any_here |= !is_gone;
        sums.are_any_lost |= is_gone || is_cut;
        if sums.root.is_empty() {
            sums.root = row.get::<_, Option<String>>(4)?.unwrap_or_default();
        }
    }
    Ok(sums)
}
