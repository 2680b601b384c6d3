//! The archived sources of a session, and those of none. What they hold is none of its business.

use sessions_archive::{ArchiveReader, SourceState};
use sessions_catalog::CatalogReader;
use sessions_model::{GenerationId, SessionId, SourceId, SourceKind, Timestamp};

use crate::QueryError;

/// One archived file of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceListing {
    /// The source.
    pub id: SourceId,
    /// Its path below the root.
    pub path: String,
    /// The config root.
    pub root: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its generations, the oldest first.
    pub generations: Vec<GenerationListing>,
    /// Whether the file is gone.
    pub is_gone: bool,
}

/// One generation of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerationListing {
    /// The generation.
    pub id: GenerationId,
    /// Its length in bytes.
    pub length: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Whether it is the newest.
    pub is_current: bool,
}

/// Returns the sources of `session`: those whose path names it, and those whose rows do, as the catalog
/// knows of old subagent files.
pub(crate) fn of_session(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    session: &SessionId,
) -> Result<Vec<SourceState>, QueryError> {
    let mut sources = archive.sources_of(session)?;
    for id in catalog.sources_of(session)? {
        if !sources.iter().any(|source| source.id == id) {
            sources.extend(archive.source(id)?);
        }
    }
    Ok(sources)
}

/// Returns how many bytes are archived of `session`; what generations share counts once.
pub(crate) fn bytes(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    session: &SessionId,
) -> Result<u64, QueryError> {
    let mut bytes = 0;
    for source in of_session(archive, catalog, session)? {
        let generations = archive.generations(source.id)?;
        let own = generations.iter().map(|own| own.length.0 - own.base.0);
        bytes += own.sum::<u64>();
    }
    Ok(bytes)
}

/// Lists the sources of `session`.
pub(crate) fn list(
    archive: &ArchiveReader,
    catalog: &CatalogReader,
    session: &SessionId,
) -> Result<Vec<SourceListing>, QueryError> {
    describe(archive, of_session(archive, catalog, session)?)
}

/// Lists the sources whose path names no session.
pub(crate) fn list_unowned(archive: &ArchiveReader) -> Result<Vec<SourceListing>, QueryError> {
    describe(archive, archive.unowned_sources()?)
}

fn describe(
    archive: &ArchiveReader,
    sources: Vec<SourceState>,
) -> Result<Vec<SourceListing>, QueryError> {
    let mut listings = Vec::new();
    for source in sources {
        let root = archive.root_path(source.root)?;
        let generations = archive.generations(source.id)?;
        listings.push(SourceListing {
            id: source.id,
            path: source.origin.path,
            root: root.unwrap_or_default(),
            kind: source.origin.kind,
            generations: generations
                .into_iter()
                .map(|generation| GenerationListing {
                    id: generation.id,
                    length: generation.length.0,
                    opened_at: generation.opened_at,
                    is_current: generation.is_current,
                })
                .collect(),
            is_gone: source.is_gone,
        });
    }
    Ok(listings)
}
