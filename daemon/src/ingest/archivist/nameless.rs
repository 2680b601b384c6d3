//! Sources whose paths a salvage could not find: each is known again by the file that has what its frames were
//! called by, those included whose bytes are lost. It does not know what becomes of them then.

use sessions_archive::{ArchiveError, ArchiveReader, FrameSum, SourceState};
use sessions_model::{GenerationId, SourceId};

use super::mend::read;
use crate::ingest::disk::SourceFile;
use crate::ingest::error::LookError;

/// Bytes at the beginning of a file that are looked at: few frames are longer.
const FRAME_BYTES_MAX: u64 = 512 << 10;

/// The sources that no file was found for yet.
#[derive(Debug, Default)]
pub(super) struct Nameless {
    /// Those that were not looked at.
    unread: Vec<SourceId>,
    /// By where their first frames end.
    clues: Vec<Clue>,
}

/// What a source is known by.
#[derive(Debug)]
struct Clue {
    source: SourceId,
    generation: GenerationId,
    length: u64,
    /// Where the first frame begins that is known, and what it holds.
    start: u64,
    first: FrameSum,
}

/// The beginning of a file, hashed once however many frames it is held against, the shorter ones first.
struct Beginning {
    bytes: Vec<u8>,
    hasher: blake3::Hasher,
    hashed: usize,
}

impl Nameless {
    pub(super) fn new(sources: &[SourceState]) -> Self {
        Self {
            unread: sources.iter().map(|source| source.id).collect(),
            clues: Vec::new(),
        }
    }

    /// Returns the source that `file` begins with all frames of, and knows it no more.
    pub(super) fn take(
        &mut self,
        file: &dyn SourceFile,
        reader: &ArchiveReader,
    ) -> Result<Option<SourceId>, LookError> {
        self.read_clues(reader)?;
        if self.clues.is_empty() {
            return Ok(None);
        }
        let size = file.stat()?.size;
        let mut beginning = Beginning::of(file, FRAME_BYTES_MAX.min(size));
        let mut copy = |range| read(file, range);
        for (index, clue) in self.clues.iter().enumerate() {
            // What begins further on is rare: its frames are asked for themselves.
            let may_be = clue.length <= size && (clue.start > 0 || beginning.is(&clue.first));
            if may_be && reader.is_of(clue.generation, &mut copy)? {
                return Ok(Some(self.clues.remove(index).source));
            }
        }
        Ok(None)
    }

    fn read_clues(&mut self, reader: &ArchiveReader) -> Result<(), ArchiveError> {
        if self.unread.is_empty() {
            return Ok(());
        }
        for source in std::mem::take(&mut self.unread) {
            let Some(newest) = reader.generations(source)?.pop() else {
                continue;
            };
            if let Some((start, first)) = reader.first_frame(newest.id)? {
                self.clues.push(Clue {
                    source,
                    generation: newest.id,
                    length: newest.length.0,
                    start: start.0,
                    first,
                });
            }
        }
        self.clues.sort_unstable_by_key(|clue| clue.first.end);
        Ok(())
    }
}

impl Beginning {
    fn of(file: &dyn SourceFile, length: u64) -> Self {
        Self {
            bytes: read(file, 0..length).unwrap_or_default(),
            hasher: blake3::Hasher::new(),
            hashed: 0,
        }
    }

    /// Tells whether the file begins with this frame.
    fn is(&mut self, frame: &FrameSum) -> bool {
        let end = usize::try_from(frame.end.0).unwrap_or(usize::MAX);
        let Some(more) = self.bytes.get(self.hashed..end) else {
            return false;
        };
        self.hasher.update(more);
        self.hashed = end;
        *self.hasher.finalize().as_bytes() == frame.hash
    }
}
