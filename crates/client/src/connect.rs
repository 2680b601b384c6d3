//! The way to the daemon: connects, starts it if absent, introduces the client.
//!
//! Knows versions and config roots; what is asked of the daemon afterwards is in `calls`.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use sessions_paths::{Environment, Paths};
use sessions_proto as wire;
use tokio::net::UnixStream;
use tonic::metadata::{Ascii, Binary, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tower::service_fn;

use crate::{ClientError, StartError, Version, holder, service, start};

/// How often a client starts the daemon anew before it gives up.
const STARTS_MAX: u32 = 3;

/// How long a short call may take.
pub(crate) const CALL_DEADLINE: Duration = Duration::from_mins(1);

/// How long a daemon may take to say who it is, which it does before anything else.
const GREETING_DEADLINE: Duration = Duration::from_secs(15);

/// How long a daemon may take to hear that it is to end, before it is told by a signal.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);

/// Whether a daemon that does not run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is, and an older one is replaced.
    IfAbsent,
    /// It is not; whatever runs is talked to as it is.
    Never,
}

/// What a connection is made from.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The environment, for the daemon to inherit.
    pub environment: Environment,
    /// Where the socket is.
    pub paths: Paths,
    /// The config root this client sees, which the daemon is told of.
    pub root: Option<PathBuf>,
    /// The daemon's program, if it was found.
    pub program: Option<PathBuf>,
    /// Whether to start it.
    pub start: Start,
    /// The config root that an agent asks from, which is answered from that one alone unless the settings say
    /// otherwise; none where a person asks.
    pub agent_root: Option<PathBuf>,
}

/// A connection to a daemon of a matching version.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
    connection: Connection,
    introduce: Introduce,
}

pub(crate) type Introduced = InterceptedService<Channel, Introduce>;

impl Client {
    /// Connects, starting the daemon or replacing an older one where the connection asks for it.
    pub async fn connect(connection: &Connection) -> Result<Self, ClientError> {
        let socket = connection.paths.socket();
        if connection.start == Start::IfAbsent {
            connection.note_root()?;
        } else if connection.would_wake() {
            return Err(ClientError::Absent);
        }
        let mut lost = None;
        for _ in 0..STARTS_MAX {
            let stream = match (holder::try_connect(&socket).await?, connection.start) {
                (Some(stream), _) => stream,
                (None, Start::IfAbsent) => match connection.paths.service() {
                    Some(service) => service::have_started(service, &connection.paths).await?,
                    None => connection.start_daemon().await?,
                },
                (None, Start::Never) => holder::find(&connection.paths, holder::FIND_DEADLINE)
                    .await?
                    .ok_or(ClientError::Absent)?,
            };
            let client = Self::over(stream, connection);
            if connection.start == Start::Never {
                return Ok(client);
            }
            match client.greet(GREETING_DEADLINE).await {
                Ok(Greeting::Ready) => return Ok(client),
                Ok(Greeting::Leaves { pid }) => holder::outwait(pid, &connection.paths).await?,
                // It was killed a moment ago, and its socket is gone the next time.
                Err(error @ ClientError::Lost { .. }) => lost = Some(error),
                Err(error) => return Err(error),
            }
        }
        let message = format!("it wanted to be started anew {STARTS_MAX} times in a row");
        Err(lost.unwrap_or(ClientError::Daemon { message }))
    }

    /// Connects to a daemon that listens now, and says nothing before what is asked of it.
    pub(crate) async fn reach(connection: &Connection) -> Result<Self, ClientError> {
        match holder::try_connect(&connection.paths.socket()).await? {
            Some(stream) => Ok(Self::over(stream, connection)),
            None => Err(ClientError::Absent),
        }
    }

    /// Asks what changes nothing; once more, of a daemon that is started where need be, if the one that
    /// was asked ends before it has answered.
    pub(crate) async fn read_from<T>(
        &self,
        ask: impl AsyncFn(&Self) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        match ask(self).await {
            Err(ClientError::Lost { .. }) => {}
            answered => return answered,
        }
        ask(&Self::connect(&self.connection).await?).await
    }

    /// Returns where the daemon's files are.
    pub(crate) fn paths(&self) -> &Paths {
        &self.connection.paths
    }

    /// Ends the daemon, also one that runs and cannot be reached; false if none runs.
    pub async fn end(connection: &Connection) -> Result<bool, ClientError> {
        Self::end_each(connection)
            .await
            .map_err(|error| match error {
                ClientError::Start(StartError::OldStays { pid, seconds }) => {
                    ClientError::Stays { pid, seconds }
                }
                error => error,
            })
    }

    async fn end_each(connection: &Connection) -> Result<bool, ClientError> {
        let paths = &connection.paths;
        let mut is_told = false;
        let mut lost = None;
        for _ in 0..STARTS_MAX {
            match Self::end_running(connection).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                // It hangs, or had just been killed, or is about to end already, perhaps to start anew: it still
                // hears that nobody is to take its place.
                Err(error @ ClientError::Lost { .. }) => lost = Some(error),
                Err(error) => return Err(error),
            }
            let is_held = holder::end_any(paths).await?;
            is_told |= is_held | holder::end_successor(paths).await?;
            // Who was told too late to keep its successor from starting has one by now, or never will.
            if !is_held && !holder::is_held(paths) {
                if let Some(service) = paths.service() {
                    service::have_stopped(service, paths).await;
                }
                return Ok(is_told || lost.is_some());
            }
        }
        lost.map_or(Ok(is_told), Err)
    }

    /// Tells the daemon that listens to end and waits until it has, not for long where it does not answer; false
    /// if none listens.
    async fn end_running(connection: &Connection) -> Result<bool, ClientError> {
        if connection.would_wake() {
            return Ok(false);
        }
        let Some(stream) = holder::try_connect(&connection.paths.socket()).await? else {
            return Ok(false);
        };
        let client = Self::over(stream, connection);
        let told = tokio::time::timeout(SHUTDOWN_DEADLINE, client.shutdown()).await;
        let silent = |_| ClientError::Lost {
            reason: format!("no answer within {} s", SHUTDOWN_DEADLINE.as_secs()),
        };
        let pid = told.map_err(silent)??;
        holder::outwait(pid, client.paths()).await?;
        Ok(true)
    }

    /// Talks over `stream`; later connections, should this one be lost, are made to the socket.
    fn over(stream: UnixStream, connection: &Connection) -> Self {
        let (mut first, socket) = (Some(stream), connection.paths.socket());
        let connector = service_fn(move |_| {
            let (stream, socket) = (first.take(), socket.clone());
            async move {
                match stream {
                    Some(stream) => Ok(TokioIo::new(stream)),
                    None => UnixStream::connect(socket).await.map(TokioIo::new),
                }
            }
        });
        // The address is not looked at: the connector knows the way.
        let endpoint = Endpoint::from_static("http://sessionsd.invalid");
        Self {
            channel: endpoint.connect_with_connector_lazy(connector),
            connection: connection.clone(),
            introduce: Introduce::own(connection),
        }
    }

    /// Tells the daemon who asks, and learns within `deadline` whether it is to be replaced.
    async fn greet(&self, deadline: Duration) -> Result<Greeting, ClientError> {
        let greeted = tokio::time::timeout(deadline, self.exchange_greetings()).await;
        let seconds = deadline.as_secs();
        greeted.unwrap_or(Err(ClientError::Silent { seconds }))
    }

    async fn exchange_greetings(&self) -> Result<Greeting, ClientError> {
        let root = self.connection.root.as_deref();
        let root = root.map(|root| root.to_string_lossy().into_owned());
        let answer = self
            .daemon()
            .status(short(wire::StatusRequest { root, brief: true }))
            .await;
        let is_older = match &answer {
            Ok(response) => peer_version(response.metadata()),
            Err(status) => peer_version(status.metadata()),
        }
        .is_some_and(|version| version < Version::own());
        let status = checked(answer)?;
        if is_older {
            // A drained daemon closes the connection before or after it answered: both will do.
            drop(
                self.daemon()
                    .shutdown(short(wire::ShutdownRequest {}))
                    .await,
            );
        }
        if is_older || status.restarting {
            Ok(Greeting::Leaves { pid: status.pid })
        } else {
            Ok(Greeting::Ready)
        }
    }

    pub(crate) fn sessions(
        &self,
    ) -> wire::session_service_client::SessionServiceClient<Introduced> {
        wire::session_service_client::SessionServiceClient::with_interceptor(
            self.channel.clone(),
            self.introduce.clone(),
        )
        .max_decoding_message_size(wire::MESSAGE_BYTES_MAX)
    }

    pub(crate) fn search_service(
        &self,
    ) -> wire::search_service_client::SearchServiceClient<Introduced> {
        wire::search_service_client::SearchServiceClient::with_interceptor(
            self.channel.clone(),
            self.introduce.clone(),
        )
        .max_decoding_message_size(wire::MESSAGE_BYTES_MAX)
    }

    pub(crate) fn checkpoints(
        &self,
    ) -> wire::checkpoint_service_client::CheckpointServiceClient<Introduced> {
        wire::checkpoint_service_client::CheckpointServiceClient::with_interceptor(
            self.channel.clone(),
            self.introduce.clone(),
        )
        .max_decoding_message_size(wire::MESSAGE_BYTES_MAX)
    }

    pub(crate) fn hooks(&self) -> wire::hook_service_client::HookServiceClient<Introduced> {
        wire::hook_service_client::HookServiceClient::with_interceptor(
            self.channel.clone(),
            self.introduce.clone(),
        )
        .max_decoding_message_size(wire::MESSAGE_BYTES_MAX)
    }

    pub(crate) fn daemon(&self) -> wire::daemon_service_client::DaemonServiceClient<Introduced> {
        wire::daemon_service_client::DaemonServiceClient::with_interceptor(
            self.channel.clone(),
            self.introduce.clone(),
        )
        .max_decoding_message_size(wire::MESSAGE_BYTES_MAX)
    }
}

impl Connection {
    /// Tells whether a service manager listens in the place of a daemon, and would start it for whoever connects.
    fn would_wake(&self) -> bool {
        self.paths.service().is_some() && !holder::is_held(&self.paths)
    }

    /// Notes the config root where the daemon in its sandbox cannot write, and which is what it goes by.
    fn note_root(&self) -> Result<(), ClientError> {
        let Some(root) = &self.root else {
            return Ok(());
        };
        let home = self.environment.home.as_deref();
        self.paths.check_root(root, home)?;
        match self.paths.root_list().add(root) {
            // A daemon that is started from here inherits it.
            Err(_) if self.environment.config_roots().contains(root) => Ok(()),
            noted => Ok(noted.map(drop)?),
        }
    }

    async fn start_daemon(&self) -> Result<UnixStream, ClientError> {
        let program = self.program.as_deref().ok_or(StartError::Missing)?;
        start::start(program, &self.environment, &self.paths).await
    }
}

enum Greeting {
    /// It stays.
    Ready,
    /// It ends by itself, and another is to be started.
    Leaves { pid: u32 },
}

/// Adds this program's version to each call.
#[derive(Debug, Clone)]
pub(crate) struct Introduce {
    version: MetadataValue<Ascii>,
    agent_root: Option<MetadataValue<Binary>>,
}

impl Introduce {
    fn own(connection: &Connection) -> Self {
        let agent_root = connection.agent_root.as_deref();
        Self {
            version: MetadataValue::from_static(env!("CARGO_PKG_VERSION")),
            agent_root: agent_root
                .map(|root| MetadataValue::from_bytes(root.as_os_str().as_bytes())),
        }
    }
}

impl Interceptor for Introduce {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert(wire::VERSION_KEY, self.version.clone());
        if let Some(root) = &self.agent_root {
            request
                .metadata_mut()
                .insert_bin(wire::AGENT_ROOT_KEY, root.clone());
        }
        Ok(request)
    }
}

/// Returns the answer, unless it is an error or comes from a newer daemon.
pub(crate) fn checked<T>(answer: Result<Response<T>, Status>) -> Result<T, ClientError> {
    let metadata = match &answer {
        Ok(response) => response.metadata(),
        Err(status) => status.metadata(),
    };
    let client = Version::own();
    match peer_version(metadata) {
        Some(daemon) if daemon > client => Err(ClientError::Outdated { client, daemon }),
        _ => answer
            .map(Response::into_inner)
            .map_err(|status| ClientError::from_status(&status)),
    }
}

/// Returns a request that fails when it has no answer within [`CALL_DEADLINE`].
pub(crate) fn short<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_DEADLINE);
    request
}

fn peer_version(metadata: &MetadataMap) -> Option<Version> {
    Version::parse(metadata.get(wire::VERSION_KEY)?.to_str().ok()?)
}

#[cfg(test)]
mod tests;
