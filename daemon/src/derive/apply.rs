//! One row of the archive's log, applied to the derived pair.
//!
//! Stateless but for a cache of what sources are: each record is merged by itself, so the rows may be
//! cut as they like, and replay changes nothing.

use sessions_archive::{ArchiveReader, LogRow, Logged, Loss, SourceState, Stretch};
use sessions_catalog::{MessageKey, Position, SessionFacts, SourceFacts, TokenUse};
use sessions_index::Document;
use sessions_model::{
    Block, ByteOffset, DefectKind, EntryKind, GenerationId, Parsed, Record, RecordKind, Seq,
    SessionOrdinal, Shape, SourceId, SourceKind,
};
use sessions_transcript::{LINE_BYTES_MAX, Lines, parse, record_key, spilled_passages};

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

/// What stands before the first line of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Whole lines, or none.
    Lines,
    /// The beginning of that line, which is longer than any that is read.
    TooLong,
    /// Bytes that are lost.
    Loss,
}

/// Bytes of an append and where they stand.
struct Run<'a> {
    seq: Seq,
    source: &'a SourceState,
    generation: GenerationId,
    /// Of the first byte of `bytes`.
    start: ByteOffset,
    bytes: &'a [u8],
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
                self.note_source(row.seq, *source, |facts| facts.is_gone = Some(true))?;
                self.find_moved(row.seq, *source)?;
                Ok(0)
            }
            Logged::Back { source } => {
                self.note_source(row.seq, *source, |facts| facts.is_gone = Some(false))?;
                Ok(0)
            }
            Logged::Operation { number } => self.annotate(*number),
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
        let wanted = matches!(
            source.origin.kind,
            SourceKind::Transcript | SourceKind::Subagent | SourceKind::ToolResult
        );
        if !wanted {
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

    fn lines(&mut self, run: &Run<'_>) -> Result<(), DeriveError> {
        for (at, line) in Lines::new(run.bytes, run.start) {
            let is_first = at == run.start;
            match parse(line) {
                _ if is_first && run.before == Before::TooLong => {
                    self.defect(run, at, DefectKind::TooLong);
                }
                Parsed::Record(record) => self.record(run, at, &record)?,
                // The end of a line whose beginning is lost is no line.
                Parsed::Defect(_) if is_first && run.before == Before::Loss => {}
                // It was counted when it was first made known; what could not be read then, a rebuild
                // counts. A key for each would cost more than the line.
                Parsed::Defect(_) if run.is_put_back => {}
                Parsed::Defect(defect) => self.defect(run, at, defect.kind),
                Parsed::Blank => {}
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        run: &Run<'_>,
        at: ByteOffset,
        record: &Record<'_>,
    ) -> Result<(), DeriveError> {
        let Some(session) = self.session_of(run.source, record)? else {
            return Ok(());
        };
        let position = Position {
            time: record.time,
            seq: run.seq,
            offset: at,
        };
        let facts = SessionFacts::of(record, position, run.source.origin.kind);
        // What shows nothing may be repeated as often as it likes, and needs no key.
        let counts = facts.entries + facts.prompts > 0 || !record.blocks.is_empty();
        let is_new = !counts || self.pair.catalog.admit(session, record.key)?;
        let facts = if is_new { facts } else { facts.uncounted() };
        self.pair.catalog.merge(session, &facts)?;
        self.tokens(run.seq, session, record)?;
        if !is_new {
            return Ok(());
        }
        if record.kind == RecordKind::Unknown {
            self.pair
                .catalog
                .count_defect(&format!("unknown:{}", record.type_name), 1);
        }
        for block in &record.blocks {
            self.block(run, at, (session, record, block))?;
        }
        Ok(())
    }

    /// Adds one block to the index; a result gets its tool's name from the call before it.
    fn block(
        &mut self,
        run: &Run<'_>,
        at: ByteOffset,
        (session, record, block): (SessionOrdinal, &Record<'_>, &Block<'_>),
    ) -> Result<(), DeriveError> {
        let catalog = &mut self.pair.catalog;
        let remembered = match (block.kind, block.call.as_deref(), block.tool.as_deref()) {
            (EntryKind::ToolCall, Some(call), Some(tool)) => {
                catalog.remember_call(run.source.id, call, tool);
                None
            }
            (EntryKind::ToolResult, Some(call), None) => catalog.take_call(run.source.id, call)?,
            _ => None,
        };
        let document = Document {
            session,
            generation: run.generation,
            offset: at,
            block: block.index,
            key: record.key,
            kind: block.kind,
            tool: block.tool.as_deref().or(remembered.as_deref()),
            model: record
                .message
                .as_ref()
                .and_then(|message| message.model.as_deref()),
            branch: record.branch.as_deref(),
            files: &block.files,
            time: record.time,
            is_subagent: run.source.origin.kind == SourceKind::Subagent || record.is_sidechain,
            is_error: block.is_error,
            text: &block.text,
        };
        if self.queued(run.source.id, record, &document)? {
            return Ok(());
        }
        self.index(&document)
    }

    fn index(&mut self, document: &Document<'_>) -> Result<(), DeriveError> {
        if self.indexes {
            self.pair.index.add(document)?;
        }
        Ok(())
    }

    fn tokens(
        &mut self,
        at: Seq,
        session: SessionOrdinal,
        record: &Record<'_>,
    ) -> Result<(), DeriveError> {
        let Some(message) = &record.message else {
            return Ok(());
        };
        let (Some(id), Some(usage)) = (message.id.as_deref(), message.usage) else {
            return Ok(());
        };
        let message_key = MessageKey::of(id, message.request.as_deref());
        let model = message.model.as_deref();
        self.pair.catalog.use_tokens(&TokenUse {
            message: message_key,
            session,
            is_copy: record.forked_from.is_some(),
            at,
            model,
            usage,
        })?;
        Ok(())
    }

    /// Adds output that was too long for the transcript, in passages.
    fn spilled(&mut self, run: &Run<'_>) -> Result<(), DeriveError> {
        let Some(id) = &run.source.origin.session else {
            return Ok(());
        };
        let session = self.pair.catalog.ordinal(id)?;
        for (offset, text) in spilled_passages(run.bytes) {
            let key = record_key(text.as_bytes());
            if !self.pair.catalog.admit(session, key)? {
                continue;
            }
            self.index(&Document {
                session,
                generation: run.generation,
                offset: ByteOffset(run.start.0 + offset.0),
                block: 0,
                key,
                kind: EntryKind::ToolResult,
                tool: None,
                model: None,
                branch: None,
                files: &[],
                time: None,
                is_subagent: false,
                is_error: false,
                text: &text,
            })?;
        }
        Ok(())
    }

    /// Counts a line that did not parse.
    fn defect(&mut self, run: &Run<'_>, at: ByteOffset, kind: DefectKind) {
        tracing::debug!(
            source = run.source.id.0,
            at = at.0,
            kind = kind.as_str(),
            "line did not parse"
        );
        self.pair.catalog.count_defect(kind.as_str(), 1);
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
            is_gone: None,
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
