//! Which rows the conversation went on from.
//!
//! Rows name their parent. The newest row's line of parents is the conversation; what is not on it was
//! left behind by a rewind, or written by a second client. Three things bend that rule: parallel tools
//! (each result hangs on its own call, and the walk passes through one of them), compaction boundaries
//! (no parent, the old conversation goes before), and rows whose parent is lost.

use rustc_hash::{FxHashMap, FxHashSet};
use sessions_model::{EntryKind, RecordKind};

use super::gather::Row;

/// How often rows beside the walk are looked at again; each round reaches rows that stand before their
/// parent in the file.
const SIBLING_ROUNDS_MAX: usize = 8;

/// Returns for each row whether it is part of the conversation as it ended.
pub(super) fn current_rows(rows: &[Row]) -> Vec<bool> {
    let place: FxHashMap<&str, usize> = rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| Some((row.uuid.as_deref()?, at)))
        .collect();
    let parents: Vec<Option<usize>> = rows
        .iter()
        .map(|row| place.get(row.parent.as_deref()?).copied())
        .collect();
    let mut current: Vec<bool> = rows.iter().map(|row| !is_in_tree(row)).collect();
    mark_line(rows, &parents, &mut current);
    mark_siblings(rows, &parents, &mut current);
    current
}

fn is_in_tree(row: &Row) -> bool {
    row.uuid.is_some() && !row.is_aside
}

fn is_leaf(row: &Row) -> bool {
    let speaks = matches!(row.kind, RecordKind::User | RecordKind::Assistant);
    is_in_tree(row) && (speaks || row.shows(EntryKind::Prompt))
}

/// Marks the newest row's line of parents. Every step marks a row, so that it ends; a loop, which forks
/// of compacted sessions have, is left like a lost parent.
fn mark_line(rows: &[Row], parents: &[Option<usize>], current: &mut [bool]) {
    let newest = rows
        .iter()
        .rposition(|row| is_leaf(row) && !row.is_withdrawn);
    let newest = newest.or_else(|| rows.iter().rposition(is_leaf));
    let leaf_before = leaves_before(rows);
    let mut next = newest;
    while let Some(at) = next {
        match current.get_mut(at) {
            Some(mark) if !*mark => *mark = true,
            _ => return,
        }
        let goes_back = rows
            .get(at)
            .is_some_and(|row| row.parent.is_some() || row.shows(EntryKind::Compaction));
        let is_new = |at: &usize| current.get(*at) == Some(&false);
        let parent = parents.get(at).copied().flatten().filter(is_new);
        let before = || leaf_before.get(at).copied().flatten().filter(|_| goes_back);
        next = parent.or_else(before);
    }
}

/// Returns for each row the nearest leaf before it: where the conversation came from if its parent is
/// lost.
fn leaves_before(rows: &[Row]) -> Vec<Option<usize>> {
    let before = rows.iter().enumerate().scan(None, |last, (at, row)| {
        let before = *last;
        if is_leaf(row) {
            *last = Some(at);
        }
        Some(before)
    });
    before.collect()
}

/// Marks what belongs to the line without being on it: the other blocks of its messages, results of its
/// calls, notices on its rows.
fn mark_siblings(rows: &[Row], parents: &[Option<usize>], current: &mut [bool]) {
    for _ in 0..SIBLING_ROUNDS_MAX {
        let messages: FxHashSet<&str> = rows
            .iter()
            .zip(current.iter())
            .filter_map(|(row, is_current)| row.message.as_deref().filter(|_| *is_current))
            .collect();
        let mut has_changed = false;
        for (at, row) in rows.iter().enumerate() {
            let follows = parents.get(at).copied().flatten().is_some_and(|parent| {
                is_follower(row) && current.get(parent).copied().unwrap_or(false)
            });
            let is_part = row
                .message
                .as_deref()
                .is_some_and(|id| messages.contains(id));
            if let Some(mark) = current
                .get_mut(at)
                .filter(|mark| !**mark && (follows || is_part))
            {
                *mark = true;
                has_changed = true;
            }
        }
        if !has_changed {
            return;
        }
    }
}

/// Tells rows that never start a branch.
fn is_follower(row: &Row) -> bool {
    match row.kind {
        RecordKind::Assistant => false,
        RecordKind::User => row.shows(EntryKind::ToolResult) || row.shows(EntryKind::Interrupt),
        _ => true,
    }
}
