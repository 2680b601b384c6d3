//! `SessionService`.

use std::sync::Arc;

use sessions_model as model;
use sessions_proto as wire;
use sessions_proto::annotate_request::Operation;
use sessions_proto::session_service_server::SessionService;
use tonic::{Request, Response, Status};

use super::scope::Scope;
use super::stream::{self, Gone, Reply, Sender, Sent};
use super::{Rpc, convert, refusal};
use crate::backend::{Annotation, Backend, Mark, Name, Portion, SourceBytes, SourcePiece};

/// Directories a list asks its client to look up.
const UNRESOLVED_MAX: usize = 64;

#[tonic::async_trait]
impl SessionService for Rpc {
    type ListStream = Reply<wire::ListResponse>;
    type ReadStream = Reply<wire::ReadResponse>;
    type BytesStream = Reply<wire::BytesResponse>;

    async fn list(
        &self,
        request: Request<wire::ListRequest>,
    ) -> Result<Response<Self::ListStream>, Status> {
        let scope = self.scope(&request);
        let request = request.into_inner();
        let filter = model::SessionFilter {
            project: request.project,
            since: request.since_ms.map(model::Timestamp),
            until: request.until_ms.map(model::Timestamp),
            limit: request.limit,
            live_only: request.live_only,
            root: scope.narrow(request.root)?,
        };
        let (sessions, unresolved_cwds) = self
            .backend()?
            .list(filter, UNRESOLVED_MAX)
            .await
            .map_err(refusal::status)?;
        let (sender, reply) = stream::reply();
        self.tasks.start(async move {
            // A reader that left needs no more.
            let _left = stream::send_sessions(&sender, sessions, unresolved_cwds).await;
        });
        Ok(Response::new(reply))
    }

    async fn resolve(
        &self,
        request: Request<wire::ResolveRequest>,
    ) -> Result<Response<wire::ResolveResponse>, Status> {
        let scope = self.scope(&request);
        let wire::ResolveRequest { name, cwd, root } = request.into_inner();
        let name = Name {
            text: name,
            cwd,
            root: scope.narrow(root)?,
        };
        let sessions = self
            .backend()?
            .resolve(name)
            .await
            .map_err(refusal::status)?;
        let sessions = sessions.into_iter().map(convert::session).collect();
        Ok(Response::new(wire::ResolveResponse { sessions }))
    }

    async fn read(
        &self,
        request: Request<wire::ReadRequest>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        let scope = self.scope(&request);
        let session = convert::session_id(&request.into_inner().session)?;
        self.admit(&scope, &session).await?;
        let backend = Arc::clone(self.backend()?);
        let portion = backend.read(session.clone(), Mark::default()).await;
        let portion = portion.map_err(refusal::status)?;
        let (sender, reply) = stream::reply();
        self.tasks.start(async move {
            // A reader that left needs no more.
            let _left = send_session(&sender, portion, (&backend, session)).await;
        });
        Ok(Response::new(reply))
    }

    async fn sources(
        &self,
        request: Request<wire::SourcesRequest>,
    ) -> Result<Response<wire::SourcesResponse>, Status> {
        let scope = self.scope(&request);
        let session = request.into_inner().session;
        let (sources, live_pid) = if session.is_empty() {
            (self.backend()?.unowned_sources().await, None)
        } else {
            let session = convert::session_id(&session)?;
            self.admit(&scope, &session).await?;
            let sources = self.backend()?.sources(session.clone()).await;
            let live = self.backend()?.live_process(session).await;
            (sources, live.map_err(refusal::status)?)
        };
        let sources = sources.map_err(refusal::status)?;
        let seen = sources.into_iter().filter(|source| scope.has(&source.root));
        let sources = seen.map(convert::source).collect();
        Ok(Response::new(wire::SourcesResponse { sources, live_pid }))
    }

    async fn bytes(
        &self,
        request: Request<wire::BytesRequest>,
    ) -> Result<Response<Self::BytesStream>, Status> {
        let scope = self.scope(&request);
        let wire::BytesRequest { source, generation } = request.into_inner();
        if !scope.is_open() {
            let root = self.backend()?.root_of(model::SourceId(source)).await;
            if !root
                .map_err(refusal::status)?
                .is_some_and(|root| scope.has(&root))
            {
                return Err(Status::not_found("there is no such file"));
            }
        }
        let generation = (generation != 0).then_some(model::GenerationId(generation));
        let bytes = self
            .backend()?
            .bytes(model::SourceId(source), generation)
            .await
            .map_err(refusal::status)?;
        let (sender, reply) = stream::reply();
        self.tasks.start(async move {
            let _left = send_bytes(&sender, bytes).await;
        });
        Ok(Response::new(reply))
    }

    async fn annotate(
        &self,
        request: Request<wire::AnnotateRequest>,
    ) -> Result<Response<wire::AnnotateResponse>, Status> {
        let scope = self.scope(&request);
        let annotation = match request.into_inner().operation {
            Some(Operation::Tags(tags)) => return self.tag(&scope, tags).await,
            Some(Operation::ProjectMove(wire::ProjectMove { from, to })) => {
                Annotation::ProjectMove { from, to }
            }
            Some(Operation::Directory(facts)) => Annotation::Directory {
                cwd: facts.cwd,
                common_dir: facts.common_dir,
                remote: facts.remote,
            },
            None => return Err(Status::invalid_argument("the request names no operation")),
        };
        let seq = self
            .backend()?
            .annotate(annotation)
            .await
            .map_err(refusal::status)?;
        Ok(Response::new(wire::AnnotateResponse { seq: seq.0 }))
    }

    async fn projects(
        &self,
        request: Request<wire::ProjectsRequest>,
    ) -> Result<Response<wire::ProjectsResponse>, Status> {
        let root = self.scope(&request).narrow(None)?;
        let projects = self.backend()?.projects(root).await;
        let projects = projects.map_err(refusal::status)?;
        let projects = projects.into_iter().map(convert::project).collect();
        Ok(Response::new(wire::ProjectsResponse { projects }))
    }
}

impl Rpc {
    /// Gives a session tags, and takes others.
    async fn tag(
        &self,
        scope: &Scope,
        tags: wire::SessionTags,
    ) -> Result<Response<wire::AnnotateResponse>, Status> {
        let session = model::SessionId::parse(&tags.session)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.admit(scope, &session).await?;
        let backend = self.backend()?;
        let tagged = backend.tag(session, (tags.give, tags.take)).await;
        tagged.map_err(refusal::status)?;
        let seq = backend.position().0.archive_seq.0;
        Ok(Response::new(wire::AnnotateResponse { seq }))
    }
}

/// Sends a session's entries; what a reader that stopped did not take is read again when it goes on.
async fn send_session(
    sender: &Sender<wire::ReadResponse>,
    mut portion: Portion,
    (backend, session): (&Backend, model::SessionId),
) -> Result<(), Gone> {
    while let Sent::UpTo(mark) = stream::send_entries(sender, portion).await? {
        sender.ready().await?;
        let read = backend.read(session.clone(), mark);
        portion = match sender.while_heard(read).await? {
            Ok(portion) => portion,
            Err(refusal) => return sender.send(Err(refusal::status(refusal))).await,
        };
    }
    Ok(())
}

async fn send_bytes(
    sender: &Sender<wire::BytesResponse>,
    mut bytes: SourceBytes,
) -> Result<(), Gone> {
    let mut hasher = blake3::Hasher::new();
    loop {
        let pieces = match bytes.next().await {
            Ok((_, pieces)) if pieces.is_empty() => {
                let last = wire::BytesResponse {
                    blake3: hasher.finalize().to_hex().to_string(),
                    ..wire::BytesResponse::default()
                };
                return sender.send(Ok(last)).await;
            }
            Ok((next, pieces)) => {
                bytes = next;
                pieces
            }
            Err(refusal) => return sender.send(Err(refusal::status(refusal))).await,
        };
        for piece in pieces {
            if let SourcePiece::Bytes(data) = &piece {
                hasher.update(data);
            }
            sender.send(Ok(convert::source_piece(piece))).await?;
        }
    }
}
