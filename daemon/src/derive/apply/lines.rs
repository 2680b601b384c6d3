//! What stands in a source's bytes: lines to records, and those into catalog and index.
//!
//! It does not know why they are applied, nor where they are kept.

use sessions_archive::SourceState;
use sessions_catalog::{MessageKey, OpenCall, Position, SessionFacts, TokenUse};
use sessions_index::Document;
use sessions_model::{
    Block, ByteOffset, DefectKind, EntryKind, GenerationId, Parsed, Record, RecordKind, Seq,
    SessionOrdinal, SourceKind,
};
use sessions_transcript::{Lines, parse, record_key, rows, spilled_passages};

use super::Applier;
use crate::derive::DeriveError;
use crate::derive::echo::is_echo;

/// What stands before the first line of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Whole lines, or none.
    Lines,
    /// The beginning of that line, which is longer than any that is read.
    TooLong,
    /// Bytes that are lost.
    Loss,
}

/// Bytes of an append and where they stand.
pub(super) struct Run<'a> {
    pub(super) seq: Seq,
    pub(super) source: &'a SourceState,
    pub(super) generation: GenerationId,
    /// Of the first byte of `bytes`.
    pub(super) start: ByteOffset,
    pub(super) bytes: &'a [u8],
    pub(super) before: Before,
    /// Whether another row made it known before.
    pub(super) is_put_back: bool,
}

impl Run<'_> {
    /// Returns where a record stands.
    fn position(&self, at: ByteOffset, record: &Record<'_>) -> Position {
        if self.source.origin.kind == SourceKind::Sidecar {
            // The client asks the file where no row says a name: it comes before all rows, and a later
            // version of it after an earlier one.
            let (time, seq, offset) = (None, Seq(0), ByteOffset(self.seq.0));
            return Position { time, seq, offset };
        }
        Position {
            time: record.time,
            seq: self.seq,
            offset: at,
        }
    }
}

impl Applier<'_> {
    pub(super) fn lines(&mut self, run: &Run<'_>) -> Result<(), DeriveError> {
        let mut lines = Lines::new(run.bytes, run.start);
        while let Some((at, line)) = lines.next() {
            let has_ended = lines.offset().0 > at.0 + line.len() as u64;
            for (within, row) in rows(line) {
                let at = ByteOffset(at.0 + within);
                let kind = match row {
                    _ if at == run.start && run.before == Before::TooLong => DefectKind::TooLong,
                    Parsed::Record(record) => {
                        self.record(run, at, &record)?;
                        continue;
                    }
                    // The end of a line whose beginning is lost is no line.
                    Parsed::Defect(_) if at == run.start && run.before == Before::Loss => continue,
                    Parsed::Defect(defect) => defect.kind,
                    Parsed::Blank => continue,
                };
                // What was put back was counted when it was first made known; what could not be read
                // then, a rebuild counts. A key for each would cost more than the line. And a line that
                // has not ended is read once more when it has.
                if has_ended && !run.is_put_back {
                    self.defect(run, at, kind);
                }
            }
        }
        Ok(())
    }

    /// Makes known what a file says that holds a session's name, which is a row, and all of it.
    pub(super) fn title_file(&mut self, run: &Run<'_>) -> Result<(), DeriveError> {
        match parse(run.bytes) {
            Parsed::Record(record) if record.title.is_some() => {
                self.record(run, run.start, &record)
            }
            _ => Ok(()),
        }
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
        let position = run.position(at, record);
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
        let is_echo = is_echo(block);
        let remembered = match (block.kind, block.call.as_deref(), block.tool.as_deref()) {
            (EntryKind::ToolCall, Some(call), Some(tool)) => {
                let tool = tool.to_owned();
                catalog.remember_call(run.source.id, call, OpenCall { tool, is_echo });
                None
            }
            (EntryKind::ToolResult, Some(call), None) => catalog.take_call(run.source.id, call)?,
            _ => None,
        };
        let remembered = remembered.as_ref();
        let document = Document {
            session,
            generation: run.generation,
            offset: at,
            block: block.index,
            key: record.key,
            kind: block.kind,
            tool: block.tool.as_deref().or(remembered.map(|call| &*call.tool)),
            model: record
                .message
                .as_ref()
                .and_then(|message| message.model.as_deref()),
            branch: record.branch.as_deref(),
            files: &block.files,
            time: record.time,
            is_subagent: run.source.origin.kind == SourceKind::Subagent || record.is_sidechain,
            is_error: block.is_error,
            has_image: block.images > 0,
            is_cut: false,
            is_echo: is_echo || remembered.is_some_and(|call| call.is_echo),
            text: &block.text,
        };
        let is_elsewhere = self.queued(run.source.id, record, &document)?
            || self.titled(run.source, record, &document)?;
        if is_elsewhere {
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
    pub(super) fn spilled(&mut self, run: &Run<'_>) -> Result<(), DeriveError> {
        let Some(id) = &run.source.origin.session else {
            return Ok(());
        };
        let session = self.pair.catalog.ordinal(id)?;
        let mut ends_within = false;
        let mut passages = spilled_passages(run.bytes).peekable();
        while let Some((offset, text)) = passages.next() {
            let began_within = ends_within;
            ends_within = !text.ends_with('\n') && passages.peek().is_some();
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
                has_image: false,
                is_cut: began_within || ends_within,
                is_echo: false,
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
}
