//! What hooks report: taken in behind the answer, so that no client waits for a disk.
//!
//! Invariant: hooks are hints. Losing all of them loses nothing but their own metadata.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sessions_archive::{ArchiveReader, Event};
use sessions_model::{
    Checkpoint, CheckpointId, Fault, FaultKind, GitState, HookEvent, HookReply, HookReport,
    SessionId, SlashCommand, Timestamp,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::recall::Recalled;
use super::{Backend, Refusal, reopen};
use crate::annotation::Made;
use crate::causes::chain;

/// Events that wait to be recorded; more are left to their reporters' spool.
const WORK_MAX: usize = 1024;

/// After how long what the client wrote in the meantime is looked for: its writer flushes every tenth of a
/// second.
const FLUSH: Duration = Duration::from_millis(250);

/// How long a client that is about to compact waits for what is on disk to be archived.
const COMPACT_WAIT: Duration = Duration::from_millis(30);

/// How long a command may take here, of the two seconds that its hook has.
const COMMAND_WAIT: Duration = Duration::from_millis(1_500);

/// How long a recall waits for the last line on disk.
pub(super) const SEARCH_WAIT: Duration = Duration::from_millis(700);

/// Within how many milliseconds two hooks for one command report it, and how many checkpoints are looked at
/// for that.
const TWINS_WITHIN_MS: i64 = 1_000;
const TWINS_LOOKED_AT: u32 = 4;

/// How often a fault is told at the start of a session.
const NOTICE_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a hook left while nobody answered.
#[derive(Debug)]
pub(crate) enum Spooled {
    /// An event.
    Report(Box<HookReport>),
    /// What was read of the repository when a checkpoint was made.
    Git(CheckpointId, GitState),
}

/// Reads what is spooled in a directory.
pub(crate) type ReadSpool = fn(&Path) -> Vec<(PathBuf, Spooled)>;

/// What is done behind the answer.
#[derive(Debug)]
enum Work {
    Event(Box<HookReport>),
    Bind,
}

/// The hooks' side of the daemon.
#[derive(Debug)]
pub(crate) struct Hooks {
    inbox: mpsc::Sender<Work>,
    outbox: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    pub(super) recalled: Recalled,
    noticed_at: Mutex<Option<Timestamp>>,
    /// Held while a command's checkpoint is made.
    making: tokio::sync::Mutex<()>,
}

impl Default for Hooks {
    fn default() -> Self {
        let (inbox, outbox) = mpsc::channel(WORK_MAX);
        Self {
            inbox,
            outbox: tokio::sync::Mutex::new(outbox),
            recalled: Recalled::default(),
            noticed_at: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }
    }
}

impl Hooks {
    /// Has checkpoints bound that wait for their record.
    pub(super) fn bind(&self) {
        // Where so much waits, they are bound with what comes after.
        let _full = self.inbox.try_send(Work::Bind);
    }

    fn put(&self, report: HookReport) -> Result<(), Refusal> {
        let put = self.inbox.try_send(Work::Event(Box::new(report)));
        put.map_err(|_| Refusal::NotReady("too many events wait to be recorded".into()))
    }
}

impl Backend {
    /// Takes an event in, and answers it.
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
                notice: self.notice(&root).await,
                ..HookReply::default()
            }),
            HookEvent::PreCompact => {
                self.archivist.settle(COMPACT_WAIT).await;
                Ok(HookReply::default())
            }
            _ => Ok(HookReply::default()),
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

    /// Makes the checkpoint that a command asks for. Two hooks may be set up for it: one of them makes it.
    async fn checkpoint_here(
        &self,
        report: &HookReport,
        name: String,
    ) -> Result<HookReply, Refusal> {
        let id = CheckpointId(report.id.0);
        let _one_by_one = self.hooks.making.lock().await;
        let made = Made {
            name,
            note: String::new(),
            session: report.session.clone(),
            at: report.at,
            cwd: report.cwd.clone(),
            transcript_bytes: report.transcript_bytes,
        };
        if self.has_twin(id, &made).await? {
            return Ok(saved(&made.name, None));
        }
        let reply = match self.create_checkpoint(id, made).await {
            Ok(checkpoint) => saved(&checkpoint.name, Some(&checkpoint)),
            Err(Refusal::Argument(fault)) => HookReply {
                block: Some(format!("No checkpoint was made: {fault}")),
                ..HookReply::default()
            },
            Err(refusal) => return Err(refusal),
        };
        // That the command was sent matters less than what it asked for.
        let _full = self.hooks.put(report.clone());
        Ok(reply)
    }

    /// Tells whether another hook made this checkpoint a moment ago.
    async fn has_twin(&self, id: CheckpointId, made: &Made) -> Result<bool, Refusal> {
        let session = made.session.clone();
        let latest = self
            .ask(move |engine| engine.checkpoints((Some(&session), None), TWINS_LOOKED_AT))
            .await?;
        let is_twin = |known: &Checkpoint| {
            let apart = (known.at.millis() - made.at.millis()).abs();
            known.id != id && known.name == made.name && apart <= TWINS_WITHIN_MS
        };
        Ok(latest.iter().any(is_twin))
    }

    /// Records what was reported, and looks after what it says; does not return. `spool` reads what was left
    /// while nobody answered.
    pub(crate) async fn take_reports(&self, spool: ReadSpool) -> std::convert::Infallible {
        let mut outbox = self.hooks.outbox.lock().await;
        let mut after = After {
            // What waited for a record when the last daemon ended.
            binds: true,
            spool: true,
            // Whoever started the daemon to ask something is answered first.
            at: Some(Instant::now() + FLUSH),
            ..After::default()
        };
        loop {
            let due = after.at;
            let wait = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let work = tokio::select! {
                work = outbox.recv() => work,
                () = wait => None,
            };
            match work {
                Some(work) => self.take(work, &mut after).await,
                None => self.look_after(&mut after, spool).await,
            }
        }
    }

    /// Takes in what was spooled while nobody answered. What fails stays in the spool.
    pub(crate) async fn take_spooled(&self, spooled: Vec<(PathBuf, Spooled)>) {
        for (path, spooled) in spooled {
            let taken = match spooled {
                Spooled::Report(report) => self.take_late(*report).await,
                Spooled::Git(id, git) => self.describe_checkpoint(id, git).await,
            };
            match taken {
                // Refused for good: it would be refused again.
                Ok(()) | Err(Refusal::Argument(_)) => drop(std::fs::remove_file(path)),
                Err(refusal) => tracing::warn!(?refusal, "a spooled event is left"),
            }
        }
    }

    /// Takes in an event that happened while nobody answered; its answer interests nobody any more.
    async fn take_late(&self, report: HookReport) -> Result<(), Refusal> {
        if let Some(SlashCommand::Checkpoint(name)) = report.command.clone() {
            return self.checkpoint_here(&report, name).await.map(drop);
        }
        let noted = self.archivist.note_event(event(&report)).await;
        noted
            .map(drop)
            .map_err(|error| Refusal::Failed(chain(&error)))
    }

    /// Records what waits still: the daemon ends.
    pub(crate) async fn drain_reports(&self) {
        let mut outbox = self.hooks.outbox.lock().await;
        let mut after = After::default();
        while let Ok(work) = outbox.try_recv() {
            self.take(work, &mut after).await;
        }
    }

    async fn take(&self, work: Work, after: &mut After) {
        after.at.get_or_insert(Instant::now() + FLUSH);
        match work {
            Work::Bind => after.binds = true,
            Work::Event(report) => {
                after.spool |= report.event == HookEvent::SessionStart;
                if report.last_message.is_some() {
                    after.told.insert((report.session.clone(), report.at));
                }
                if let Err(error) = self.archivist.note_event(event(&report)).await {
                    tracing::warn!(error = chain(&error), "an event was not recorded");
                }
            }
        }
    }

    /// Archives what the client wrote by now, binds checkpoints, and forgets what transcripts have.
    async fn look_after(&self, after: &mut After, spool: ReadSpool) {
        if self.deriver.serving().is_none() {
            // Nobody can be asked yet what there is.
            after.at = Some(Instant::now() + FLUSH);
            return;
        }
        let After {
            binds,
            spool: spooled,
            told,
            ..
        } = std::mem::take(after);
        if spooled {
            let dir = self.facts.paths.spool_dir();
            let read = tokio::task::spawn_blocking(move || spool(&dir)).await;
            self.take_spooled(read.unwrap_or_default()).await;
        }
        self.catch_up().await;
        if (binds || spooled)
            && let Err(refusal) = self.bind_checkpoints().await
        {
            tracing::warn!(?refusal, "checkpoints were not bound");
        }
        for (session, at) in told {
            if self.is_written(session.clone()).await.unwrap_or_default() {
                self.archivist.forget_messages(session, at).await;
            }
        }
    }

    /// Tells whether the transcript has what the model said last.
    async fn is_written(&self, session: SessionId) -> Result<bool, Refusal> {
        self.ask(move |engine| engine.has_last_message(&session))
            .await
    }

    /// Returns what a user has to know when a session starts in `root`, once a day.
    async fn notice(&self, root: &str) -> Option<String> {
        let faults = self.archivist.faults();
        let is_grave = |fault: &&Fault| match fault.kind {
            FaultKind::Archive | FaultKind::Disk | FaultKind::Daemon => true,
            FaultKind::Root => fault.message.contains(root),
            _ => false,
        };
        let fault = faults
            .iter()
            .find(is_grave)
            .map(|fault| fault.message.clone());
        let fault = fault.or_else(|| self.facts.hold.clone())?;
        let now = self.clock.now();
        {
            let noticed = &mut *self
                .hooks
                .noticed_at
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if noticed.is_some_and(|then| now.millis_since(then) < NOTICE_EVERY_MS) {
                return None;
            }
            *noticed = Some(now);
        }
        let last = self.last_archived(root.to_owned()).await;
        let since = last.map_or_else(String::new, |last| {
            format!("nothing archived since {}: ", crate::clock::say(last, now))
        });
        Some(format!(
            "Claude Sessions: {since}{fault}; run `sessions status`"
        ))
    }

    async fn last_archived(&self, root: String) -> Option<Timestamp> {
        let read = move |reader: ArchiveReader| reader.roots();
        let rows = self.on_archive(read).await.ok()?.ok()?;
        let row = rows.into_iter().find(|row| row.path == root)?;
        row.last_archived_at
    }

    /// Returns the last event of each config root. Blocks.
    pub(super) fn event_sums(&self) -> Vec<sessions_archive::EventSum> {
        let sums = reopen(&self.archive).and_then(|reader| reader.event_sums());
        sums.unwrap_or_default()
    }
}

/// What is to be done once the client has had time to write.
#[derive(Debug, Default)]
struct After {
    at: Option<Instant>,
    binds: bool,
    /// Whether something may have been spooled.
    spool: bool,
    /// Sessions of which a hook told what the model said last, and when.
    told: HashSet<(SessionId, Timestamp)>,
}

fn event(report: &HookReport) -> Event {
    let reason = match &report.command {
        Some(SlashCommand::Checkpoint(_)) => "checkpoint",
        Some(SlashCommand::Recall(_)) => "recall",
        None => &report.reason,
    };
    Event {
        id: report.id,
        at: report.at,
        event: report.event,
        root: report.root.clone(),
        session: report.session.clone(),
        reason: reason.to_owned(),
        prompt: report.prompt.clone().unwrap_or_default(),
        agent: report
            .agent
            .as_ref()
            .map(|agent| agent.as_str().to_owned())
            .unwrap_or_default(),
        pid: report.pid,
        message: report.last_message.clone(),
    }
}

/// Digits of an id that are shown.
const ID_DIGITS: usize = 8;

fn saved(name: &str, checkpoint: Option<&Checkpoint>) -> HookReply {
    let what = if name.is_empty() {
        "Checkpoint saved".to_owned()
    } else {
        format!("Checkpoint \"{name}\" saved")
    };
    let block = match checkpoint {
        Some(checkpoint) => {
            let id: String = checkpoint.id.to_string().chars().take(ID_DIGITS).collect();
            let session: String = checkpoint
                .session
                .as_str()
                .chars()
                .take(ID_DIGITS)
                .collect();
            format!("{what}.\nTo return to it: sessions fork {session} --at {id}")
        }
        None => format!("{what}."),
    };
    HookReply {
        block: Some(block),
        is_checkpoint: checkpoint.is_some(),
        ..HookReply::default()
    }
}
