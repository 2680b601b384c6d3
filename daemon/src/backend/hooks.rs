//! What hooks report, and what they are answered.
//!
//! Invariant: hooks are hints. Losing all of them loses nothing but their own metadata.

mod record;

use std::time::Duration;

use sessions_model::{
    CheckpointId, Fault, FaultKind, HookEvent, HookReply, HookReport, Silence, SlashCommand,
    Timestamp,
};
use tokio::sync::{mpsc, oneshot};

use super::recall::Recalled;
use super::{Annotation, Backend, Lent, Refusal};
use crate::annotation::{Made, Said};
use crate::causes::chain;

use record::Work;
pub(crate) use record::{ReadSpool, Spooled};

/// Events that wait to be recorded; more are left to their reporters' spool.
const WORK_MAX: usize = 1024;

/// How long a client that is about to compact waits for what is on disk to be archived.
const COMPACT_WAIT: Duration = Duration::from_millis(30);

/// How long a command may take here, of the two seconds that its hook has.
const COMMAND_WAIT: Duration = Duration::from_millis(1_500);

/// How long whoever asks waits for what was spooled.
const SPOOL_WAIT: Duration = Duration::from_millis(500);

/// How long a recall waits for the last line on disk.
pub(super) const SEARCH_WAIT: Duration = Duration::from_millis(700);

/// The hooks' side of the daemon.
#[derive(Debug)]
pub(crate) struct Hooks {
    inbox: mpsc::Sender<Work>,
    outbox: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    pub(super) recalled: Recalled,
}

impl Default for Hooks {
    fn default() -> Self {
        let (inbox, outbox) = mpsc::channel(WORK_MAX);
        Self {
            inbox,
            outbox: tokio::sync::Mutex::new(outbox),
            recalled: Recalled::default(),
        }
    }
}

impl Hooks {
    /// Has checkpoints bound that wait for their record.
    pub(super) fn bind(&self) {
        // Where so much waits, they are bound with what comes after.
        let _full = self.inbox.try_send(Work::Bind);
    }

    /// Has what was spooled taken in; whoever waits is let go afterwards.
    fn look(&self) -> oneshot::Receiver<()> {
        let (done, taken) = oneshot::channel();
        // Where so much waits, it is looked at behind that.
        let _full = self.inbox.try_send(Work::Look(done));
        taken
    }

    fn put(&self, report: HookReport) -> Result<(), Refusal> {
        let put = self.inbox.try_send(Work::Event(Box::new(report)));
        put.map_err(|_| Refusal::NotReady("too many events wait to be recorded".into()))
    }
}

impl Backend {
    /// Takes an event in, and answers it: it is recorded behind the answer, so that no client waits for a disk.
    pub(crate) async fn report(&self, report: HookReport) -> Result<HookReply, Refusal> {
        if let Some(command) = report.command.clone() {
            let answered = tokio::time::timeout(COMMAND_WAIT, self.answer(&report, command)).await;
            return answered
                .unwrap_or_else(|_| Err(Refusal::NotReady("the daemon is busy".into())));
        }
        let event = report.event;
        let root = report.root.clone();
        self.hooks.put(report)?;
        match event {
            HookEvent::SessionStart => Ok(HookReply {
                silence: self.silence(&root).await,
                ..HookReply::default()
            }),
            HookEvent::PreCompact => {
                self.archivist.settle(COMPACT_WAIT).await;
                Ok(HookReply::default())
            }
            _ => Ok(HookReply::default()),
        }
    }

    /// Takes in what was spooled while this daemon runs: it was stopped, or too busy to answer in time.
    pub(super) async fn take_spool(&self) {
        let dir = self.facts.paths.spool_dir();
        // There is no directory before a hook spooled something.
        let waits = move || std::fs::read_dir(dir).is_ok_and(|mut dir| dir.next().is_some());
        if tokio::task::spawn_blocking(waits).await.unwrap_or_default() {
            drop(tokio::time::timeout(SPOOL_WAIT, self.hooks.look()).await);
        }
    }

    async fn answer(
        &self,
        report: &HookReport,
        command: SlashCommand,
    ) -> Result<HookReply, Refusal> {
        match command {
            SlashCommand::Checkpoint(name) => self.checkpoint_here(report, name).await,
            SlashCommand::Recall(query) => self.recall(report, query.trim()).await,
        }
    }

    /// Makes the checkpoint that a command asks for, with the event that asked: once, whether two hooks are set
    /// up for it or one reports it again.
    async fn checkpoint_here(
        &self,
        report: &HookReport,
        name: String,
    ) -> Result<HookReply, Refusal> {
        let id = CheckpointId(report.id.0);
        let made = Annotation::Checkpoint(
            id,
            Said::Made(Made {
                name: name.clone(),
                note: String::new(),
                session: report.session.clone(),
                at: report.at,
                cwd: report.cwd.clone(),
                transcript_bytes: report.transcript_bytes,
            }),
        );
        if let Some(fault) = made.fault() {
            return Ok(HookReply {
                block: Some(format!("No checkpoint was made: {fault}")),
                ..HookReply::default()
            });
        }
        let event = record::event(report);
        let noted = self.archivist.note_event(event, Some(made.to_operation()));
        let noted = noted
            .await
            .map_err(|error| Refusal::Failed(chain(&error)))?;
        if noted.is_some() {
            self.hooks.bind();
        }
        Ok(saved(&name, report, noted.map(|_| id)))
    }

    /// Returns what keeps the archive from growing in `root`, if anything does.
    async fn silence(&self, root: &str) -> Option<Silence> {
        let faults = self.archivist.faults();
        let is_grave = |fault: &&Fault| match fault.kind {
            FaultKind::Archive | FaultKind::Disk | FaultKind::Daemon => true,
            FaultKind::Root => fault.message.contains(root),
            _ => false,
        };
        let fault = faults.iter().find(is_grave);
        let fault = fault.map(|fault| fault.message.clone());
        let hold = || self.facts.hold.clone();
        // Whoever paused it may have forgotten.
        let pause = || {
            let is_paused = self.archivist.is_paused();
            is_paused.then(|| "archiving is paused".to_owned())
        };
        Some(Silence {
            fault: fault.or_else(hold).or_else(pause)?,
            since: self.last_archived(root.to_owned()).await,
        })
    }

    async fn last_archived(&self, root: String) -> Option<Timestamp> {
        let read = move |reader: Lent| reader.roots();
        let rows = self.on_archive(read).await.ok()?.ok()?;
        let row = rows.into_iter().find(|row| row.path == root)?;
        row.last_archived_at
    }

    /// Returns the last event of each config root. Blocks.
    pub(super) fn event_sums(&self) -> Vec<sessions_archive::EventSum> {
        let sums = self.archive.lend().and_then(|reader| reader.event_sums());
        sums.unwrap_or_default()
    }
}

/// Says that a checkpoint is saved; how to return to it, where its id is known and there is something to return to.
fn saved(name: &str, report: &HookReport, id: Option<CheckpointId>) -> HookReply {
    let what = if name.is_empty() {
        "Checkpoint saved".to_owned()
    } else {
        format!("Checkpoint \"{name}\" saved")
    };
    let is_first = report.transcript_bytes.is_none_or(|bytes| bytes == 0);
    let block = match id {
        Some(_) if is_first => {
            format!("{what}. Nothing was said before it, so that there is nothing to return to.")
        }
        Some(id) => {
            let (session, at) = (report.session.short(), id.short());
            format!("{what}.\nTo return to it: sessions fork {session} --at {at}")
        }
        None => format!("{what}."),
    };
    HookReply {
        block: Some(block),
        is_checkpoint: id.is_some(),
        ..HookReply::default()
    }
}
