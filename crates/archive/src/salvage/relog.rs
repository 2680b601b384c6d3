//! A new log for saved rows: what there is, as if it had just been imported.

use std::ops::Range;

use sessions_model::{ByteOffset, GenerationId, SourceId, Timestamp};

use crate::archive::Archive;
use crate::error::{ArchiveError, During, Result, Step};
use crate::log::{self, Heads, Lane, LogRow, Logged};
use crate::source::{self, Reach, Which};
use crate::span::{self, FrameReader, Piece};

/// Bytes that one row of the log speaks of, at most.
const APPEND_BYTES: u64 = 8 * 1024 * 1024;

struct Writer<'a> {
    transaction: rusqlite::Transaction<'a>,
    frames: &'a mut FrameReader,
    heads: Heads,
    at: Timestamp,
}

/// Writes a row for each generation, each run of bytes, each missing source and each annotation.
pub(super) fn write_log(archive: &mut Archive, at: Timestamp) -> Result<()> {
    let generations = generations(archive).during(|| Step::List)?;
    let sources = source::states(&archive.connection, Which::All).during(|| Step::List)?;
    let operations = crate::operation::operations(&archive.connection)?;
    let events = crate::event::numbers(&archive.connection).during(|| Step::List)?;
    let transaction = archive.connection.transaction().during(|| Step::Begin)?;
    let frames = &mut archive.frames;
    let mut writer = Writer {
        transaction,
        frames,
        heads: Heads::default(),
        at,
    };
    for (generation, reach) in &generations {
        writer.generation(*generation, reach)?;
    }
    for source in sources.iter().filter(|source| source.is_gone) {
        writer.row(Lane::Backlog, Logged::Gone { source: source.id })?;
    }
    for operation in &operations {
        writer.row(
            Lane::Live,
            Logged::Operation {
                number: operation.number,
            },
        )?;
    }
    for number in events {
        writer.row(Lane::Live, Logged::Event { number })?;
    }
    writer.transaction.commit().during(|| Step::Commit)
}

/// Finds where the last line begins in generations whose rows were lost.
pub(super) fn find_lines(archive: &mut Archive, generations: &[GenerationId]) -> Result<()> {
    let Archive {
        connection, frames, ..
    } = archive;
    for generation in generations {
        let step = || Step::Read(*generation);
        let Some(reach) = source::reach(connection, *generation).during(step)? else {
            continue;
        };
        let line_start = match frames.line_start(connection, *generation, reach.length) {
            Err(ArchiveError::Damaged { .. }) => reach.length,
            found => found?,
        };
        connection
            .execute(
                "UPDATE generations SET line_start = ?2 WHERE id = ?1",
                [generation.0, line_start],
            )
            .during(step)?;
    }
    Ok(())
}

fn generations(archive: &Archive) -> rusqlite::Result<Vec<(GenerationId, Reach)>> {
    let ids: Vec<u64> = archive
        .connection
        .prepare("SELECT id FROM generations ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids.into_iter().map(GenerationId) {
        found.extend(source::reach(&archive.connection, id)?.map(|reach| (id, reach)));
    }
    Ok(found)
}

impl Writer<'_> {
    fn generation(&mut self, generation: GenerationId, reach: &Reach) -> Result<()> {
        let Reach {
            source,
            parent,
            base,
            length,
            ..
        } = *reach;
        let base = ByteOffset(base);
        self.row(
            Lane::Backlog,
            Logged::Opened {
                source,
                generation,
                parent,
                base,
            },
        )?;
        let piece = Piece {
            owner: generation,
            range: base.0..length,
        };
        let mut run: Option<Range<u64>> = None;
        for segment in span::segments(&self.transaction, &piece)? {
            run = match run {
                Some(run)
                    if run.end == segment.start && segment.until - run.start <= APPEND_BYTES =>
                {
                    Some(run.start..segment.until)
                }
                other => {
                    self.append(source, generation, other)?;
                    Some(segment.start..segment.until)
                }
            };
        }
        self.append(source, generation, run)
    }

    fn append(
        &mut self,
        source: SourceId,
        generation: GenerationId,
        run: Option<Range<u64>>,
    ) -> Result<()> {
        let Some(run) = run else { return Ok(()) };
        let line_start = match self
            .frames
            .line_start(&self.transaction, generation, run.start)
        {
            Ok(line_start) => line_start,
            // What stood before is lost: the line begins where its bytes do.
            Err(ArchiveError::Damaged { .. }) => run.start,
            Err(error) => return Err(error),
        };
        let change = Logged::Append {
            source,
            generation,
            start: ByteOffset(run.start),
            end: ByteOffset(run.end),
            line_start: ByteOffset(line_start),
        };
        self.row(Lane::Backlog, change)
    }

    fn row(&mut self, lane: Lane, change: Logged) -> Result<()> {
        let row = LogRow {
            seq: self.heads.advance(lane),
            lane,
            at: self.at,
            change,
        };
        log::write(&self.transaction, &row).during(|| Step::ReadLog)
    }
}
