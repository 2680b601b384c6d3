//! `sessions restore --all-missing`: everything that went by itself comes back.

use std::io::Write;

use sessions_client::Client;
use sessions_model::{OnDisk, Session, SessionFilter};

use crate::commands::{ask, import};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::history::Histories;
use crate::output::Output;
use crate::render::quantity::{count, size};
use crate::restore::{self, Restored, Target};

/// What is to come back.
#[derive(Debug, Default)]
struct Wanted {
    sessions: Vec<Session>,
    files: u64,
    bytes: u64,
    /// Sessions that somebody wanted gone.
    forgotten: u64,
    /// Files that are there in part.
    stumps: u64,
}

/// Puts everything back that is missing, once its size was said and agreed to.
pub(super) async fn run(
    context: &Context,
    client: &Client,
    is_agreed: bool,
) -> Result<(), CliError> {
    let wanted = find(context, client).await?;
    let mut out = Output::direct();
    if wanted.files == 0 {
        writeln!(out, "nothing is missing{}", besides(&wanted))?;
        return Ok(out.finish()?);
    }
    let what = format!(
        "{} of {}, {}",
        count(wanted.files, "file"),
        count(wanted.sessions.len() as u64, "session"),
        size(wanted.bytes)
    );
    if !is_agreed && !agree(&what)? {
        return Ok(());
    }
    let (restored, faults) = put_back(context, client, &wanted).await?;
    let (files, bytes) = (count(restored.files, "file"), size(restored.bytes));
    writeln!(out, "restored {files}, {bytes}{}", besides(&wanted))?;
    out.finish()?;
    if faults.is_empty() {
        return Ok(());
    }
    let error = CliError::new(Kind::Daemon, "not everything could be put back");
    Err(error
        .show(faults.iter().map(String::as_str))
        .hint("\"sessions restore ID\" says more of one of them"))
}

async fn find(context: &Context, client: &Client) -> Result<Wanted, CliError> {
    let root = context.root_filter();
    let histories = Histories::read(client, root.as_deref()).await?;
    let filter = SessionFilter {
        root,
        ..SessionFilter::default()
    };
    let mut wanted = Wanted::default();
    for session in client.list(&filter).await?.sessions {
        if session.on_disk == OnDisk::Whole || session.is_live {
            continue;
        }
        if histories.forgot(&session) {
            wanted.forgotten += 1;
            continue;
        }
        let files = client.files(&session.id).await?;
        let plan = restore::plan(&files.sources, Target::InPlace)?;
        wanted.stumps += plan.stumps.len() as u64;
        if !plan.missing.is_empty() {
            wanted.files += plan.missing.len() as u64;
            wanted.bytes += plan.missing.iter().map(|file| file.length).sum::<u64>();
            wanted.sessions.push(session);
        }
    }
    Ok(wanted)
}

fn agree(what: &str) -> Result<bool, CliError> {
    if ask::is_anybody_there() {
        return ask::yes(&format!("{what} are missing; put them back?"));
    }
    let message = format!("{what} are missing, and nobody is there to be asked");
    Err(CliError::usage(message).hint("add --yes to put them back"))
}

async fn put_back(
    context: &Context,
    client: &Client,
    wanted: &Wanted,
) -> Result<(Restored, Vec<String>), CliError> {
    let bar = import::items(context, wanted.sessions.len() as u64, "restoring");
    let (mut total, mut faults) = (Restored::default(), Vec::new());
    for session in &wanted.sessions {
        let files = client.files(&session.id).await?;
        // It may have been opened since.
        if files.live_pid.is_none() {
            let plan = restore::plan(&files.sources, Target::InPlace)?;
            match restore::put_back(client, &plan).await {
                Ok(restored) => {
                    total.files += restored.files;
                    total.bytes += restored.bytes;
                }
                // One session that cannot be read is no reason to withhold the others.
                Err(error) if error.is_of_one => {
                    faults.push(format!("{}: {}", session.id, error.message));
                }
                Err(error) => return Err(error),
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((total, faults))
}

/// Says what was left as it is.
fn besides(wanted: &Wanted) -> String {
    let forgotten = (wanted.forgotten > 0).then(|| {
        let sessions = count(wanted.forgotten, "session");
        format!(
            "\nleft {sessions} that Claude Code was told to forget: \"sessions restore ID\" puts one back"
        )
    });
    let stumps = (wanted.stumps > 0).then(|| {
        let files = count(wanted.stumps, "file");
        format!(
            "\nonly a part of {files} is there: \"sessions restore ID --as-new\" joins it with what was there before"
        )
    });
    forgotten.into_iter().chain(stumps).collect()
}
