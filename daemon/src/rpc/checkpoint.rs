//! `CheckpointService`.

use sessions_model as model;
use sessions_proto as wire;
use sessions_proto::checkpoint_service_server::CheckpointService;
use tonic::{Request, Response, Status};

use super::{Rpc, convert, refusal};
use crate::backend::Made;

#[tonic::async_trait]
impl CheckpointService for Rpc {
    async fn create(
        &self,
        request: Request<wire::CreateCheckpointRequest>,
    ) -> Result<Response<wire::CreateCheckpointResponse>, Status> {
        let request = request.into_inner();
        let made = Made {
            name: request.name,
            note: request.note,
            session: convert::session_id(&request.session)?,
            at: model::Timestamp(request.at_ms),
            cwd: request.cwd,
            transcript_bytes: None,
        };
        let id = checkpoint_id(&request.id)?;
        let created = self.backend()?.create_checkpoint(id, made).await;
        let checkpoint = convert::checkpoint(created.map_err(refusal::status)?);
        Ok(Response::new(wire::CreateCheckpointResponse {
            checkpoint: Some(checkpoint),
        }))
    }

    async fn list(
        &self,
        request: Request<wire::ListCheckpointsRequest>,
    ) -> Result<Response<wire::ListCheckpointsResponse>, Status> {
        let scope = self.scope(&request);
        let request = request.into_inner();
        let session = request.session.as_deref().map(convert::session_id);
        let checkpoints = self
            .backend()?
            .checkpoints(
                session.transpose()?,
                scope.narrow(request.root)?,
                request.limit,
            )
            .await
            .map_err(refusal::status)?;
        let checkpoints = checkpoints.into_iter().map(convert::checkpoint).collect();
        Ok(Response::new(wire::ListCheckpointsResponse { checkpoints }))
    }

    async fn get(
        &self,
        request: Request<wire::GetCheckpointRequest>,
    ) -> Result<Response<wire::GetCheckpointResponse>, Status> {
        let scope = self.scope(&request);
        let wire::GetCheckpointRequest { name, root } = request.into_inner();
        let root = scope.narrow(root)?;
        let found = self.backend()?.find_checkpoints(name, root).await;
        let checkpoints = found.map_err(refusal::status)?;
        let checkpoints = checkpoints.into_iter().map(convert::checkpoint).collect();
        Ok(Response::new(wire::GetCheckpointResponse { checkpoints }))
    }

    async fn describe(
        &self,
        request: Request<wire::DescribeCheckpointRequest>,
    ) -> Result<Response<wire::DescribeCheckpointResponse>, Status> {
        let (id, git) = described(request.into_inner())?;
        let described = self.backend()?.describe_checkpoint(id, git).await;
        described.map_err(refusal::status)?;
        Ok(Response::new(wire::DescribeCheckpointResponse {}))
    }

    async fn delete(
        &self,
        request: Request<wire::DeleteCheckpointRequest>,
    ) -> Result<Response<wire::DeleteCheckpointResponse>, Status> {
        let id = checkpoint_id(&request.into_inner().id)?;
        let deleted = self.backend()?.delete_checkpoint(id).await;
        deleted.map_err(refusal::status)?;
        Ok(Response::new(wire::DeleteCheckpointResponse {}))
    }
}

/// Reads what is told of a checkpoint's repository.
pub(super) fn described(
    request: wire::DescribeCheckpointRequest,
) -> Result<(model::CheckpointId, model::GitState), Status> {
    let id = checkpoint_id(&request.id)?;
    let git = request
        .git
        .ok_or_else(|| Status::invalid_argument("the request tells of no repository"))?;
    Ok((id, convert::git(git)))
}

fn checkpoint_id(bytes: &[u8]) -> Result<model::CheckpointId, Status> {
    let id = bytes.try_into();
    id.map(model::CheckpointId)
        .map_err(|_| Status::invalid_argument("a checkpoint's id has 16 bytes"))
}
