//! Everything that can be asked, over one derived pair and the archive behind it.

use std::collections::HashSet;

use sessions_archive::ArchiveReader;
use sessions_catalog::{CatalogReader, OperationName, SessionPredicate, Totals};
use sessions_index::IndexReader;
use sessions_model::{
    Checkpoint, CheckpointId, CheckpointPlace, DefectCount, Project, Session, SessionFilter,
    SessionId,
};

use crate::checkpoint::{self, Unplaced};
use crate::grep::{GrepRequest, Grepped, Listener};
use crate::search::{SearchRequest, Searched, Sight};
use crate::sources::{self, SourceListing};
use crate::{QueryError, Reading, read};

/// Answers questions, one at a time; there may be several engines over one pair.
#[derive(Debug)]
pub struct Engine {
    archive: ArchiveReader,
    catalog: CatalogReader,
    index: IndexReader,
}

impl Engine {
    /// Makes an engine of what it reads.
    pub fn new(archive: ArchiveReader, catalog: CatalogReader, index: IndexReader) -> Self {
        Self {
            archive,
            catalog,
            index,
        }
    }

    /// Answers a query from what was last committed. How complete that is, and how long it took, is for
    /// the caller to say.
    pub fn search(
        &self,
        request: &SearchRequest,
        live: &HashSet<SessionId>,
    ) -> Result<Searched, QueryError> {
        let snapshot = self.index.snapshot()?;
        let sight = Sight {
            archive: &self.archive,
            catalog: &self.catalog,
            snapshot: &snapshot,
        };
        sight.search(request, live)
    }

    /// Looks for lines that match in what was last committed, and tells of them as they are found. How complete
    /// that is, and how long it took, is for the caller to say.
    pub fn grep(
        &self,
        request: &GrepRequest,
        live: &HashSet<SessionId>,
        listener: &mut Listener<'_>,
    ) -> Result<Grepped, QueryError> {
        let snapshot = self.index.snapshot()?;
        let sight = Sight {
            archive: &self.archive,
            catalog: &self.catalog,
            snapshot: &snapshot,
        };
        sight.grep(request, live, listener)
    }

    /// Lists sessions, the latest first; those in `live` are running.
    pub fn list(
        &self,
        filter: &SessionFilter,
        live: &HashSet<SessionId>,
    ) -> Result<Vec<Session>, QueryError> {
        Ok(self.catalog.sessions(filter, live)?)
    }

    /// Returns the sessions that `name` may mean: one if it is unambiguous.
    pub fn resolve(
        &self,
        name: &str,
        root: Option<&str>,
        live: &HashSet<SessionId>,
    ) -> Result<Vec<Session>, QueryError> {
        Ok(self.catalog.resolve(name, root, live)?)
    }

    /// Returns the latest session of the directory `cwd`, if there is one.
    pub fn latest_in(
        &self,
        cwd: &str,
        root: Option<&str>,
        live: &HashSet<SessionId>,
    ) -> Result<Vec<Session>, QueryError> {
        Ok(self
            .catalog
            .latest_in(cwd, root, live)?
            .into_iter()
            .collect())
    }

    /// Returns a session's entries in order, and what of it is lost; nothing if no source is known of it.
    pub fn read(&self, session: &SessionId) -> Result<Option<Reading>, QueryError> {
        read::read(&self.archive, &self.catalog, session)
    }

    /// Tells whether a session's transcript has what a hook told of the model's last words.
    pub fn has_last_message(&self, session: &SessionId) -> Result<bool, QueryError> {
        read::has_last_message(&self.archive, &self.catalog, session)
    }

    /// Returns how many bytes are archived of a session: about what reading it takes.
    pub fn bytes_of(&self, session: &SessionId) -> Result<u64, QueryError> {
        sources::bytes(&self.archive, &self.catalog, session)
    }

    /// Lists a session's sources and their generations.
    pub fn sources(&self, session: &SessionId) -> Result<Vec<SourceListing>, QueryError> {
        sources::list(&self.archive, &self.catalog, session)
    }

    /// Lists the sources whose path names no session, and their generations.
    pub fn unowned_sources(&self) -> Result<Vec<SourceListing>, QueryError> {
        sources::list_unowned(&self.archive)
    }

    /// Lists checkpoints, the latest first: of `session` and in `root`, where these are named.
    pub fn checkpoints(
        &self,
        of: (Option<&SessionId>, Option<&str>),
        limit: u32,
    ) -> Result<Vec<Checkpoint>, QueryError> {
        Ok(self.catalog.checkpoints(of, limit)?)
    }

    /// Lists the checkpoints that `name` may mean.
    pub fn checkpoints_meant(
        &self,
        name: &str,
        root: Option<&str>,
    ) -> Result<Vec<Checkpoint>, QueryError> {
        Ok(self.catalog.checkpoints_meant(name, root)?)
    }

    /// Returns the number of the operation that told of a checkpoint's repository.
    pub fn checkpoint_described_by(&self, id: CheckpointId) -> Result<Option<u64>, QueryError> {
        Ok(self.catalog.checkpoint_described_by(id)?)
    }

    /// Returns the numbers of the operations whose checkpoints stand behind no record yet.
    pub fn pending_checkpoints(&self) -> Result<Vec<u64>, QueryError> {
        Ok(self.catalog.pending_checkpoints()?)
    }

    /// Returns the last record that was written before a checkpoint was made; none if none is archived.
    pub fn find_place(&self, wanted: &Unplaced) -> Result<Option<CheckpointPlace>, QueryError> {
        checkpoint::find_place(&self.archive, &self.catalog, wanted)
    }

    /// Returns the operations that gave `session` a tag; none if there is no such session.
    pub fn tagged_by(
        &self,
        session: &SessionId,
        tag: &str,
    ) -> Result<Option<Vec<OperationName>>, QueryError> {
        let named = SessionPredicate::OneOf(vec![session.clone()]);
        let Some(session) = self.catalog.matching(&named)?.first().copied() else {
            return Ok(None);
        };
        Ok(Some(self.catalog.tagged_by(session, tag)?))
    }

    /// Lists the projects, the latest first; with `root`, of the sessions in that root alone.
    pub fn projects(&self, root: Option<&str>) -> Result<Vec<Project>, QueryError> {
        Ok(self.catalog.projects(root)?)
    }

    /// Lists the projects that `wanted` may mean.
    pub fn projects_meant(&self, wanted: &str) -> Result<Vec<Project>, QueryError> {
        Ok(self.catalog.projects_meant(wanted)?)
    }

    /// Lists directories whose repository nobody has told about, the latest first.
    pub fn unresolved_cwds(&self, limit: usize) -> Result<Vec<String>, QueryError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(self.catalog.unresolved_cwds(limit)?)
    }

    /// Reads catalog and index back; says what is damaged, a line each. Either can be built anew.
    pub fn damaged(&self) -> Vec<String> {
        let catalog = self.catalog.damaged().map(Vec::from_iter);
        let catalog = catalog.unwrap_or_else(|error| vec![error.to_string()]);
        let index = self
            .index
            .damaged()
            .unwrap_or_else(|error| vec![error.to_string()]);
        let named = |what: &'static str| move |found: String| format!("the {what}: {found}");
        let catalog = catalog.into_iter().map(named("catalog"));
        catalog
            .chain(index.into_iter().map(named("index")))
            .collect()
    }

    /// Returns how often the index was committed since it was opened for writing, and its segments.
    pub fn index_commits(&self) -> Result<(u64, usize), QueryError> {
        Ok((self.index.commits(), self.index.snapshot()?.segments()))
    }

    /// Returns sums over all sessions.
    pub fn totals(&self) -> Result<Totals, QueryError> {
        Ok(self.catalog.totals()?)
    }

    /// Lists what did not parse as expected, the most frequent first, and last how much of the archive is
    /// lost: a place that is put back is no defect any more.
    pub fn defects(&self) -> Result<Vec<DefectCount>, QueryError> {
        let mut defects = self.catalog.defects()?;
        let count = self.archive.known_losses()?.len() as u64;
        let name = "damaged".to_owned();
        defects.extend((count > 0).then_some(DefectCount { name, count }));
        Ok(defects)
    }
}
