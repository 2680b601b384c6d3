//! `sessions project`.

use std::io::Write;

use sessions_client::Client;
use sessions_model::{Project, SessionFilter};

use crate::args::{self, Rename};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{Array, ProjectJson};
use crate::output::Output;
use crate::render::projects;
use crate::render::text::{cut, visible};

/// Columns of a name that an error repeats.
const NAME_COLUMNS_MAX: usize = 80;

/// Names that are offered instead of one that is unknown.
const NEAR_NAMES_MAX: usize = 3;

/// How like another a name is that is offered, from 0 to 1.
const LIKENESS_MIN: f64 = 0.75;

/// Runs it.
pub(crate) async fn run(context: &Context, args: args::Project) -> Result<(), CliError> {
    match args {
        args::Project::List { json: true } => list_json(context).await,
        args::Project::List { json: false } => list(context).await,
        args::Project::Merge(names) => merge(context, names).await,
        args::Project::Move(names) => rename(context, names).await,
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

/// Merges into a project that there is: a name that was mistyped is none.
async fn merge(context: &Context, names: Rename) -> Result<(), CliError> {
    let client = context.connect().await?;
    if !is_known(&client, &names.new).await? {
        let error = unknown(&names.new, &client.projects().await?);
        let hint = error.hint.clone().unwrap_or_default();
        return Err(error.hint(format!(
            "{hint} (\"sessions project move\" gives a project a new name)"
        )));
    }
    rename(context, names).await
}

/// One operation for the daemon: what was known as OLD belongs to NEW, whether NEW is there or not.
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

/// Returns whether any session is of `project`, whatever else was asked for.
pub(crate) async fn is_known(client: &Client, project: &str) -> Result<bool, CliError> {
    let filter = SessionFilter {
        project: Some(project.to_owned()),
        limit: 1,
        ..SessionFilter::default()
    };
    Ok(!client.list(&filter).await?.sessions.is_empty())
}

/// Says that no project is called so, and which ones nearly are.
pub(crate) fn unknown(wanted: &str, projects: &[Project]) -> CliError {
    let wanted = cut(wanted, NAME_COLUMNS_MAX);
    let error = CliError::new(Kind::Nothing, format!("no project is called {wanted}"));
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase());
    let mut near: Vec<(f64, &str)> = projects
        .iter()
        .map(|project| (likeness(&project.name), &*project.name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup_by_key(|(_, name)| *name);
    near.truncate(NEAR_NAMES_MAX);
    let near: Vec<&str> = near.into_iter().map(|(_, name)| name).collect();
    if near.is_empty() {
        error.hint("run \"sessions project list\" to see their names")
    } else {
        error.hint(format!("did you mean {}?", near.join(" or ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &str, hint: &str) {
        let projects = ["lantern", "ledger", "orchard-web"].map(|name| Project {
            name: name.to_owned(),
            ..Project::default()
        });
        let error = unknown(wanted, &projects);
        assert_eq!(error.kind.code(), 1);
        assert_eq!(error.message, format!("no project is called {wanted}"));
        assert_eq!(error.hint.as_deref(), Some(hint), "{wanted}");
    }

    #[test]
    fn unknown_project_names_the_nearest() {
        check("lantren", "did you mean lantern?");
        check("Orchard", "did you mean orchard-web?");
        check("zzz", "run \"sessions project list\" to see their names");
    }
}
