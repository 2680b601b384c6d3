//! `sessions checkpoint`.

use std::io::Write;
use std::path::Path;

use sessions_client::{Client, ClientError, NewCheckpoint};
use sessions_model::{Checkpoint, CheckpointId, SessionId};

use crate::args;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{self, Array, CheckpointJson};
use crate::name;
use crate::output::Output;
use crate::render::checkpoints;

/// Runs it.
pub(crate) async fn run(context: &Context, args: args::Checkpoint) -> Result<(), CliError> {
    match args {
        args::Checkpoint::Create(args) => create(context, args).await,
        args::Checkpoint::List { session, json } => list(context, session.as_deref(), json).await,
        args::Checkpoint::Show { name, diff, json } => {
            let client = context.connect().await?;
            let checkpoint = find(context, &client, &name, None).await?;
            show(context, &checkpoint, (diff, json))
        }
        args::Checkpoint::Delete { name } => delete(context, &name).await,
    }
}

async fn create(context: &Context, args: args::CreateCheckpoint) -> Result<(), CliError> {
    let client = context.connect().await?;
    let session = args.session.as_deref().unwrap_or(name::AT_HAND);
    let session = name::resolve(&client, context, session).await?;
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|error| CliError::new(Kind::Internal, format!("could not draw an id: {error}")))?;
    let cwd = session.cwds.last().cloned().unwrap_or_default();
    let made = client
        .create_checkpoint(NewCheckpoint {
            id: CheckpointId(id),
            name: args.name.unwrap_or_default(),
            note: args.note.unwrap_or_default(),
            session: session.id,
            at: context.now.at,
            cwd,
        })
        .await?;
    if let Some(state) = Context::git().state(Path::new(&made.cwd)) {
        client.describe_checkpoint(made.id, &state).await?;
    }
    let mut out = Output::direct();
    writeln!(out, "{}", checkpoints::made(&made))?;
    Ok(out.finish()?)
}

async fn list(context: &Context, session: Option<&str>, is_json: bool) -> Result<(), CliError> {
    let client = context.connect().await?;
    let session = match session {
        Some(session) => Some(name::resolve(&client, context, session).await?.id),
        None => None,
    };
    let root = context.root_filter();
    let found = client
        .list_checkpoints(session.as_ref(), root.as_deref())
        .await?;
    if is_json {
        let mut out = Output::direct();
        let mut array = Array::open(&mut out)?;
        for checkpoint in &found {
            array.push(&CheckpointJson::new(checkpoint))?;
        }
        array.close()?;
        out.finish()?;
    } else {
        let mut out = Output::paged(&context.terminal);
        let table = checkpoints::table(&found, &context.now, &context.terminal);
        write!(out, "{table}")?;
        out.finish()?;
    }
    match (found.is_empty(), is_json) {
        (false, _) => Ok(()),
        (true, true) => Err(CliError::nothing()),
        (true, false) => Err(CliError::nothing().say("there is no checkpoint yet").hint(
            "\"sessions checkpoint create NAME\" makes one, as does /checkpoint in Claude Code",
        )),
    }
}

fn show(
    context: &Context,
    checkpoint: &Checkpoint,
    (with_diff, is_json): (bool, bool),
) -> Result<(), CliError> {
    if with_diff {
        let mut out = Output::direct();
        let diff = checkpoint.git.as_ref().map(|git| &*git.diff);
        out.write_all(diff.unwrap_or_default())?;
        return Ok(out.finish()?);
    }
    let mut out = Output::direct();
    if is_json {
        json::write(&mut out, &CheckpointJson::new(checkpoint))?;
    } else {
        write!(out, "{}", checkpoints::details(checkpoint, &context.now))?;
    }
    Ok(out.finish()?)
}

async fn delete(context: &Context, name: &str) -> Result<(), CliError> {
    let client = context.connect().await?;
    let checkpoint = find(context, &client, name, None).await?;
    client.delete_checkpoint(checkpoint.id).await?;
    let mut out = Output::direct();
    writeln!(out, "deleted {}", checkpoints::called(&checkpoint))?;
    Ok(out.finish()?)
}

/// Finds the checkpoint that `name` means: the beginning of an id, or a name. Of several that are called so, the
/// one of `session` is meant, where that is given.
pub(crate) async fn find(
    context: &Context,
    client: &Client,
    name: &str,
    session: Option<&SessionId>,
) -> Result<Checkpoint, CliError> {
    let root = context.root_filter();
    let mut found = client.checkpoint(name, root.as_deref()).await;
    if let (Err(ClientError::AmbiguousCheckpoint { candidates, .. }), Some(session)) =
        (&found, session)
    {
        let mut own = candidates.iter().filter(|one| one.session == *session);
        if let (Some(one), None) = (own.next(), own.next()) {
            let id = one.id.to_string();
            found = client.checkpoint(&id, root.as_deref()).await;
        }
    }
    found.map_err(|error| unfound(context, name, error))
}

fn unfound(context: &Context, name: &str, error: ClientError) -> CliError {
    match error {
        ClientError::AmbiguousCheckpoint { candidates, .. } => {
            let mut error = CliError::usage(format!("several checkpoints match {name}"));
            error.detail = checkpoints::table(&candidates, &context.now, &context.terminal);
            error.hint("write more of the id")
        }
        ClientError::NotFound { message } => CliError::new(Kind::Nothing, message)
            .hint("run \"sessions checkpoint list\" to see them"),
        other => other.into(),
    }
}
