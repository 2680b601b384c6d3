//! Checkpoints.

use sessions_model::{
    ByteOffset, Checkpoint, CheckpointId, CheckpointPlace, GenerationId, GitState, SessionId,
    SourceId, Timestamp,
};
use sessions_proto as wire;

use crate::ClientError;

pub(crate) fn checkpoint(checkpoint: wire::Checkpoint) -> Result<Checkpoint, ClientError> {
    let malformed = |what| ClientError::Malformed { what };
    let id = checkpoint.id.as_slice().try_into();
    Ok(Checkpoint {
        id: CheckpointId(id.map_err(|_| malformed("a checkpoint whose id is none"))?),
        name: checkpoint.name,
        note: checkpoint.note,
        session: SessionId::parse(&checkpoint.session)
            .map_err(|_| malformed("a checkpoint of no session"))?,
        at: Timestamp(checkpoint.at_ms),
        cwd: checkpoint.cwd,
        place: checkpoint.place.map(place),
        git: checkpoint.git.map(git),
    })
}

fn place(place: wire::CheckpointPlace) -> CheckpointPlace {
    CheckpointPlace {
        record: place.record,
        source: SourceId(place.source),
        generation: GenerationId(place.generation),
        end: ByteOffset(place.end),
    }
}

fn git(git: wire::GitState) -> GitState {
    GitState {
        head: git.head,
        branch: git.branch,
        is_dirty: git.is_dirty,
        diff: git.diff,
        is_too_long: git.is_too_long,
    }
}

pub(crate) fn git_to_wire(git: &GitState) -> wire::GitState {
    wire::GitState {
        head: git.head.clone(),
        branch: git.branch.clone(),
        is_dirty: git.is_dirty,
        diff: git.diff.clone(),
        is_too_long: git.is_too_long,
    }
}
