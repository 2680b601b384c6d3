//! `sessions list`.

use std::io::Write;

use sessions_client::{Client, WatchUpdate};
use sessions_model::{Project, SessionFilter, Timestamp};

use crate::args::List;
use crate::commands::import;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::json::{Array, SessionJson};
use crate::output::Output;
use crate::render::listing::{Automated, Row, rows, table};
use crate::render::quantity::count;
use crate::render::text::cut;
use crate::repository;

/// Lines of a list where no limit is given.
const ROWS_MAX: usize = 30;

/// Directories that are looked up after one list.
const LOOK_UPS_MAX: usize = 32;

/// Columns of a name that an error repeats.
const NAME_COLUMNS_MAX: usize = 80;

/// Names that are offered instead of one that is unknown.
const NEAR_NAMES_MAX: usize = 3;

/// How like another a name is that is offered, from 0 to 1.
const LIKENESS_MIN: f64 = 0.75;

/// Runs it.
pub(crate) async fn run(context: &Context, args: List) -> Result<(), CliError> {
    let filter = filter(context, &args)?;
    let client = context.connect().await?;
    let listing = client.list(&filter).await?;
    let is_empty = listing.sessions.is_empty();
    if args.json {
        let mut out = Output::direct();
        let mut array = Array::open(&mut out)?;
        for session in &listing.sessions {
            array.push(&SessionJson::new(session))?;
        }
        array.close()?;
        out.finish()?;
    } else {
        let automated = if args.automated {
            Automated::Shown
        } else {
            Automated::Folded
        };
        let rows = rows(&listing.sessions, automated);
        let limit = args.limit.map_or(ROWS_MAX, |limit| limit as usize);
        print(context, &rows, limit)?;
    }
    let update = import::note(context, &client, "the list").await?;
    tell_directories(&client, listing.unresolved_cwds).await;
    match &args.project {
        _ if !is_empty => Ok(()),
        Some(project) if !args.json && !is_project(&client, project).await? => {
            let projects = client.projects().await?;
            Err(unknown_project(project, &projects))
        }
        _ => Err(empty(&args, &update)),
    }
}

/// Returns whether any session is of `project`, whatever else was asked for.
async fn is_project(client: &Client, project: &str) -> Result<bool, CliError> {
    let filter = SessionFilter {
        project: Some(project.to_owned()),
        limit: 1,
        ..SessionFilter::default()
    };
    Ok(!client.list(&filter).await?.sessions.is_empty())
}

/// Says that no project is called so, and which ones nearly are.
fn unknown_project(wanted: &str, projects: &[Project]) -> CliError {
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

fn filter(context: &Context, args: &List) -> Result<SessionFilter, CliError> {
    let moment = |text: &Option<String>| {
        text.as_deref()
            .map(|text| moment(context, text))
            .transpose()
    };
    let limit = match args.limit {
        Some(limit) if args.json || args.automated => limit,
        // What is folded is counted, and may stand before what is not: all of them.
        _ => 0,
    };
    Ok(SessionFilter {
        project: args.project.clone(),
        since: moment(&args.since)?,
        until: moment(&args.until)?,
        limit,
        live_only: args.live,
        root: context.root_filter(),
    })
}

fn moment(context: &Context, text: &str) -> Result<Timestamp, CliError> {
    context.now.parse(text).ok_or_else(|| {
        CliError::usage(format!("{text} is no time"))
            .hint("write today, yesterday, 3d, 2w, 2026-05, 2026-05-01 or 2026-05-01T12:30")
    })
}

fn print(context: &Context, rows: &[Row<'_>], limit: usize) -> Result<(), CliError> {
    let shown = rows.get(..limit).unwrap_or(rows);
    let mut out = Output::paged(&context.terminal);
    write!(out, "{}", table(shown, &context.now, &context.terminal))?;
    if rows.len() > shown.len() {
        let rest = count((rows.len() - shown.len()) as u64, "more line");
        writeln!(out, "… {rest}; --limit N shows more of them")?;
    }
    Ok(out.finish()?)
}

/// Tells the daemon which repositories the directories it named are in. The answer has been printed, and
/// a failure costs nothing: it asks again.
async fn tell_directories(client: &Client, cwds: Vec<String>) {
    for facts in cwds
        .iter()
        .take(LOOK_UPS_MAX)
        .filter_map(|cwd| repository::look_up(cwd))
    {
        if client.tell_directory(facts).await.is_err() {
            break;
        }
    }
}

fn empty(args: &List, update: &WatchUpdate) -> CliError {
    if args.json {
        return CliError::nothing();
    }
    let narrowed = args.project.is_some() || args.since.is_some() || args.until.is_some();
    let error = CliError::nothing();
    if narrowed || args.live {
        error
            .say("no session is like that")
            .hint("run \"sessions list\" without filters")
    } else if update.progress.is_some() {
        error
            .say("no session can be listed yet: what is there is just being taken in")
            .hint("\"sessions status --follow\" waits for it")
    } else if !update.coverage.complete {
        // What is missing was said with the list.
        error
            .say("no session can be listed, and not everything is archived")
            .hint("run \"sessions status\" to see what is missing")
    } else {
        error
            .say("no session is archived yet")
            .hint("run \"sessions status\" to see which directories are watched")
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
        let error = unknown_project(wanted, &projects);
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
