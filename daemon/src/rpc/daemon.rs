//! `DaemonService`.

use std::sync::Arc;
use std::time::Duration;

use sessions_catalog::Applied;
use sessions_proto as wire;
use sessions_proto::daemon_service_server::DaemonService;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::stream::{self, Gone, Reply, Sender};
use super::{Rpc, convert, refusal};
use crate::backend::Backend;
use crate::ingest::Archiving;

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
        let scope = self.scope(&request);
        let wire::StatusRequest { root, brief } = request.into_inner();
        let restarting = match root {
            Some(root) => self.front.meet_root(&root).await,
            None => false,
        };
        let mut status = if brief {
            self.front.introduction()
        } else {
            self.front.status().await.map_err(refusal::status)?
        };
        status.roots.retain(|root| scope.has(&root.path));
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
        let front = Arc::clone(&self.front);
        self.tasks.start(async move {
            let mut stopping = front.stopping();
            let mut visible = None;
            loop {
                if visible.is_none() {
                    visible = front.backend().ok().map(|backend| backend.visible());
                }
                let (coverage, progress) = front.position();
                let moves_by_itself = progress.is_some() || visible.is_none();
                let message = wire::WatchResponse {
                    coverage: Some(convert::coverage(coverage)),
                    progress: progress.map(convert::progress),
                };
                if sender.send(Ok(message)).await.is_err() {
                    break;
                }
                tokio::select! {
                    is_open = changed(visible.as_mut()) => if !is_open { break },
                    _ = stopping.wait_for(|&on| on) => break,
                    () = tokio::time::sleep(PROGRESS_EVERY), if moves_by_itself => {}
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
        let backend = Arc::clone(self.backend()?);
        self.tasks.start(async move {
            let (teller, hearer) = (sender.clone(), sender.clone());
            let tell = move |step| teller.offer(convert::verify_step(step));
            let verified = backend.verify(tell, move || hearer.is_heard());
            if let Ok(verified) = sender.while_heard(verified).await {
                let message = verified.map(convert::findings).map_err(refusal::status);
                // A reader that left needs no more.
                let _left = sender.send(message).await;
            }
        });
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
        request: Request<wire::BackupRequest>,
    ) -> Result<Response<Self::BackupStream>, Status> {
        // A backup holds what is archived of all roots.
        self.admit_all(&self.scope(&request)).await?;
        let (sender, reply) = stream::reply();
        let backend = Arc::clone(self.backend()?);
        self.tasks.start(async move {
            let _left = send_backup(&sender, &backend).await;
        });
        Ok(Response::new(reply))
    }

    async fn set_paused(
        &self,
        request: Request<wire::SetPausedRequest>,
    ) -> Result<Response<wire::SetPausedResponse>, Status> {
        let archiving = if request.into_inner().paused {
            Archiving::Paused
        } else {
            Archiving::GoesOn
        };
        self.backend()?
            .set_archiving(archiving)
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

/// Sends a copy of the archive. Others wait for their turn meanwhile, so that a reader must not stop for long.
async fn send_backup(sender: &Sender<wire::BackupResponse>, backend: &Backend) -> Result<(), Gone> {
    let hearer = sender.clone();
    let made = backend.backup(move || hearer.is_heard());
    let mut copy = match sender.while_heard(made).await? {
        Ok(copy) => copy,
        Err(refusal) => return sender.send(Err(refusal::status(refusal))).await,
    };
    loop {
        match copy.next().await {
            Ok(Some((next, piece))) => {
                copy = next;
                sender
                    .send_in_time(Ok(convert::backup_piece(piece)))
                    .await?;
            }
            Ok(None) => return Ok(()),
            Err(refusal) => return sender.send(Err(refusal::status(refusal))).await,
        }
    }
}

/// Waits until what is searchable has moved, for ever where there is nothing yet; false if it never will.
async fn changed(visible: Option<&mut watch::Receiver<Applied>>) -> bool {
    match visible {
        Some(visible) => visible.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}
