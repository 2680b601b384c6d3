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
        Project::List { json } => list(context, json).await,
        // One operation for the daemon: what was known as OLD belongs to NEW, whether NEW is there or not.
        Project::Merge(names) | Project::Move(names) => rename(context, names).await,
    }
}

async fn list(context: &Context, is_json: bool) -> Result<(), CliError> {
    let projects = context.connect().await?.projects().await?;
    if is_json {
        let mut out = Output::direct();
        let mut array = Array::open(&mut out)?;
        for project in &projects {
            array.push(&ProjectJson::new(project))?;
        }
        array.close()?;
        out.finish()?;
    } else {
        let mut out = Output::paged(&context.terminal);
        write!(
            out,
            "{}",
            projects::table(&projects, &context.now, &context.terminal)
        )?;
        out.finish()?;
    }
    match (projects.is_empty(), is_json) {
        (false, _) => Ok(()),
        (true, true) => Err(CliError::nothing()),
        (true, false) => Err(CliError::nothing()
            .say("no project is known yet")
            .hint("run \"sessions status\" to see which directories are watched")),
    }
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
