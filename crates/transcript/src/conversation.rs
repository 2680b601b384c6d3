//! A session as it reads: every source's lines to one list of entries.

use sessions_model::{AgentId, ByteOffset, EntryId, GenerationId, Record};

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
        None => format!("g{generation}-{offset}"),
    };
    EntryId(if block_index == 0 {
        name
    } else {
        format!("{name}.{block_index}")
    })
}
