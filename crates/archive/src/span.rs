//! Reading a generation's bytes back: along its parents, through its segments, out of its blobs.
//!
//! Runs on any connection, the writer's within its transaction too; whoever wants one snapshot over
//! several calls opens a transaction around them.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use sessions_model::{ByteOffset, GenerationId};

use crate::blob::{self, BlobId};
use crate::cache::FrameCache;
use crate::codec::Unpacker;
use crate::error::{ArchiveError, Damage, During, Refusal, Result, Step};
use crate::source;

/// Bytes looked at in one step when searching for a newline.
const WINDOW_BYTES: u64 = 64 * 1024;

/// A run of bytes that one generation owns itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) owner: GenerationId,
    pub(crate) range: Range<u64>,
}

/// A segment's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) until: u64,
    pub(crate) blob: BlobId,
}

/// Reads frames, and keeps the last ones.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    pub(crate) unpacker: Unpacker,
    pub(crate) cache: FrameCache,
}

impl FrameReader {
    /// Makes a reader that shares its last frames with others.
    pub(crate) fn sharing(cache: FrameCache) -> Self {
        Self {
            cache,
            ..Self::default()
        }
    }

    /// Appends the bytes in `range` of `generation` to `out`.
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        generation: GenerationId,
        range: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for piece in pieces(connection, generation, range)? {
            self.read_piece(connection, &piece, out)?;
        }
        Ok(())
    }

    fn read_piece(
        &mut self,
        connection: &Connection,
        piece: &Piece,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let mut at = piece.range.start;
        let held = segments(connection, piece)?;
        for segment in held
            .into_iter()
            .filter(|segment| segment.until > piece.range.start)
        {
            if segment.start > at {
                return Err(damaged(piece.owner, at..segment.start, Damage::Missing));
            }
            let end = segment.until.min(piece.range.end);
            let is_whole = segment.start == at && segment.until == end;
            let frame = if is_whole {
                self.frame_once(connection, piece.owner, segment)?
            } else {
                self.frame(connection, piece.owner, segment)?
            };
            out.extend_from_slice(within(&frame, segment, at..end));
            at = end;
        }
        if at < piece.range.end {
            return Err(damaged(piece.owner, at..piece.range.end, Damage::Missing));
        }
        Ok(())
    }

    /// Returns a segment's raw bytes and keeps them.
    pub(crate) fn frame(
        &mut self,
        connection: &Connection,
        owner: GenerationId,
        segment: Segment,
    ) -> Result<Arc<[u8]>> {
        if let Some(frame) = self.cache.get(segment.blob) {
            return Ok(frame);
        }
        let frame = self.frame_once(connection, owner, segment)?;
        self.cache.keep(segment.blob, &frame);
        Ok(frame)
    }

    /// Returns a segment's raw bytes without keeping them: whoever reads all of it is done with it.
    pub(crate) fn frame_once(
        &mut self,
        connection: &Connection,
        owner: GenerationId,
        segment: Segment,
    ) -> Result<Arc<[u8]>> {
        let lost = |damage| damaged(owner, segment.start..segment.until, damage);
        let frame = blob::load(connection, &mut self.unpacker, segment.blob)
            .during(|| Step::Read(owner))?
            .map_err(lost)?;
        let fits = u64::try_from(frame.len()) == Ok(segment.until - segment.start);
        if fits {
            Ok(frame)
        } else {
            Err(lost(Damage::Hash))
        }
    }

    /// Returns where the line begins that byte `before` would go on with.
    pub(crate) fn line_start(
        &mut self,
        connection: &Connection,
        generation: GenerationId,
        before: u64,
    ) -> Result<u64> {
        let mut end = before;
        let mut window = Vec::new();
        while end > 0 {
            let start = end.saturating_sub(WINDOW_BYTES);
            window.clear();
            self.read(connection, generation, start..end, &mut window)?;
            if let Some(at) = memchr::memrchr(b'\n', &window) {
                let past = u64::try_from(at + 1).expect("a window is small");
                return Ok(start + past);
            }
            end = start;
        }
        Ok(0)
    }
}

/// Returns where the line ends that byte `from` of a generation is in, its newline included, as far as it
/// can be read.
pub(crate) fn line_end(
    frames: &mut FrameReader,
    connection: &Connection,
    generation: GenerationId,
    from: u64,
) -> Result<u64> {
    let length = source::reach(connection, generation)
        .during(|| Step::Read(generation))?
        .map_or(from, |reach| reach.length);
    let mut start = from;
    let mut window = Vec::new();
    while start < length {
        let end = length.min(start + WINDOW_BYTES);
        window.clear();
        match frames.read(connection, generation, start..end, &mut window) {
            Ok(()) => {}
            Err(ArchiveError::Damaged { .. }) => return Ok(start),
            Err(error) => return Err(error),
        }
        if let Some(at) = memchr::memchr(b'\n', &window) {
            let past = u64::try_from(at + 1).expect("a window is small");
            return Ok(start + past);
        }
        start = end;
    }
    Ok(length)
}

/// Returns the part of a segment's frame that lies in `range` of its generation.
pub(crate) fn within(frame: &[u8], segment: Segment, range: Range<u64>) -> &[u8] {
    let place = |at: u64| usize::try_from(at - segment.start).unwrap_or(usize::MAX);
    frame
        .get(place(range.start)..place(range.end))
        .unwrap_or_default()
}

/// Returns who owns the bytes in `range` of `generation`, in order.
pub(crate) fn pieces(
    connection: &Connection,
    generation: GenerationId,
    range: Range<u64>,
) -> Result<Vec<Piece>> {
    let step = || Step::Read(generation);
    let mut pieces = Vec::new();
    let mut owner = generation;
    let mut end = range.end;
    // Ends: a parent is always older than its child.
    loop {
        let reach = source::reach(connection, owner).during(step)?;
        let length = ByteOffset(reach.map_or(0, |reach| reach.length));
        let reach = reach
            .filter(|_| range.start <= range.end && end <= length.0)
            .ok_or_else(|| ArchiveError::refused(step(), Refusal::OutOfRange { length }))?;
        if end > reach.base {
            pieces.push(Piece {
                owner,
                range: range.start.max(reach.base)..end,
            });
        }
        match reach.parent {
            _ if range.start >= reach.base => break,
            Some(parent) => owner = parent,
            None => return Err(damaged(owner, range.start..reach.base, Damage::Missing)),
        }
        end = end.min(reach.base);
    }
    pieces.reverse();
    Ok(pieces)
}

/// Returns the segment of `piece` that holds byte `at`.
pub(crate) fn segment_at(connection: &Connection, piece: &Piece, at: u64) -> Result<Segment> {
    let found = connection
        .prepare_cached(
            "SELECT start, until, blob FROM segments \
             WHERE generation = ?1 AND start <= ?2 ORDER BY start DESC LIMIT 1",
        )
        .and_then(|mut find| find.query_row([piece.owner.0, at], segment).optional())
        .during(|| Step::Read(piece.owner))?;
    found
        .filter(|segment| segment.until > at)
        .ok_or_else(|| damaged(piece.owner, at..piece.range.end, Damage::Missing))
}

/// Returns the segments that hold `piece`, in order.
pub(crate) fn segments(connection: &Connection, piece: &Piece) -> Result<Vec<Segment>> {
    let list = || -> rusqlite::Result<Vec<Segment>> {
        let first: Option<u64> = connection
            .prepare_cached(
                "SELECT max(start) FROM segments WHERE generation = ?1 AND start <= ?2",
            )?
            .query_row([piece.owner.0, piece.range.start], |row| row.get(0))?;
        connection
            .prepare_cached(
                "SELECT start, until, blob FROM segments \
                 WHERE generation = ?1 AND start >= ?2 AND start < ?3 ORDER BY start",
            )?
            .query_map(
                params![
                    piece.owner.0,
                    first.unwrap_or(piece.range.start),
                    piece.range.end
                ],
                segment,
            )?
            .collect()
    };
    list().during(|| Step::Read(piece.owner))
}

fn segment(row: &rusqlite::Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment {
        start: row.get(0)?,
        until: row.get(1)?,
        blob: BlobId(row.get(2)?),
    })
}

pub(crate) fn damaged(owner: GenerationId, range: Range<u64>, damage: Damage) -> ArchiveError {
    ArchiveError::Damaged {
        generation: owner,
        start: ByteOffset(range.start),
        end: ByteOffset(range.end),
        damage,
    }
}
