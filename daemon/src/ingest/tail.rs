//! Reads what follows a cursor, and makes sure that it does follow: one pass over one open file.
//!
//! It compares the file's head and the bytes before the cursor with what they hashed to, reads, and
//! looks again. What was archived before is not its business; see [`super::comparison`].

use std::io;
use std::ops::Range;

use sessions_archive::{Cursor, FileStamp, Fingerprint};
use sessions_model::ByteOffset;

use super::disk::SourceFile;

/// Bytes of the file's beginning that are compared on each pass.
const HEAD_BYTES: usize = 4 * 1024;
/// Bytes before the cursor that are compared on each pass: the client edits nothing further back
/// without writing a new file.
const TAIL_BYTES: usize = 64 * 1024;
/// Most new bytes of one pass. A line longer than this goes in pieces.
pub(crate) const PASS_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes per step when what was read is read once more.
const AGAIN_BYTES: usize = 256 * 1024;

/// Where a pass begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    offset: u64,
    line: u64,
    fingerprint: Fingerprint,
}

impl Start {
    /// The beginning of a file.
    pub(crate) fn beginning() -> Self {
        let nothing = *blake3::hash(&[]).as_bytes();
        let fingerprint = Fingerprint {
            head: nothing,
            head_len: 0,
            tail: nothing,
            tail_len: 0,
        };
        Self {
            offset: 0,
            line: 0,
            fingerprint,
        }
    }

    /// Where the archive stopped.
    pub(crate) fn after(cursor: &Cursor) -> Self {
        Self {
            offset: cursor.offset.0,
            line: cursor.line_start.0,
            fingerprint: cursor.fingerprint,
        }
    }

    /// A position before which `file` holds what is archived.
    pub(crate) fn at(file: &dyn SourceFile, offset: u64) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let (head, head_len) = hash_of(file, 0..offset.min(HEAD_BYTES as u64), &mut bytes)?;
        let tail_from = offset.saturating_sub(TAIL_BYTES as u64);
        let (tail, tail_len) = hash_of(file, tail_from..offset, &mut bytes)?;
        let fingerprint = Fingerprint {
            head,
            head_len,
            tail,
            tail_len,
        };
        Ok(Self {
            offset,
            line: line_start(file, offset)?,
            fingerprint,
        })
    }
}

/// Returns where the line begins that byte `before` would go on with.
fn line_start(file: &dyn SourceFile, before: u64) -> io::Result<u64> {
    let mut window = Vec::new();
    let mut end = before;
    while end > 0 {
        let start = end.saturating_sub(TAIL_BYTES as u64);
        fill(file, start..end, &mut window)?;
        if let Some(newline) = memchr::memrchr(b'\n', &window) {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn hash_of(
    file: &dyn SourceFile,
    range: Range<u64>,
    bytes: &mut Vec<u8>,
) -> io::Result<([u8; 32], u32)> {
    fill(file, range, bytes)?;
    Ok((*blake3::hash(bytes).as_bytes(), length(bytes.len())))
}

/// Where a pass may stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After a newline alone: the rest of the last line is still being written.
    Newline,
    /// Wherever the file ends.
    Anywhere,
}

/// What lies beyond what a pass took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Nothing,
    /// The beginning of a line, in a file of this size.
    Unterminated {
        /// The file's size in bytes.
        size: u64,
    },
    /// More than one pass takes.
    More,
}

/// What a pass found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pass {
    /// The file goes on from the start.
    Follows(Next),
    /// The file does not hold before the start what it held.
    Differs,
    /// The file changed while it was read.
    Unsteady,
}

/// What follows a start; the bytes themselves are [`Tail::bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    taken: Range<usize>,
    /// The position after the bytes taken.
    pub(crate) offset: ByteOffset,
    /// Where the line begins that is unfinished there.
    pub(crate) line_start: ByteOffset,
    /// What the file's head and the bytes before `offset` hash to.
    pub(crate) fingerprint: Fingerprint,
    /// How the file looked before the bytes were read.
    pub(crate) stamp: FileStamp,
    /// What lies beyond.
    pub(crate) rest: Rest,
}

impl Next {
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    pub(crate) fn len(&self) -> u64 {
        self.taken.len() as u64
    }
}

/// Reads passes into one buffer.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    buffer: Vec<u8>,
    other: Vec<u8>,
}

impl Tail {
    /// Returns the bytes that the last pass took.
    pub(crate) fn bytes(&self, next: &Next) -> &[u8] {
        &self.buffer[next.taken.clone()]
    }

    /// Gives back the room of the largest pass.
    pub(crate) fn shrink(&mut self) {
        self.buffer = Vec::new();
        self.other = Vec::new();
    }

    /// Reads what follows `start` in `file`.
    pub(crate) fn pass(
        &mut self,
        file: &dyn SourceFile,
        start: &Start,
        ending: Ending,
    ) -> io::Result<Pass> {
        let before = file.stat()?;
        if before.size < start.offset || !self.has_head(file, start)? {
            return Ok(Pass::Differs);
        }
        let tail_len = u64::from(start.fingerprint.tail_len);
        let from = start.offset - tail_len;
        let until = before.size.min(start.offset + PASS_BYTES_MAX);
        fill(file, from..until, &mut self.buffer)?;
        if self.buffer.len() as u64 != until - from {
            return Ok(Pass::Unsteady);
        }
        let (old, _) = self.buffer.split_at(start.fingerprint.tail_len as usize);
        if *blake3::hash(old).as_bytes() != start.fingerprint.tail {
            return Ok(Pass::Differs);
        }
        if file.stat()? != before && !self.is_steady(file, from, &before)? {
            return Ok(Pass::Unsteady);
        }
        Ok(Pass::Follows(self.cut(start, (before, until), ending)))
    }

    fn has_head(&mut self, file: &dyn SourceFile, start: &Start) -> io::Result<bool> {
        let length = u64::from(start.fingerprint.head_len);
        // The bytes before the cursor then hold the head, too.
        if start.offset <= HEAD_BYTES as u64 {
            return Ok(true);
        }
        fill(file, 0..length, &mut self.other)?;
        Ok(*blake3::hash(&self.other).as_bytes() == start.fingerprint.head)
    }

    /// Tells whether a file that changed meanwhile only grew: reads everything once more.
    fn is_steady(
        &mut self,
        file: &dyn SourceFile,
        from: u64,
        before: &FileStamp,
    ) -> io::Result<bool> {
        let mut at = from;
        for chunk in self.buffer.chunks(AGAIN_BYTES) {
            fill(file, at..at + chunk.len() as u64, &mut self.other)?;
            if self.other != chunk {
                return Ok(false);
            }
            at += chunk.len() as u64;
        }
        Ok(file.stat()?.size >= before.size)
    }

    fn cut(&self, start: &Start, (stamp, until): (FileStamp, u64), ending: Ending) -> Next {
        let old = start.fingerprint.tail_len as usize;
        let new = &self.buffer[old..];
        let last_newline = memchr::memrchr(b'\n', new);
        let is_whole_window = new.len() as u64 == PASS_BYTES_MAX;
        let is_end = until == stamp.size;
        let count = match (ending, last_newline) {
            (Ending::Anywhere, _) if is_end => new.len(),
            (_, Some(at)) => at + 1,
            (_, None) if is_whole_window => new.len(),
            (_, None) => 0,
        };
        let offset = start.offset + count as u64;
        let line_start = match last_newline {
            Some(at) if at < count => start.offset + at as u64 + 1,
            _ => start.line,
        };
        let rest = if !is_end {
            Rest::More
        } else if offset < until {
            Rest::Unterminated { size: stamp.size }
        } else {
            Rest::Nothing
        };
        Next {
            taken: old..old + count,
            offset: ByteOffset(offset),
            line_start: ByteOffset(line_start),
            fingerprint: self.fingerprint(start, old + count),
            stamp,
            rest,
        }
    }

    /// Returns the fingerprint of the file up to the `end` of what the buffer holds.
    fn fingerprint(&self, start: &Start, end: usize) -> Fingerprint {
        let known = self.buffer.split_at(end).0;
        let (_, tail) = known.split_at(known.len().saturating_sub(TAIL_BYTES));
        let (head, head_len) = if start.offset >= HEAD_BYTES as u64 {
            (start.fingerprint.head, start.fingerprint.head_len)
        } else {
            // So early in the file, the buffer begins where the file does.
            let head = known.split_at(known.len().min(HEAD_BYTES)).0;
            (*blake3::hash(head).as_bytes(), length(head.len()))
        };
        let tail_hash = *blake3::hash(tail).as_bytes();
        Fingerprint {
            head,
            head_len,
            tail: tail_hash,
            tail_len: length(tail.len()),
        }
    }
}

/// Reads `range` of `file` into `bytes`; less of it where the file ends before.
fn fill(file: &dyn SourceFile, range: Range<u64>, bytes: &mut Vec<u8>) -> io::Result<()> {
    let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    bytes.resize(wanted, 0);
    let count = file.read_at(bytes, range.start)?;
    bytes.truncate(count);
    Ok(())
}

/// A length that is at most [`TAIL_BYTES`].
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
