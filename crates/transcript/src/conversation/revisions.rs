//! Rows that were changed in their place: several of one uuid, which say different things.
//!
//! The newest that the file still has speaks for the row. The others are kept, since nothing that was
//! written is dropped, but as withdrawn and under names of their own.

use rustc_hash::FxHashSet;

use super::gather::{Row, group_by};

/// Moves the revisions of each row to the first of them, the one that holds after those it replaced.
pub(super) fn stand_together(rows: Vec<Row>) -> Vec<Row> {
    let mut uuids = FxHashSet::default();
    let mut named = rows.iter().filter_map(|row| row.uuid.as_deref());
    if named.all(|uuid| uuids.insert(uuid)) {
        return rows;
    }
    let places = group_by(rows, |row| row.uuid.as_ref());
    places.into_iter().flat_map(replaced_first).collect()
}

fn replaced_first(mut revisions: Vec<Row>) -> Vec<Row> {
    let newest = revisions.len().saturating_sub(1);
    let holds = revisions
        .iter()
        .rposition(|row| !row.is_withdrawn)
        .unwrap_or(newest);
    for (at, row) in revisions.iter_mut().enumerate() {
        if at != holds {
            row.retire();
        }
    }
    let rest = revisions.split_off((holds + 1).min(revisions.len()));
    let holding = revisions.pop();
    revisions.into_iter().chain(rest).chain(holding).collect()
}
