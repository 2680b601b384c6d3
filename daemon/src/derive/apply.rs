//! One row of the archive's log, applied to the derived pair.
//!
//! Stateless but for a cache of what sources are: each record is merged by itself, so the rows may be
//! cut as they like, and replay changes nothing.

mod lines;

use sessions_archive::{ArchiveReader, LogRow, Logged, Loss, SourceState, Stretch};
use sessions_catalog::SourceFacts;
use sessions_model::{
    ByteOffset, GenerationId, Record, Seq, SessionOrdinal, Shape, SourceId, SourceKind,
};
use sessions_transcript::{LINE_BYTES_MAX, is_title_file};

use self::lines::{Before, Run};
use super::DeriveError;
use super::moved::{Moved, moved};
use super::pair::Pair;
use crate::annotation::Annotation;

/// Applies rows to a pair.
pub(super) struct Applier<'a> {
    pub(super) pair: &'a mut Pair,
    pub(super) archive: &'a ArchiveReader,
    /// Whether the index lacks the row's documents.
    pub(super) indexes: bool,
    /// Takes what did not read back.
    pub(super) lost: &'a mut Vec<Loss>,
}

/// Bytes read from the archive at a time.
const READ_BYTES: u64 = 32 << 20;

/// A range of a source that a row of the log made known.
struct Extent {
    seq: Seq,
    source: SourceId,
    generation: GenerationId,
    range: std::ops::Range<ByteOffset>,
    before: Before,
    /// Whether another row made it known before.
    is_put_back: bool,
}

impl Applier<'_> {
    /// Applies one row; returns how many bytes of sources it made known.
    pub(super) fn apply(&mut self, row: &LogRow) -> Result<u64, DeriveError> {
        match &row.change {
            Logged::Append {
                source,
                generation,
                start,
                end,
                line_start,
            } => {
                let (from, before) = from_line_start(*start, *line_start);
                self.note_source(row.seq, *source, |facts| facts.bytes = Some(end.0))?;
                self.derive(Extent {
                    seq: row.seq,
                    source: *source,
                    generation: *generation,
                    range: from..*end,
                    before,
                    is_put_back: false,
                })?;
                self.find_moved(row.seq, *source)?;
                Ok(end.0 - start.0)
            }
            Logged::Mended {
                source,
                generation,
                start,
                end,
            } => {
                // What it is may be known better now, too.
                self.pair.sources.forget(*source);
                self.note_source(row.seq, *source, |_| {})?;
                self.derive(Extent {
                    seq: row.seq,
                    source: *source,
                    generation: *generation,
                    range: *start..*end,
                    before: Before::Lines,
                    is_put_back: true,
                })?;
                Ok(0)
            }
            Logged::Opened {
                source,
                parent,
                base,
                ..
            } => {
                let is_cut = self.loses_rows(*source, *parent, *base)?;
                self.note_source(row.seq, *source, |facts| facts.is_cut = Some(is_cut))?;
                Ok(0)
            }
            Logged::Gone { source } => {
                self.note_source(row.seq, *source, |facts| {
                    facts.gone_since = Some(Some(row.at));
                })?;
                self.find_moved(row.seq, *source)?;
                Ok(0)
            }
            Logged::Back { source } => {
                self.note_source(row.seq, *source, |facts| facts.gone_since = Some(None))?;
                Ok(0)
            }
            Logged::Operation { number } => self.annotate(*number),
            Logged::Event { number } => self.event(*number),
        }
    }

    /// Returns whether a generation leaves out lines that the one before it had.
    fn loses_rows(
        &mut self,
        source: SourceId,
        parent: Option<GenerationId>,
        base: ByteOffset,
    ) -> Result<bool, DeriveError> {
        let Some(parent) = parent else {
            return Ok(false);
        };
        if self.source(source)?.origin.shape() == Shape::Snapshot {
            return Ok(false);
        }
        let generations = self.archive.generations(source)?;
        Ok(generations
            .iter()
            .any(|row| row.id == parent && row.length > base))
    }

    /// Makes known what stands in a range of bytes, as far as it reads back.
    fn derive(&mut self, extent: Extent) -> Result<(), DeriveError> {
        let source = self.source(extent.source)?;
        let is_wanted = match source.origin.kind {
            SourceKind::Transcript | SourceKind::Subagent | SourceKind::ToolResult => true,
            SourceKind::Sidecar => is_title_file(&source.origin),
            SourceKind::FileHistory | SourceKind::History => false,
        };
        if !is_wanted {
            return Ok(());
        }
        let mut before = extent.before;
        for stretch in self.read(extent.generation, extent.range)? {
            let (start, bytes) = match stretch {
                Stretch::Sound { start, bytes } => (start, bytes),
                Stretch::Lost(loss) => {
                    self.lost.push(loss);
                    before = Before::Loss;
                    continue;
                }
            };
            let run = Run {
                seq: extent.seq,
                source: &source,
                generation: extent.generation,
                start,
                bytes: &bytes,
                before,
                is_put_back: extent.is_put_back,
            };
            match source.origin.kind {
                SourceKind::ToolResult => self.spilled(&run)?,
                SourceKind::Sidecar => self.title_file(&run)?,
                _ => self.lines(&run)?,
            }
        }
        Ok(())
    }

    /// Reads a range in stretches, as long as damage lets them be.
    fn read(
        &self,
        generation: GenerationId,
        range: std::ops::Range<ByteOffset>,
    ) -> Result<Vec<Stretch>, DeriveError> {
        let mut read: Vec<Stretch> = Vec::new();
        let mut at = range.start.0;
        while at < range.end.0 {
            let end = (at + READ_BYTES).min(range.end.0);
            let stretches = self
                .archive
                .stretches(generation, ByteOffset(at)..ByteOffset(end))?;
            for stretch in stretches {
                match (read.last_mut(), stretch) {
                    (Some(Stretch::Sound { bytes, .. }), Stretch::Sound { bytes: more, .. }) => {
                        bytes.extend_from_slice(&more);
                    }
                    (_, stretch) => read.push(stretch),
                }
            }
            at = end;
        }
        Ok(read)
    }

    /// Returns the session a row belongs to; old subagent files are named by their rows alone.
    fn session_of(
        &mut self,
        source: &SourceState,
        record: &Record<'_>,
    ) -> Result<Option<SessionOrdinal>, DeriveError> {
        if let Some(id) = &source.origin.session {
            return Ok(Some(self.pair.catalog.ordinal(id)?));
        }
        let named = record
            .session
            .as_deref()
            .and_then(|id| sessions_model::SessionId::parse(id).ok());
        let Some(id) = named else { return Ok(None) };
        let session = self.pair.catalog.ordinal(&id)?;
        self.note_source(Seq(0), source.id, |facts| facts.session = Some(session))?;
        Ok(Some(session))
    }

    fn note_source(
        &mut self,
        at: Seq,
        source: SourceId,
        say: impl FnOnce(&mut SourceFacts),
    ) -> Result<(), DeriveError> {
        let state = self.source(source)?;
        let session = match &state.origin.session {
            Some(id) => Some(self.pair.catalog.ordinal(id)?),
            None => None,
        };
        let mut facts = SourceFacts {
            source,
            session,
            root: state.root,
            kind: state.origin.kind,
            at,
            bytes: None,
            gone_since: None,
            is_cut: None,
            within: None,
        };
        say(&mut facts);
        self.pair.catalog.source(&facts);
        Ok(())
    }

    /// Notes which sources are on disk elsewhere, as far as that has to do with `source`.
    fn find_moved(&mut self, at: Seq, source: SourceId) -> Result<(), DeriveError> {
        let state = self.source(source)?;
        for Moved { gone, within } in moved(&state, self.archive)? {
            self.note_source(at, gone, |facts| facts.within = Some(within))?;
        }
        Ok(())
    }

    fn annotate(&mut self, number: u64) -> Result<u64, DeriveError> {
        let Some(operation) = self.archive.operation(number)? else {
            return Ok(0);
        };
        match Annotation::from_operation(&operation) {
            Some(Annotation::ProjectMove { from, to }) => {
                self.pair.catalog.move_project(&from, &to);
            }
            Some(Annotation::Directory {
                cwd,
                common_dir,
                remote,
            }) => {
                self.pair.catalog.directory(&cwd, &common_dir, &remote);
            }
            Some(Annotation::Checkpoint(id, said)) => self.checkpoint(number, (id, said))?,
            Some(Annotation::Tag { session, tag }) => {
                let session = self.pair.catalog.ordinal(&session)?;
                self.pair.catalog.tag(operation.id.0, session, &tag);
            }
            Some(Annotation::Untag { given, .. }) => {
                let given = given.into_iter().map(|id| id.0).collect();
                self.pair.catalog.untag(given);
            }
            None => tracing::warn!(number, "an operation of a newer version is left for it"),
        }
        Ok(0)
    }

    fn source(&mut self, id: SourceId) -> Result<SourceState, DeriveError> {
        let Pair {
            sources, catalog, ..
        } = &mut *self.pair;
        sources.state(id, self.archive, catalog)
    }
}

/// Returns where reading begins, and what stands before: the start of the line the append goes on with,
/// unless that line is already longer than any that is parsed.
fn from_line_start(start: ByteOffset, line_start: ByteOffset) -> (ByteOffset, Before) {
    if start.0 - line_start.0 > LINE_BYTES_MAX as u64 {
        (start, Before::TooLong)
    } else {
        (line_start, Before::Lines)
    }
}
