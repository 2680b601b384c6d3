//! The text behind a match: its line, or its passage of spilled output, read from the archive.

use memchr::memmem;
use sessions_archive::{ArchiveReader, SourceState};
use sessions_catalog::CatalogReader;
use sessions_index::Match;
use sessions_model::{
    ByteOffset, EntryId, EntryKind, GenerationId, Parsed, Record, SessionId, SourceKind,
};
use sessions_transcript::{Lines, PASSAGE_BYTES_MAX, entry_id, parse, spilled_passages};

use crate::read::file_name;
use crate::terms::Terms;
use crate::{QueryError, checkpoint, long_line, sources};

/// Bytes before a result in which its call is looked for.
const CALL_LOOKBACK_BYTES: u64 = 128 << 10;

/// Bytes of a session's transcripts in which the result of a spilled output is looked for.
const SPILL_SCAN_BYTES_MAX: u64 = 32 << 20;

/// Bytes read from the archive at a time.
const READ_BYTES: u64 = 4 << 20;

/// What a match turns out to be.
#[derive(Debug, Default)]
pub(crate) struct Located {
    pub(crate) entry: String,
    pub(crate) text: String,
    pub(crate) tool: Option<String>,
}

/// Where matches are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) archive: &'a ArchiveReader,
    pub(crate) catalog: &'a CatalogReader,
    /// What the query looks for.
    pub(crate) terms: &'a Terms,
}

impl Located {
    /// What is known of a match that cannot be read.
    pub(crate) fn unread(found: &Match) -> Self {
        Self {
            entry: place_name(found.generation, found.offset),
            ..Self::default()
        }
    }
}

impl Place<'_> {
    /// Returns what `found` is in `session`.
    pub(crate) fn locate(self, session: &SessionId, found: &Match) -> Result<Located, QueryError> {
        if found.generation == GenerationId(0) {
            return self.checkpoint(found);
        }
        match self.spilled_source(session, found)? {
            Some(source) => self.passage(session, found, &source),
            None => self.line(found),
        }
    }

    /// Returns the checkpoint that the operation made whose number stands in the place of an offset.
    fn checkpoint(self, found: &Match) -> Result<Located, QueryError> {
        let made = self.catalog.checkpoint_made_by(found.offset.0)?;
        Ok(made.map_or_else(
            || Located::unread(found),
            |checkpoint| Located {
                entry: checkpoint::entry_id(&checkpoint).0,
                text: checkpoint::text(&checkpoint),
                tool: None,
            },
        ))
    }

    fn line(self, found: &Match) -> Result<Located, QueryError> {
        let line = self.archive.frame_line(found.generation, found.offset)?;
        let Parsed::Record(record) = parse(&line) else {
            // Longer than a line that is read for a hit.
            drop(line);
            return Ok(Located {
                entry: place_name(found.generation, found.offset),
                text: long_line::stretch(self, found, self.terms)?,
                tool: None,
            });
        };
        let EntryId(entry) = entry_id(&record, found.generation, found.offset, found.block);
        let block = record
            .blocks
            .iter()
            .find(|block| block.index == found.block);
        let Some(block) = block.or(record.blocks.first()) else {
            let title = record.title.map(|title| title.text.into_owned());
            return Ok(Located {
                entry,
                text: title.unwrap_or_default(),
                tool: None,
            });
        };
        let tool = match (&block.tool, &block.call) {
            (Some(tool), _) => Some(tool.clone().into_owned()),
            (None, Some(call)) => self.tool_of(found.generation, found.offset, call)?,
            (None, None) => None,
        };
        Ok(Located {
            entry,
            text: block.text.clone().into_owned(),
            tool,
        })
    }

    /// Returns the tool of a call, which stands shortly before its result.
    pub(crate) fn tool_of(
        self,
        generation: GenerationId,
        offset: ByteOffset,
        call: &str,
    ) -> Result<Option<String>, QueryError> {
        let from = ByteOffset(offset.0.saturating_sub(CALL_LOOKBACK_BYTES));
        let before = self.archive.bytes(generation, from..offset)?;
        let lines = before.split(|byte| *byte == b'\n').rev();
        let mut naming = lines.filter(|line| memmem::find(line, call.as_bytes()).is_some());
        Ok(naming.find_map(|line| tool_in(line, call)))
    }

    /// Returns the source of spilled output that `found` is in, if it is in one: passages have no time.
    fn spilled_source(
        self,
        session: &SessionId,
        found: &Match,
    ) -> Result<Option<SourceState>, QueryError> {
        if found.kind != EntryKind::ToolResult || found.time.is_some() {
            return Ok(None);
        }
        for source in sources::of_session(self.archive, self.catalog, session)? {
            if source.origin.kind == SourceKind::ToolResult {
                let generations = self.archive.generations(source.id)?;
                if generations
                    .iter()
                    .any(|generation| generation.id == found.generation)
                {
                    return Ok(Some(source));
                }
            }
        }
        Ok(None)
    }

    fn passage(
        self,
        session: &SessionId,
        found: &Match,
        source: &SourceState,
    ) -> Result<Located, QueryError> {
        let generations = self.archive.generations(source.id)?;
        let generation = generations
            .iter()
            .find(|generation| generation.id == found.generation);
        let length = generation.map_or(0, |generation| generation.length.0);
        let passage_max = u64::try_from(PASSAGE_BYTES_MAX).unwrap_or(u64::MAX);
        let end = ByteOffset(length.min(found.offset.0.saturating_add(passage_max)));
        let bytes = self.archive.bytes(found.generation, found.offset..end)?;
        let text = spilled_passages(&bytes)
            .next()
            .map(|(_, text)| text.into_owned());
        let result = self.result_of(session, file_name(&source.origin.path))?;
        let (entry, tool) =
            result.unwrap_or_else(|| (place_name(found.generation, found.offset), None));
        Ok(Located {
            entry,
            text: text.unwrap_or_default(),
            tool,
        })
    }

    /// Returns the entry of the result whose output was spilled to a file of this name, and its tool.
    pub(crate) fn result_of(
        self,
        session: &SessionId,
        name: &str,
    ) -> Result<Option<(String, Option<String>)>, QueryError> {
        let mut room = SPILL_SCAN_BYTES_MAX;
        for source in sources::of_session(self.archive, self.catalog, session)? {
            let is_rows = matches!(
                source.origin.kind,
                SourceKind::Transcript | SourceKind::Subagent
            );
            if !is_rows {
                continue;
            }
            for generation in self.archive.generations(source.id)?.iter().rev() {
                let length = generation.length.0.min(room);
                room -= length;
                let scan = Scan {
                    place: self,
                    generation: generation.id,
                    name,
                };
                if let Some(found) = scan.run(length)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }
}

/// Looks for the result of one spilled output.
struct Scan<'a> {
    place: Place<'a>,
    generation: GenerationId,
    name: &'a str,
}

impl Scan<'_> {
    fn run(&self, length: u64) -> Result<Option<(String, Option<String>)>, QueryError> {
        let finder = memmem::Finder::new(self.name);
        let mut rest = Vec::new();
        let mut at = 0;
        while at < length {
            let begins = at - u64::try_from(rest.len()).unwrap_or(0);
            let end = length.min(at + READ_BYTES);
            rest.extend(
                self.place
                    .archive
                    .bytes(self.generation, ByteOffset(at)..ByteOffset(end))?,
            );
            at = end;
            let mut lines = Lines::new(&rest, ByteOffset(begins));
            for (offset, line) in lines
                .by_ref()
                .filter(|(_, line)| finder.find(line).is_some())
            {
                if let Parsed::Record(record) = parse(line)
                    && let Some(found) = self.result(&record, offset)?
                {
                    return Ok(Some(found));
                }
            }
            let left = lines.rest().len();
            rest = rest.split_off(rest.len() - left);
        }
        Ok(None)
    }

    fn result(
        &self,
        record: &Record<'_>,
        offset: ByteOffset,
    ) -> Result<Option<(String, Option<String>)>, QueryError> {
        let block = record.blocks.iter().find(|block| {
            block
                .spilled
                .as_deref()
                .is_some_and(|path| file_name(path) == self.name)
        });
        let Some(block) = block else {
            return Ok(None);
        };
        let tool = match &block.call {
            Some(call) => self.place.tool_of(self.generation, offset, call)?,
            None => None,
        };
        let EntryId(entry) = entry_id(record, self.generation, offset, block.index);
        Ok(Some((entry, tool)))
    }
}

fn tool_in(line: &[u8], call: &str) -> Option<String> {
    let Parsed::Record(record) = parse(line) else {
        return None;
    };
    let block = record
        .blocks
        .into_iter()
        .find(|block| block.call.as_deref() == Some(call))?;
    block.tool.map(std::borrow::Cow::into_owned)
}

/// Names what has no record, as entries without a uuid are named.
fn place_name(generation: GenerationId, offset: ByteOffset) -> String {
    format!("g{generation}-{offset}")
}
