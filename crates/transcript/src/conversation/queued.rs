//! Prompts typed while the model worked: the client notes them at once, and writes them again when the
//! model gets to them. The note is shown only where that never came.

use rustc_hash::FxHashMap;
use sessions_model::{EntryKind, RecordKind};

use super::gather::{Row, Stream};

/// How many later prompts are searched for one among several that were delivered together.
const JOINED_PROMPTS_MAX: usize = 16;

/// Drops what the notes of prompts show wherever the same prompt comes later.
pub(super) fn hide_delivered(streams: &mut [Stream]) {
    for stream in streams {
        let hidden = delivered_notes(&stream.rows);
        for (row, is_hidden) in stream.rows.iter_mut().zip(hidden) {
            if is_hidden {
                row.drafts.clear();
            }
        }
    }
}

fn delivered_notes(rows: &[Row]) -> Vec<bool> {
    let texts: Vec<(usize, &str)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.kind != RecordKind::QueueOperation)
        .flat_map(|(at, row)| prompts(row).map(move |text| (at, text)))
        .collect();
    let last_at: FxHashMap<&str, usize> = texts.iter().map(|(at, text)| (*text, *at)).collect();
    let is_delivered = |at: usize, note: &str| {
        last_at.get(note).is_some_and(|last| *last > at) || is_joined(&texts, at, note)
    };
    let is_hidden = |(at, row): (usize, &Row)| {
        row.kind == RecordKind::QueueOperation && prompts(row).any(|note| is_delivered(at, note))
    };
    rows.iter().enumerate().map(is_hidden).collect()
}

fn prompts(row: &Row) -> impl Iterator<Item = &str> {
    let is_said = |kind| {
        matches!(
            kind,
            EntryKind::Prompt | EntryKind::Command | EntryKind::System
        )
    };
    let said = row
        .drafts
        .iter()
        .filter(move |draft| is_said(draft.entry.kind));
    said.map(|draft| draft.entry.text.trim())
}

/// Tells whether one of the next prompts holds `note` as whole lines among others.
fn is_joined(texts: &[(usize, &str)], at: usize, note: &str) -> bool {
    let later = texts.partition_point(|(place, _)| *place <= at);
    let next = texts.iter().skip(later).take(JOINED_PROMPTS_MAX);
    next.into_iter().any(|(_, text)| {
        text.strip_prefix(note)
            .is_some_and(|rest| rest.starts_with('\n'))
            || text
                .strip_suffix(note)
                .is_some_and(|rest| rest.ends_with('\n'))
            || text.contains(&format!("\n{note}\n"))
    })
}
