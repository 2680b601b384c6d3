//! Reading. Each reader has a connection of its own and never holds a snapshot for long.

use std::cell::RefCell;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use sessions_model::{ByteOffset, GenerationId, RootId, Seq, SessionId, SourceId, Timestamp};

use crate::archive::read_setting;
use crate::blob;
use crate::cache::FrameCache;
use crate::cursor::SourceState;
use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::identity::Held;
use crate::log::{self, Heads, Lane, LogRow};
use crate::operation::{self, Operation};
use crate::place::log_of;
use crate::schema;
use crate::source::{self, Which};
use crate::span::{self, FrameReader, Piece};
use crate::wanted::Wanted;

/// Most bytes that one call of [`ArchiveReader::bytes`] returns.
pub const READ_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes that [`ArchiveReader::frame_line`] returns; a longer line is cut there.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes read under one snapshot: some tens of milliseconds.
const SNAPSHOT_BYTES: u64 = 8 * 1024 * 1024;
const GROWTH_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The archive, open for reading.
#[derive(Debug)]
pub struct ArchiveReader {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) frames: RefCell<FrameReader>,
    pub(crate) wanted: Wanted,
}

/// One generation of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationRow {
    /// Its id.
    pub id: GenerationId,
    /// The one it branched from.
    pub parent: Option<GenerationId>,
    /// How many bytes it shares with its parent.
    pub base: ByteOffset,
    /// Its length, shared bytes included.
    pub length: ByteOffset,
    /// How far it is folded.
    pub folded: ByteOffset,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Whether it is its source's newest.
    pub is_current: bool,
}

/// What a frame holds, as its hash says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSum {
    /// Where it ends.
    pub end: ByteOffset,
    /// The BLAKE3 of its bytes.
    pub hash: [u8; 32],
}

/// One config root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootRow {
    /// Its id.
    pub id: RootId,
    /// Its path.
    pub path: String,
    /// When its last byte was archived.
    pub last_archived_at: Option<Timestamp>,
    /// Its sources.
    pub sources: u64,
    /// Bytes archived from it, before compression, but for those that are known to be lost.
    pub bytes: u64,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes on disk, the write-ahead log included.
    pub database_bytes: u64,
    /// Bytes archived, before compression; what generations share counts once, and what is known to be lost does
    /// not.
    pub source_bytes: u64,
    /// Sources.
    pub sources: u64,
    /// Bytes that live sources grew by in the last 30 days, before compression.
    pub appended_last_30_days: u64,
    /// Bytes imported in the last 30 days, before compression.
    pub imported_last_30_days: u64,
}

impl ArchiveReader {
    pub(crate) fn open(path: &Path, cache: FrameCache) -> Result<Self> {
        let connection = schema::open_reader(path)?;
        let frames = RefCell::new(FrameReader::sharing(cache));
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            frames,
            wanted: Wanted::default(),
        })
    }

    /// Has what takes long broken off as soon as `is_wanted` says no; it is asked often.
    ///
    /// # Errors
    /// When the database does not take the condition.
    pub fn while_wanted(
        self,
        is_wanted: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        self.watched(Wanted::new(is_wanted))
    }

    pub(crate) fn watched(mut self, wanted: Wanted) -> Result<Self> {
        wanted
            .watch(&mut self.connection, &self.path)
            .during(|| Step::Open(self.path.clone()))?;
        Ok(Self { wanted, ..self })
    }

    /// Opens another reader of the same archive, which keeps its last frames together with this one.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn reopen(&self) -> Result<Self> {
        Self::open(&self.path, self.frames.borrow().cache.clone())
    }

    /// Returns the highest position of each lane.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn heads(&self) -> Result<Heads> {
        log::heads(&self.connection).during(|| Step::ReadLog)
    }

    /// Returns at most `rows_max` changes of `lane` after `after`, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn log_after(&self, lane: Lane, after: Seq, rows_max: usize) -> Result<Vec<LogRow>> {
        log::rows_after(&self.connection, lane, after, rows_max)
    }

    /// Returns the bytes in `range` of a generation, its parents' included, at most
    /// [`READ_BYTES_MAX`]. Every frame is compared with its hash.
    ///
    /// # Errors
    /// When the range is too long or beyond the end, or a frame in it is damaged.
    pub fn bytes(&self, generation: GenerationId, range: Range<ByteOffset>) -> Result<Vec<u8>> {
        let (mut start, end) = (range.start.0, range.end.0);
        if end.saturating_sub(start) > READ_BYTES_MAX {
            let refusal = Refusal::TooLarge {
                limit: READ_BYTES_MAX,
            };
            return Err(ArchiveError::refused(Step::Read(generation), refusal));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(end - start.min(end)).unwrap_or(0));
        while start < end {
            let stop = end.min(start + SNAPSHOT_BYTES);
            let snapshot = self.snapshot(generation)?;
            self.frames
                .borrow_mut()
                .read(&snapshot, generation, start..stop, &mut bytes)?;
            start = stop;
        }
        Ok(bytes)
    }

    /// Returns what the frame holds that begins where `range` does, without reading it: whoever has bytes with this
    /// hash has the same. None where no frame begins there, where it ends beyond `range`, or where it is known as lost.
    ///
    /// # Errors
    /// When there is no such generation, or the database cannot be read.
    pub fn frame_sum(
        &self,
        generation: GenerationId,
        range: Range<ByteOffset>,
    ) -> Result<Option<FrameSum>> {
        let (start, end) = (range.start.0, range.end.0);
        let snapshot = self.snapshot(generation)?;
        let pieces = span::pieces(&snapshot, generation, start..end)?;
        let Some(piece) = pieces.first().filter(|_| start < end) else {
            return Ok(None);
        };
        let segment = span::segment_at(&snapshot, piece, start)?;
        if segment.start != start || segment.until > piece.range.end {
            return Ok(None);
        }
        let hash = blob::hash(&snapshot, segment.blob).during(|| Step::Read(generation))?;
        Ok(hash.map(|hash| FrameSum {
            end: ByteOffset(segment.until),
            hash,
        }))
    }

    /// Returns how long a generation is, what it shares with its parent included; 0 if there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn length(&self, generation: GenerationId) -> Result<ByteOffset> {
        let reach = source::reach(&self.connection, generation);
        let reach = reach.during(|| Step::Read(generation))?;
        Ok(ByteOffset(reach.map_or(0, |reach| reach.length)))
    }

    /// Returns the line that begins at `offset`, without its newline, at most [`LINE_BYTES_MAX`] of it.
    ///
    /// # Errors
    /// When there is no such generation, or a frame of the line is damaged.
    pub fn frame_line(&self, generation: GenerationId, offset: ByteOffset) -> Result<Vec<u8>> {
        let snapshot = self.snapshot(generation)?;
        let reach = source::reach(&snapshot, generation).during(|| Step::Read(generation))?;
        let length = reach.map_or(0, |reach| reach.length);
        let mut line = Vec::new();
        for piece in span::pieces(&snapshot, generation, offset.0..length)? {
            if self.extend_line(&snapshot, &piece, &mut line)? == Line::Whole {
                break;
            }
        }
        Ok(line)
    }

    /// Adds what `piece` holds of a line, frame by frame.
    fn extend_line(
        &self,
        snapshot: &Connection,
        piece: &Piece,
        line: &mut Vec<u8>,
    ) -> Result<Line> {
        let mut frames = self.frames.borrow_mut();
        let mut at = piece.range.start;
        while at < piece.range.end {
            let segment = span::segment_at(snapshot, piece, at)?;
            let end = segment.until.min(piece.range.end);
            let frame = frames.frame(snapshot, piece.owner, segment)?;
            let bytes = span::within(&frame, segment, at..end);
            let room = LINE_BYTES_MAX - line.len();
            let newline = memchr::memchr(b'\n', bytes);
            let taken = newline.unwrap_or(bytes.len()).min(room);
            line.extend_from_slice(bytes.split_at(taken).0);
            if newline.is_some() || taken == room {
                return Ok(Line::Whole);
            }
            at = end;
        }
        Ok(Line::Unfinished)
    }

    fn snapshot(&self, generation: GenerationId) -> Result<rusqlite::Transaction<'_>> {
        self.connection
            .unchecked_transaction()
            .during(|| Step::Read(generation))
    }

    /// Returns a source.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn source(&self, id: SourceId) -> Result<Option<SourceState>> {
        self.states(Which::One(id))
            .map(|states| states.into_iter().next())
    }

    /// Returns every source of a session, in the order they were first seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sources_of(&self, session: &SessionId) -> Result<Vec<SourceState>> {
        self.states(Which::OfSession(session))
    }

    /// Returns the sources of a session whose files were missing when last looked for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn gone_sources_of(&self, session: &SessionId) -> Result<Vec<SourceState>> {
        self.states(Which::GoneOf(session))
    }

    /// Returns every source whose path names no session, in the order they were first seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unowned_sources(&self) -> Result<Vec<SourceState>> {
        self.states(Which::OfNoSession)
    }

    /// Returns every source, in the order they were first seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sources(&self) -> Result<Vec<SourceState>> {
        self.states(Which::All)
    }

    fn states(&self, which: Which<'_>) -> Result<Vec<SourceState>> {
        source::states(&self.connection, which).during(|| Step::List)
    }

    /// Returns a source's generations, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn generations(&self, source: SourceId) -> Result<Vec<GenerationRow>> {
        let list = || -> rusqlite::Result<Vec<GenerationRow>> {
            self.connection
                .prepare_cached(
                    "SELECT id, parent, base, length, folded, opened_at, \
                     id = (SELECT max(id) FROM generations WHERE source = ?1) \
                     FROM generations WHERE source = ?1 ORDER BY id",
                )?
                .query_map([source.0], |row| {
                    Ok(GenerationRow {
                        id: GenerationId(row.get(0)?),
                        parent: row.get::<_, Option<u64>>(1)?.map(GenerationId),
                        base: ByteOffset(row.get(2)?),
                        length: ByteOffset(row.get(3)?),
                        folded: ByteOffset(row.get(4)?),
                        opened_at: Timestamp(row.get(5)?),
                        is_current: row.get(6)?,
                    })
                })?
                .collect()
        };
        list().during(|| Step::List)
    }

    /// Returns the sources of which something is not folded, in the order they were first seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unfolded_sources(&self) -> Result<Vec<SourceId>> {
        let list = || -> rusqlite::Result<Vec<SourceId>> {
            self.connection
                .prepare_cached(
                    "SELECT DISTINCT source FROM generations WHERE folded < length ORDER BY source",
                )?
                .query_map([], |row| row.get(0).map(SourceId))?
                .collect()
        };
        list().during(|| Step::List)
    }

    /// Returns the path of a config root.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn root_path(&self, id: RootId) -> Result<Option<String>> {
        let read = || {
            self.connection
                .prepare_cached("SELECT path FROM roots WHERE id = ?1")?
                .query_row([id.0], |row| row.get(0))
                .optional()
        };
        read().during(|| Step::List)
    }

    /// Returns the config roots, in the order they were first seen, and how much there is of each: every source
    /// is looked at for that.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn roots(&self) -> Result<Vec<RootRow>> {
        let list = || -> rusqlite::Result<Vec<RootRow>> {
            self.connection
                .prepare_cached(
                    "SELECT r.id, r.path, max(g.appended_at), count(DISTINCT s.id), \
                     coalesce(sum(g.length - g.base), 0) - coalesce((SELECT sum(l.until - l.start) \
                     FROM losses l JOIN generations o ON o.id = l.generation \
                     JOIN sources f ON f.id = o.source WHERE f.root = r.id), 0) \
                     FROM roots r LEFT JOIN sources s ON s.root = r.id \
                     LEFT JOIN generations g ON g.source = s.id GROUP BY r.id ORDER BY r.id",
                )?
                .query_map([], |row| {
                    Ok(RootRow {
                        id: RootId(row.get(0)?),
                        path: row.get(1)?,
                        last_archived_at: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                        sources: row.get(3)?,
                        bytes: row.get::<_, i64>(4)?.max(0).cast_unsigned(),
                    })
                })?
                .collect()
        };
        list().during(|| Step::List)
    }

    /// Returns everything the user wrote, in the order it was recorded.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn operations(&self) -> Result<Vec<Operation>> {
        operation::operations(&self.connection)
    }

    /// Returns one thing that the user wrote, by its number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn operation(&self, number: u64) -> Result<Option<Operation>> {
        operation::operation(&self.connection, number)
    }

    /// Returns a setting.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        read_setting(&self.connection, key)
    }

    /// Returns how much there is, and how much came in the 30 days before `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn usage(&self, now: Timestamp) -> Result<Usage> {
        let since = now.0.div_euclid(DAY_MS) - GROWTH_DAYS;
        let count = || -> rusqlite::Result<Usage> {
            self.connection
                .prepare_cached(
                    "SELECT (SELECT coalesce(sum(length - base), 0) FROM generations) - \
                     (SELECT coalesce(sum(until - start), 0) FROM losses), \
                     (SELECT count(*) FROM sources), \
                     (SELECT coalesce(sum(bytes), 0) FROM days WHERE lane = 1 AND day > ?1), \
                     (SELECT coalesce(sum(bytes), 0) FROM days WHERE lane = 0 AND day > ?1)",
                )?
                .query_row([since], |row| {
                    Ok(Usage {
                        database_bytes: 0,
                        source_bytes: row.get::<_, i64>(0)?.max(0).cast_unsigned(),
                        sources: row.get(1)?,
                        appended_last_30_days: row.get(2)?,
                        imported_last_30_days: row.get(3)?,
                    })
                })
        };
        Ok(Usage {
            database_bytes: self.database_bytes(),
            ..count().during(|| Step::List)?
        })
    }

    /// Returns how much there is, with the bytes that are known to be lost.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn held(&self) -> Result<Held> {
        Held::count(&self.connection).during(|| Step::List)
    }

    pub(crate) fn database_bytes(&self) -> u64 {
        [self.path.clone(), log_of(&self.path)]
            .iter()
            .filter_map(|path| fs::metadata(path).ok())
            .map(|file| file.len())
            .sum()
    }
}

/// Whether a line has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Whole,
    Unfinished,
}
