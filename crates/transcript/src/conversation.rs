//! A session as it reads: the lines of all its sources to one list of entries.
//!
//! Owns what spans lines: rows that repeat, the lines of one API message, calls and their results, the
//! tree of branches, subagents and the calls that started them. Must not know where lines are kept.

mod aside;
mod gather;
mod placement;
mod queued;
mod reading;
mod revisions;
mod titles;
mod tree;

use rustc_hash::FxHashMap;
use sessions_model::{
    AgentId, ByteOffset, Entry, EntryId, GenerationId, Parsed, Record, RecordKey, RecordKind, Usage,
};

use crate::row::MetaRow;
use crate::rows;
use gather::{Row, Stream};
use titles::Titles;

/// One line of a session and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The subagent whose transcript the line is of; none for the main one.
    pub agent: Option<&'a AgentId>,
    /// The generation that holds the line.
    pub generation: GenerationId,
    /// Where the line starts in it.
    pub offset: ByteOffset,
    /// Whether the line is gone from the newest file.
    pub is_withdrawn: bool,
    /// The line, without its newline.
    pub line: &'a [u8],
}

/// Returns the name of the entry that block `block_index` of `record` makes, the record's line being
/// at `offset` of `generation`.
pub fn entry_id(
    record: &Record<'_>,
    generation: GenerationId,
    offset: ByteOffset,
    block_index: u32,
) -> EntryId {
    let name = match &record.uuid {
        Some(uuid) => uuid.clone().into_owned(),
        None => place_name(generation, offset),
    };
    block_id(name, block_index)
}

/// Names a line by its place, where it has no name of its own.
fn place_name(generation: GenerationId, offset: ByteOffset) -> String {
    format!("g{generation}-{offset}")
}

fn block_id(name: String, block_index: u32) -> EntryId {
    EntryId(if block_index == 0 {
        name
    } else {
        format!("{name}.{block_index}")
    })
}

/// A session being put together, line by line.
///
/// Holds the text of its entries once and a few hundred bytes a row, never a line: memory is bounded by
/// the session's searchable text (a third of its bytes, as a rule), and by the spilled output that is
/// read in at the end.
#[derive(Debug, Default)]
pub struct Conversation {
    streams: Vec<Stream>,
    stream_of: FxHashMap<Option<AgentId>, usize>,
    seen: FxHashMap<RecordKey, Place>,
    titles: Titles,
    usages: Usages,
}

/// Where a row is kept: the stream, and the row in it.
#[derive(Debug, Clone, Copy)]
struct Place {
    stream: usize,
    row: usize,
}

impl Conversation {
    /// Takes in the next line: those of the main transcript first, each source's in their order, older
    /// generations before newer.
    pub fn push(&mut self, piece: &Piece<'_>) {
        for (within, row) in rows(piece.line) {
            if let Parsed::Record(record) = row {
                let offset = ByteOffset(piece.offset.0 + within);
                self.push_row(&Piece { offset, ..*piece }, &record);
            }
        }
    }

    fn push_row(&mut self, piece: &Piece<'_>, record: &Record<'_>) {
        let message = self.usages.note(record);
        if is_named_title(record) {
            if !self.titles.is_news(record, piece.generation) {
                return;
            }
        } else if let Some(place) = self.seen.get(&record.key).copied() {
            self.repeat(place, piece);
            return;
        }
        let row = Row::new(piece, record, message);
        if row.is_of_use() {
            self.keep(record.key, piece.agent, row);
        }
    }

    /// Says what a subagent's meta file holds: it names the call that started the subagent.
    pub fn describe_agent(&mut self, agent: &AgentId, meta: &[u8]) {
        let Ok(meta) = serde_json::from_slice::<MetaRow<'_>>(meta) else {
            return;
        };
        let stream = self.stream(Some(agent));
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.started_by = meta.tool_use_id.written();
        }
    }

    /// Returns the session's entries in reading order. `spilled` answers the text of an output that the
    /// client wrote to the file at a path; where it knows none, the preview stays.
    pub fn into_entries(self, spilled: &dyn Fn(&str) -> Option<String>) -> Vec<Entry> {
        let mut streams = self.streams;
        queued::hide_delivered(&mut streams);
        let streams = streams.into_iter().map(reading::read_stream).collect();
        let drafts = placement::place(streams);
        reading::finish(drafts, self.usages.counted, spilled)
    }

    fn repeat(&mut self, place: Place, piece: &Piece<'_>) {
        let row = self
            .streams
            .get_mut(place.stream)
            .and_then(|s| s.rows.get_mut(place.row));
        if let Some(row) = row.filter(|_| !piece.is_withdrawn) {
            row.restore();
        }
    }

    fn keep(&mut self, key: RecordKey, agent: Option<&AgentId>, row: Row) {
        let at = self.stream(agent);
        if let Some(stream) = self.streams.get_mut(at) {
            self.seen.insert(
                key,
                Place {
                    stream: at,
                    row: stream.rows.len(),
                },
            );
            stream.rows.push(row);
        }
    }

    fn stream(&mut self, agent: Option<&AgentId>) -> usize {
        let next = self.streams.len();
        let at = *self.stream_of.entry(agent.cloned()).or_insert(next);
        if at == next {
            self.streams.push(Stream::new(agent.cloned()));
        }
        at
    }
}

fn is_named_title(record: &Record<'_>) -> bool {
    record.kind == RecordKind::Title && record.type_name != "summary"
}

/// Tokens of each API message, whichever and however many rows repeat them.
#[derive(Debug, Default)]
struct Usages {
    slots: FxHashMap<(String, String), usize>,
    counted: Vec<Usage>,
}

impl Usages {
    /// Returns the slot of the record's message, having counted what it says.
    fn note(&mut self, record: &Record<'_>) -> Option<usize> {
        let message = record.message.as_ref()?;
        let usage = message.usage?;
        let id = message.id.as_deref().or(record.uuid.as_deref())?.to_owned();
        let request = message.request.as_deref().unwrap_or_default().to_owned();
        let next = self.counted.len();
        let slot = *self.slots.entry((id, request)).or_insert(next);
        match self.counted.get_mut(slot) {
            Some(counted) => *counted = counted.max(usage),
            None => self.counted.push(usage),
        }
        Some(slot)
    }
}
