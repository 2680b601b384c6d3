//! Reading everything back, and naming what does not.

use std::ops::{ControlFlow, Range};

use sessions_model::{ByteOffset, GenerationId, SourceId};

use crate::blob;
use crate::error::{ArchiveError, Damage, During, ErrorKind, Result, Step};
use crate::loss::Loss;
use crate::reader::ArchiveReader;
use crate::span::{self, Piece, Segment};

/// Raw bytes read back between two words of progress, each under a snapshot of its own.
const SHARE_BYTES: u64 = 8 * 1024 * 1024;

/// Complaints about the database itself that are returned; the rest says the same.
const COMPLAINTS_MAX: u32 = 20;

/// How closely is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// At the rows alone.
    Rows,
    /// At every byte.
    Frames,
}

/// A generation and the bytes that are its own.
#[derive(Debug, Clone)]
struct Own {
    source: SourceId,
    generation: GenerationId,
    range: Range<u64>,
}

impl ArchiveReader {
    /// Reads every byte back, compares each frame with its hash, and returns what is lost.
    ///
    /// `progress` is told the raw bytes done and in all, and may end the reading early.
    ///
    /// # Errors
    /// When the database itself cannot be read, or it was broken off: damaged frames are losses.
    pub fn verify(
        &self,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Vec<Loss>> {
        self.losses(&self.owns()?, Depth::Frames, progress)
    }

    /// Returns what of a source is lost as far as rows tell, without reading a frame.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn losses_of(&self, source: SourceId) -> Result<Vec<Loss>> {
        let mut owns = self.owns()?;
        owns.retain(|own| own.source == source);
        self.losses(&owns, Depth::Rows, &mut |_, _| ControlFlow::Continue(()))
    }

    /// Returns what is lost as far as rows tell, without reading a frame: those there are were compared
    /// with their hashes a moment ago.
    pub(crate) fn missing(&self) -> Result<Vec<Loss>> {
        self.losses(&self.owns()?, Depth::Rows, &mut |_, _| {
            ControlFlow::Continue(())
        })
    }

    fn losses(
        &self,
        owns: &[Own],
        depth: Depth,
        progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Vec<Loss>> {
        let total = owns.iter().map(|own| own.range.end - own.range.start).sum();
        let mut done = 0;
        let mut losses = Vec::new();
        for share in owns.iter().flat_map(shares) {
            self.wanted.check(|| Step::Verify)?;
            self.verify_share(depth, &share, &mut losses)
                .map_err(|error| self.wanted.explain(error))?;
            done += share.range.end - share.range.start;
            if progress(done, total).is_break() {
                break;
            }
        }
        Ok(losses)
    }

    /// Returns what is wrong with the database's own pages and indices, which no frame's hash covers.
    ///
    /// One long read, which keeps the write-ahead log from being emptied: it ends when the log is too large
    /// and when it is not wanted (see [`ArchiveReader::while_wanted`]).
    ///
    /// # Errors
    /// When it was broken off, or the database cannot be opened at all: what is broken is a complaint.
    pub fn check_structure(&self) -> Result<Vec<String>> {
        let complaints = || -> rusqlite::Result<Vec<String>> {
            let check = format!("PRAGMA integrity_check({COMPLAINTS_MAX})");
            self.connection
                .prepare(&check)?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        match self.wanted.hold_log(complaints, || Step::Verify) {
            // The first complaints about a table come in one row, under a heading.
            Ok(complaints) => Ok(complaints
                .iter()
                .flat_map(|complaint| complaint.lines())
                .filter(|line| *line != "ok" && !line.starts_with("***"))
                .map(str::to_owned)
                .collect()),
            Err(error) if error.kind() == ErrorKind::Corrupt => Ok(vec![error.to_string()]),
            Err(error) => Err(error),
        }
    }

    fn owns(&self) -> Result<Vec<Own>> {
        let list = || -> rusqlite::Result<Vec<Own>> {
            self.connection
                .prepare("SELECT source, id, base, length FROM generations ORDER BY id")?
                .query_map([], |row| {
                    Ok(Own {
                        source: SourceId(row.get(0)?),
                        generation: GenerationId(row.get(1)?),
                        range: row.get(2)?..row.get(3)?,
                    })
                })?
                .collect()
        };
        list().during(|| Step::Verify)
    }

    fn verify_share(&self, depth: Depth, share: &Own, losses: &mut Vec<Loss>) -> Result<()> {
        let snapshot = self
            .connection
            .unchecked_transaction()
            .during(|| Step::Verify)?;
        let piece = Piece {
            owner: share.generation,
            range: share.range.clone(),
        };
        let mut lose = |range: Range<u64>, damage| add(losses, share, range, damage);
        let mut at = share.range.start;
        for segment in span::segments(&snapshot, &piece)? {
            if segment.until <= at {
                continue;
            }
            if segment.start > at {
                lose(at..segment.start, Damage::Missing);
            }
            let part = segment.start.max(at)..segment.until.min(share.range.end);
            at = part.end;
            let damage = match depth {
                Depth::Frames => self.damage(&snapshot, share.generation, segment)?,
                Depth::Rows => blob::is_hollow(&snapshot, segment.blob)
                    .during(|| Step::Verify)?
                    .then_some(Damage::Missing),
            };
            if let Some(damage) = damage {
                lose(part, damage);
            }
        }
        if at < share.range.end {
            lose(at..share.range.end, Damage::Missing);
        }
        Ok(())
    }

    fn damage(
        &self,
        snapshot: &rusqlite::Connection,
        owner: GenerationId,
        segment: Segment,
    ) -> Result<Option<Damage>> {
        match self
            .frames
            .borrow_mut()
            .frame_once(snapshot, owner, segment)
        {
            Ok(_) => Ok(None),
            Err(ArchiveError::Damaged { damage, .. }) => Ok(Some(damage)),
            Err(error) => Err(error),
        }
    }
}

fn shares(own: &Own) -> impl Iterator<Item = Own> {
    let step = usize::try_from(SHARE_BYTES).expect("a share fits in memory");
    let end = own.range.end;
    let own = own.clone();
    own.range.clone().step_by(step).map(move |start| Own {
        range: start..end.min(start + SHARE_BYTES),
        ..own.clone()
    })
}

/// Adds a loss, or lengthens the last one if it goes on.
fn add(losses: &mut Vec<Loss>, share: &Own, range: Range<u64>, damage: Damage) {
    let (start, end) = (ByteOffset(range.start), ByteOffset(range.end));
    let goes_on =
        |last: &Loss| (last.generation, last.end, last.damage) == (share.generation, start, damage);
    if let Some(last) = losses.last_mut().filter(|last| goes_on(last)) {
        last.end = end;
        return;
    }
    losses.push(Loss {
        source: share.source,
        generation: share.generation,
        start,
        end,
        damage,
    });
}
