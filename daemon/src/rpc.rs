//! The wire: `sessions.v1` over the socket. The only part of the daemon that names generated types.

mod checkpoint;
mod convert;
mod daemon;
mod hook;
mod refusal;
mod scope;
mod search;
mod session;
pub(crate) mod spool;
mod stream;

use std::sync::Arc;

use http::HeaderValue;
use sessions_proto::checkpoint_service_server::CheckpointServiceServer;
use sessions_proto::daemon_service_server::DaemonServiceServer;
use sessions_proto::hook_service_server::HookServiceServer;
use sessions_proto::search_service_server::SearchServiceServer;
use sessions_proto::session_service_server::SessionServiceServer;
use sessions_proto::{MESSAGE_BYTES_MAX, VERSION_KEY};
use tokio::sync::watch;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Server;
use tower::util::MapResponseLayer;

use crate::backend::{Backend, Front};
use crate::socket::OwnConnections;
use crate::supervise::TaskSet;

/// Calls answered at once on one connection.
const CALLS_MAX: usize = 32;

/// The services over what answers.
#[derive(Debug, Clone)]
struct Rpc {
    front: Arc<Front>,
    tasks: TaskSet,
}

impl Rpc {
    fn backend(&self) -> Result<&Arc<Backend>, Status> {
        self.front.backend().map_err(refusal::status)
    }
}

/// Serves `connections` until `stop` says so and every call has been answered.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(
    front: Arc<Front>,
    connections: OwnConnections,
    mut stop: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error> {
    let tasks = TaskSet::default();
    let rpc = Rpc {
        front,
        tasks: tasks.clone(),
    };
    let (health_reporter, health) = tonic_health::server::health_reporter();
    health_reporter
        .set_serving::<SearchServiceServer<Rpc>>()
        .await;
    health_reporter
        .set_serving::<SessionServiceServer<Rpc>>()
        .await;
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    let tell_version = move |mut response: http::Response<Body>| {
        response.headers_mut().insert(VERSION_KEY, version.clone());
        response
    };
    let served = Server::builder()
        .concurrency_limit_per_connection(CALLS_MAX)
        .layer(MapResponseLayer::new(tell_version))
        .add_service(health)
        .add_service(
            SessionServiceServer::new(rpc.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            SearchServiceServer::new(rpc.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            CheckpointServiceServer::new(rpc.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            HookServiceServer::new(rpc.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(DaemonServiceServer::new(rpc).max_decoding_message_size(MESSAGE_BYTES_MAX))
        .serve_with_incoming_shutdown(connections, async move {
            // A dropped sender means the daemon is ending too.
            stop.wait_for(|&on| on).await.map(drop).unwrap_or_default();
        })
        .await;
    tasks.end().await;
    served
}
