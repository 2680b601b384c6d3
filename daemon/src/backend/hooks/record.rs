//! What was reported is recorded behind the answer, and what it says is looked after once the client has had
//! time to write. Must not know what a hook is answered.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sessions_archive::Event;
use sessions_model::{CheckpointId, GitState, HookReport, SessionId, SlashCommand, Timestamp};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::backend::{Backend, Refusal};
use crate::causes::chain;

/// After how long what the client wrote in the meantime is looked for: its writer flushes every tenth of a
/// second.
const FLUSH: Duration = Duration::from_millis(250);

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
pub(super) enum Work {
    Event(Box<HookReport>),
    Bind,
    /// Takes in what was spooled, for somebody who waits.
    Look(oneshot::Sender<()>),
}

/// What is to be done once the client has had time to write.
#[derive(Debug, Default)]
struct After {
    at: Option<Instant>,
    binds: bool,
    told: Told,
    /// Who waits for it.
    asked: Vec<oneshot::Sender<()>>,
}

/// Sessions of which a hook told what the model said last, and when.
type Told = HashSet<(SessionId, Timestamp)>;

impl Backend {
    /// Records what was reported, and looks after what it says; does not return. `spool` reads what was left
    /// while nobody answered.
    pub(crate) async fn take_reports(&self, spool: ReadSpool) -> std::convert::Infallible {
        let mut outbox = self.hooks.outbox.lock().await;
        let mut after = After {
            // What waited for a record when the last daemon ended.
            binds: true,
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
            Work::Look(done) => {
                after.at = Some(Instant::now());
                after.asked.push(done);
            }
            Work::Event(report) => {
                if let Err(refusal) = self.record(&report, &mut after.told).await {
                    tracing::warn!(?refusal, "an event was not recorded");
                }
            }
        }
    }

    async fn record(&self, report: &HookReport, told: &mut Told) -> Result<(), Refusal> {
        if report.last_message.is_some() {
            told.insert((report.session.clone(), report.at));
        }
        let noted = self.archivist.note_event(event(report), None).await;
        noted
            .map(drop)
            .map_err(|error| Refusal::Failed(chain(&error)))
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
            mut told,
            asked,
            ..
        } = std::mem::take(after);
        let dir = self.facts.paths.spool_dir();
        let read = tokio::task::spawn_blocking(move || spool(&dir)).await;
        let spooled = read.unwrap_or_default();
        let binds = binds || !spooled.is_empty();
        self.take_spooled(spooled, &mut told).await;
        // They look at what is archived themselves.
        drop(asked);
        self.show_archived().await;
        if binds && let Err(refusal) = self.bind_checkpoints().await {
            tracing::warn!(?refusal, "checkpoints were not bound");
        }
        for (session, at) in told {
            if self.is_written(session.clone()).await.unwrap_or_default() {
                self.archivist.forget_messages(session, at).await;
            }
        }
    }

    /// Takes in what was spooled while nobody answered; its answer interests nobody any more. What fails stays
    /// in the spool.
    async fn take_spooled(&self, spooled: Vec<(PathBuf, Spooled)>, told: &mut Told) {
        for (path, spooled) in spooled {
            let taken = match spooled {
                Spooled::Git(id, git) => self.describe_checkpoint(id, git).await,
                Spooled::Report(report) => match report.command.clone() {
                    Some(SlashCommand::Checkpoint(name)) => {
                        self.checkpoint_here(&report, name).await.map(drop)
                    }
                    _ => self.record(&report, told).await,
                },
            };
            match taken {
                // Refused for good: it would be refused again.
                Ok(()) | Err(Refusal::Argument(_)) => drop(std::fs::remove_file(path)),
                Err(refusal) => tracing::warn!(?refusal, "a spooled event is left"),
            }
        }
    }

    /// Tells whether the transcript has what the model said last.
    async fn is_written(&self, session: SessionId) -> Result<bool, Refusal> {
        self.ask(move |engine| engine.has_last_message(&session))
            .await
    }
}

/// Returns a report as the archive keeps it.
pub(super) fn event(report: &HookReport) -> Event {
    let reason = match &report.command {
        // Two of different names are two, however fast they were typed.
        Some(SlashCommand::Checkpoint(name)) => format!("checkpoint {name}"),
        Some(SlashCommand::Recall(_)) => "recall".to_owned(),
        None => report.reason.clone(),
    };
    let agent = report.agent.as_ref().map(|agent| agent.as_str().to_owned());
    Event {
        id: report.id,
        at: report.at,
        event: report.event,
        root: report.root.clone(),
        session: report.session.clone(),
        reason,
        prompt: report.prompt.clone().unwrap_or_default(),
        agent: agent.unwrap_or_default(),
        pid: report.pid,
        message: report.last_message.clone(),
    }
}
