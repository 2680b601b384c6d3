//! Opens an index directory, and says whether what it holds can be gone on with.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use sessions_model::ArchiveId;
use tantivy::index::SegmentComponent;
use tantivy::store::Compressor;
use tantivy::{Directory as _, Index, IndexSettings, SegmentMeta, TantivyError};

use crate::directory::UnsyncedDirectory;
use crate::document::Position;
use crate::payload::{self, Unfit};
use crate::schema::Fields;

/// What a directory held when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// An index of the archive asked for: go on from here.
    Found(Position),
    /// Nothing yet.
    Created,
    /// An index that is of no use. It has been emptied if it was opened for writing.
    Rebuild(RebuildReason),
}

/// Why an index has to be built again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebuildReason {
    /// It belongs to another archive.
    Foreign,
    /// Another version of the schema or the tokenizer made it.
    Outdated,
    /// A file is missing, cut short or not an index's; the text says what the reader met.
    Corrupt(String),
}

impl fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("the index belongs to another archive"),
            Self::Outdated => f.write_str("the index was made by another version"),
            Self::Corrupt(what) => write!(f, "the index is damaged: {what}"),
        }
    }
}

/// Says what `dir` holds for `archive`, and changes nothing.
pub fn examine(dir: &Path, archive: ArchiveId) -> Opened {
    if !dir.join("meta.json").exists() {
        return if is_untouched(dir) {
            Opened::Created
        } else {
            Opened::Rebuild(RebuildReason::Corrupt("meta.json is missing".to_owned()))
        };
    }
    match read_position(dir) {
        Ok(Some(Ok(position))) if position.archive == archive => Opened::Found(position),
        Ok(Some(Ok(_))) => Opened::Rebuild(RebuildReason::Foreign),
        Ok(Some(Err(Unfit::Outdated))) => Opened::Rebuild(RebuildReason::Outdated),
        Ok(Some(Err(Unfit::Unreadable))) => Opened::Rebuild(RebuildReason::Corrupt(
            "the commit holds no position".to_owned(),
        )),
        Ok(None) => Opened::Created,
        Err(error) => Opened::Rebuild(RebuildReason::Corrupt(error.to_string())),
    }
}

/// Reads every file of `index` and returns the names of those whose checksum is wrong, in order.
pub(crate) fn damaged(index: &Index) -> tantivy::Result<Vec<String>> {
    let damaged = index.validate_checksum()?;
    let mut names: Vec<String> = damaged
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Opens the index in `dir`, empty if there is none.
pub(crate) fn open(dir: &Path) -> tantivy::Result<Index> {
    let (schema, _) = Fields::declare();
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    Index::builder()
        .schema(schema)
        .settings(settings)
        .tokenizers(Fields::tokenizers())
        .open_or_create(UnsyncedDirectory::open(dir)?)
}

/// Deletes the files of an index from `dir`, and no others.
pub(crate) fn empty(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_index_file) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The position of the last commit, `None` before the first. Opens every file, which finds those that
/// are missing or cut short.
fn read_position(dir: &Path) -> tantivy::Result<Option<Result<Position, Unfit>>> {
    let index = match open(dir) {
        Err(TantivyError::SchemaError(_) | TantivyError::IncompatibleIndex(_)) => {
            return Ok(Some(Err(Unfit::Outdated)));
        }
        opened => opened?,
    };
    let metas = index.load_metas()?;
    let Some(payload) = metas.payload else {
        let is_new = metas.segments.is_empty();
        return Ok(if is_new {
            None
        } else {
            Some(Err(Unfit::Unreadable))
        });
    };
    let position = payload::read(&payload);
    if position.is_ok() {
        metas
            .segments
            .iter()
            .try_for_each(|segment| open_files(&index, segment))?;
    }
    Ok(Some(position))
}

fn open_files(index: &Index, segment: &SegmentMeta) -> tantivy::Result<()> {
    let parts = [
        SegmentComponent::Postings,
        SegmentComponent::Positions,
        SegmentComponent::Terms,
        SegmentComponent::Store,
        SegmentComponent::FastFields,
        SegmentComponent::FieldNorms,
    ];
    let deleted = segment.has_deletes().then_some(SegmentComponent::Delete);
    for part in parts.into_iter().chain(deleted) {
        drop(index.directory().open_read(&segment.relative_path(part))?);
    }
    Ok(())
}

fn is_untouched(dir: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(dir) else {
        return true;
    };
    !entries.any(|entry| {
        entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_segment_file))
    })
}

fn is_index_file(name: &str) -> bool {
    let is_state = matches!(
        name,
        "meta.json" | ".managed.json" | "meta.json.new" | ".managed.json.new"
    );
    is_state || name.starts_with(".tantivy-") || is_segment_file(name)
}

/// Segment files are named by 32 hexadecimal digits and their part.
fn is_segment_file(name: &str) -> bool {
    name.split_once('.').is_some_and(|(stem, _)| {
        stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
