//! `sessions project`.

use std::io::Write;

use crate::args::{Project, Rename};
use crate::context::Context;
use crate::error::CliError;
use crate::json::{Array, ProjectJson};
use crate::output::Output;
use crate::render::projects;
use crate::render::text::visible;

/// Runs it.
pub(crate) async fn run(context: &Context, args: Project) -> Result<(), CliError> {
    match args {
        Project::List { json: true } => list_json(context).await,
        Project::List { json: false } => list(context).await,
        // One operation for the daemon: what was known as OLD belongs to NEW, whether NEW is there or not.
        Project::Merge(names) | Project::Move(names) => rename(context, names).await,
    }
}

async fn list_json(context: &Context) -> Result<(), CliError> {
    let projects = context.connect().await?.projects().await?;
    let mut out = Output::direct();
    let mut array = Array::open(&mut out)?;
    for project in &projects {
        array.push(&ProjectJson::new(project))?;
    }
    array.close()?;
    out.finish()?;
    if projects.is_empty() {
        return Err(CliError::nothing());
    }
    Ok(())
}

async fn list(context: &Context) -> Result<(), CliError> {
    let projects = context.connect().await?.projects().await?;
    let mut out = Output::paged(&context.terminal);
    let table = projects::table(&projects, &context.now, &context.terminal);
    write!(out, "{table}")?;
    out.finish()?;
    if projects.is_empty() {
        return Err(CliError::nothing()
            .say("no project is known yet")
            .hint("run \"sessions status\" to see which directories are watched"));
    }
    Ok(())
}

async fn rename(context: &Context, names: Rename) -> Result<(), CliError> {
    if names.old == names.new {
        return Err(CliError::usage("both names are the same"));
    }
    let client = context.connect().await?;
    client.move_project(&names.old, &names.new).await?;
    let mut out = Output::direct();
    writeln!(
        out,
        "{} is {} from now on",
        visible(&names.old),
        visible(&names.new)
    )?;
    Ok(out.finish()?)
}
