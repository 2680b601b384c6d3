//! The log: one row per change, each with a position and a lane.
//!
//! Whoever derives something from the archive reads each lane in order and remembers how far it got.

use rusqlite::{Connection, Row, params};
use sessions_model::{ByteOffset, GenerationId, Seq, SourceId, Timestamp};

use crate::code;
use crate::error::{ArchiveError, During, Result, Step};

/// Which queue a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// What is being written now; goes ahead of the other.
    Live,
    /// What an import found.
    Backlog,
}

/// The highest position logged in each lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Heads {
    /// Of imports.
    pub backlog: Seq,
    /// Of live changes.
    pub live: Seq,
}

impl Heads {
    /// Returns the archive's position: the highest of both lanes.
    pub fn head(self) -> Seq {
        self.backlog.max(self.live)
    }

    /// Returns the head of `lane`.
    pub fn of(self, lane: Lane) -> Seq {
        match lane {
            Lane::Live => self.live,
            Lane::Backlog => self.backlog,
        }
    }

    pub(crate) fn advance(&mut self, lane: Lane) -> Seq {
        let next = Seq(self.head().0 + 1);
        match lane {
            Lane::Live => self.live = next,
            Lane::Backlog => self.backlog = next,
        }
        next
    }
}

/// One row of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow {
    /// Its position.
    pub seq: Seq,
    /// Its lane.
    pub lane: Lane,
    /// When it was logged.
    pub at: Timestamp,
    /// What changed.
    pub change: Logged,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logged {
    /// Bytes were appended.
    Append {
        /// The source.
        source: SourceId,
        /// Its generation.
        generation: GenerationId,
        /// The first byte.
        start: ByteOffset,
        /// One past the last byte.
        end: ByteOffset,
        /// Where the line begins that was unfinished before these bytes; `start` if none was.
        line_start: ByteOffset,
    },
    /// Bytes that had been lost were put back: whoever derives something lacks them.
    Mended {
        /// The source.
        source: SourceId,
        /// Its generation.
        generation: GenerationId,
        /// Where the line begins that the first byte is in.
        start: ByteOffset,
        /// Where the line ends that the last byte is in.
        end: ByteOffset,
    },
    /// A source began a new generation.
    Opened {
        /// The source.
        source: SourceId,
        /// Its new generation.
        generation: GenerationId,
        /// The one before.
        parent: Option<GenerationId>,
        /// How many bytes both begin with.
        base: ByteOffset,
    },
    /// The source's file was found missing.
    Gone {
        /// The source.
        source: SourceId,
    },
    /// The source's file was found again.
    Back {
        /// The source.
        source: SourceId,
    },
    /// The user wrote something.
    Operation {
        /// The operation's number.
        number: u64,
    },
    /// A hook of the client reported something.
    Event {
        /// The event's number.
        number: u64,
    },
}

const APPEND: i64 = 1;
const OPENED: i64 = 2;
const GONE: i64 = 3;
const BACK: i64 = 4;
const OPERATION: i64 = 5;
const MENDED: i64 = 6;
const EVENT: i64 = 7;

/// Adds a row.
pub(crate) fn write(connection: &Connection, row: &LogRow) -> rusqlite::Result<()> {
    let (kind, source, generation, operation) = match row.change {
        Logged::Append {
            source, generation, ..
        } => (APPEND, Some(source), Some(generation), None),
        Logged::Opened {
            source, generation, ..
        } => (OPENED, Some(source), Some(generation), None),
        Logged::Mended {
            source, generation, ..
        } => (MENDED, Some(source), Some(generation), None),
        Logged::Gone { source } => (GONE, Some(source), None, None),
        Logged::Back { source } => (BACK, Some(source), None, None),
        Logged::Operation { number } => (OPERATION, None, None, Some(number)),
        Logged::Event { number } => (EVENT, None, None, Some(number)),
    };
    let range = match row.change {
        Logged::Append {
            start,
            end,
            line_start,
            ..
        } => Some((start.0, end.0, line_start.0)),
        Logged::Mended { start, end, .. } => Some((start.0, end.0, start.0)),
        _ => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO log \
             (lane, seq, at, kind, source, generation, start, until, line_start, operation) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            code::of_lane(row.lane),
            row.seq.0,
            row.at.0,
            kind,
            source.map(|id| id.0),
            generation.map(|id| id.0),
            range.map(|range| range.0),
            range.map(|range| range.1),
            range.map(|range| range.2),
            operation,
        ])?;
    Ok(())
}

/// Returns the heads of both lanes.
pub(crate) fn heads(connection: &Connection) -> rusqlite::Result<Heads> {
    let head = |lane| -> rusqlite::Result<Seq> {
        let seq: Option<u64> = connection
            .prepare_cached("SELECT max(seq) FROM log WHERE lane = ?1")?
            .query_row([code::of_lane(lane)], |row| row.get(0))?;
        Ok(Seq(seq.unwrap_or(0)))
    };
    Ok(Heads {
        backlog: head(Lane::Backlog)?,
        live: head(Lane::Live)?,
    })
}

/// Returns at most `rows_max` rows of `lane` after `after`, in order.
pub(crate) fn rows_after(
    connection: &Connection,
    lane: Lane,
    after: Seq,
    rows_max: usize,
) -> Result<Vec<LogRow>> {
    let read = || -> rusqlite::Result<Vec<(i64, Option<LogRow>)>> {
        connection
            .prepare_cached(
                "SELECT l.seq, l.at, l.kind, l.source, l.generation, l.start, l.until, \
                        l.line_start, l.operation, g.parent, g.base \
                 FROM log l LEFT JOIN generations g ON l.kind = 2 AND g.id = l.generation \
                 WHERE l.lane = ?1 AND l.seq > ?2 ORDER BY l.seq LIMIT ?3",
            )?
            .query_map(params![code::of_lane(lane), after.0, rows_max], |row| {
                Ok((row.get(2)?, parse(row, lane)?))
            })?
            .collect()
    };
    let known = |(kind, row): (i64, Option<LogRow>)| {
        row.ok_or(ArchiveError::BadRow {
            step: Step::ReadLog,
            column: "kind",
            value: kind,
        })
    };
    read()
        .during(|| Step::ReadLog)?
        .into_iter()
        .map(known)
        .collect()
}

fn parse(row: &Row<'_>, lane: Lane) -> rusqlite::Result<Option<LogRow>> {
    let source = || row.get(3).map(SourceId);
    let generation = || row.get(4).map(GenerationId);
    let change = match row.get(2)? {
        APPEND => Logged::Append {
            source: source()?,
            generation: generation()?,
            start: ByteOffset(row.get(5)?),
            end: ByteOffset(row.get(6)?),
            line_start: ByteOffset(row.get(7)?),
        },
        OPENED => Logged::Opened {
            source: source()?,
            generation: generation()?,
            parent: row.get::<_, Option<u64>>(9)?.map(GenerationId),
            base: ByteOffset(row.get(10)?),
        },
        MENDED => Logged::Mended {
            source: source()?,
            generation: generation()?,
            start: ByteOffset(row.get(5)?),
            end: ByteOffset(row.get(6)?),
        },
        GONE => Logged::Gone { source: source()? },
        BACK => Logged::Back { source: source()? },
        OPERATION => Logged::Operation {
            number: row.get(8)?,
        },
        EVENT => Logged::Event {
            number: row.get(8)?,
        },
        _ => return Ok(None),
    };
    Ok(Some(LogRow {
        seq: Seq(row.get(0)?),
        lane,
        at: Timestamp(row.get(1)?),
        change,
    }))
}
