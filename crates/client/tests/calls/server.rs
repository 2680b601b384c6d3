//! A server that answers the contract with fixed facts, on a socket in a temporary directory.
//!
//! On its own it is no test.

use std::fs;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sessions_client::{Client, ClientError, Connection, Start};
use sessions_paths::{Environment, Paths};
use sessions_proto as wire;
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::sync::{Notify, oneshot};
use tokio_stream::Stream;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;
type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// How the server differs from a usual one.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// The version it says it has.
    pub(crate) version: &'static str,
    /// Whether it says that it ends to take in a root.
    pub(crate) is_restarting: bool,
    /// Whether it leaves the first list or annotation without an answer.
    pub(crate) is_slow: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            is_restarting: false,
            is_slow: false,
        }
    }
}

/// The server and the directory it lives in.
#[derive(Debug)]
pub(crate) struct Server {
    home: tempfile::TempDir,
    service: Service,
}

#[derive(Debug, Clone)]
struct Service {
    behaviour: Behaviour,
    socket: PathBuf,
    pid: u32,
    was_shut_down: Arc<AtomicBool>,
    was_asked: Arc<AtomicBool>,
    asked: Arc<Notify>,
}

impl Server {
    /// Prepares a server.
    pub(crate) fn new(behaviour: Behaviour) -> Self {
        let home = tempfile::tempdir().unwrap();
        let socket = paths(&home).1.socket();
        fs::create_dir_all(socket.parent().unwrap()).unwrap();
        // A process that has ended: what the client outwaits.
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let service = Service {
            behaviour,
            socket,
            pid: ended.id(),
            was_shut_down: Arc::default(),
            was_asked: Arc::default(),
            asked: Arc::default(),
        };
        Self { home, service }
    }

    /// Prepares one that never listens.
    pub(crate) fn absent() -> Self {
        Self::new(Behaviour::default())
    }

    /// Whether somebody called `Shutdown`.
    pub(crate) fn was_shut_down(&self) -> bool {
        self.service.was_shut_down.load(Ordering::SeqCst)
    }

    /// Connects to the socket.
    pub(crate) async fn connect(&self, start: Start) -> Result<Client, ClientError> {
        let (environment, paths) = paths(&self.home);
        let connection = Connection {
            environment,
            paths,
            root: None,
            program: None,
            start,
            agent_root: None,
        };
        Client::connect(&connection).await
    }

    /// Serves while `test` runs with a client.
    pub(crate) async fn run<T>(
        &self,
        start: Start,
        test: impl AsyncFnOnce(Result<Client, ClientError>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let listener = UnixListener::bind(&self.service.socket).unwrap();
        self.run_on(listener, start, test).await
    }

    /// Serves while `test` runs with a client, and is killed and replaced as soon as it was slow.
    pub(crate) async fn run_killed<T>(
        &self,
        test: impl AsyncFnOnce(Result<Client, ClientError>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let service = self.service.clone();
        let (bound, is_bound) = oneshot::channel();
        let first = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = UnixListener::bind(&service.socket).unwrap();
                bound.send(()).unwrap();
                tokio::select! {
                    ended = service.clone().serve(listener) => panic!("it ended: {ended:?}"),
                    () = service.asked.notified() => {}
                }
            });
            // The next one is there before the connections of this one end with its runtime.
            fs::remove_file(&service.socket).unwrap();
            let next = std::os::unix::net::UnixListener::bind(&service.socket).unwrap();
            next.set_nonblocking(true).unwrap();
            drop(runtime);
            next
        });
        is_bound.await.unwrap();
        let client = self.connect(Start::IfAbsent).await;
        let next = async {
            let next = tokio::task::spawn_blocking(move || first.join().unwrap());
            let next = UnixListener::from_std(next.await.unwrap()).unwrap();
            self.service.clone().serve(next).await
        };
        tokio::select! {
            ended = next => panic!("the server ended: {ended:?}"),
            result = test(client) => result,
        }
    }

    async fn run_on<T>(
        &self,
        listener: UnixListener,
        start: Start,
        test: impl AsyncFnOnce(Result<Client, ClientError>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let serving = self.service.clone().serve(listener);
        let testing = async { test(self.connect(start).await).await };
        tokio::select! {
            ended = serving => panic!("the server ended: {ended:?}"),
            result = testing => result,
        }
    }
}

fn paths(home: &tempfile::TempDir) -> (Environment, Paths) {
    let mut environment = Environment::read().unwrap();
    environment.sessions_home = Some(home.path().to_owned());
    let paths = Paths::choose(&environment).unwrap();
    (environment, paths)
}

impl Service {
    async fn serve(self, listener: UnixListener) -> Result<(), tonic::transport::Error> {
        tonic::transport::Server::builder()
            .add_service(wire::session_service_server::SessionServiceServer::new(
                self.clone(),
            ))
            .add_service(wire::search_service_server::SearchServiceServer::new(
                self.clone(),
            ))
            .add_service(wire::daemon_service_server::DaemonServiceServer::new(self))
            .serve_with_incoming(UnixListenerStream::new(listener))
            .await
    }

    /// Leaves the first who comes here without an answer, if it is to be so.
    async fn be_slow(&self) {
        if self.behaviour.is_slow && !self.was_asked.swap(true, Ordering::SeqCst) {
            self.asked.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn versioned<T>(&self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        response
            .metadata_mut()
            .insert(wire::VERSION_KEY, self.behaviour.version.parse().unwrap());
        response
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every method of a service ends in it"
    )]
    fn answer<T>(&self, message: T) -> Answer<T> {
        Ok(self.versioned(message))
    }

    fn stream<T: Send + 'static>(&self, messages: Vec<T>) -> Answer<Messages<T>> {
        let stream: Messages<T> = Box::pin(tokio_stream::iter(messages.into_iter().map(Ok)));
        self.answer(stream)
    }
}

fn session(id: &str) -> wire::Session {
    wire::Session {
        id: id.into(),
        on_disk: wire::OnDisk::Whole.into(),
        tokens: Some(wire::Tokens {
            output: 7,
            ..wire::Tokens::default()
        }),
        ..wire::Session::default()
    }
}

fn piece(id: &str, text: &str, continues: bool) -> wire::Entry {
    wire::Entry {
        id: id.into(),
        kind: wire::EntryKind::Prompt.into(),
        text: text.into(),
        continues,
        ..wire::Entry::default()
    }
}

/// `google.rpc.Status` with one `BadRequest`, encoded by hand: tag, length, bytes.
fn bad_request(field: &str) -> Vec<u8> {
    fn nested(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let mut message = vec![tag << 3 | 2];
        prost::encoding::encode_varint(bytes.len() as u64, &mut message);
        message.extend(bytes);
        message
    }
    let violation = nested(1, field.as_bytes());
    let request = nested(1, &violation);
    let mut any = nested(1, b"type.googleapis.com/google.rpc.BadRequest");
    any.extend(nested(2, &request));
    nested(3, &any)
}

#[tonic::async_trait]
impl wire::session_service_server::SessionService for Service {
    type ListStream = Messages<wire::ListResponse>;
    type ReadStream = Messages<wire::ReadResponse>;
    type BytesStream = Messages<wire::BytesResponse>;

    async fn list(&self, _: Request<wire::ListRequest>) -> Answer<Self::ListStream> {
        self.be_slow().await;
        let part = |sessions, unresolved_cwds| wire::ListResponse {
            sessions,
            unresolved_cwds,
        };
        self.stream(vec![
            part(vec![session("0b9d")], Vec::new()),
            part(Vec::new(), vec!["/src/parser".into()]),
        ])
    }

    async fn resolve(&self, _: Request<wire::ResolveRequest>) -> Answer<wire::ResolveResponse> {
        self.answer(wire::ResolveResponse {
            sessions: vec![session("0b9d"), session("0c11")],
        })
    }

    async fn read(&self, _: Request<wire::ReadRequest>) -> Answer<Self::ReadStream> {
        let batch = |entries| wire::ReadResponse {
            entries,
            losses: Vec::new(),
        };
        self.stream(vec![
            batch(vec![piece("a", "one ", true), piece("a", "two ", true)]),
            batch(vec![piece("a", "three", false), piece("b", "after", false)]),
        ])
    }

    async fn sources(&self, _: Request<wire::SourcesRequest>) -> Answer<wire::SourcesResponse> {
        self.answer(wire::SourcesResponse::default())
    }

    async fn bytes(&self, request: Request<wire::BytesRequest>) -> Answer<Self::BytesStream> {
        let data = |data: &[u8]| wire::BytesResponse {
            data: data.to_vec(),
            ..wire::BytesResponse::default()
        };
        // Source 1 says truly what it sent, source 2 does not, source 3 breaks off.
        let hash = wire::BytesResponse {
            blake3: match request.into_inner().source {
                1 => blake3::hash(b"one two").to_hex().to_string(),
                2 => blake3::hash(b"one too").to_hex().to_string(),
                _ => return self.stream(vec![data(b"one ")]),
            },
            ..wire::BytesResponse::default()
        };
        self.stream(vec![data(b"one "), data(b"two"), hash])
    }

    async fn annotate(&self, _: Request<wire::AnnotateRequest>) -> Answer<wire::AnnotateResponse> {
        self.be_slow().await;
        self.answer(wire::AnnotateResponse { seq: 1 })
    }

    async fn projects(&self, _: Request<wire::ProjectsRequest>) -> Answer<wire::ProjectsResponse> {
        self.answer(wire::ProjectsResponse::default())
    }
}

#[tonic::async_trait]
impl wire::search_service_server::SearchService for Service {
    type GrepStream = Messages<wire::GrepResponse>;

    async fn grep(&self, _: Request<wire::GrepRequest>) -> Answer<Self::GrepStream> {
        Err(Status::with_details_and_metadata(
            Code::InvalidArgument,
            "unclosed group",
            bad_request("pattern:1-2").into(),
            MetadataMap::new(),
        ))
    }

    async fn search(&self, _: Request<wire::SearchRequest>) -> Answer<wire::SearchResponse> {
        Err(Status::with_details_and_metadata(
            Code::InvalidArgument,
            "OR stands between two words",
            bad_request("query:2-4").into(),
            MetadataMap::new(),
        ))
    }
}

#[tonic::async_trait]
impl wire::daemon_service_server::DaemonService for Service {
    type WatchStream = Messages<wire::WatchResponse>;
    type VerifyStream = Messages<wire::VerifyResponse>;
    type BackupStream = Messages<wire::BackupResponse>;

    async fn status(&self, _: Request<wire::StatusRequest>) -> Answer<wire::StatusResponse> {
        if self.behaviour.is_restarting {
            fs::remove_file(&self.socket).unwrap();
        }
        self.answer(wire::StatusResponse {
            version: self.behaviour.version.into(),
            pid: self.pid,
            restarting: self.behaviour.is_restarting,
            ..wire::StatusResponse::default()
        })
    }

    async fn watch(&self, _: Request<wire::WatchRequest>) -> Answer<Self::WatchStream> {
        self.stream(Vec::new())
    }

    async fn verify(&self, _: Request<wire::VerifyRequest>) -> Answer<Self::VerifyStream> {
        self.stream(Vec::new())
    }

    async fn rebuild(&self, _: Request<wire::RebuildRequest>) -> Answer<wire::RebuildResponse> {
        self.answer(wire::RebuildResponse::default())
    }

    async fn backup(&self, _: Request<wire::BackupRequest>) -> Answer<Self::BackupStream> {
        self.stream(Vec::new())
    }

    async fn set_paused(
        &self,
        _: Request<wire::SetPausedRequest>,
    ) -> Answer<wire::SetPausedResponse> {
        self.answer(wire::SetPausedResponse {})
    }

    async fn shutdown(&self, _: Request<wire::ShutdownRequest>) -> Answer<wire::ShutdownResponse> {
        self.was_shut_down.store(true, Ordering::SeqCst);
        fs::remove_file(&self.socket).unwrap();
        self.answer(wire::ShutdownResponse {})
    }
}
