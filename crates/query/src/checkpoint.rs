//! Checkpoints: which record one stands behind, and where it is shown among a session's entries.

use std::fmt::Write;

use sessions_archive::ArchiveReader;
use sessions_catalog::CatalogReader;
use sessions_model::{
    ByteOffset, Checkpoint, CheckpointPlace, Entry, EntryId, EntryKind, GenerationId, Parsed,
    Record, SessionId, SourceId, SourceKind, Timestamp,
};
use sessions_transcript::{Lines, parse};

use crate::read::outside;
use crate::{QueryError, sources};

/// Bytes at the end of a transcript in which a record is looked for at first, and at most.
const WINDOW_BYTES: u64 = 1 << 20;
const WINDOW_BYTES_MAX: u64 = 64 << 20;

/// What is known of a checkpoint that stands behind no record yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// The session.
    pub session: SessionId,
    /// When it was made.
    pub at: Timestamp,
    /// How long the transcript was then, where that is known.
    pub transcript_bytes: Option<u64>,
}

/// Returns the last record of the main conversation that was written before a checkpoint was made; none if
/// none is archived.
pub(crate) fn find_place(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    wanted: &Unplaced,
) -> Result<Option<CheckpointPlace>, QueryError> {
    let mut best: Found = None;
    for source in sources::of_session(archive, catalog, &wanted.session)? {
        if source.origin.kind != SourceKind::Transcript {
            continue;
        }
        let Some(newest) = archive.generations(source.id)?.pop() else {
            continue;
        };
        let at = (source.id, newest.id, newest.length);
        let found = find_in(archive, at, wanted)?;
        // Of copies in several places, the one that was written last.
        let when = |found: &Found| found.as_ref().map(|(time, _)| *time);
        if when(&found) > when(&best) {
            best = found;
        }
    }
    Ok(best.map(|(_, place)| place))
}

type Found = Option<(Option<Timestamp>, CheckpointPlace)>;

fn find_in(
    archive: &ArchiveReader,
    (source, generation, length): (SourceId, GenerationId, ByteOffset),
    wanted: &Unplaced,
) -> Result<Found, QueryError> {
    let mut window = WINDOW_BYTES;
    loop {
        let start = length.0.saturating_sub(window);
        let bytes = archive.bytes(generation, ByteOffset(start)..length)?;
        let mut last = None;
        let mut lines = Lines::new(&bytes, ByteOffset(start));
        let mut is_first = start > 0;
        while let Some((_, line)) = lines.next() {
            // It may have begun before.
            if std::mem::take(&mut is_first) {
                continue;
            }
            let end = lines.offset();
            if let Parsed::Record(record) = parse(line)
                && stands_before(&record, end, wanted)
            {
                let record_id = record.uuid.as_deref().unwrap_or_default().to_owned();
                last = Some((record.time, record_id, end));
            }
        }
        if last.is_some() || start == 0 || window >= WINDOW_BYTES_MAX {
            return Ok(last.map(|(time, record, end)| {
                let place = CheckpointPlace {
                    record,
                    source,
                    generation,
                    end,
                };
                (time, place)
            }));
        }
        window *= 4;
    }
}

fn stands_before(record: &Record<'_>, end: ByteOffset, wanted: &Unplaced) -> bool {
    let was_there = wanted
        .transcript_bytes
        .is_some_and(|length| end.0 <= length);
    let is_earlier = record.time.is_some_and(|time| time <= wanted.at);
    record.uuid.is_some() && !record.is_sidechain && (was_there || is_earlier)
}

/// Returns what is searched and shown of a checkpoint.
pub(crate) fn text(checkpoint: &Checkpoint) -> String {
    let parts = [&*checkpoint.name, &*checkpoint.note];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the name of a checkpoint among the entries of its session.
pub(crate) fn entry_id(checkpoint: &Checkpoint) -> EntryId {
    EntryId(format!("checkpoint-{}", checkpoint.id))
}

/// Puts each checkpoint behind the record it stands behind; where that is not known or not shown, behind
/// what was written before.
pub(crate) fn insert(entries: &mut Vec<Entry>, checkpoints: Vec<Checkpoint>) {
    for checkpoint in checkpoints {
        let record = checkpoint.place.as_ref().map(|place| &*place.record);
        let of_record = |entry: &Entry| {
            let name = entry.id.0.split('.').next();
            record.is_some() && name == record
        };
        let is_earlier = |entry: &Entry| {
            entry.agent.is_none() && entry.time.is_some_and(|time| time <= checkpoint.at)
        };
        let found = entries
            .iter()
            .rposition(of_record)
            .or_else(|| entries.iter().rposition(is_earlier));
        let mut at = found.map_or(0, |found| found + 1);
        // What a call started stays with it.
        while entries.get(at).is_some_and(|entry| entry.agent.is_some()) {
            at += 1;
        }
        entries.insert(at, entry(&checkpoint));
    }
}

fn entry(checkpoint: &Checkpoint) -> Entry {
    let mut text = text(checkpoint);
    if let Some(git) = &checkpoint.git {
        let branch = git.branch.as_deref().unwrap_or("no branch");
        let head: String = git.head.chars().take(HEAD_CHARS).collect();
        let changed = if git.is_dirty { ", with changes" } else { "" };
        write!(text, "\n{branch} at {head}{changed}").expect("a string takes everything");
    }
    Entry {
        id: entry_id(checkpoint),
        kind: EntryKind::Checkpoint,
        record_type: "checkpoint".into(),
        ..outside(checkpoint.at, text.trim_start())
    }
}

/// Digits of a commit that are shown.
const HEAD_CHARS: usize = 12;
