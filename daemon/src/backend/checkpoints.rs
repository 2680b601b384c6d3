//! Checkpoints: made at once, and bound to their record once that is archived.

use sessions_model::{Checkpoint, CheckpointId, GitState, SessionId};
use sessions_query::Unplaced;

use super::{Annotation, Backend, Lent, Refusal, copy};
use crate::annotation::{Made, Said};

/// Checkpoints in one list at most, and unless the caller says otherwise.
const LIST_MAX: u32 = 1_000;

/// Checkpoints that are bound in one go.
const BOUND_TOGETHER_MAX: usize = 256;

impl Backend {
    /// Makes a checkpoint; one that was made before stays as it is.
    pub(crate) async fn create_checkpoint(
        &self,
        id: CheckpointId,
        made: Made,
    ) -> Result<Checkpoint, Refusal> {
        if let Some(known) = self.checkpoint_by_id(id).await? {
            return Ok(known);
        }
        self.annotate(Annotation::Checkpoint(id, Said::Made(made.clone())))
            .await?;
        self.hooks.bind();
        Ok(Checkpoint {
            id,
            name: made.name,
            note: made.note,
            session: made.session,
            at: made.at,
            cwd: made.cwd,
            place: None,
            git: None,
        })
    }

    /// Lists checkpoints, the latest first: of `session` and in `root`, where these are named.
    pub(crate) async fn checkpoints(
        &self,
        session: Option<SessionId>,
        root: Option<String>,
        limit: u32,
    ) -> Result<Vec<Checkpoint>, Refusal> {
        self.catch_up().await;
        let limit = match limit {
            0 => LIST_MAX,
            limit => limit.min(LIST_MAX),
        };
        self.ask(move |engine| engine.checkpoints((session.as_ref(), root.as_deref()), limit))
            .await
    }

    /// Returns the checkpoint that `name` means, with its diff, or the candidates.
    pub(crate) async fn find_checkpoints(
        &self,
        name: String,
        root: Option<String>,
    ) -> Result<Vec<Checkpoint>, Refusal> {
        self.catch_up().await;
        let wanted = name.clone();
        let mut found = self
            .ask(move |engine| engine.checkpoints_meant(&name, root.as_deref()))
            .await?;
        match &mut *found {
            [] => Err(Refusal::NotFound(format!("no checkpoint matches {wanted}"))),
            [one] => {
                one.git = self.git_of(one.id).await?.or(one.git.take());
                Ok(found)
            }
            _ => Ok(found),
        }
    }

    /// Takes in what a client read of the repository when a checkpoint was made.
    pub(crate) async fn describe_checkpoint(
        &self,
        id: CheckpointId,
        git: GitState,
    ) -> Result<(), Refusal> {
        self.annotate(Annotation::Checkpoint(id, Said::Git(git)))
            .await
            .map(drop)
    }

    /// Deletes a checkpoint.
    pub(crate) async fn delete_checkpoint(&self, id: CheckpointId) -> Result<(), Refusal> {
        let known = self.checkpoint_by_id(id).await?;
        let known = known.ok_or_else(|| Refusal::NotFound(format!("no checkpoint is {id}")))?;
        let session = known.session;
        self.annotate(Annotation::Checkpoint(id, Said::Gone { session }))
            .await
            .map(drop)
    }

    /// Binds each checkpoint that waits for its record to the last one that was written before it; returns
    /// whether any waits still.
    pub(super) async fn bind_checkpoints(&self) -> Result<bool, Refusal> {
        self.show_archived().await;
        let pending = self.ask(|engine| engine.pending_checkpoints()).await?;
        let mut waits = pending.len() > BOUND_TOGETHER_MAX;
        for number in pending.into_iter().take(BOUND_TOGETHER_MAX) {
            let Some((id, Said::Made(made))) = self.said(number).await? else {
                continue;
            };
            let unplaced = Unplaced {
                session: made.session,
                at: made.at,
                transcript_bytes: made.transcript_bytes,
            };
            match self.ask(move |engine| engine.find_place(&unplaced)).await? {
                Some(place) => {
                    self.annotate(Annotation::Checkpoint(id, Said::Placed(place)))
                        .await?;
                }
                None => waits = true,
            }
        }
        Ok(waits)
    }

    async fn checkpoint_by_id(&self, id: CheckpointId) -> Result<Option<Checkpoint>, Refusal> {
        let name = id.to_string();
        let found = self
            .ask(move |engine| engine.checkpoints_meant(&name, None))
            .await?;
        Ok(found.into_iter().find(|known| known.id == id))
    }

    async fn git_of(&self, id: CheckpointId) -> Result<Option<GitState>, Refusal> {
        let number = self
            .ask(move |engine| engine.checkpoint_described_by(id))
            .await?;
        let Some(number) = number else {
            return Ok(None);
        };
        match self.said(number).await? {
            Some((_, Said::Git(git))) => Ok(Some(git)),
            _ => Ok(None),
        }
    }

    /// Returns what an operation of the archive says of a checkpoint.
    async fn said(&self, number: u64) -> Result<Option<(CheckpointId, Said)>, Refusal> {
        let read = move |reader: Lent| reader.operation(number);
        let operation = self.on_archive(read).await?;
        let operation = operation.map_err(|error| copy::failed(&error))?;
        let said = operation.as_ref().and_then(Annotation::from_operation);
        Ok(match said {
            Some(Annotation::Checkpoint(id, said)) => Some((id, said)),
            _ => None,
        })
    }
}
