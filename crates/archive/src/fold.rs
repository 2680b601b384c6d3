//! Folding: a generation gone quiet, whose appends left a frame each, is cut again from its first own
//! byte into full frames compressed harder.
//!
//! The cut depends on the bytes alone, so generations that begin alike share their blobs.
//! Invariant: what a generation reads as never changes; each call is one transaction.

use rusqlite::{Connection, TransactionBehavior, params};
use sessions_model::GenerationId;

use crate::archive::Archive;
use crate::blob::{self, BlobId, Coder};
use crate::codec::{Density, Packer};
use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::frame::{FRAME_BYTES_MAX, cut};
use crate::source::{self, Reach};
use crate::span::{self, FrameReader, Piece, Segment};
use crate::transaction::add_segment;

/// Raw bytes that one call folds: about a tenth of a second.
const FOLD_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Free pages given back to the file system after each call.
const PAGES_FREED_MAX: u32 = 4096;

/// What a call of [`Archive::fold`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    /// Raw bytes that were cut again.
    pub bytes: u64,
    /// Whether nothing of the generation is left to fold.
    pub is_done: bool,
}

impl Archive {
    /// Folds the next 8 MiB of a generation. Reads the same before, during and after.
    ///
    /// A damaged frame is an error; the generation then stays as it is.
    ///
    /// # Errors
    /// When there is no such generation, a frame of it is damaged, or the database cannot be written.
    pub fn fold(&mut self, generation: GenerationId) -> Result<Folded> {
        let step = || Step::Fold(generation);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .during(step)?;
        let reach = source::reach(&transaction, generation)
            .during(step)?
            .ok_or_else(|| ArchiveError::refused(step(), Refusal::Unknown))?;
        if reach.folded == reach.length {
            return Ok(Folded {
                bytes: 0,
                is_done: true,
            });
        }
        let packer = Packer::new(Density::Folded)?;
        let mut folding = Folding {
            connection: &transaction,
            frames: &mut self.frames,
            packer,
            generation,
        };
        let folded = folding.run(&reach)?;
        transaction.commit().during(step)?;
        free_pages(&self.connection).during(step)?;
        Ok(folded)
    }
}

struct Folding<'a> {
    connection: &'a Connection,
    frames: &'a mut FrameReader,
    packer: Packer,
    generation: GenerationId,
}

impl Folding<'_> {
    fn run(&mut self, reach: &Reach) -> Result<Folded> {
        let start = self.restart(reach)?;
        let end = self.whole_segments(start, reach.length)?;
        let mut bytes = Vec::new();
        self.frames
            .read(self.connection, self.generation, start..end, &mut bytes)?;
        let cuts = cuts(&bytes, end == reach.length);
        let folded: u64 = cuts.iter().map(|len| *len as u64).sum();
        let piece = Piece {
            owner: self.generation,
            range: start..start + folded,
        };
        let old = span::segments(self.connection, &piece)?;
        self.replace(&piece, &old, &bytes, &cuts)?;
        self.drop_orphans(&old)?;
        let until = piece.range.end;
        self.connection
            .execute(
                "UPDATE generations SET folded = ?2 WHERE id = ?1",
                params![self.generation.0, until],
            )
            .during(|| self.step())?;
        Ok(Folded {
            bytes: folded,
            is_done: until == reach.length,
        })
    }

    /// Returns where to go on: the last folded frame may have been cut short by the end.
    fn restart(&self, reach: &Reach) -> Result<u64> {
        let Some(last) = reach
            .folded
            .checked_sub(1)
            .filter(|last| *last >= reach.base)
        else {
            return Ok(reach.base);
        };
        let piece = Piece {
            owner: self.generation,
            range: last..reach.folded,
        };
        span::segment_at(self.connection, &piece, last).map(|segment| segment.start)
    }

    /// Returns where the segment ends that holds the last byte of this call's share.
    fn whole_segments(&self, start: u64, length: u64) -> Result<u64> {
        let last = length.min(start + FOLD_BYTES_MAX) - 1;
        let piece = Piece {
            owner: self.generation,
            range: start..length,
        };
        span::segment_at(self.connection, &piece, last).map(|segment| segment.until)
    }

    fn replace(
        &mut self,
        piece: &Piece,
        old: &[Segment],
        bytes: &[u8],
        cuts: &[usize],
    ) -> Result<()> {
        // An old segment may reach beyond the last new one: what is left of it becomes its own.
        let rest = old.last().map_or(0, |last| last.until - piece.range.end);
        let rest = usize::try_from(rest).expect("a segment is small");
        let mut new = Vec::with_capacity(cuts.len() + 1);
        let (mut start, mut tail) = (piece.range.start, bytes);
        for len in cuts.iter().copied().chain((rest > 0).then_some(rest)) {
            let (frame, after) = tail.split_at(len);
            new.push((start..start + len as u64, self.store(frame)?));
            start += len as u64;
            tail = after;
        }
        for segment in old {
            self.connection
                .prepare_cached("DELETE FROM segments WHERE generation = ?1 AND start = ?2")
                .and_then(|mut delete| delete.execute(params![self.generation.0, segment.start]))
                .during(|| self.step())?;
        }
        for (range, blob) in new {
            add_segment(self.connection, self.generation, range, blob).during(|| self.step())?;
        }
        Ok(())
    }

    fn store(&mut self, frame: &[u8]) -> Result<BlobId> {
        let step = || Step::Fold(self.generation);
        let mut coder = Coder {
            packer: &mut self.packer,
            unpacker: &mut self.frames.unpacker,
        };
        let blob = blob::store(self.connection, &mut coder, frame, step)?;
        blob::repack(self.connection, &mut self.packer, (blob, frame), step)?;
        Ok(blob)
    }

    fn drop_orphans(&self, old: &[Segment]) -> Result<()> {
        for segment in old {
            self.connection
                .prepare_cached(
                    "DELETE FROM blobs WHERE id = ?1 \
                     AND NOT EXISTS (SELECT 1 FROM segments WHERE blob = ?1)",
                )
                .and_then(|mut delete| delete.execute([segment.blob.0]))
                .during(|| self.step())?;
        }
        Ok(())
    }

    fn step(&self) -> Step {
        Step::Fold(self.generation)
    }
}

/// Gives free pages back to the file system. The pragma frees one page with each row it returns.
fn free_pages(connection: &Connection) -> rusqlite::Result<()> {
    let mut pragma =
        connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_FREED_MAX})"))?;
    let mut rows = pragma.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Returns the lengths of the frames that `bytes` begin with. Unless the bytes end where the
/// generation does, what is too short to be sure of its cut is left for the next call.
fn cuts(bytes: &[u8], is_end: bool) -> Vec<usize> {
    let mut rest = bytes;
    let mut cuts = Vec::new();
    while !rest.is_empty() && (is_end || rest.len() > FRAME_BYTES_MAX) {
        let len = cut(rest, FRAME_BYTES_MAX);
        cuts.push(len);
        rest = rest.split_at(len).1;
    }
    cuts
}
