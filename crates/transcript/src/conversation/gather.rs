//! What is kept of each line until the session is whole.

use rustc_hash::FxHashMap;
use sessions_model::{
    AgentId, Block, BlockKind, Branch, ByteOffset, Entry, EntryKind, GenerationId, Record,
    RecordKind, Tool,
};

use super::{Piece, block_id, entry_id, place_name};

/// The rows of one transcript: the main one's, or a subagent's.
#[derive(Debug)]
pub(super) struct Stream {
    /// The subagent; none for the main transcript.
    pub(super) agent: Option<AgentId>,
    /// The rows, in the order of the file, each once.
    pub(super) rows: Vec<Row>,
    /// The call that started the subagent, as its meta file has it.
    pub(super) started_by: Option<String>,
}

impl Stream {
    pub(super) fn new(agent: Option<AgentId>) -> Self {
        Self {
            agent,
            rows: Vec::new(),
            started_by: None,
        }
    }
}

/// One row: its place in the tree, and what it shows.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: RecordKind,
    pub(super) uuid: Option<String>,
    pub(super) parent: Option<String>,
    /// `message.id`.
    pub(super) message: Option<String>,
    /// A subagent's row in the main transcript, as old versions wrote them: no part of its tree.
    pub(super) is_aside: bool,
    pub(super) is_withdrawn: bool,
    /// Where it stands.
    pub(super) place: (GenerationId, ByteOffset),
    pub(super) drafts: Vec<Draft>,
}

/// Puts the rows of one name together, in the place of the first of them; a row without a name stands alone.
pub(super) fn group_by(rows: Vec<Row>, name: impl Fn(&Row) -> Option<&String>) -> Vec<Vec<Row>> {
    let mut groups: Vec<Vec<Row>> = Vec::with_capacity(rows.len());
    let mut group_of: FxHashMap<String, usize> = FxHashMap::default();
    for row in rows {
        let next = groups.len();
        let group = match name(&row) {
            Some(name) => *group_of.entry(name.clone()).or_insert(next),
            None => next,
        };
        match groups.get_mut(group) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// An entry that lacks what only the whole session tells.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) entry: Entry,
    /// Which of the row's content blocks it is.
    pub(super) block: u32,
    /// The file that holds the result's whole text.
    pub(super) spilled: Option<String>,
    /// Of a result: the subagent that its call started.
    pub(super) started: Option<AgentId>,
    /// Which message's tokens the entry may carry.
    pub(super) usage: Option<usize>,
}

impl Row {
    pub(super) fn new(piece: &Piece<'_>, record: &Record<'_>, usage: Option<usize>) -> Self {
        let text = |text: &Option<_>| text.as_deref().map(str::to_owned);
        let id = record
            .message
            .as_ref()
            .and_then(|message| text(&message.id));
        Self {
            kind: record.kind,
            uuid: text(&record.uuid),
            parent: text(&record.parent),
            message: id.filter(|_| record.kind == RecordKind::Assistant),
            is_aside: piece.agent.is_none() && record.is_sidechain,
            is_withdrawn: piece.is_withdrawn,
            place: (piece.generation, piece.offset),
            drafts: record
                .blocks
                .iter()
                .map(|block| draft(piece, record, block, usage))
                .collect(),
        }
    }

    /// Tells rows that show something or hold the tree together.
    pub(super) fn is_of_use(&self) -> bool {
        self.uuid.is_some() || !self.drafts.is_empty()
    }

    /// Notes that the newest file has the row after all.
    pub(super) fn restore(&mut self) {
        self.is_withdrawn = false;
        for draft in &mut self.drafts {
            draft.entry.is_withdrawn = false;
        }
    }

    /// Gives way to another row of the same uuid: from here on its place alone names it.
    pub(super) fn retire(&mut self) {
        self.uuid = None;
        self.is_withdrawn = true;
        let (generation, offset) = self.place;
        for draft in &mut self.drafts {
            draft.entry.is_withdrawn = true;
            draft.entry.id = block_id(place_name(generation, offset), draft.block);
        }
    }

    pub(super) fn shows(&self, kind: EntryKind) -> bool {
        self.drafts.iter().any(|draft| draft.entry.kind == kind)
    }
}

fn draft(piece: &Piece<'_>, record: &Record<'_>, block: &Block<'_>, usage: Option<usize>) -> Draft {
    let own_agent = || {
        AgentId::parse(record.agent.as_deref()?)
            .ok()
            .filter(|_| record.is_sidechain)
    };
    let message = record.message.as_ref();
    let entry = Entry {
        id: entry_id(record, piece.generation, piece.offset, block.index),
        kind: block.kind,
        time: record.time,
        text: block.text.clone().into_owned(),
        tool: tool(block),
        is_error: block.is_error,
        agent: piece.agent.cloned().or_else(own_agent),
        started: None,
        branch: Branch::Current,
        is_withdrawn: piece.is_withdrawn,
        model: message.and_then(|message| message.model.as_deref().map(str::to_owned)),
        usage: None,
        images: block.images,
        record_type: record.type_name.clone().into_owned(),
    };
    Draft {
        entry,
        block: block.index,
        spilled: block.spilled.as_deref().map(str::to_owned),
        started: block
            .agent
            .as_deref()
            .and_then(|agent| AgentId::parse(agent).ok()),
        usage,
    }
}

fn tool(block: &Block<'_>) -> Option<Tool> {
    let is_tool = matches!(block.kind, BlockKind::ToolCall | BlockKind::ToolResult);
    is_tool.then(|| Tool {
        name: block.tool.as_deref().unwrap_or_default().to_owned(),
        call: block.call.as_deref().unwrap_or_default().to_owned(),
        files: block
            .files
            .iter()
            .map(|file| file.clone().into_owned())
            .collect(),
    })
}
