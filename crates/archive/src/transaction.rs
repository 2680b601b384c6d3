//! Writing: what changes together, in one database transaction.
//!
//! Invariant: a cursor moves only with its bytes. Dropping a transaction leaves the archive as it was.

use rusqlite::{Connection, OptionalExtension, params};
use sessions_model::{
    ByteOffset, DeviceId, GenerationId, Origin, RootId, Seq, SourceId, Timestamp,
};

use crate::blob::{self, Coder};
use crate::code;
use crate::codec::Packer;
use crate::cursor::Cursor;
use crate::error::{ArchiveError, During, Refusal, Result, Step};
use crate::frame::{FRAME_BYTES_MAX, frames};
use crate::log::{self, Heads, Lane, LogRow, Logged};
use crate::operation::NewOperation;
use crate::source::{self, Reach};
use crate::span::FrameReader;

/// Most raw bytes that one transaction takes. Callers stay well below: 8 MiB is usual.
pub const TRANSACTION_BYTES_MAX: u64 = 64 * 1024 * 1024;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Changes that happen together or not at all.
#[derive(Debug)]
pub struct Transaction<'a> {
    inner: rusqlite::Transaction<'a>,
    tools: Tools<'a>,
    now: Timestamp,
    heads: Heads,
    bytes_live: u64,
    bytes_backlog: u64,
    has_failed: bool,
}

/// What the archive lends to a transaction.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) packer: &'a mut Packer,
    pub(crate) frames: &'a mut FrameReader,
    pub(crate) device: DeviceId,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(
        inner: rusqlite::Transaction<'a>,
        tools: Tools<'a>,
        now: Timestamp,
    ) -> Result<Self> {
        let heads = log::heads(&inner).during(|| Step::Begin)?;
        Ok(Self {
            inner,
            tools,
            now,
            heads,
            bytes_live: 0,
            bytes_backlog: 0,
            has_failed: false,
        })
    }

    /// Returns the config root at `path`, recording it if it is new.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn root(&mut self, path: &str) -> Result<RootId> {
        let device = self.tools.device.0;
        self.guard(
            || Step::AddRoot(path.to_owned()),
            |transaction| {
                let known: Option<u64> = transaction
                    .inner
                    .prepare_cached("SELECT id FROM roots WHERE device = ?1 AND path = ?2")?
                    .query_row(params![device, path], |row| row.get(0))
                    .optional()?;
                let added = || -> rusqlite::Result<u64> {
                    transaction
                        .inner
                        .prepare_cached(
                            "INSERT INTO roots (device, path) VALUES (?1, ?2) RETURNING id",
                        )?
                        .query_row(params![device, path], |row| row.get(0))
                };
                known.map_or_else(added, Ok).map(RootId)
            },
        )
    }

    /// Returns the source at `origin` of `root`, recording it if it is new, and what it is if that is
    /// known better now.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn source(&mut self, root: RootId, origin: &Origin) -> Result<SourceId> {
        self.guard(
            || Step::AddSource(origin.path.clone()),
            |transaction| {
                transaction
                    .inner
                    .prepare_cached(
                        "INSERT INTO sources (root, path, kind, session, agent) \
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (root, path) DO UPDATE \
                     SET kind = excluded.kind, session = excluded.session, \
                     agent = excluded.agent RETURNING id",
                    )?
                    .query_row(
                        params![
                            root.0,
                            origin.path,
                            code::of_kind(origin.kind),
                            origin
                                .session
                                .as_ref()
                                .map(sessions_model::SessionId::as_str),
                            origin.agent.as_ref().map(sessions_model::AgentId::as_str),
                        ],
                        |row| row.get(0),
                    )
                    .map(SourceId)
            },
        )
    }

    /// Opens a new current generation of `source`, which begins with as many bytes of its parent as
    /// the parent's offset says. Its cursor is to be written with the next [`append`](Self::append)
    /// or [`observe`](Self::observe).
    ///
    /// # Errors
    /// When the parent does not reach so far, or the database cannot be written.
    pub fn open_generation(
        &mut self,
        source: SourceId,
        parent: Option<(GenerationId, ByteOffset)>,
        lane: Lane,
    ) -> Result<GenerationId> {
        let step = || Step::OpenGeneration(source);
        let base = parent.map_or(ByteOffset(0), |(_, base)| base);
        let line_start = match parent {
            Some((parent, base)) => self.inherited_line_start(source, parent, base)?,
            None => 0,
        };
        let at = self.now.0;
        let generation = self.guard(step, |transaction| {
            transaction
                .inner
                .prepare_cached("DELETE FROM cursors WHERE source = ?1")?
                .execute([source.0])?;
            transaction
                .inner
                .prepare_cached(
                    "INSERT INTO generations \
                     (source, parent, base, length, line_start, folded, opened_at) \
                     VALUES (?1, ?2, ?3, ?3, ?4, ?3, ?5) RETURNING id",
                )?
                .query_row(
                    params![source.0, parent.map(|(id, _)| id.0), base.0, line_start, at],
                    |row| row.get(0),
                )
                .map(GenerationId)
        })?;
        let parent = parent.map(|(parent, _)| parent);
        self.log(
            lane,
            Logged::Opened {
                source,
                generation,
                parent,
                base,
            },
            step,
        )?;
        Ok(generation)
    }

    /// Returns where the line begins that a generation with `base` bytes of `parent` goes on with.
    fn inherited_line_start(
        &mut self,
        source: SourceId,
        parent: GenerationId,
        base: ByteOffset,
    ) -> Result<u64> {
        let reach = source::reach(&self.inner, parent).during(|| Step::OpenGeneration(source))?;
        if reach.is_none_or(|reach| reach.length < base.0) {
            let step = Step::OpenGeneration(source);
            return Err(ArchiveError::refused(step, Refusal::BadParent));
        }
        self.tools.frames.line_start(&self.inner, parent, base.0)
    }

    /// Appends `bytes` to the cursor's generation, whose end they continue, and moves the cursor.
    ///
    /// `cursor` is the state after these bytes.
    ///
    /// # Errors
    /// When the cursor does not fit the bytes and what is archived, or the database cannot be written.
    /// The transaction can only be dropped then.
    pub fn append(&mut self, cursor: &Cursor, bytes: &[u8], lane: Lane) -> Result<Seq> {
        let step = || Step::Append(cursor.generation);
        let before = self.end_of(cursor, bytes)?;
        let appended = self.store(cursor, bytes, &before, lane);
        self.has_failed |= appended.is_err();
        appended?;
        let change = Logged::Append {
            source: cursor.source,
            generation: cursor.generation,
            start: ByteOffset(before.length),
            end: cursor.offset,
            line_start: ByteOffset(before.line_start),
        };
        self.log(lane, change, step)
    }

    /// Returns how far the generation reaches, if `bytes` go on from there.
    fn end_of(&self, cursor: &Cursor, bytes: &[u8]) -> Result<Reach> {
        let step = || Step::Append(cursor.generation);
        let refused = |refusal| Err(ArchiveError::refused(step(), refusal));
        let count = bytes.len() as u64;
        if bytes.is_empty() {
            return refused(Refusal::Empty);
        }
        if count + self.bytes_live + self.bytes_backlog > TRANSACTION_BYTES_MAX {
            return refused(Refusal::TooLarge {
                limit: TRANSACTION_BYTES_MAX,
            });
        }
        let reach = self.current_reach(cursor, step)?;
        if reach.length + count != cursor.offset.0 {
            return refused(Refusal::NotAtEnd {
                length: ByteOffset(reach.length),
            });
        }
        if cursor.line_start < ByteOffset(reach.line_start) || cursor.line_start > cursor.offset {
            return refused(Refusal::BadCursor);
        }
        Ok(reach)
    }

    fn current_reach(&self, cursor: &Cursor, step: impl Fn() -> Step) -> Result<Reach> {
        let current = source::current(&self.inner, cursor.source).during(&step)?;
        let reach = source::reach(&self.inner, cursor.generation).during(&step)?;
        reach
            .filter(|_| current == Some(cursor.generation))
            .ok_or_else(|| ArchiveError::refused(step(), Refusal::NotCurrent))
    }

    fn store(&mut self, cursor: &Cursor, bytes: &[u8], before: &Reach, lane: Lane) -> Result<()> {
        let step = || Step::Append(cursor.generation);
        let mut start = before.length;
        for frame in frames(bytes, FRAME_BYTES_MAX) {
            let until = start + frame.len() as u64;
            let mut coder = Coder {
                packer: self.tools.packer,
                unpacker: &mut self.tools.frames.unpacker,
            };
            let blob = blob::store(&self.inner, &mut coder, frame, step)?;
            add_segment(&self.inner, cursor.generation, start..until, blob).during(step)?;
            start = until;
        }
        let at = self.now.0;
        self.inner
            .prepare_cached(
                "UPDATE generations SET length = ?2, line_start = ?3, appended_at = ?4 \
                 WHERE id = ?1",
            )
            .and_then(|mut update| {
                let Cursor {
                    generation,
                    offset,
                    line_start,
                    ..
                } = cursor;
                update.execute(params![generation.0, offset.0, line_start.0, at])
            })
            .and_then(|_| source::put_cursor(&self.inner, cursor))
            .during(step)?;
        match lane {
            Lane::Live => self.bytes_live += bytes.len() as u64,
            Lane::Backlog => self.bytes_backlog += bytes.len() as u64,
        }
        Ok(())
    }

    /// Writes a cursor whose file looks different while no bytes came. Not logged.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn observe(&mut self, cursor: &Cursor) -> Result<()> {
        let step = || Step::MoveCursor(cursor.source);
        let reach = self.current_reach(cursor, step)?;
        if (reach.length, reach.line_start) != (cursor.offset.0, cursor.line_start.0) {
            return Err(ArchiveError::refused(step(), Refusal::BadCursor));
        }
        self.guard(step, |transaction| {
            source::put_cursor(&transaction.inner, cursor)
        })
    }

    /// Notes that the source's file is missing; what is archived stays.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn mark_gone(&mut self, source: SourceId, lane: Lane) -> Result<Seq> {
        self.mark(source, true)?;
        self.log(lane, Logged::Gone { source }, || Step::Mark(source))
    }

    /// Notes that the source's file is there again.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn mark_back(&mut self, source: SourceId, lane: Lane) -> Result<Seq> {
        self.mark(source, false)?;
        self.log(lane, Logged::Back { source }, || Step::Mark(source))
    }

    fn mark(&mut self, source: SourceId, is_gone: bool) -> Result<()> {
        self.guard(
            || Step::Mark(source),
            |transaction| {
                transaction
                    .inner
                    .prepare_cached("UPDATE sources SET is_gone = ?2 WHERE id = ?1")?
                    .execute(params![source.0, is_gone])
                    .map(drop)
            },
        )
    }

    /// Records what the user wrote, with the next tick of this device's Lamport clock.
    ///
    /// # Errors
    /// When the database cannot be written, for want of space among others.
    pub fn operate(&mut self, operation: &NewOperation) -> Result<Seq> {
        let id = random_id()?;
        let (device, at) = (self.tools.device.0, self.now.0);
        let number =
            self.guard(
                || Step::Operate,
                |transaction| {
                    transaction
                .inner
                .prepare_cached(
                    "INSERT INTO operations (id, device, lamport, at, subject, field, value) \
                     VALUES (?1, ?2, (SELECT coalesce(max(lamport), 0) + 1 FROM operations), \
                     ?3, ?4, ?5, ?6) RETURNING number",
                )?
                .query_row(
                    params![id, device, at, operation.subject, operation.field, operation.value],
                    |row| row.get(0),
                )
                },
            )?;
        self.log(Lane::Live, Logged::Operation { number }, || Step::Operate)
    }

    /// Makes everything since the beginning permanent, and returns the log's new heads.
    ///
    /// # Errors
    /// When an earlier step failed, or the database cannot be written: nothing of it is kept then.
    pub fn commit(self) -> Result<Heads> {
        if self.has_failed {
            return Err(ArchiveError::refused(Step::Commit, Refusal::Failed));
        }
        let day = self.now.0.div_euclid(DAY_MS);
        let counts = [
            (Lane::Live, self.bytes_live),
            (Lane::Backlog, self.bytes_backlog),
        ];
        for (lane, bytes) in counts.into_iter().filter(|(_, bytes)| *bytes > 0) {
            count_bytes(&self.inner, day, lane, bytes).during(|| Step::Commit)?;
        }
        self.inner.commit().during(|| Step::Commit)?;
        Ok(self.heads)
    }

    /// Returns where the line begins that byte `before` of a generation would go on with; `before` itself
    /// where that cannot be read.
    pub(crate) fn line_start(&mut self, generation: GenerationId, before: u64) -> Result<u64> {
        match self
            .tools
            .frames
            .line_start(&self.inner, generation, before)
        {
            Err(ArchiveError::Damaged { .. }) => Ok(before),
            found => found,
        }
    }

    pub(crate) fn log(
        &mut self,
        lane: Lane,
        change: Logged,
        step: impl FnOnce() -> Step,
    ) -> Result<Seq> {
        let seq = self.heads.advance(lane);
        let row = LogRow {
            seq,
            lane,
            at: self.now,
            change,
        };
        self.guard(step, |transaction| log::write(&transaction.inner, &row))?;
        Ok(seq)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.inner
    }

    /// Runs a step; if it fails, the transaction can no longer be committed.
    pub(crate) fn guard<T>(
        &mut self,
        step: impl FnOnce() -> Step,
        run: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let done = run(self);
        self.has_failed |= done.is_err();
        done.during(step)
    }
}

/// Draws 128 random bits.
pub(crate) fn random_id() -> Result<[u8; 16]> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(ArchiveError::Random)?;
    Ok(id)
}

/// Says which blob holds a range of a generation.
pub(crate) fn add_segment(
    connection: &Connection,
    generation: GenerationId,
    range: std::ops::Range<u64>,
    blob: blob::BlobId,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO segments (generation, start, until, blob) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![generation.0, range.start, range.end, blob.0])
        .map(drop)
}

fn count_bytes(connection: &Connection, day: i64, lane: Lane, bytes: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO days (day, lane, bytes) VALUES (?1, ?2, ?3) \
             ON CONFLICT (day, lane) DO UPDATE SET bytes = bytes + excluded.bytes",
        )?
        .execute(params![day, code::of_lane(lane), bytes])
        .map(drop)
}
