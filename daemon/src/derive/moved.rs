//! Which sources of a session are on disk elsewhere, as when the folder of a project was renamed. It must not
//! know what stands in them.

use std::ops::Range;

use sessions_archive::{ArchiveReader, SourceState};
use sessions_model::{ByteOffset, Shape, SourceId};

use super::DeriveError;

/// A source whose file is gone, and one that holds all that it had.
pub(super) struct Moved {
    pub(super) gone: SourceId,
    pub(super) within: SourceId,
}

/// Returns what is known of `source` and the others of its session: as the archive is now, so that it does
/// not matter in which order their rows come.
pub(super) fn moved(
    source: &SourceState,
    archive: &ArchiveReader,
) -> Result<Vec<Moved>, DeriveError> {
    let Some(session) = &source.origin.session else {
        return Ok(Vec::new());
    };
    let gone = archive.gone_sources_of(session)?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let involved = |gone: &SourceState, here: &SourceState| [gone.id, here.id].contains(&source.id);
    let sources = archive.sources_of(session)?;
    let mut moved = Vec::new();
    for gone in &gone {
        let mut here = sources.iter().filter(|here| !here.is_gone);
        let within = here.find(|here| involved(gone, here) && holds(here, gone, archive));
        moved.extend(within.map(|within| Moved {
            gone: gone.id,
            within: within.id,
        }));
    }
    Ok(moved)
}

/// Tells whether `here` has the name of `gone` and begins with all that it had, by the hashes that tell a tail
/// whether a file still goes on from what is archived.
fn holds(here: &SourceState, gone: &SourceState, archive: &ArchiveReader) -> bool {
    let name = name(gone);
    let (Some(was), Some(is)) = (&gone.cursor, &here.cursor) else {
        return false;
    };
    let is_long_enough = match gone.origin.shape() {
        Shape::Snapshot => is.offset == was.offset,
        Shape::Lines => is.offset >= was.offset,
    };
    if name.is_none() || name != self::name(here) || !is_long_enough {
        return false;
    }
    let mark = &was.fingerprint;
    let head = 0..u64::from(mark.head_len);
    let tail = was.offset.0.saturating_sub(mark.tail_len.into())..was.offset.0;
    // What does not read back holds nothing.
    let matches = |range: Range<u64>, hash: [u8; 32]| {
        let range = ByteOffset(range.start)..ByteOffset(range.end);
        let bytes = archive.bytes(is.generation, range);
        bytes.is_ok_and(|bytes| *blake3::hash(&bytes).as_bytes() == hash)
    };
    matches(head, mark.head) && matches(tail, mark.tail)
}

/// Returns a path without the folder of its project.
fn name(source: &SourceState) -> Option<&str> {
    let below = source.origin.path.strip_prefix("projects/")?;
    below.split_once('/').map(|(_, name)| name)
}
