//! `sessions list`.

use std::io::Write;

use sessions_client::{Client, WatchUpdate};
use sessions_model::{SessionFilter, Timestamp};

use crate::args::List;
use crate::commands::{import, project};
use crate::context::Context;
use crate::error::CliError;
use crate::json::{Array, SessionJson};
use crate::output::Output;
use crate::render::listing::{Automated, Row, rows, table};
use crate::render::quantity::count;
use crate::repository;

/// Lines of a list where no limit is given.
const ROWS_MAX: usize = 30;

/// Directories that are looked up after one list.
const LOOK_UPS_MAX: usize = 32;

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
        Some(project) if !args.json && !project::is_known(&client, project).await? => {
            let projects = client.projects().await?;
            Err(project::unknown(project, &projects))
        }
        _ => Err(empty(&args, &update)),
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
