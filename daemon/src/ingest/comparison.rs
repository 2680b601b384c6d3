//! Compares a file with everything that is archived of it, a piece at a time.

use sessions_archive::{ArchiveError, ArchiveReader, ErrorKind};
use sessions_model::{ByteOffset, GenerationId};

use super::disk::SourceFile;
use super::error::LookError;

/// Bytes compared at once.
const PIECE_BYTES: u64 = 1024 * 1024;

/// How far a file is like its archived generation.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    generation: GenerationId,
    at: u64,
    line: u64,
    end: u64,
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything up to here is the same, and there is more.
    Going,
    /// The file begins with all that is archived.
    Same,
    /// It does not; the last line that is wholly the same ends here.
    Differs {
        /// Bytes that both begin with, up to a newline.
        common: u64,
    },
    /// It is not known: what is archived does not read back.
    Lost {
        /// Bytes that both begin with, up to a newline.
        common: u64,
    },
    /// It ends before what is archived does, and is the same up to there.
    Shorter {
        /// Bytes of it, up to a newline.
        common: u64,
    },
}

impl Comparison {
    /// Begins to compare with the first `end` bytes of `generation`.
    pub(crate) fn new(generation: GenerationId, end: ByteOffset) -> Self {
        Self {
            generation,
            at: 0,
            line: 0,
            end: end.0,
        }
    }

    /// Compares to the end, frames by their hashes: what was damaged in the archive since is for [`Self::step`] to come
    /// upon, once the source is quiet.
    pub(crate) fn finish(
        mut self,
        file: &dyn SourceFile,
        reader: &ArchiveReader,
    ) -> Result<Verdict, LookError> {
        let mut found = Vec::new();
        loop {
            if self.passes_frame(file, reader, &mut found)? {
                continue;
            }
            match self.step(file, reader)? {
                Verdict::Going => {}
                verdict => return Ok(verdict),
            }
        }
    }

    /// Goes past the frame that begins here, if the file has what its hash says; `found` is room to read it into.
    fn passes_frame(
        &mut self,
        file: &dyn SourceFile,
        reader: &ArchiveReader,
        found: &mut Vec<u8>,
    ) -> Result<bool, LookError> {
        let rest = ByteOffset(self.at)..ByteOffset(self.end);
        // Why a hash cannot be read is for [`Self::step`] to find out.
        let Ok(Some(sum)) = reader.frame_sum(self.generation, rest) else {
            return Ok(false);
        };
        found.resize(usize::try_from(sum.end.0 - self.at).unwrap_or(0), 0);
        if file.read_at(found, self.at)? < found.len()
            || *blake3::hash(found).as_bytes() != sum.hash
        {
            return Ok(false);
        }
        self.pass(found);
        Ok(true)
    }

    /// Compares the next piece.
    pub(crate) fn step(
        &mut self,
        file: &dyn SourceFile,
        reader: &ArchiveReader,
    ) -> Result<Verdict, LookError> {
        let until = self.end.min(self.at + PIECE_BYTES);
        if self.at == until {
            return Ok(Verdict::Same);
        }
        let range = ByteOffset(self.at)..ByteOffset(until);
        let archived = match reader.bytes(self.generation, range) {
            Ok(bytes) => bytes,
            Err(error) if is_lost(&error) => return Ok(Verdict::Lost { common: self.line }),
            Err(error) => return Err(error.into()),
        };
        let mut found = vec![0; archived.len()];
        let count = file.read_at(&mut found, self.at)?;
        found.truncate(count);
        let same = common_bytes(&archived, &found);
        let (same_bytes, _) = archived.split_at(same);
        self.pass(same_bytes);
        let common = self.line;
        if same < found.len() {
            return Ok(Verdict::Differs { common });
        }
        if same < archived.len() {
            return Ok(Verdict::Shorter { common });
        }
        Ok(if until == self.end {
            Verdict::Same
        } else {
            Verdict::Going
        })
    }

    /// Goes past bytes that are the same.
    fn pass(&mut self, same: &[u8]) {
        if let Some(newline) = memchr::memrchr(b'\n', same) {
            self.line = self.at + newline as u64 + 1;
        }
        self.at += same.len() as u64;
    }
}

fn common_bytes(one: &[u8], other: &[u8]) -> usize {
    if one == other {
        return one.len();
    }
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

fn is_lost(error: &ArchiveError) -> bool {
    error.kind() == ErrorKind::Damaged
}
