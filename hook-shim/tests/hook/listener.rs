//! A daemon that answers what it was told to, and remembers what it heard.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sessions_proto as wire;
use sessions_proto::checkpoint_service_server::{CheckpointService, CheckpointServiceServer};
use sessions_proto::hook_service_server::{HookService, HookServiceServer};
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::trial::PATIENCE;

pub(crate) struct Listener {
    reports: Receiver<wire::ReportRequest>,
    descriptions: Receiver<wire::DescribeCheckpointRequest>,
}

impl Listener {
    /// Listens from now on until the test ends.
    pub(crate) fn answering(socket: &Path, answer: wire::ReportResponse) -> Self {
        let (told, reports) = sync_channel(100);
        let (described, descriptions) = sync_channel(100);
        let heard = Heard {
            answer,
            told,
            described,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(async { UnixListener::bind(socket).unwrap() });
        thread::spawn(move || {
            let server = Server::builder()
                .add_service(HookServiceServer::new(heard.clone()))
                .add_service(CheckpointServiceServer::new(heard));
            runtime.block_on(server.serve_with_incoming(UnixListenerStream::new(listener)))
        });
        Self {
            reports,
            descriptions,
        }
    }

    /// Returns the next event that was reported.
    pub(crate) fn report(&self) -> wire::ReportRequest {
        self.reports.recv_timeout(PATIENCE).unwrap()
    }

    /// Returns the next description of a checkpoint.
    pub(crate) fn description(&self) -> wire::DescribeCheckpointRequest {
        self.descriptions.recv_timeout(PATIENCE).unwrap()
    }
}

#[derive(Debug, Clone)]
struct Heard {
    answer: wire::ReportResponse,
    told: SyncSender<wire::ReportRequest>,
    described: SyncSender<wire::DescribeCheckpointRequest>,
}

#[tonic::async_trait]
impl HookService for Heard {
    async fn report(
        &self,
        request: Request<wire::ReportRequest>,
    ) -> Result<Response<wire::ReportResponse>, Status> {
        self.told.try_send(request.into_inner()).unwrap();
        Ok(Response::new(self.answer.clone()))
    }
}

#[tonic::async_trait]
impl CheckpointService for Heard {
    async fn describe(
        &self,
        request: Request<wire::DescribeCheckpointRequest>,
    ) -> Result<Response<wire::DescribeCheckpointResponse>, Status> {
        self.described.try_send(request.into_inner()).unwrap();
        Ok(Response::new(wire::DescribeCheckpointResponse {}))
    }

    async fn create(
        &self,
        _: Request<wire::CreateCheckpointRequest>,
    ) -> Result<Response<wire::CreateCheckpointResponse>, Status> {
        Err(Status::unimplemented("not asked for by a hook"))
    }

    async fn list(
        &self,
        _: Request<wire::ListCheckpointsRequest>,
    ) -> Result<Response<wire::ListCheckpointsResponse>, Status> {
        Err(Status::unimplemented("not asked for by a hook"))
    }

    async fn get(
        &self,
        _: Request<wire::GetCheckpointRequest>,
    ) -> Result<Response<wire::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented("not asked for by a hook"))
    }

    async fn delete(
        &self,
        _: Request<wire::DeleteCheckpointRequest>,
    ) -> Result<Response<wire::DeleteCheckpointResponse>, Status> {
        Err(Status::unimplemented("not asked for by a hook"))
    }
}
