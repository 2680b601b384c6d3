//! `DaemonService`.

use std::sync::Arc;
use std::time::Duration;

use sessions_proto as wire;
use sessions_proto::daemon_service_server::DaemonService;
use tonic::{Request, Response, Status};

use super::stream::{self, Reply};
use super::{Rpc, convert, refusal};
use crate::backend::{BackupPiece, Refusal, VerifyStep};

/// Time between two reports of an import that nothing else interrupts.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

#[tonic::async_trait]
impl DaemonService for Rpc {
    type WatchStream = Reply<wire::WatchResponse>;
    type VerifyStream = Reply<wire::VerifyResponse>;
    type BackupStream = Reply<wire::BackupResponse>;

    async fn status(
        &self,
        request: Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        let wire::StatusRequest { root, brief } = request.into_inner();
        let restarting = match root {
            Some(root) => self.front.meet_root(&root).map_err(refusal::status)?,
            None => false,
        };
        let status = if brief {
            self.front.introduction()
        } else {
            self.front.status().await.map_err(refusal::status)?
        };
        Ok(Response::new(wire::StatusResponse {
            restarting,
            ..convert::status(status)
        }))
    }

    async fn watch(
        &self,
        _: Request<wire::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, reply) = stream::reply();
        let (mut visible, mut stopping) = (self.backend()?.visible(), self.front.stopping());
        let backend = Arc::clone(self.backend()?);
        self.tasks.start(async move {
            loop {
                let (coverage, progress) = backend.position();
                let is_importing = progress.is_some();
                let message = wire::WatchResponse {
                    coverage: Some(convert::coverage(coverage)),
                    progress: progress.map(convert::progress),
                };
                if sender.send_from_task(Ok(message)).await.is_err() {
                    break;
                }
                tokio::select! {
                    moved = visible.changed() => if moved.is_err() { break },
                    _ = stopping.wait_for(|&on| on) => break,
                    () = tokio::time::sleep(PROGRESS_EVERY), if is_importing => {}
                }
            }
        });
        Ok(Response::new(reply))
    }

    async fn verify(
        &self,
        _: Request<wire::VerifyRequest>,
    ) -> Result<Response<Self::VerifyStream>, Status> {
        let (sender, reply) = stream::reply();
        let send = move |step: Result<VerifyStep, Refusal>| {
            let message = step.map_err(refusal::status).map(convert::verification);
            sender.send(message).is_ok()
        };
        self.backend()?.verify(send).map_err(refusal::status)?;
        Ok(Response::new(reply))
    }

    async fn rebuild(
        &self,
        _: Request<wire::RebuildRequest>,
    ) -> Result<Response<wire::RebuildResponse>, Status> {
        let seq = self.backend()?.rebuild().await.map_err(refusal::status)?;
        Ok(Response::new(wire::RebuildResponse { seq: seq.0 }))
    }

    async fn backup(
        &self,
        _: Request<wire::BackupRequest>,
    ) -> Result<Response<Self::BackupStream>, Status> {
        let (sender, reply) = stream::reply();
        let send = move |piece: Result<BackupPiece, Refusal>| {
            let message = piece
                .map_err(refusal::status)
                .map(|piece| wire::BackupResponse {
                    data: piece.data,
                    bytes_total: piece.bytes_total,
                    sources: piece.sources,
                    blake3: piece.blake3,
                    losses: piece.losses,
                });
            sender.send(message).is_ok()
        };
        self.backend()?.backup(send).map_err(refusal::status)?;
        Ok(Response::new(reply))
    }

    async fn set_paused(
        &self,
        request: Request<wire::SetPausedRequest>,
    ) -> Result<Response<wire::SetPausedResponse>, Status> {
        let paused = request.into_inner().paused;
        self.backend()?
            .set_paused(paused)
            .await
            .map_err(refusal::status)?;
        Ok(Response::new(wire::SetPausedResponse {}))
    }

    async fn shutdown(
        &self,
        _: Request<wire::ShutdownRequest>,
    ) -> Result<Response<wire::ShutdownResponse>, Status> {
        self.front.shut_down();
        Ok(Response::new(wire::ShutdownResponse {}))
    }
}
