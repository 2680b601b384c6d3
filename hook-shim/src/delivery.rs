//! One event, from the client to the daemon and back, or into the spool.
//!
//! Knows the order of things; must not know how any of them is done.

use std::io;
use std::time::{Duration, Instant};

use sessions_client::{Client, ClientError, hook};
use sessions_model::{CheckpointId, HookEvent, HookReply, HookReport, SlashCommand};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::answer;
use crate::clock::Now;
use crate::context::Context;
use crate::detached::Task;
use crate::error::Unheard;
use crate::patience::Patience;
use crate::payload::{self, Payload};
use crate::report;
use crate::silence;
use crate::spool::Spool;

/// Between two questions to a daemon that is not ready to answer a command.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Takes the event in that the client describes on the standard input.
pub(crate) fn run(context: &Context, started: Instant) {
    let payload = payload::read(io::stdin().lock(), Patience::with_client(started));
    let mut patience = Patience::with_event(Instant::now());
    let payload = Payload::parse(&payload);
    let now = Now::read();
    let Some(report) = report::build(payload, context, now) else {
        return;
    };
    if report.command.is_some() {
        patience = patience.with_command();
    }
    match tell(context, &report, patience) {
        Ok(mut reply) => {
            let silence = reply.silence.take();
            let told = silence.and_then(|told| silence::break_it(&told, &context.paths, now));
            reply.notice = reply.notice.or(told);
            answer::print(report.event, &reply);
            if reply.is_checkpoint {
                describe(&report);
            }
            if report.event == HookEvent::SessionStart && is_new_root(context) {
                Task::Start.detach();
            }
        }
        Err(unheard) => keep(context, &report, (&unheard, now)),
    }
}

/// Returns what everything that waits runs on.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn tell(context: &Context, report: &HookReport, patience: Patience) -> Result<HookReply, Unheard> {
    let runtime = runtime().map_err(Unheard::Runtime)?;
    let told = runtime.block_on(async { timeout(patience.left(), ask(context, report)).await });
    let late = |_| Unheard::Late {
        limit: patience.words(),
    };
    Ok(told.map_err(late)??)
}

/// Asks whoever listens; for a command, a daemon is started where none does, and one that is not ready yet is
/// asked again. Nobody is asked for longer than the caller has patience.
async fn ask(context: &Context, report: &HookReport) -> Result<HookReply, ClientError> {
    let ask = || hook::report(&context.environment, &context.paths, report);
    let mut answered = ask().await;
    if report.command.is_none() {
        return answered;
    }
    if let Err(ClientError::Absent | ClientError::Lost { .. }) = answered {
        Client::connect(&context.connection()).await?;
        answered = ask().await;
    }
    while let Err(ClientError::Unready { .. }) = answered {
        sleep(ASK_EVERY).await;
        answered = ask().await;
    }
    answered
}

/// Keeps what nobody took, and says so where the user waits for an answer.
fn keep(context: &Context, report: &HookReport, (unheard, now): (&Unheard, Now)) {
    let spool = Spool::new(&context.paths);
    // The oldest of what waits is looked at before this event is among it.
    let is_start = report.event == HookEvent::SessionStart;
    let silence = is_start.then(|| silence::of_spool(&spool, now)).flatten();
    let kept = spool.keep(report.id, &hook::spooled_report(report));
    let block = |command| words(command, unheard, (&kept, &spool));
    let reply = HookReply {
        block: report.command.as_ref().map(block),
        notice: silence.and_then(|silence| silence::break_it(&silence, &context.paths, now)),
        ..HookReply::default()
    };
    answer::print(report.event, &reply);
    if is_start && unheard.is_absence() {
        Task::Start.detach();
    }
    if kept.is_ok() && matches!(report.command, Some(SlashCommand::Checkpoint(_))) {
        describe(report);
    }
}

/// Says to the user what became of a command that nobody answered.
fn words(
    command: &SlashCommand,
    unheard: &Unheard,
    (kept, spool): (&io::Result<()>, &Spool),
) -> String {
    let hint = "run `sessions doctor` to see what is wrong";
    let unheard = unheard.words();
    match (command, kept) {
        (SlashCommand::Checkpoint(name), Ok(())) => format!(
            "checkpoint{} is noted, and set when the daemon runs again\n{unheard}\n{hint}",
            quoted(name)
        ),
        (SlashCommand::Checkpoint(name), Err(fault)) => format!(
            "checkpoint{} is NOT set\n{unheard}, and {} could not be written: {fault}\n{hint}",
            quoted(name),
            spool.dir().display()
        ),
        (SlashCommand::Recall(query), _) => {
            format!(
                "recall{} was not answered\n{unheard}\n{hint}",
                quoted(query)
            )
        }
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(" \"{}\"", report::cut(text, 200))
}

/// Has the state of the repository added to a checkpoint, whose id is that of its event.
fn describe(report: &HookReport) {
    let id = CheckpointId(report.id.0);
    Task::Describe(id, report.cwd.clone().into()).detach();
}

/// Tells whether the client's config root is one that the daemon, which cannot note it itself, was not told of.
fn is_new_root(context: &Context) -> bool {
    let list = context.paths.root_list();
    let root = context.root();
    root.is_some_and(|root| list.name_of(&root).is_ok_and(|noted| noted.is_none()))
}
