//! What the daemon can do for a caller, apart from how it is asked.
//!
//! Asynchronous and never blocking: questions run on the runtime's blocking threads, each with an
//! engine of its own. Knows nothing of the wire.

mod archived;
mod checkpoints;
mod checkup;
mod copy;
mod front;
mod grepping;
mod hooks;
mod limits;
mod patience;
mod readers;
mod reading;
mod recall;
mod report;
mod searching;
mod tags;

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sessions_archive::Heads;
use sessions_catalog::Applied;
use sessions_model::{
    Coverage, Fault, Progress, Project, Seq, Session, SessionFilter, SessionId, SourceId, Status,
    Timestamp,
};
use sessions_paths::Paths;
use sessions_query::{Engine, QueryError, SourceListing};
use tokio::sync::watch;

pub(crate) use checkup::{Findings, VerifyStep, go_on_while};
pub(crate) use copy::{BackupPiece, SourceBytes, SourcePiece};
pub(crate) use front::{Front, Salvaging};
pub(crate) use grepping::Tell;
pub(crate) use hooks::{Hooks, ReadSpool, Spooled};
pub(crate) use limits::Limits;
pub(crate) use readers::{Lent, Readers};
#[cfg(test)]
pub(crate) use reading::tests::portion;
pub(crate) use reading::{Mark, Portion};
pub(crate) use recall::{RECALL_FOOT, RECALL_HEAD};
pub(crate) use report::setting_fault;
pub(crate) use searching::Question;

pub(crate) use crate::annotation::{Annotation, Made};
use crate::causes::chain;
use crate::clock::Clock;
use crate::config::AgentScope;
use crate::derive::{Deriver, contiguous};
use crate::ingest::{Archiving, ArchivistHandle, Settled};
use crate::live;
use crate::roots::Roots;
use crate::suspicion::Suspicion;

/// How long a search waits for the last line on disk unless the caller says otherwise.
const WAIT: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such thing.
    NotFound(String),
    /// The query does not parse.
    Query {
        /// The bytes at fault.
        span: Range<usize>,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// The pattern cannot be matched.
    Pattern {
        /// The bytes at fault.
        span: Range<usize>,
        /// What is wrong.
        message: String,
    },
    /// The request is wrong.
    Argument(String),
    /// There is nothing to answer from yet.
    NotReady(String),
    /// Something failed.
    Failed(String),
    /// The daemon is ending.
    Stopping,
}

/// What a user calls a session.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// An id, its beginning, a title, or `@`.
    pub(crate) text: String,
    /// The directory that `@` means.
    pub(crate) cwd: String,
    /// In this config root alone.
    pub(crate) root: Option<String>,
}

/// What does not change while the daemon runs.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Where things are.
    pub(crate) paths: Paths,
    /// When it started.
    pub(crate) started_at: Timestamp,
    /// What the sandbox denies.
    pub(crate) sandbox: Vec<String>,
    /// What agents are shown.
    pub(crate) agents: AgentScope,
    /// Why nothing is archived until the settings are mended.
    pub(crate) hold: Option<String>,
    /// What was wrong at the start: settings.
    pub(crate) faults: Vec<Fault>,
}

impl Facts {
    /// Says who the daemon is.
    fn introduction(&self) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            started_at: self.started_at,
            ..Status::default()
        }
    }

    /// Returns the config root that an agent of `root` is answered from; none where it may see all.
    pub(crate) fn scope(&self, root: &str) -> Option<String> {
        match self.agents {
            AgentScope::Root => Some(root.to_owned()),
            AgentScope::All => None,
        }
    }
}

/// The daemon's parts, for callers.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) archivist: ArchivistHandle,
    pub(crate) deriver: Deriver,
    pub(crate) heads: watch::Receiver<Heads>,
    pub(crate) roots: Roots,
    pub(crate) archive: Readers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) facts: Facts,
    pub(crate) rate: Mutex<report::Rate>,
    pub(crate) suspicion: Suspicion,
    /// What a check found wrong with the archive.
    pub(crate) damage: Mutex<Option<Fault>>,
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
    /// Says that the daemon ends.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Backend {
    /// Lists sessions, latest first, and directories whose repository is not known.
    pub(crate) async fn list(
        &self,
        filter: SessionFilter,
        unresolved_max: usize,
    ) -> Result<(Vec<Session>, Vec<String>), Refusal> {
        self.catch_up().await;
        let roots = self.roots.clone();
        let wanted = filter.clone();
        let (mut sessions, unresolved) = self
            .ask(move |engine| {
                let sessions = engine.list(&wanted, &live::sessions(roots.known()))?;
                Ok((sessions, engine.unresolved_cwds(unresolved_max)?))
            })
            .await?;
        if self.deriver.fault().is_some() {
            self.add_archived(&filter, &mut sessions).await?;
        }
        Ok((sessions, unresolved))
    }

    /// Returns the session of that name, or the candidates.
    pub(crate) async fn resolve(&self, name: Name) -> Result<Vec<Session>, Refusal> {
        let is_shown = self.catch_up().await;
        let roots = self.roots.clone();
        let (wanted, root) = (name.text.clone(), name.root.clone());
        let sessions = self
            .ask(move |engine| {
                let live = live::sessions(roots.known());
                match name.text.as_str() {
                    "@" => engine.latest_in(&name.cwd, name.root.as_deref(), &live),
                    text => engine.resolve(text, name.root.as_deref(), &live),
                }
            })
            .await?;
        if !sessions.is_empty() {
            return Ok(sessions);
        }
        let is_whole = is_shown && self.position().1.is_none();
        if !is_whole && wanted != "@" {
            let archived = self.archived(wanted.clone(), root).await?;
            if !archived.is_empty() {
                return Ok(archived);
            }
        }
        Err(if is_whole {
            Refusal::NotFound(format!("no session matches {wanted}"))
        } else {
            let why = self.why_incomplete();
            Refusal::NotReady(format!("no session matches {wanted} so far: {why}"))
        })
    }

    /// Returns a session's sources and their generations.
    pub(crate) async fn sources(&self, session: SessionId) -> Result<Vec<SourceListing>, Refusal> {
        self.catch_up().await;
        self.ask(move |engine| engine.sources(&session)).await
    }

    /// Returns the process of the client that has `session` open.
    pub(crate) async fn live_process(&self, session: SessionId) -> Result<Option<u32>, Refusal> {
        let roots = self.roots.clone();
        self.ask(move |_| Ok(live::process(roots.known(), &session)))
            .await
    }

    /// Returns the sources that belong to no session, and their generations.
    pub(crate) async fn unowned_sources(&self) -> Result<Vec<SourceListing>, Refusal> {
        self.catch_up().await;
        self.ask(|engine| engine.unowned_sources()).await
    }

    /// Tells whether a file of a session is in `root`.
    pub(crate) async fn is_in_root(
        &self,
        session: SessionId,
        root: String,
    ) -> Result<bool, Refusal> {
        self.catch_up().await;
        let sources = self.ask(move |engine| engine.sources(&session)).await?;
        Ok(sources.iter().any(|source| source.root == root))
    }

    /// Returns the config root of a source.
    pub(crate) async fn root_of(&self, source: SourceId) -> Result<Option<String>, Refusal> {
        let read = move |reader: Lent| {
            let known = reader.source(source)?;
            known.map_or(Ok(None), |known| reader.root_path(known.root))
        };
        let read = self.on_archive(read).await?;
        read.map_err(|error| copy::failed(&error))
    }

    /// Returns the projects there are, or those of one config root.
    pub(crate) async fn projects(&self, root: Option<String>) -> Result<Vec<Project>, Refusal> {
        self.catch_up().await;
        self.ask(move |engine| engine.projects(root.as_deref()))
            .await
    }

    /// Records what a user says; it holds from the next answer on.
    pub(crate) async fn annotate(&self, annotation: Annotation) -> Result<Seq, Refusal> {
        if let Some(fault) = annotation.fault() {
            return Err(Refusal::Argument(fault));
        }
        let annotation = match annotation {
            Annotation::ProjectMove { from, to } => self.name_projects(from, to).await?,
            said => said,
        };
        let recorded = self.archivist.operate(annotation.to_operation()).await;
        let seq = recorded.map_err(|error| Refusal::Failed(chain(&error)))?;
        self.deriver.show(seq, WAIT).await;
        Ok(seq)
    }

    /// Returns the move with the names by which the projects are known.
    async fn name_projects(&self, from: String, to: String) -> Result<Annotation, Refusal> {
        self.catch_up().await;
        let (old, new) = (from.clone(), to.clone());
        let meant = move |engine: &mut Engine| {
            Ok((engine.projects_meant(&old)?, engine.projects_meant(&new)?))
        };
        let (old, new) = self.ask(meant).await?;
        Annotation::project_move((from, &old), (to, &new)).map_err(Refusal::Argument)
    }

    /// Stops archiving, or goes on with it; survives restarts.
    pub(crate) async fn set_archiving(&self, archiving: Archiving) -> Result<(), Refusal> {
        let set = self.archivist.set_archiving(archiving).await;
        set.map_err(|error| Refusal::Failed(chain(&error)))?;
        match &self.facts.hold {
            Some(why) if archiving == Archiving::GoesOn => Err(Refusal::Argument(format!(
                "archiving goes on once the settings are mended: {why}"
            ))),
            _ => Ok(()),
        }
    }

    /// Builds catalog and index anew beside the old ones.
    pub(crate) async fn rebuild(&self) -> Result<Seq, Refusal> {
        let applied = self.deriver.rebuild().await.ok_or_else(|| {
            let fault = self.deriver.fault().map(|fault| fault.message);
            fault.map_or(Refusal::Stopping, Refusal::Failed)
        })?;
        Ok(contiguous(applied, *self.heads.borrow()))
    }

    /// Returns what is searchable, as it moves.
    pub(crate) fn visible(&self) -> watch::Receiver<Applied> {
        self.deriver.visible()
    }

    /// Returns the positions of archive and index, and how far an import is.
    pub(crate) fn position(&self) -> (Coverage, Option<Progress>) {
        self.position_of(*self.deriver.visible().borrow(), *self.heads.borrow())
    }

    /// As [`Backend::position`], of an archive with these `heads` of which so much is `applied`.
    fn position_of(&self, applied: Applied, heads: Heads) -> (Coverage, Option<Progress>) {
        let progress = self.progress(applied, heads);
        let indexed_seq = contiguous(applied, heads);
        let is_indexed = indexed_seq >= heads.head() && progress.is_none();
        let missing = || is_indexed.then(|| self.missing()).flatten();
        let shortfall = self.archivist.shortfall().or_else(missing);
        let complete = is_indexed && shortfall.is_none();
        let reason = (!complete).then(|| shortfall.unwrap_or_else(|| self.why_incomplete()));
        (
            Coverage {
                indexed_seq,
                archive_seq: heads.head(),
                complete,
                reason,
            },
            progress,
        )
    }

    /// Makes what is on disk visible to a list or a reader, within reason; false if it was not.
    async fn catch_up(&self) -> bool {
        self.take_spool().await;
        self.show_archived().await
    }

    /// Makes what has been archived visible, within reason; false if it was not.
    async fn show_archived(&self) -> bool {
        let settled = self.archivist.settle(WAIT).await;
        let shown = self.deriver.show(settled.heads.live, WAIT).await;
        shown.is_some_and(|applied| applied.live >= settled.heads.live)
    }

    /// Tells how much is covered of what there was when `settled` came: what came since was not asked for.
    fn coverage_of(&self, settled: &Settled, shown: Option<Applied>) -> Coverage {
        let applied = shown.unwrap_or_else(|| *self.deriver.visible().borrow());
        let (position, _) = self.position_of(applied, settled.heads);
        let is_shown = shown.is_some_and(|applied| applied.live >= settled.heads.live);
        let complete = position.complete && settled.complete && is_shown;
        let reason = match (&settled.reason, complete) {
            (_, true) => None,
            (Some(reason), _) if !settled.complete => Some(reason.clone()),
            _ => position.reason.or_else(|| Some(self.why_incomplete())),
        };
        Coverage {
            complete,
            reason,
            ..position
        }
    }

    fn why_incomplete(&self) -> String {
        match self.deriver.fault() {
            Some(fault) => fault.message,
            None => "some of what is archived is not indexed yet".into(),
        }
    }

    /// Puts a question to an engine that nobody uses, off the runtime.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Engine) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let serving = self.deriver.serving().ok_or_else(|| {
            let fault = self.deriver.fault().map(|fault| fault.message);
            Refusal::NotReady(fault.unwrap_or_else(|| "catalog and index are being opened".into()))
        })?;
        let mut lease = serving.lease().await.ok_or(Refusal::Stopping)?;
        let asked = tokio::task::spawn_blocking(move || question(lease.engine())).await;
        let is_doubtful = match &asked {
            Ok(Err(QueryError::Index(_) | QueryError::Catalog(_))) | Err(_) => true,
            Ok(_) => false,
        };
        if is_doubtful && !self.renew_derived().await.is_empty() {
            return Err(Refusal::NotReady(
                "catalog and index are damaged, and are being built anew: ask again in a moment"
                    .into(),
            ));
        }
        asked
            .map_err(|_| Refusal::Failed("a question ended in a panic".into()))?
            .map_err(refuse)
    }

    /// Runs `work` off the runtime, with a reader that nobody else uses. Invariant: async code never blocks.
    async fn on_archive<T: Send + 'static>(
        &self,
        work: impl FnOnce(Lent) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let archive = self.archive.clone();
        let worked = tokio::task::spawn_blocking(move || archive.lend().map(work));
        match worked.await {
            Ok(worked) => worked.map_err(|error| copy::failed(&error)),
            Err(_) => Err(Refusal::Failed("a question ended in a panic".into())),
        }
    }

    /// Returns what tells that somebody still waits: the daemon goes on, and so says `is_heard`.
    fn wanted_while(
        &self,
        is_heard: impl Fn() -> bool + Send + Sync + 'static,
    ) -> impl Fn() -> bool + Send + Sync + 'static {
        let stopping = self.stopping.clone();
        move || !*stopping.borrow() && is_heard()
    }
}

fn refuse(error: QueryError) -> Refusal {
    match error {
        QueryError::Syntax {
            span,
            message,
            hint,
        } => {
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            Refusal::Query {
                span,
                message: message + &hint,
            }
        }
        QueryError::GivenUp => Refusal::Argument(
            "the query took too long: ask for fewer beginnings of words (x*), or for longer ones"
                .into(),
        ),
        QueryError::Pattern { span, message } => Refusal::Pattern { span, message },
        error => Refusal::Failed(chain(&error)),
    }
}
