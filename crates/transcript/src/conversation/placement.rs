//! Subagents in the place where they were started.

mod starters;

use std::vec::IntoIter;

use rustc_hash::FxHashMap;
use sessions_model::{AgentId, Branch, EntryKind, Timestamp};

use super::gather::Draft;
use super::reading::Reading;

/// Joins the transcripts into one: each subagent's entries follow the call that started it. One whose
/// call is not known comes at the end, by time.
pub(super) fn place(readings: Vec<Reading>) -> Vec<Draft> {
    let children = starters::children(&readings);
    let roots = roots(&readings, &children);
    let agents = readings
        .iter()
        .map(|reading| reading.agent.clone())
        .collect();
    let parts = readings
        .into_iter()
        .map(|reading| Some(reading.drafts.into_iter()))
        .collect();
    let mut placement = Placement {
        children,
        agents,
        parts,
        drafts: Vec::new(),
    };
    for root in roots {
        placement.place_tree(root);
    }
    placement.drafts
}

/// Returns the readings in the order in which to start: the main transcript, then those without a
/// known call by time. The others come last, for they are placed by then, unless they name each other
/// as their starters.
fn roots(readings: &[Reading], children: &FxHashMap<String, Vec<usize>>) -> Vec<usize> {
    let mut is_child = vec![false; readings.len()];
    for child in children.values().flatten() {
        if let Some(mark) = is_child.get_mut(*child) {
            *mark = true;
        }
    }
    let rank = |at: &usize| {
        let reading = readings.get(*at);
        let is_agent = reading.is_some_and(|reading| reading.agent.is_some());
        (
            is_child.get(*at).copied(),
            is_agent,
            reading.and_then(first_time),
        )
    };
    let mut roots: Vec<usize> = (0..readings.len()).collect();
    roots.sort_by_key(rank);
    roots
}

fn first_time(reading: &Reading) -> Option<Timestamp> {
    reading.drafts.iter().find_map(|draft| draft.entry.time)
}

/// Returns the id of the call that an entry is.
fn call_of(draft: &Draft) -> Option<&str> {
    let tool = draft.entry.tool.as_ref()?;
    (draft.entry.kind == EntryKind::ToolCall).then_some(tool.call.as_str())
}

struct Placement {
    children: FxHashMap<String, Vec<usize>>,
    agents: Vec<Option<AgentId>>,
    /// The entries of each reading until they are placed.
    parts: Vec<Option<IntoIter<Draft>>>,
    drafts: Vec<Draft>,
}

impl Placement {
    /// Places a reading and, inside it, all that it started, however deep. What a call on an abandoned
    /// branch started is abandoned with it.
    fn place_tree(&mut self, root: usize) {
        let mut open: Vec<_> = self
            .take(root)
            .map(|part| (part, Branch::Current))
            .into_iter()
            .collect();
        while let Some((part, branch)) = open.last_mut() {
            let Some(mut draft) = part.next() else {
                open.pop();
                continue;
            };
            if *branch == Branch::Abandoned {
                draft.entry.branch = Branch::Abandoned;
            }
            let branch = draft.entry.branch;
            let call = call_of(&draft).and_then(|call| self.children.remove(call));
            let started = call.unwrap_or_default();
            draft.entry.started = started.first().and_then(|at| self.agents.get(*at)?.clone());
            self.drafts.push(draft);
            let parts = started.into_iter().rev().filter_map(|at| self.take(at));
            open.extend(parts.map(|part| (part, branch)));
        }
    }

    fn take(&mut self, at: usize) -> Option<IntoIter<Draft>> {
        self.parts.get_mut(at)?.take()
    }
}
