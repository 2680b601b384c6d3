//! Names for what a salvage could not name: roots and sources whose paths are lost, found again on disk.

use std::ops::Range;

use rusqlite::{OptionalExtension, params};
use sessions_model::{ByteOffset, GenerationId, Origin, RootId, SourceId};

use crate::archive::Archive;
use crate::code;
use crate::error::{During, Result, Step};
use crate::log::{Lane, Logged};
use crate::mend::OtherCopy;
use crate::reader::{ArchiveReader, FrameSum};
use crate::source;
use crate::transaction::Transaction;

/// Bytes that one row of the log speaks of.
const ROW_BYTES: u64 = 8 * 1024 * 1024;

/// What the paths of roots and sources begin with whose own are lost.
const LOST: &str = "lost";

/// Tells whether a path stands for one that is lost.
pub fn is_lost(path: &str) -> bool {
    path.split('/').next() == Some(LOST)
}

impl Archive {
    /// Gives `path` to a root whose own is lost, if a file of it is there: `has` tells of a path below.
    /// Returns whether it did.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn adopt_root(&mut self, path: &str, has: &dyn Fn(&str) -> bool) -> Result<bool> {
        let device = self.device().0;
        let step = || Step::AddRoot(path.to_owned());
        let roots = self.root_paths().during(step)?;
        if roots.iter().any(|(_, known)| known == path) {
            return Ok(false);
        }
        for (root, _) in roots.iter().filter(|(_, known)| is_lost(known)) {
            let mut files = self.sources()?.into_iter();
            if files.any(|file| file.root == *root && has(&file.origin.path)) {
                let renamed = "UPDATE roots SET device = ?2, path = ?3 WHERE id = ?1";
                self.connection
                    .execute(renamed, params![root.0, device, path])
                    .during(step)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn root_paths(&self) -> rusqlite::Result<Vec<(RootId, String)>> {
        self.connection
            .prepare("SELECT id, path FROM roots ORDER BY id")?
            .query_map([], |row| Ok((RootId(row.get(0)?), row.get(1)?)))?
            .collect()
    }
}

impl ArchiveReader {
    /// Returns where the first frame begins that is known of a generation, and what it holds, as its name says,
    /// though it be lost; none where none is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn first_frame(&self, generation: GenerationId) -> Result<Option<(ByteOffset, FrameSum)>> {
        let read = || -> rusqlite::Result<Option<(ByteOffset, FrameSum)>> {
            self.connection
                .prepare_cached(
                    "SELECT g.start, g.until, b.hash FROM segments g JOIN blobs b ON b.id = g.blob \
                     WHERE g.generation = ?1 ORDER BY g.start LIMIT 1",
                )?
                .query_row([generation.0], |row| {
                    let sum = FrameSum {
                        end: ByteOffset(row.get(1)?),
                        hash: row.get(2)?,
                    };
                    Ok((ByteOffset(row.get(0)?), sum))
                })
                .optional()
        };
        read().during(|| Step::Read(generation))
    }

    /// Tells whether every frame that is known of a generation, lost ones too, is of another copy, as its name
    /// says; there is one at least.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_of(&self, generation: GenerationId, copy: &mut OtherCopy<'_>) -> Result<bool> {
        let list =
            || -> rusqlite::Result<Vec<(Range<u64>, [u8; 32])>> {
                self.connection
                .prepare_cached(
                    "SELECT g.start, g.until, b.hash FROM segments g JOIN blobs b ON b.id = g.blob \
                     WHERE g.generation = ?1 ORDER BY g.start",
                )?
                .query_map([generation.0], |row| Ok((row.get(0)?..row.get(1)?, row.get(2)?)))?
                .collect()
            };
        let frames = list().during(|| Step::Read(generation))?;
        let mut is_same = |(range, hash): &(Range<u64>, [u8; 32])| {
            copy(range.clone()).is_some_and(|bytes| blake3::hash(&bytes).as_bytes() == hash)
        };
        Ok(!frames.is_empty() && frames.iter().all(&mut is_same))
    }
}

impl Transaction<'_> {
    /// Gives `source`, of which nothing is archived, all that is archived of `lost`, which is none any more then.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn merge_source(&mut self, lost: SourceId, source: SourceId) -> Result<()> {
        self.guard(
            || Step::Mark(source),
            |transaction| {
                let given = params![lost.0, source.0];
                let connection = transaction.connection();
                connection.execute(
                    "UPDATE generations SET source = ?2 WHERE source = ?1",
                    given,
                )?;
                connection.execute("UPDATE log SET source = ?2 WHERE source = ?1", given)?;
                connection.execute("DELETE FROM cursors WHERE source = ?1", [lost.0])?;
                connection
                    .execute("DELETE FROM sources WHERE id = ?1", [lost.0])
                    .map(drop)
            },
        )?;
        self.log_again(source)
    }

    /// Says what a source is whose path was lost: the file at `origin` of `root` begins with all of it.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn adopt_source(&mut self, source: SourceId, root: RootId, origin: &Origin) -> Result<()> {
        self.guard(
            || Step::AddSource(origin.path.clone()),
            |transaction| {
                transaction
                    .connection()
                    .prepare_cached(
                        "UPDATE sources SET root = ?2, path = ?3, kind = ?4, session = ?5, agent = ?6 \
                         WHERE id = ?1",
                    )?
                    .execute(params![
                        source.0,
                        root.0,
                        origin.path,
                        code::of_kind(origin.kind),
                        origin.session.as_ref().map(sessions_model::SessionId::as_str),
                        origin.agent.as_ref().map(sessions_model::AgentId::as_str),
                    ])
                    .map(drop)
            },
        )?;
        self.log_again(source)
    }

    /// Logs all that a source has: whoever derives something took it for something else.
    fn log_again(&mut self, source: SourceId) -> Result<()> {
        let own = source::own(self.connection(), source).during(|| Step::List)?;
        for (generation, range) in own {
            let mut start = range.start;
            while start < range.end {
                let most = start + ROW_BYTES;
                let end = if most < range.end {
                    // Whole lines, where they fit.
                    Some(self.line_start(generation, most)?).filter(|end| *end > start)
                } else {
                    Some(range.end)
                };
                let end = end.unwrap_or(most);
                let change = Logged::Mended {
                    source,
                    generation,
                    start: ByteOffset(start),
                    end: ByteOffset(end),
                };
                self.log(Lane::Backlog, change, || Step::List)?;
                start = end;
            }
        }
        Ok(())
    }
}
