//! Checkpoints, as what is said of them comes in: in any order, each part by itself.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sessions_model::{
    ByteOffset, Checkpoint, CheckpointId, CheckpointPlace, GenerationId, GitState, SessionId,
    SourceId, Timestamp,
};

/// What is said of a checkpoint at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointWord {
    /// It was made.
    Made {
        /// Its name.
        name: String,
        /// A note.
        note: String,
        /// The session.
        session: SessionId,
        /// When.
        at: Timestamp,
        /// The session's working directory.
        cwd: String,
        /// The archive's number of this word, by which the index names it.
        operation: u64,
    },
    /// Which record it stands behind.
    Placed(CheckpointPlace),
    /// The repository then, without the diff.
    Git {
        /// The repository.
        state: GitState,
        /// The archive's number of this word, which holds the diff.
        operation: u64,
    },
    /// It was deleted.
    Gone,
}

/// Writes what is said; of what is said twice, the last stands.
pub(crate) fn store(
    connection: &Connection,
    id: CheckpointId,
    word: &CheckpointWord,
) -> rusqlite::Result<()> {
    let begin = "INSERT INTO checkpoint (id, is_gone) VALUES (?1, 0) ON CONFLICT (id) DO NOTHING";
    connection.prepare_cached(begin)?.execute([id.0])?;
    match word {
        CheckpointWord::Made {
            name,
            note,
            session,
            at,
            cwd,
            operation,
        } => connection
            .prepare_cached(
                "UPDATE checkpoint SET name = ?2, note = ?3, session = ?4, at = ?5, cwd = ?6,
                 made_by = ?7 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                name,
                note,
                session.as_str(),
                at.0,
                cwd,
                operation
            ]),
        CheckpointWord::Placed(place) => connection
            .prepare_cached(
                "UPDATE checkpoint SET record = ?2, source = ?3, generation = ?4, until = ?5
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                place.record,
                place.source.0,
                place.generation.0,
                place.end.0
            ]),
        CheckpointWord::Git { state, operation } => connection
            .prepare_cached(
                "UPDATE checkpoint SET head = ?2, branch = ?3, is_dirty = ?4, is_too_long = ?5,
                 described_by = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                state.head,
                state.branch,
                state.is_dirty,
                state.is_too_long,
                operation
            ]),
        CheckpointWord::Gone => connection
            .prepare_cached("UPDATE checkpoint SET is_gone = 1 WHERE id = ?1")?
            .execute([id.0]),
    }
    .map(drop)
}

const COLUMNS: &str =
    "id, name, note, session, at, cwd, record, source, generation, until, head, branch,
    is_dirty, is_too_long";

const IN_ROOT: &str = "(?2 IS NULL OR EXISTS (SELECT 1 FROM session
    JOIN source ON source.session = session.ordinal JOIN root ON root.id = source.root
    WHERE session.id = checkpoint.session AND root.path = ?2))";

/// Lists at most `limit` checkpoints, the latest first: of `session` and in `root`, where these are named.
pub(crate) fn list(
    connection: &Connection,
    (session, root): (Option<&SessionId>, Option<&str>),
    limit: u32,
) -> rusqlite::Result<Vec<Checkpoint>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM checkpoint WHERE NOT is_gone AND session IS NOT NULL
         AND (?1 IS NULL OR session = ?1) AND {IN_ROOT} ORDER BY at DESC, id LIMIT ?3"
    );
    let session = session.map(SessionId::as_str);
    select(connection, &sql, params![session, root, limit])
}

/// Lists the checkpoints that `name` may mean: those whose id it begins, else those it is the name of,
/// whatever the case; the latest first.
pub(crate) fn meant(
    connection: &Connection,
    name: &str,
    root: Option<&str>,
) -> rusqlite::Result<Vec<Checkpoint>> {
    for rule in [
        "substr(lower(hex(id)), 1, length(?1)) = lower(?1)",
        "lower(name) = lower(?1)",
    ] {
        let sql = format!(
            "SELECT {COLUMNS} FROM checkpoint WHERE NOT is_gone AND session IS NOT NULL
             AND {rule} AND {IN_ROOT} ORDER BY at DESC, id LIMIT {MEANT_MAX}"
        );
        let found = select(connection, &sql, params![name, root])?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Candidates for one name at most.
const MEANT_MAX: u32 = 11;

/// Lists the words of the archive's that made the checkpoints that no record is known for, the oldest first.
pub(crate) fn pending(connection: &Connection) -> rusqlite::Result<Vec<u64>> {
    connection
        .prepare_cached(
            "SELECT made_by FROM checkpoint
             WHERE NOT is_gone AND made_by IS NOT NULL AND record IS NULL ORDER BY made_by",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Returns the checkpoint that this word of the archive's made.
pub(crate) fn made_by(
    connection: &Connection,
    operation: u64,
) -> rusqlite::Result<Option<Checkpoint>> {
    let sql = format!("SELECT {COLUMNS} FROM checkpoint WHERE made_by = ?1");
    Ok(select(connection, &sql, [operation])?.pop())
}

/// Returns the number of the word that holds a checkpoint's diff.
pub(crate) fn described_by(
    connection: &Connection,
    id: CheckpointId,
) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached("SELECT described_by FROM checkpoint WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

fn select(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Checkpoint>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, read)?;
    rows.filter_map(Result::transpose).collect()
}

/// Reads a row; none where the session's id is none.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Checkpoint>> {
    let session: String = row.get(3)?;
    let Ok(session) = SessionId::parse(&session) else {
        return Ok(None);
    };
    let record: Option<String> = row.get(6)?;
    let place = match record {
        Some(record) => Some(CheckpointPlace {
            record,
            source: SourceId(row.get(7)?),
            generation: GenerationId(row.get(8)?),
            end: ByteOffset(row.get(9)?),
        }),
        None => None,
    };
    let head: Option<String> = row.get(10)?;
    let git = match head {
        Some(head) => Some(GitState {
            head,
            branch: row.get(11)?,
            is_dirty: row.get(12)?,
            diff: Vec::new(),
            is_too_long: row.get(13)?,
        }),
        None => None,
    };
    Ok(Some(Checkpoint {
        id: CheckpointId(row.get(0)?),
        name: row.get(1)?,
        note: row.get(2)?,
        session,
        at: Timestamp(row.get(4)?),
        cwd: row.get(5)?,
        place,
        git,
    }))
}
