//! Rows of sources, cursors and generations, to and from the database.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use sessions_model::{AgentId, ByteOffset, GenerationId, Origin, RootId, SessionId, SourceId};

use crate::code;
use crate::cursor::{Cursor, FileStamp, Fingerprint, SourceState};

const STATES: &str = "SELECT s.id, s.root, s.path, s.kind, s.session, s.agent, s.is_gone, \
     c.generation, c.length, c.line_start, c.head, c.head_len, c.tail, c.tail_len, \
     c.device, c.inode, c.size, c.modified_ns \
     FROM sources s LEFT JOIN cursors c ON c.source = s.id";

/// Which sources to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which<'a> {
    All,
    One(SourceId),
    OfSession(&'a SessionId),
    GoneOf(&'a SessionId),
    OfNoSession,
}

/// Returns the sources that `which` names, in the order they were first seen.
pub(crate) fn states(
    connection: &Connection,
    which: Which<'_>,
) -> rusqlite::Result<Vec<SourceState>> {
    let list = |filter: &str, values: &dyn Fn(&str) -> rusqlite::Result<Vec<SourceState>>| {
        values(&format!("{STATES} {filter} ORDER BY s.id"))
    };
    match which {
        Which::All => list("", &|sql| rows(connection, sql, [])),
        Which::One(id) => list("WHERE s.id = ?1", &|sql| rows(connection, sql, [id.0])),
        Which::OfSession(id) => list("WHERE s.session = ?1", &|sql| {
            rows(connection, sql, [id.as_str()])
        }),
        Which::GoneOf(id) => list("WHERE s.session = ?1 AND s.is_gone", &|sql| {
            rows(connection, sql, [id.as_str()])
        }),
        Which::OfNoSession => list("WHERE s.session IS NULL", &|sql| rows(connection, sql, [])),
    }
}

fn rows(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> rusqlite::Result<Vec<SourceState>> {
    connection
        .prepare_cached(sql)?
        .query_map(values, state)?
        .collect()
}

fn state(row: &Row<'_>) -> rusqlite::Result<SourceState> {
    let id = SourceId(row.get(0)?);
    let origin = Origin {
        path: row.get(2)?,
        kind: code::kind(row.get(3)?),
        session: name(row, 4)?.and_then(|text| SessionId::parse(text).ok()),
        agent: name(row, 5)?.and_then(|text| AgentId::parse(text).ok()),
    };
    Ok(SourceState {
        id,
        root: RootId(row.get(1)?),
        origin,
        cursor: cursor(id, row)?,
        is_gone: row.get(6)?,
    })
}

fn name<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

fn cursor(source: SourceId, row: &Row<'_>) -> rusqlite::Result<Option<Cursor>> {
    let Some(generation) = row.get::<_, Option<u64>>(7)? else {
        return Ok(None);
    };
    Ok(Some(Cursor {
        source,
        generation: GenerationId(generation),
        offset: ByteOffset(row.get(8)?),
        line_start: ByteOffset(row.get(9)?),
        fingerprint: Fingerprint {
            head: row.get(10)?,
            head_len: row.get(11)?,
            tail: row.get(12)?,
            tail_len: row.get(13)?,
        },
        stamp: FileStamp {
            device: row.get::<_, i64>(14)?.cast_unsigned(),
            inode: row.get::<_, i64>(15)?.cast_unsigned(),
            size: row.get(16)?,
            modified_ns: row.get::<_, i64>(17)?.into(),
        },
    }))
}

/// Writes a source's cursor over the one before.
pub(crate) fn put_cursor(connection: &Connection, cursor: &Cursor) -> rusqlite::Result<()> {
    let Cursor {
        fingerprint, stamp, ..
    } = cursor;
    let modified_ns = i64::try_from(stamp.modified_ns).unwrap_or(if stamp.modified_ns < 0 {
        i64::MIN
    } else {
        i64::MAX
    });
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO cursors (source, generation, length, line_start, head, \
             head_len, tail, tail_len, device, inode, size, modified_ns) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            cursor.source.0,
            cursor.generation.0,
            cursor.offset.0,
            cursor.line_start.0,
            fingerprint.head,
            fingerprint.head_len,
            fingerprint.tail,
            fingerprint.tail_len,
            stamp.device.cast_signed(),
            stamp.inode.cast_signed(),
            stamp.size,
            modified_ns,
        ])?;
    Ok(())
}

/// What is known of a generation while bytes are added to it or read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) source: SourceId,
    pub(crate) parent: Option<GenerationId>,
    pub(crate) base: u64,
    pub(crate) length: u64,
    pub(crate) line_start: u64,
    pub(crate) folded: u64,
}

/// Returns how far a generation reaches.
pub(crate) fn reach(
    connection: &Connection,
    generation: GenerationId,
) -> rusqlite::Result<Option<Reach>> {
    connection
        .prepare_cached(
            "SELECT source, parent, base, length, line_start, folded \
             FROM generations WHERE id = ?1",
        )?
        .query_row([generation.0], |row| {
            Ok(Reach {
                source: SourceId(row.get(0)?),
                parent: row.get::<_, Option<u64>>(1)?.map(GenerationId),
                base: row.get(2)?,
                length: row.get(3)?,
                line_start: row.get(4)?,
                folded: row.get(5)?,
            })
        })
        .optional()
}

/// Returns a source's newest generation.
pub(crate) fn current(
    connection: &Connection,
    source: SourceId,
) -> rusqlite::Result<Option<GenerationId>> {
    let newest: Option<u64> = connection
        .prepare_cached("SELECT max(id) FROM generations WHERE source = ?1")?
        .query_row([source.0], |row| row.get(0))?;
    Ok(newest.map(GenerationId))
}

/// Returns a source's generations and the bytes that are each one's own, the oldest first.
pub(crate) fn own(
    connection: &Connection,
    source: SourceId,
) -> rusqlite::Result<Vec<(GenerationId, std::ops::Range<u64>)>> {
    connection
        .prepare_cached("SELECT id, base, length FROM generations WHERE source = ?1 ORDER BY id")?
        .query_map([source.0], |row| {
            Ok((GenerationId(row.get(0)?), row.get(1)?..row.get(2)?))
        })?
        .collect()
}
