//! Putting lost bytes back from another copy of them.
//!
//! Invariant: what a generation reads as never changes. A frame takes bytes back only if they are what
//! its hash says, so nothing needs to be known of the copy. The database itself must be sound: a frame
//! whose pages are linked wrongly is salvaged, not written over.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sessions_model::{ByteOffset, GenerationId, SourceId, Timestamp};

use crate::archive::Archive;
use crate::blob::{self, BlobId};
use crate::error::{ArchiveError, During, Result, Step};
use crate::log::{self, Heads, Lane, LogRow, Logged};
use crate::loss::{self, Loss};
use crate::span::{self, Piece, Segment};

/// Another copy of a source: returns the bytes in a range, or none if it does not have them.
pub type OtherCopy<'a> = dyn FnMut(Range<u64>) -> Option<Vec<u8>> + 'a;

/// What a mend came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The log's heads, if bytes were put back.
    pub heads: Option<Heads>,
    /// What of it does not read back now either.
    pub left: Vec<Loss>,
}

impl Archive {
    /// Puts back the frames of `loss` that `copy` has the bytes of. Those who derive something find a
    /// row for them in the log.
    ///
    /// # Errors
    /// When the range is not the generation's, or the database cannot be read or written.
    pub fn mend(
        &mut self,
        loss: &Loss,
        copy: &mut OtherCopy<'_>,
        now: Timestamp,
    ) -> Result<Mended> {
        let step = || Step::Mend(loss.generation);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .during(step)?;
        let piece = Piece {
            owner: loss.generation,
            range: loss.start.0..loss.end.0,
        };
        let mut at = piece.range.start;
        let mut left = Vec::new();
        let mut put_back: Vec<Segment> = Vec::new();
        for segment in span::segments(&transaction, &piece)? {
            loss.add_part(&mut left, at..segment.start);
            let part = at.max(segment.start)..segment.until.min(piece.range.end);
            at = segment.until.max(at);
            match self.frames.frame_once(&transaction, piece.owner, segment) {
                Ok(_) => continue,
                Err(ArchiveError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
            let is_back = match copy(segment.start..segment.until) {
                Some(raw) => {
                    let frame = (segment.blob, &*raw);
                    blob::restore(&transaction, &mut self.packer, frame, step)?
                }
                None => false,
            };
            if !is_back {
                loss.add_part(&mut left, part);
            }
            put_back.extend(is_back.then_some(segment));
        }
        loss.add_part(&mut left, at..piece.range.end);
        loss::narrow(&transaction, loss, &left).during(step)?;
        let mut heads = log::heads(&transaction).during(step)?;
        for segment in &put_back {
            // Equal bytes are one frame: whoever has it gets it back.
            for holder in holders(&transaction, segment.blob).during(step)? {
                self.frames.find_line(&transaction, holder.generation)?;
                let change = self.frames.mended(&transaction, &holder)?;
                let row = LogRow {
                    seq: heads.advance(Lane::Backlog),
                    lane: Lane::Backlog,
                    at: now,
                    change,
                };
                log::write(&transaction, &row).during(step)?;
            }
        }
        transaction.commit().during(step)?;
        Ok(Mended {
            heads: (!put_back.is_empty()).then_some(heads),
            left,
        })
    }
}

/// A place that a frame stands in.
struct Holder {
    source: SourceId,
    generation: GenerationId,
    range: Range<u64>,
}

fn holders(connection: &Connection, blob: BlobId) -> rusqlite::Result<Vec<Holder>> {
    let mut statement = connection.prepare_cached(
        "SELECT n.source, n.id, g.start, g.until FROM segments g \
         JOIN generations n ON n.id = g.generation WHERE g.blob = ?1 ORDER BY n.id, g.start",
    )?;
    let rows = statement.query_map([blob.0], |row| {
        Ok(Holder {
            source: SourceId(row.get(0)?),
            generation: GenerationId(row.get(1)?),
            range: row.get(2)?..row.get(3)?,
        })
    })?;
    rows.collect()
}

impl span::FrameReader {
    /// Finds where the last line begins in a generation without a cursor: a salvage could not read its end.
    fn find_line(&mut self, connection: &Connection, generation: GenerationId) -> Result<()> {
        let step = || Step::Mend(generation);
        let length: Option<u64> = connection
            .prepare_cached(
                "SELECT length FROM generations WHERE id = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM cursors WHERE generation = ?1)",
            )
            .and_then(|mut found| found.query_row([generation.0], |row| row.get(0)).optional())
            .during(step)?;
        let Some(length) = length else { return Ok(()) };
        let line_start = match self.line_start(connection, generation, length) {
            Err(ArchiveError::Damaged { .. }) => return Ok(()),
            found => found?,
        };
        connection
            .prepare_cached("UPDATE generations SET line_start = ?2 WHERE id = ?1")
            .and_then(|mut update| update.execute([generation.0, line_start]))
            .during(step)
            .map(drop)
    }

    /// Returns the row of the log for a frame that was put back: whole lines, as far as they can be read.
    fn mended(&mut self, connection: &Connection, holder: &Holder) -> Result<Logged> {
        let Holder {
            source,
            generation,
            ref range,
        } = *holder;
        let start = match self.line_start(connection, generation, range.start) {
            Ok(start) => start,
            Err(ArchiveError::Damaged { .. }) => range.start,
            Err(error) => return Err(error),
        };
        // The last byte's line, not the one after it.
        let last = range.end.saturating_sub(1);
        let end = span::line_end(self, connection, generation, last)?;
        Ok(Logged::Mended {
            source,
            generation,
            start: ByteOffset(start),
            end: ByteOffset(end.max(range.end)),
        })
    }
}
