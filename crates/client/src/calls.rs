//! What is asked of the daemon, in model types.

use sessions_model::{
    GenerationId, Project, SearchAnswer, Seq, Session, SessionFilter, SessionId, SourceId, Status,
    Timestamp,
};
use sessions_proto as wire;
use tonic::Request;

use crate::connect::{checked, short};
use crate::{Backups, Bytes, Client, ClientError, Entries, Updates, Verifications, convert};

/// A list of sessions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// The sessions, latest first.
    pub sessions: Vec<Session>,
    /// Directories whose repository the daemon wants to be told.
    pub unresolved_cwds: Vec<String>,
}

/// A question to the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchRequest {
    /// The query, as typed.
    pub query: String,
    /// At most so many hits; 0 for the daemon's limit.
    pub limit: u32,
    /// In this config root alone.
    pub root: Option<String>,
    /// Include what scripts ran.
    pub automated: bool,
    /// Milliseconds to wait until everything on disk has been searched; 0 for the daemon's default.
    pub wait_ms: u32,
    /// Milliseconds that local time is ahead of UTC.
    pub utc_offset_ms: i32,
    /// The session that asks: it is left out, unless the query names a session.
    pub asking: Option<SessionId>,
    /// Hits of each session at most; 0 for the best alone.
    pub per_session: u32,
    /// Whether matches are counted by project, kind, tool, model and month.
    pub with_facets: bool,
    /// Whether it is said how the query was understood and what scores were made of.
    pub with_reasons: bool,
}

/// One archived file of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its number in this archive.
    pub id: SourceId,
    /// Path below the root.
    pub path: String,
    /// The config root.
    pub root: String,
    /// `transcript`, `subagent`, `tool-result`, `sidecar`, `file-history` or `history`.
    pub kind: String,
    /// The lives of the file, oldest first.
    pub generations: Vec<Generation>,
    /// Whether the file is no longer on disk.
    pub is_gone: bool,
}

/// The archived files of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFiles {
    /// Its files.
    pub sources: Vec<Source>,
    /// The process of the client that has it open.
    pub live_pid: Option<u32>,
}

/// The life of a source's file between two rewrites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number in this archive.
    pub id: GenerationId,
    /// Its length in bytes.
    pub length: u64,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// Whether it is what is on disk, or was last.
    pub is_current: bool,
}

/// What a client read of a directory's repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryFacts {
    /// The directory.
    pub cwd: String,
    /// The repository's common directory; empty where there is no repository.
    pub common_dir: String,
    /// The address of its remote `origin`; empty where there is none.
    pub remote: String,
}

/// How far a verification is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Bytes read back.
    pub bytes_checked: u64,
    /// Bytes there are.
    pub bytes_total: u64,
    /// Whether this is the last report.
    pub is_done: bool,
    /// What did not read back and is lost, for a person.
    pub losses: Vec<String>,
    /// What did not read back, and was put back from the files it came from.
    pub mended: Vec<String>,
    /// What was known to be lost before.
    pub known: Vec<String>,
    /// What is wrong with the database itself.
    pub structure: Vec<String>,
}

impl Client {
    /// Lists sessions.
    pub async fn list(&self, filter: &SessionFilter) -> Result<Listing, ClientError> {
        let filter = filter.clone();
        let request = wire::ListRequest {
            project: filter.project,
            since_ms: filter.since.map(Timestamp::millis),
            until_ms: filter.until.map(Timestamp::millis),
            limit: filter.limit,
            live_only: filter.live_only,
            root: filter.root,
        };
        self.read_from(async |client| {
            let mut stream = checked(client.sessions().list(short(request.clone())).await)?;
            let mut listing = Listing::default();
            while let Some(part) = stream
                .message()
                .await
                .map_err(|status| ClientError::from_status(&status))?
            {
                let sessions = convert::each(part.sessions, convert::session)?;
                listing.sessions.extend(sessions);
                listing.unresolved_cwds.extend(part.unresolved_cwds);
            }
            Ok(listing)
        })
        .await
    }

    /// Finds the session that `name` means: an id prefix, a title, or `@` for the latest of `cwd`.
    pub async fn resolve(
        &self,
        name: &str,
        cwd: &str,
        root: Option<&str>,
    ) -> Result<Session, ClientError> {
        let request = wire::ResolveRequest {
            name: name.to_owned(),
            cwd: cwd.to_owned(),
            root: root.map(str::to_owned),
        };
        let response = self
            .read_from(async |client| {
                checked(client.sessions().resolve(short(request.clone())).await)
            })
            .await?;
        let mut candidates = convert::each(response.sessions, convert::session)?;
        match candidates.len() {
            0 => Err(ClientError::NotFound {
                message: format!("no session matches {name}"),
            }),
            1 => Ok(candidates.remove(0)),
            _ => Err(ClientError::Ambiguous {
                name: name.to_owned(),
                candidates,
            }),
        }
    }

    /// Reads the entries of a session.
    pub async fn read(&self, session: &SessionId) -> Result<Entries, ClientError> {
        let request = wire::ReadRequest {
            session: session.as_str().to_owned(),
        };
        let stream = self
            .read_from(async |client| {
                checked(client.sessions().read(Request::new(request.clone())).await)
            })
            .await?;
        Ok(Entries::new(stream))
    }

    /// Lists the archived files of a session.
    pub async fn sources(&self, session: &SessionId) -> Result<Vec<Source>, ClientError> {
        Ok(self.list_sources(session.as_str()).await?.sources)
    }

    /// Lists the archived files of a session, and says which process has it open.
    pub async fn files(&self, session: &SessionId) -> Result<SessionFiles, ClientError> {
        self.list_sources(session.as_str()).await
    }

    /// Lists the archived files whose path names no session, such as the history of prompts.
    pub async fn unowned_sources(&self) -> Result<Vec<Source>, ClientError> {
        Ok(self.list_sources("").await?.sources)
    }

    async fn list_sources(&self, session: &str) -> Result<SessionFiles, ClientError> {
        let request = wire::SourcesRequest {
            session: session.to_owned(),
        };
        let response = self
            .read_from(async |client| {
                checked(client.sessions().sources(short(request.clone())).await)
            })
            .await?;
        Ok(SessionFiles {
            sources: response.sources.into_iter().map(convert::source).collect(),
            live_pid: response.live_pid,
        })
    }

    /// Reads the archived bytes of one source: of `generation`, else of the newest whole one.
    pub async fn bytes(
        &self,
        source: SourceId,
        generation: Option<GenerationId>,
    ) -> Result<Bytes, ClientError> {
        let request = wire::BytesRequest {
            source: source.0,
            generation: generation.unwrap_or_default().0,
        };
        let stream = self
            .read_from(async |client| checked(client.sessions().bytes(Request::new(request)).await))
            .await?;
        Ok(Bytes::new(stream))
    }

    /// Says that what is known as `from` belongs to the project `to` from now on.
    pub async fn move_project(&self, from: &str, to: &str) -> Result<Seq, ClientError> {
        let operation = wire::ProjectMove {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        self.annotate(wire::annotate_request::Operation::ProjectMove(operation))
            .await
    }

    /// Tells what repository a directory is in.
    pub async fn tell_directory(&self, facts: DirectoryFacts) -> Result<Seq, ClientError> {
        let operation = wire::DirectoryFacts {
            cwd: facts.cwd,
            common_dir: facts.common_dir,
            remote: facts.remote,
        };
        self.annotate(wire::annotate_request::Operation::Directory(operation))
            .await
    }

    /// Gives a session tags, and takes others from it.
    pub async fn tag(
        &self,
        session: &SessionId,
        (give, take): (Vec<String>, Vec<String>),
    ) -> Result<Seq, ClientError> {
        let operation = wire::SessionTags {
            session: session.as_str().to_owned(),
            give,
            take,
        };
        self.annotate(wire::annotate_request::Operation::Tags(operation))
            .await
    }

    async fn annotate(
        &self,
        operation: wire::annotate_request::Operation,
    ) -> Result<Seq, ClientError> {
        let request = wire::AnnotateRequest {
            operation: Some(operation),
        };
        let response = checked(self.sessions().annotate(short(request)).await)?;
        Ok(Seq(response.seq))
    }

    /// Lists projects.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        let request = wire::ProjectsRequest {};
        let response = self
            .read_from(async |client| checked(client.sessions().projects(short(request)).await))
            .await?;
        Ok(response
            .projects
            .into_iter()
            .map(convert::project)
            .collect())
    }

    /// Searches.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchAnswer, ClientError> {
        let request = wire::SearchRequest {
            query: request.query,
            limit: request.limit,
            root: request.root,
            automated: request.automated,
            wait_ms: request.wait_ms,
            utc_offset_ms: request.utc_offset_ms,
            asking: request.asking.map(|id| id.as_str().to_owned()),
            per_session: request.per_session,
            with_facets: request.with_facets,
            with_reasons: request.with_reasons,
        };
        let response = self
            .read_from(async |client| {
                checked(client.search_service().search(short(request.clone())).await)
            })
            .await?;
        convert::answer(response)
    }

    /// Asks how the daemon is doing.
    pub async fn status(&self) -> Result<Status, ClientError> {
        let request = wire::StatusRequest {
            root: None,
            brief: false,
        };
        let response = self
            .read_from(async |client| checked(client.daemon().status(short(request.clone())).await))
            .await?;
        convert::status(response)
    }

    /// Follows the archive's position and the import.
    pub async fn watch(&self) -> Result<Updates, ClientError> {
        let request = || Request::new(wire::WatchRequest {});
        let stream = self
            .read_from(async |client| checked(client.daemon().watch(request()).await))
            .await?;
        Ok(Updates { stream })
    }

    /// Reads the whole archive back.
    pub async fn verify(&self) -> Result<Verifications, ClientError> {
        let request = Request::new(wire::VerifyRequest {});
        let stream = checked(self.daemon().verify(request).await)?;
        Ok(Verifications { stream })
    }

    /// Builds catalog and index anew; returns the position they reach.
    pub async fn rebuild(&self) -> Result<Seq, ClientError> {
        let request = Request::new(wire::RebuildRequest {});
        let response = checked(self.daemon().rebuild(request).await)?;
        Ok(Seq(response.seq))
    }

    /// Takes a verified copy of the archive.
    pub async fn backup(&self) -> Result<Backups, ClientError> {
        let request = Request::new(wire::BackupRequest {});
        let stream = checked(self.daemon().backup(request).await)?;
        Ok(Backups { stream })
    }

    /// Stops archiving until [`Client::resume`].
    pub async fn pause(&self) -> Result<(), ClientError> {
        self.set_paused(wire::SetPausedRequest { paused: true })
            .await
    }

    /// Goes on archiving.
    pub async fn resume(&self) -> Result<(), ClientError> {
        self.set_paused(wire::SetPausedRequest { paused: false })
            .await
    }

    async fn set_paused(&self, request: wire::SetPausedRequest) -> Result<(), ClientError> {
        checked(self.daemon().set_paused(short(request)).await)?;
        Ok(())
    }

    /// Tells the daemon to end, and returns its process.
    pub(crate) async fn shutdown(&self) -> Result<u32, ClientError> {
        let request = wire::StatusRequest {
            root: None,
            brief: true,
        };
        let status = checked(self.daemon().status(short(request)).await)?;
        checked(
            self.daemon()
                .shutdown(short(wire::ShutdownRequest {}))
                .await,
        )?;
        Ok(status.pid)
    }
}
