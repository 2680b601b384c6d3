//! A session's entries, from the bytes of all its sources and generations.

use sessions_archive::{ArchiveReader, GenerationRow, Loss, READ_BYTES_MAX, SourceState, Stretch};
use sessions_catalog::CatalogReader;
use sessions_model::{
    Branch, ByteOffset, Entry, EntryId, EntryKind, Parsed, SessionId, SourceKind, Timestamp,
};
use sessions_transcript::{Conversation, LINE_BYTES_MAX, Lines, Piece, parse};

use crate::{QueryError, checkpoint, sources};

/// Bytes read from the archive at a time.
const READ_BYTES: u64 = 4 << 20;

/// Bytes looked back for the beginning of the line that a generation goes on with.
const LOOKBACK_BYTES: u64 = 1 << 20;

/// Checkpoints shown of a session.
const CHECKPOINTS_MAX: u32 = 1_000;

/// Bytes at the end of a transcript in which what the model said last is looked for.
const LAST_BYTES: u64 = 1 << 20;

/// Entries at the end of a conversation among which what the model said last is looked for.
const LAST_ENTRIES: usize = 64;

/// What a session reads as.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Its entries in order.
    pub entries: Vec<Entry>,
    /// What of it does not read back: the entries there are missing, all others are here.
    pub losses: Vec<Loss>,
}

/// Returns the entries of `session`, or nothing if no source is known of it.
pub(crate) fn read(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    session: &SessionId,
) -> Result<Option<Reading>, QueryError> {
    let mut sources = sources::of_session(archive, catalog, session)?;
    if sources.is_empty() {
        return Ok(None);
    }
    // The main conversation first.
    sources.sort_by_key(|source| source.origin.kind != SourceKind::Transcript);
    let mut conversation = Conversation::default();
    let mut losses = Vec::new();
    for source in &sources {
        match source.origin.kind {
            SourceKind::Transcript | SourceKind::Subagent => {
                push_source((&mut conversation, &mut losses), archive, source)?;
            }
            SourceKind::Sidecar => describe((&mut conversation, &mut losses), archive, source)?,
            SourceKind::ToolResult | SourceKind::FileHistory | SourceKind::History => {}
        }
    }
    let spilled = |path: &str| spilled(archive, &sources, path);
    let mut entries = conversation.into_entries(&spilled);
    add_unwritten(&mut entries, archive, session)?;
    let checkpoints = catalog.checkpoints((Some(session), None), CHECKPOINTS_MAX)?;
    checkpoint::insert(&mut entries, checkpoints);
    losses.sort_unstable_by_key(|loss: &Loss| (loss.source, loss.generation, loss.start));
    losses.dedup();
    Ok(Some(Reading { entries, losses }))
}

/// Adds what the model said last, as a hook told it, where no transcript has it: its client may have been
/// killed before it was written.
fn add_unwritten(
    entries: &mut Vec<Entry>,
    archive: &ArchiveReader,
    session: &SessionId,
) -> Result<(), QueryError> {
    let Some(told) = archive.last_message(session)? else {
        return Ok(());
    };
    let said = told.message.as_deref().unwrap_or_default().trim();
    let mut last = entries.iter().rev().take(LAST_ENTRIES);
    // Told in part where it is long.
    let is_written =
        last.any(|entry| entry.kind == EntryKind::Answer && entry.text.trim().starts_with(said));
    if said.is_empty() || is_written {
        return Ok(());
    }
    entries.push(Entry {
        id: EntryId(format!("event-{}", told.id)),
        kind: EntryKind::Answer,
        record_type: told.event.as_str().to_owned(),
        ..outside(told.at, said)
    });
    Ok(())
}

/// Returns what is common to entries that stand in no transcript.
pub(crate) fn outside(at: Timestamp, text: &str) -> Entry {
    Entry {
        id: EntryId(String::new()),
        kind: EntryKind::Note,
        time: Some(at),
        text: text.to_owned(),
        tool: None,
        is_error: false,
        agent: None,
        started: None,
        branch: Branch::Current,
        is_withdrawn: false,
        model: None,
        usage: None,
        images: 0,
        record_type: String::new(),
    }
}

/// Tells whether the end of a session's transcript has what a hook told of the model's last words.
pub(crate) fn has_last_message(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    session: &SessionId,
) -> Result<bool, QueryError> {
    let Some(told) = archive.last_message(session)? else {
        return Ok(true);
    };
    let said = told.message.as_deref().unwrap_or_default().trim();
    for source in sources::of_session(archive, catalog, session)? {
        if source.origin.kind != SourceKind::Transcript {
            continue;
        }
        let Some(newest) = archive.generations(source.id)?.pop() else {
            continue;
        };
        let start = newest.length.0.saturating_sub(LAST_BYTES);
        let bytes = archive.bytes(newest.id, ByteOffset(start)..newest.length)?;
        let has_said = |line: &[u8]| match parse(line) {
            Parsed::Record(record) => record.blocks.iter().any(|block| {
                block.kind == EntryKind::Answer && block.text.trim().starts_with(said)
            }),
            _ => false,
        };
        if Lines::new(&bytes, ByteOffset(start)).any(|(_, line)| has_said(line)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is read goes into a conversation; what cannot be is listed.
type Taking<'a> = (&'a mut Conversation, &'a mut Vec<Loss>);

/// Takes in every generation of a source, the oldest first: what a later one shares with its parent is
/// taken in with the parent, and what the newest does not have is withdrawn.
fn push_source(
    (conversation, losses): Taking<'_>,
    archive: &ArchiveReader,
    source: &SourceState,
) -> Result<(), QueryError> {
    let generations = archive.generations(source.id)?;
    for generation in &generations {
        let kept = kept_of(generation, &generations);
        let start = line_start(archive, generation)?;
        push_lines(
            (conversation, losses),
            archive,
            source,
            (generation, start, kept),
        )?;
    }
    Ok(())
}

/// Returns how much of the beginning of `generation` the newest still has.
fn kept_of(generation: &GenerationRow, all: &[GenerationRow]) -> u64 {
    let Some(newest) = all.last() else {
        return 0;
    };
    let mut kept = u64::MAX;
    let mut at = newest;
    // Ids grow, so the way to the first ancestor ends.
    for _ in all {
        if at.id == generation.id {
            return kept;
        }
        kept = kept.min(at.base.0);
        match all.iter().find(|row| Some(row.id) == at.parent) {
            Some(parent) => at = parent,
            None => return 0,
        }
    }
    0
}

/// Returns where the line begins that holds the first byte of the generation's own.
fn line_start(archive: &ArchiveReader, generation: &GenerationRow) -> Result<u64, QueryError> {
    let base = generation.base.0;
    let from = base.saturating_sub(LOOKBACK_BYTES);
    let stretches = archive.stretches(generation.id, ByteOffset(from)..ByteOffset(base))?;
    // What is lost before is said of the generation that owns it.
    let Some(Stretch::Sound {
        start,
        bytes: before,
    }) = stretches.into_iter().next_back()
    else {
        return Ok(base);
    };
    let from = start.0;
    let after = memchr::memrchr(b'\n', &before).map(|newline| newline + 1);
    let after = after.and_then(|after| u64::try_from(after).ok());
    Ok(from + after.unwrap_or(0))
}

fn push_lines(
    (conversation, losses): Taking<'_>,
    archive: &ArchiveReader,
    source: &SourceState,
    (generation, start, kept): (&GenerationRow, u64, u64),
) -> Result<(), QueryError> {
    let agent = source.origin.agent.as_ref();
    let mut rest: Vec<u8> = Vec::new();
    let mut at = start;
    while at < generation.length.0 {
        let end = generation.length.0.min(at + READ_BYTES);
        for stretch in archive.stretches(generation.id, ByteOffset(at)..ByteOffset(end))? {
            let (start, bytes) = match stretch {
                Stretch::Sound { start, bytes } => (start, bytes),
                Stretch::Lost(loss) => {
                    losses.push(loss);
                    // The line that goes on there is lost with it.
                    rest.clear();
                    continue;
                }
            };
            let begins = start.0 - u64::try_from(rest.len()).unwrap_or(0);
            rest.extend(bytes);
            let mut lines = Lines::new(&rest, ByteOffset(begins));
            while let Some((offset, line)) = lines.next() {
                let line_end = lines.offset().0;
                conversation.push(&Piece {
                    agent,
                    generation: generation.id,
                    offset,
                    is_withdrawn: line_end > kept,
                    line,
                });
            }
            let left = lines.rest().len();
            // A line over the limit is no record: it is not gathered.
            rest = if left > LINE_BYTES_MAX {
                Vec::new()
            } else {
                rest.split_off(rest.len() - left)
            };
        }
        at = end;
    }
    Ok(())
}

/// Takes in a subagent's meta file.
fn describe(
    (conversation, losses): Taking<'_>,
    archive: &ArchiveReader,
    source: &SourceState,
) -> Result<(), QueryError> {
    if let Some(agent) = &source.origin.agent {
        conversation.describe_agent(agent, &newest_bytes(archive, source, losses)?);
    }
    Ok(())
}

/// Returns the text of the spilled output that the client wrote to `path`; its preview is shown where
/// that cannot be read.
fn spilled(archive: &ArchiveReader, sources: &[SourceState], path: &str) -> Option<String> {
    let name = file_name(path);
    let source = sources.iter().find(|source| {
        source.origin.kind == SourceKind::ToolResult && file_name(&source.origin.path) == name
    })?;
    let bytes = newest_bytes(archive, source, &mut Vec::new())
        .ok()
        .filter(|bytes| !bytes.is_empty())?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the last part of a path of either kind.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn newest_bytes(
    archive: &ArchiveReader,
    source: &SourceState,
    losses: &mut Vec<Loss>,
) -> Result<Vec<u8>, QueryError> {
    let Some(newest) = archive.generations(source.id)?.pop() else {
        return Ok(Vec::new());
    };
    let end = newest.length.0.min(READ_BYTES_MAX);
    let mut all = Vec::new();
    for stretch in archive.stretches(newest.id, ByteOffset(0)..ByteOffset(end))? {
        match stretch {
            Stretch::Sound { bytes, .. } => all.extend(bytes),
            Stretch::Lost(loss) => losses.push(loss),
        }
    }
    Ok(all)
}
