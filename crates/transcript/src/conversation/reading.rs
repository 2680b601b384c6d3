//! Rows in reading order, and entries made whole.

use rustc_hash::FxHashMap;
use sessions_model::{AgentId, Branch, Entry, EntryKind, Tool, Usage};

use super::aside;
use super::gather::{Draft, Row, Stream, group_by};
use super::revisions::stand_together;
use super::tree::current_rows;

/// A transcript as it reads, before the others are placed in it.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) agent: Option<AgentId>,
    pub(super) started_by: Option<String>,
    pub(super) drafts: Vec<Draft>,
}

/// Puts a stream's rows in reading order and marks the branches that were left.
pub(super) fn read_stream(stream: Stream) -> Reading {
    let mut rows = stand_together(stream.rows);
    aside::name_agents(&mut rows);
    let current = current_rows(&rows);
    for (row, is_current) in rows.iter_mut().zip(current) {
        let branch = if is_current {
            Branch::Current
        } else {
            Branch::Abandoned
        };
        row.drafts
            .iter_mut()
            .for_each(|draft| draft.entry.branch = branch);
    }
    let drafts = join_messages(rows)
        .into_iter()
        .flat_map(|row| row.drafts)
        .collect();
    Reading {
        agent: stream.agent,
        started_by: stream.started_by,
        drafts,
    }
}

/// Moves the rows of one API message to its first: with parallel tools, results come between them.
fn join_messages(rows: Vec<Row>) -> Vec<Row> {
    let groups = group_by(rows, |row| row.message.as_ref());
    groups.into_iter().flatten().collect()
}

/// Gives results the names of their tools and their whole texts, and messages their tokens.
pub(super) fn finish(
    mut drafts: Vec<Draft>,
    usages: Vec<Usage>,
    spilled: &dyn Fn(&str) -> Option<String>,
) -> Vec<Entry> {
    let calls = calls(&drafts);
    let mut usages: Vec<Option<Usage>> = usages.into_iter().map(Some).collect();
    for draft in &mut drafts {
        let entry = &mut draft.entry;
        if entry.kind == EntryKind::ToolResult
            && let Some(tool) = &mut entry.tool
            && let Some(call) = calls.get(&tool.call)
        {
            tool.name.clone_from(&call.name);
            tool.files.clone_from(&call.files);
        }
        if let Some(whole) = draft.spilled.as_deref().and_then(spilled) {
            entry.text = whole;
        }
        entry.usage = draft
            .usage
            .and_then(|slot| usages.get_mut(slot))
            .and_then(Option::take);
    }
    drafts.into_iter().map(|draft| draft.entry).collect()
}

fn calls(drafts: &[Draft]) -> FxHashMap<String, Tool> {
    let calls = drafts
        .iter()
        .filter(|draft| draft.entry.kind == EntryKind::ToolCall);
    let tools = calls.filter_map(|draft| draft.entry.tool.clone());
    tools.map(|tool| (tool.call.clone(), tool)).collect()
}
