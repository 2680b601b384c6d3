//! Reading around damage: what reads back, and what stands lost between.

use std::ops::Range;

use sessions_model::{ByteOffset, GenerationId};

use crate::error::{ArchiveError, During, Result, Step};
use crate::loss::Loss;
use crate::reader::ArchiveReader;
use crate::source;

/// A stretch of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// It reads back.
    Sound {
        /// Where it begins.
        start: ByteOffset,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// It does not.
    Lost(Loss),
}

impl ArchiveReader {
    /// Returns the bytes in `range` like [`bytes`](Self::bytes), but goes on behind what is lost.
    ///
    /// # Errors
    /// When the range is too long, or the database itself cannot be read: damaged frames are stretches.
    pub fn stretches(
        &self,
        generation: GenerationId,
        range: Range<ByteOffset>,
    ) -> Result<Vec<Stretch>> {
        let mut stretches = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (owner, start, end, damage) = match self.bytes(generation, at..range.end) {
                Ok(bytes) => {
                    stretches.push(Stretch::Sound { start: at, bytes });
                    break;
                }
                Err(ArchiveError::Damaged {
                    generation,
                    start,
                    end,
                    damage,
                }) => (generation, start.max(at), end.min(range.end), damage),
                Err(error) => return Err(error),
            };
            if start > at {
                let bytes = self.bytes(generation, at..start)?;
                stretches.push(Stretch::Sound { start: at, bytes });
            }
            let reach = source::reach(&self.connection, owner).during(|| Step::Read(owner))?;
            let source = reach.map(|reach| reach.source).unwrap_or_default();
            stretches.push(Stretch::Lost(Loss {
                source,
                generation: owner,
                start,
                end,
                damage,
            }));
            at = end.max(ByteOffset(at.0 + 1));
        }
        Ok(stretches)
    }
}
