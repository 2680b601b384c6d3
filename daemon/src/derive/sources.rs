//! What sources are, kept between rows of the log. Knows nothing of what is in them.

use rustc_hash::{FxHashMap, FxHashSet};
use sessions_archive::{ArchiveReader, SourceState};
use sessions_catalog::Catalog;
use sessions_model::{RootId, SourceId};

use super::DeriveError;

/// Sources kept; the cache is emptied when it is full.
const SOURCES_MAX: usize = 10_000;

/// A cache of what the archive says of sources.
#[derive(Debug, Default)]
pub(super) struct SourceCache {
    states: FxHashMap<SourceId, SourceState>,
    /// Roots that the catalog was told of.
    roots: FxHashSet<RootId>,
}

impl SourceCache {
    /// Asks the archive again what source `id` is.
    pub(super) fn forget(&mut self, id: SourceId) {
        self.states.remove(&id);
    }

    /// Returns what source `id` is; its root is made known to the catalog.
    pub(super) fn state(
        &mut self,
        id: SourceId,
        archive: &ArchiveReader,
        catalog: &mut Catalog,
    ) -> Result<SourceState, DeriveError> {
        if let Some(state) = self.states.get(&id) {
            return Ok(state.clone());
        }
        let state = archive.source(id)?.ok_or(DeriveError::NoSource(id))?;
        if !self.roots.contains(&state.root) {
            let path = archive.root_path(state.root)?;
            catalog.root(state.root, &path.unwrap_or_default());
            self.roots.insert(state.root);
        }
        if self.states.len() >= SOURCES_MAX {
            self.states.clear();
        }
        self.states.insert(id, state.clone());
        Ok(state)
    }
}
