//! What is asked of the daemon about checkpoints.

use sessions_model::{Checkpoint, CheckpointId, GitState, SessionId, Timestamp};
use sessions_proto as wire;

use crate::connect::{checked, short};
use crate::{Client, ClientError, convert};

/// A checkpoint that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckpoint {
    /// Its id, so that it can be asked for again.
    pub id: CheckpointId,
    /// Its name; may be empty.
    pub name: String,
    /// A note; may be empty.
    pub note: String,
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// The session's working directory.
    pub cwd: String,
}

impl Client {
    /// Makes a checkpoint.
    pub async fn create_checkpoint(&self, new: NewCheckpoint) -> Result<Checkpoint, ClientError> {
        let request = wire::CreateCheckpointRequest {
            id: new.id.0.to_vec(),
            name: new.name,
            note: new.note,
            session: new.session.as_str().to_owned(),
            at_ms: new.at.millis(),
            cwd: new.cwd,
        };
        let response = checked(self.checkpoints().create(short(request)).await)?;
        let made = response.checkpoint.ok_or(ClientError::Malformed {
            what: "no checkpoint where one was made",
        })?;
        convert::checkpoint(made)
    }

    /// Lists checkpoints, latest first: those of `session`, and of `root`, where these are named.
    pub async fn list_checkpoints(
        &self,
        session: Option<&SessionId>,
        root: Option<&str>,
    ) -> Result<Vec<Checkpoint>, ClientError> {
        let request = wire::ListCheckpointsRequest {
            session: session.map(|session| session.as_str().to_owned()),
            limit: 0,
            root: root.map(str::to_owned),
        };
        let response = self
            .read_from(async |client| {
                checked(client.checkpoints().list(short(request.clone())).await)
            })
            .await?;
        convert::each(response.checkpoints, convert::checkpoint)
    }

    /// Finds the checkpoint that `name` means: the beginning of an id, or a name.
    pub async fn checkpoint(
        &self,
        name: &str,
        root: Option<&str>,
    ) -> Result<Checkpoint, ClientError> {
        let request = wire::GetCheckpointRequest {
            name: name.to_owned(),
            root: root.map(str::to_owned),
        };
        let response = self
            .read_from(async |client| {
                checked(client.checkpoints().get(short(request.clone())).await)
            })
            .await?;
        let mut candidates = convert::each(response.checkpoints, convert::checkpoint)?;
        match candidates.len() {
            0 => Err(ClientError::NotFound {
                message: format!("no checkpoint matches {name}"),
            }),
            1 => Ok(candidates.remove(0)),
            _ => Err(ClientError::AmbiguousCheckpoint {
                name: name.to_owned(),
                candidates,
            }),
        }
    }

    /// Adds the state of the repository to a checkpoint.
    pub async fn describe_checkpoint(
        &self,
        id: CheckpointId,
        git: &GitState,
    ) -> Result<(), ClientError> {
        let request = wire::DescribeCheckpointRequest {
            id: id.0.to_vec(),
            git: Some(convert::git_to_wire(git)),
        };
        checked(self.checkpoints().describe(short(request)).await)?;
        Ok(())
    }

    /// Deletes a checkpoint.
    pub async fn delete_checkpoint(&self, id: CheckpointId) -> Result<(), ClientError> {
        let request = wire::DeleteCheckpointRequest { id: id.0.to_vec() };
        checked(self.checkpoints().delete(short(request)).await)?;
        Ok(())
    }
}
