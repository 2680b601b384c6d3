//! `sessions restore --all-missing`: everything that went by itself comes back.

use std::collections::HashSet;
use std::io::Write;

use futures_util::{FutureExt, StreamExt, future, stream};
use indicatif::ProgressBar;
use sessions_client::{Client, Source};
use sessions_model::{SessionFilter, SessionId};

use crate::args::AtOnce;
use crate::commands::{ask, import};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::history::Histories;
use crate::interrupt::until_interrupted;
use crate::output::Output;
use crate::render::quantity::{count, size};
use crate::restore::{self, Fetched, Restored, Staging, Target};

/// Bytes that are made durable together, and then shown. An interruption may cost two batches: one is fetched while the
/// other is written to the disk.
const BATCH_BYTES: u64 = 128 << 20;

/// Sessions that are fetched at once: while one is unpacked, another is written.
const FETCHED_AT_ONCE: usize = 4;

/// Sessions that are named because they could not be put back; the others are counted.
const FAULTS_SHOWN: usize = 20;

/// What is to come back.
#[derive(Debug, Default)]
struct Wanted {
    sessions: Vec<Missed>,
    files: u64,
    bytes: u64,
    /// Sessions that somebody wanted gone.
    forgotten: u64,
    /// Sessions that a client has open.
    live: u64,
    /// Sessions of roots that are watched no longer.
    unwatched: u64,
    /// Files that are there in part.
    stumps: u64,
    /// What could not be looked at.
    faults: Vec<String>,
}

/// A session of which something is missing.
#[derive(Debug)]
struct Missed {
    id: SessionId,
    sources: Vec<Source>,
    bytes: u64,
}

/// Sessions that were fetched together and wait to be shown.
#[derive(Debug, Default)]
struct Batch<'a> {
    staging: Staging,
    ready: Vec<(&'a SessionId, Fetched)>,
    faults: Vec<String>,
    /// Why no more was fetched, if something was in the way of all.
    ended: Option<CliError>,
}

/// What came back.
#[derive(Debug, Default)]
struct Outcome {
    restored: Restored,
    /// Sessions that were opened meanwhile.
    live: u64,
    faults: Vec<String>,
}

impl Wanted {
    fn is_nothing_left_out(&self) -> bool {
        self.forgotten + self.live + self.unwatched + self.stumps == 0 && self.faults.is_empty()
    }
}

/// Puts everything back that is missing, once its size was said and agreed to.
pub(super) async fn run(context: &Context, client: &Client, args: &AtOnce) -> Result<(), CliError> {
    let filter = SessionFilter {
        root: context.root_filter(),
        ..SessionFilter::default()
    };
    import::until_known(context).await?;
    let mut wanted = find(context, client, &filter, args.forgotten).await?;
    let mut out = Output::direct();
    if wanted.files == 0 {
        let nothing = if wanted.is_nothing_left_out() {
            "nothing is missing"
        } else {
            "nothing was put back"
        };
        writeln!(out, "{nothing}{}", besides(&wanted))?;
        out.finish()?;
        return unless_all_of(&wanted.faults);
    }
    let what = format!(
        "{} of {}, {}",
        count(wanted.files, "file"),
        count(wanted.sessions.len() as u64, "session"),
        size(wanted.bytes)
    );
    if !args.yes && !agree(&what)? {
        return Ok(());
    }
    let bar = import::items(context, wanted.sessions.len() as u64, "restoring");
    let mut outcome = Outcome::default();
    let put = put_back(client, &filter, &wanted.sessions, &bar, &mut outcome);
    let ended = until_interrupted(put).await;
    bar.finish_and_clear();
    let Restored { files, bytes, kept } = &outcome.restored;
    let (files, bytes) = (count(*files, "file"), size(*bytes));
    wanted.live += outcome.live;
    let kept = match kept.len() as u64 {
        0 => String::new(),
        kept => format!("\nleft {} that came meanwhile", count(kept, "file")),
    };
    writeln!(out, "restored {files}, {bytes}{kept}{}", besides(&wanted))?;
    out.finish()?;
    ended?;
    let mut faults = wanted.faults;
    faults.append(&mut outcome.faults);
    unless_all_of(&faults)
}

async fn find(
    context: &Context,
    client: &Client,
    filter: &SessionFilter,
    is_forgotten_wanted: bool,
) -> Result<Wanted, CliError> {
    let histories = Histories::read(client, filter.root.as_deref(), context.now.at).await?;
    let roots = client.status().await?.roots.into_iter();
    let watched = roots.filter(|root| root.watched_by != "excluded");
    let watched: HashSet<String> = watched.map(|root| root.path).collect();
    let mut wanted = Wanted {
        faults: histories.damaged().to_vec(),
        ..Wanted::default()
    };
    for session in client.list(filter).await?.sessions {
        if !restore::is_missed(&session) {
            continue;
        }
        if session.is_live {
            wanted.live += 1;
            continue;
        }
        if !watched.contains(&session.root) {
            wanted.unwatched += 1;
            continue;
        }
        if !is_forgotten_wanted && histories.forgot(&session) {
            wanted.forgotten += 1;
            continue;
        }
        let sources = client.files(&session.id).await?.sources;
        match restore::plan(&sources, Target::InPlace) {
            Ok(plan) => {
                wanted.stumps += plan.stumps.len() as u64;
                if !plan.missing.is_empty() {
                    let bytes = plan.missing.iter().map(|file| file.length).sum();
                    wanted.files += plan.missing.len() as u64;
                    wanted.bytes += bytes;
                    let id = session.id;
                    wanted.sessions.push(Missed { id, sources, bytes });
                }
            }
            Err(error) => wanted.faults.push(fault(&session.id, error)?),
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

/// Cuts where a batch is full: each holds a session at least.
fn batches(sessions: &[Missed]) -> impl Iterator<Item = &[Missed]> {
    let mut bytes = 0;
    sessions.chunk_by(move |one, _| {
        bytes += one.bytes;
        let has_room = bytes < BATCH_BYTES;
        if !has_room {
            bytes = 0;
        }
        has_room
    })
}

/// Fetches `sessions` in batches: while one is made durable and shown, the next is fetched.
async fn put_back(
    client: &Client,
    filter: &SessionFilter,
    sessions: &[Missed],
    bar: &ProgressBar,
    outcome: &mut Outcome,
) -> Result<(), CliError> {
    let mut fetched = Batch::default();
    for batch in batches(sessions) {
        let fetching = fetch(client, batch, bar).map(Ok);
        let showing = show(client, filter, fetched, outcome);
        (fetched, ()) = future::try_join(fetching, showing).await?;
        if fetched.ended.is_some() {
            break;
        }
    }
    show(client, filter, fetched, outcome).await
}

/// Fetches all of `batch`.
async fn fetch<'a>(client: &Client, batch: &'a [Missed], bar: &ProgressBar) -> Batch<'a> {
    let mut fetched = Batch::default();
    let staging = &fetched.staging;
    let mut fetching = stream::iter(batch)
        .map(async |missed: &'a Missed| {
            let plan = match restore::plan(&missed.sources, Target::InPlace) {
                Ok(plan) => plan,
                Err(error) => return (&missed.id, Err(error)),
            };
            (&missed.id, staging.fetch(client, &plan.missing).await)
        })
        .buffer_unordered(FETCHED_AT_ONCE);
    while let Some((id, files)) = fetching.next().await {
        bar.inc(1);
        match files {
            Ok(files) => fetched.ready.push((id, files)),
            // One session that cannot be read is no reason to withhold the others.
            Err(error) => match fault(id, error) {
                Ok(fault) => fetched.faults.push(fault),
                Err(error) => {
                    fetched.ended = Some(error);
                    break;
                }
            },
        }
    }
    drop(fetching);
    fetched
}

/// Makes a batch durable and shows it: what is whole, even where something was in the way of the rest.
async fn show(
    client: &Client,
    filter: &SessionFilter,
    batch: Batch<'_>,
    outcome: &mut Outcome,
) -> Result<(), CliError> {
    outcome.faults.extend(batch.faults);
    if batch.ready.is_empty() {
        return batch.ended.map_or(Ok(()), Err);
    }
    batch.staging.sync().await?;
    // One may have been opened since.
    let sessions = client.list(filter).await?.sessions.into_iter();
    let live: HashSet<SessionId> = sessions
        .filter(|session| session.is_live)
        .map(|session| session.id)
        .collect();
    for (id, fetched) in batch.ready {
        if live.contains(id) {
            outcome.live += 1;
            continue;
        }
        if let Err(error) = fetched.publish(&mut outcome.restored) {
            outcome.faults.push(fault(id, error)?);
        }
    }
    batch.ended.map_or(Ok(()), Err)
}

/// Says what is wrong with one session; fails where it is not of that session alone.
fn fault(id: &SessionId, error: CliError) -> Result<String, CliError> {
    if error.is_of_one {
        Ok(format!("{id}: {}", error.message))
    } else {
        Err(error)
    }
}

fn unless_all_of(faults: &[String]) -> Result<(), CliError> {
    if faults.is_empty() {
        return Ok(());
    }
    let shown = faults.iter().take(FAULTS_SHOWN).map(String::as_str);
    let more = faults.len().saturating_sub(FAULTS_SHOWN);
    let more = (more > 0).then(|| format!("and {}", count(more as u64, "other")));
    let error = CliError::new(Kind::Daemon, "not everything could be put back");
    Err(error
        .show(shown.chain(more.as_deref()))
        .hint("\"sessions restore ID\" says more of one of them"))
}

/// Says what was left as it is.
fn besides(wanted: &Wanted) -> String {
    let forgotten = (wanted.forgotten > 0).then(|| {
        let sessions = count(wanted.forgotten, "session");
        format!(
            "\nleft {sessions} that Claude Code was told to forget: \"sessions restore ID\" puts one back, \
             --all-missing --forgotten all of them"
        )
    });
    let live = (wanted.live > 0).then(|| {
        let sessions = count(wanted.live, "session");
        format!("\nleft {sessions} that Claude Code has open: run this again when it has ended")
    });
    let unwatched = (wanted.unwatched > 0).then(|| {
        let sessions = count(wanted.unwatched, "session");
        format!(
            "\nleft {sessions} of roots that are watched no longer: \"sessions restore ID\" puts one back"
        )
    });
    let stumps = (wanted.stumps > 0).then(|| {
        let files = count(wanted.stumps, "file");
        format!(
            "\nonly a part of {files} is there: \"sessions restore ID --as-new\" joins it with what was there before"
        )
    });
    [forgotten, live, unwatched, stumps]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(bytes: u64) -> Missed {
        Missed {
            id: SessionId::parse("3f").unwrap(),
            sources: Vec::new(),
            bytes,
        }
    }

    #[test]
    fn a_batch_ends_once_it_is_full() {
        let mega = [50, 50, 50, 150, 1].map(|mega| missed(mega << 20));
        let lengths: Vec<usize> = batches(&mega).map(<[_]>::len).collect();
        assert_eq!(lengths, [3, 1, 1]);
        assert_eq!(batches(&[]).count(), 0);
    }
}
