//! `sessions restore`.

mod all;

use std::io::Write;

use sessions_client::{Client, SessionFiles};
use sessions_model::Session;

use crate::args::Restore;
use crate::commands::fork;
use crate::context::Context;
use crate::error::CliError;
use crate::interrupt::until_interrupted;
use crate::name;
use crate::output::Output;
use crate::render::quantity::{count, size};
use crate::restore::{self, Plan, Restored, Target};

/// Runs it.
pub(crate) async fn run(context: &Context, args: Restore) -> Result<(), CliError> {
    let client = context.connect().await?;
    let Some(id) = &args.id else {
        return all::run(context, &client, &args.at_once).await;
    };
    let session = name::resolve(&client, context, id).await?;
    if args.as_new {
        let made = fork::make(context, &client, &session, None);
        let made = until_interrupted(made).await?;
        let mut out = Output::direct();
        writeln!(out, "joined all there was of {} as {}", session.id, made.id)?;
        return Ok(out.finish()?);
    }
    let files = client.files(&session.id).await?;
    let target = if let Some(directory) = &args.to {
        Target::Below(directory)
    } else {
        let hint = "end it there first, or put a copy elsewhere with --to DIR";
        refuse_live(&session, &files, hint)?;
        Target::InPlace
    };
    let plan = restore::plan(&files.sources, target)?;
    let restored = until_interrupted(restore::put_back(&client, &plan)).await?;
    let mut out = Output::direct();
    write!(out, "{}", report(&session, &plan, &restored))?;
    Ok(out.finish()?)
}

/// Puts back what is missing of a session that is about to be gone on with; says so in the returned text.
pub(crate) async fn make_whole(
    client: &Client,
    session: &Session,
    files: &SessionFiles,
) -> Result<String, CliError> {
    let plan = restore::plan(&files.sources, Target::InPlace)?;
    if plan.missing.is_empty() && plan.stumps.is_empty() {
        return Ok(String::new());
    }
    let restored = until_interrupted(restore::put_back(client, &plan)).await?;
    Ok(report(session, &plan, &restored))
}

/// Fails while a client has the session open: what it writes next would not go on from what is put back.
pub(crate) fn refuse_live(
    session: &Session,
    files: &SessionFiles,
    hint: &str,
) -> Result<(), CliError> {
    let Some(pid) = files.live_pid else {
        return Ok(());
    };
    let message = format!(
        "session {} is open in Claude Code, process {pid}",
        session.id
    );
    Err(CliError::usage(message).hint(hint))
}

fn report(session: &Session, plan: &Plan<'_>, restored: &Restored) -> String {
    let mut lines = Vec::new();
    let id = &session.id;
    if restored.files > 0 {
        let (files, bytes) = (count(restored.files, "file"), size(restored.bytes));
        lines.push(format!("restored {files} of {id}, {bytes}"));
    } else if plan.stumps.is_empty() && restored.kept.is_empty() {
        lines.push(format!(
            "nothing of {id} is missing: {} there",
            count(plan.there, "file")
        ));
    }
    for place in &restored.kept {
        lines.push(format!("left {}: it is there by now", place.display()));
    }
    for stump in &plan.stumps {
        let (on_disk, archived) = (size(stump.on_disk), size(stump.archived));
        let place = stump.place.display();
        lines.push(format!(
            "left {place}: {on_disk} there, {archived} in the archive (\"sessions restore {id} --as-new\" joins them)"
        ));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
