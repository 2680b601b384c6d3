//! What is said on a terminal of an import that is going on, and of an archive that lost something.

use std::io::Write;
use std::io::stderr;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sessions_client::{Client, ClientError, WatchUpdate};
use sessions_model::{Coverage, Fault, FaultKind, Progress};
use tokio::time::{sleep, timeout};

use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::quiet;
use crate::render::progress::line;
use crate::render::standing;
use crate::render::text::one_line;

/// Daemons that are followed, one after the other, before an import counts as failed.
const DAEMONS_MAX: u32 = 3;

/// Updates without news, half a second apart, after which it is said why nothing moves.
const STILL_MAX: u32 = 10;

/// Reasons why nothing moves that are said, each once.
const NOTES_MAX: usize = 16;

/// How long it may take until it is known what is on disk.
const KNOWN_MAX: Duration = Duration::from_mins(2);

/// Looks at a root that is there and not watched yet, and the time between them: the daemon looks each second or so.
const ROOT_LOOKS_MAX: u32 = 50;
const ROOT_LOOK: Duration = Duration::from_millis(100);

/// For how long a fault of a root may yet pass by itself, in milliseconds.
const FAULT_NEW_MS: i64 = 5000;

/// A bar over bytes.
const BYTES: &str = "{msg} [{bar:30}] {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

/// A bar over things.
const ITEMS: &str = "{msg} [{bar:30}] {pos} of {len}";

/// A bar over an import, whose figures the daemon knows.
const IMPORT: &str = "[{bar:30}] {msg}";

/// Says on standard error what keeps `what`, an answer just given, from being complete, if anything does;
/// returns how the daemon is getting on.
pub(crate) async fn note(
    context: &Context,
    client: &Client,
    what: &str,
) -> Result<WatchUpdate, CliError> {
    let update = client.watch().await?.next().await?.unwrap_or_default();
    say_shortfall(&update.coverage, what)?;
    say_progress(context, update.progress.as_ref())?;
    say_damage(context, client).await?;
    Ok(update)
}

/// Says on standard error how far an import is, if one is going on.
pub(crate) async fn note_progress(context: &Context, client: &Client) -> Result<(), CliError> {
    let update = client.watch().await?.next().await?.unwrap_or_default();
    say_progress(context, update.progress.as_ref())?;
    say_damage(context, client).await
}

/// Says on a person's terminal what is wrong with the archive: an answer may lack what was lost.
async fn say_damage(context: &Context, client: &Client) -> Result<(), CliError> {
    if !context.terminal.bars {
        return Ok(());
    }
    let mut status = client.status().await?;
    status
        .faults
        .retain(|fault| fault.kind == FaultKind::Archive);
    for fault in standing::faults(&status, &context.now, context.terminal.paint) {
        quiet(writeln!(stderr(), "{fault}"))?;
    }
    Ok(())
}

fn say_progress(context: &Context, progress: Option<&Progress>) -> Result<(), CliError> {
    let Some(progress) = progress else {
        return Ok(());
    };
    quiet(writeln!(stderr(), "{}", line(progress)))?;
    if context.terminal.bars {
        let more = "\"sessions status --follow\" shows how it goes on";
        quiet(writeln!(stderr(), "{more}"))?;
    }
    Ok(())
}

/// Says on standard error, so that it is seen whatever becomes of the answer, why it is not complete.
pub(crate) fn say_shortfall(coverage: &Coverage, what: &str) -> Result<(), CliError> {
    match shortfall(coverage, what) {
        Some(note) => Ok(quiet(writeln!(stderr(), "{note}"))?),
        None => Ok(()),
    }
}

fn shortfall(coverage: &Coverage, what: &str) -> Option<String> {
    if coverage.complete {
        return None;
    }
    let reason = coverage.reason.as_deref().map(one_line);
    let reason = reason.unwrap_or_else(|| "not everything is searchable yet".to_owned());
    Some(format!("note: {what} may not be complete: {reason}"))
}

/// Stays until it is known what is on disk, for a while.
///
/// # Errors
/// When that takes longer: what is missing from the disk cannot be told yet.
pub(crate) async fn until_known(context: &Context) -> Result<(), CliError> {
    let known = async {
        // A root that came back a moment ago is not gone through yet, and the daemon says nothing of what it lacks.
        for _ in 0..ROOT_LOOKS_MAX {
            if !is_a_root_back(context).await? {
                break;
            }
            sleep(ROOT_LOOK).await;
        }
        follow(context).await
    };
    let Ok(followed) = timeout(KNOWN_MAX, known).await else {
        let message =
            "what is on disk is still being gone through: what is missing cannot be told yet";
        return Err(CliError::new(Kind::Daemon, message)
            .hint("\"sessions status --follow\" waits for it; then run this again"));
    };
    followed
}

/// Tells whether there is a root that the daemon has not begun to watch, or one that it found a moment ago that it
/// cannot: it may start itself anew to be let into it.
async fn is_a_root_back(context: &Context) -> Result<bool, CliError> {
    let status = context.connect().await?.status().await?;
    let is_new = |fault: &Fault| context.now.at.millis_since(fault.since) < FAULT_NEW_MS;
    let is_missing = status.roots.iter().any(|root| root.watched_by == "missing");
    let mut faults = status.faults.iter();
    Ok(status.roots.iter().any(|root| root.watched_by == "not yet")
        || !is_missing && faults.any(|fault| fault.kind == FaultKind::Root && is_new(fault)))
}

/// Stays until everything on disk is archived and searchable, or as much of it as can be; says then what
/// cannot.
pub(crate) async fn follow(context: &Context) -> Result<(), CliError> {
    let mut shown = Shown::new(context, stderr());
    for _ in 0..DAEMONS_MAX {
        let mut updates = context.connect().await?.watch().await?;
        loop {
            let update = match updates.next().await {
                Ok(Some(update)) => update,
                // It ended, perhaps to be started again with what it has to take in.
                Ok(None) | Err(ClientError::Lost { .. }) => break,
                Err(error) => return Err(error.into()),
            };
            if update.progress.is_some() {
                shown.show(&update)?;
            } else if update.coverage.indexed_seq >= update.coverage.archive_seq {
                shown.bar.finish_and_clear();
                return shown.note(&update.coverage);
            }
        }
    }
    Err(
        CliError::new(Kind::Daemon, "the daemon ended before all was archived")
            .hint("run \"sessions daemon logs\" to see why"),
    )
}

/// An import as it is shown: a bar, or lines where there is no terminal for one.
#[derive(Debug)]
struct Shown<W> {
    out: W,
    bar: ProgressBar,
    has_bar: bool,
    /// The furthest tenth of the way that a line was of.
    tenth: Option<u64>,
    last: WatchUpdate,
    /// How many updates in a row told nothing new.
    still: u32,
    /// What has been said already of why nothing moves.
    notes: Vec<String>,
}

impl<W: Write> Shown<W> {
    fn new(context: &Context, out: W) -> Self {
        Self {
            out,
            bar: bar(context, 0, IMPORT),
            has_bar: context.terminal.bars,
            tenth: None,
            last: WatchUpdate::default(),
            still: 0,
            notes: Vec::new(),
        }
    }

    /// Moves the bar, or writes a line for each tenth of the way; says why where nothing moves for long.
    fn show(&mut self, update: &WatchUpdate) -> Result<(), CliError> {
        let Some(progress) = &update.progress else {
            return Ok(());
        };
        self.bar.set_length(progress.bytes_total);
        self.bar.set_position(progress.bytes_indexed);
        self.bar.set_message(line(progress));
        let tenth = progress.bytes_indexed.saturating_mul(10) / progress.bytes_total.max(1);
        // What is looked at again begins anew: that is no news.
        if !self.has_bar && self.tenth.is_none_or(|said| said < tenth) {
            self.tenth = Some(tenth);
            quiet(writeln!(self.out, "{}", line(progress)))?;
        }
        let is_still = *update == self.last;
        self.still = if is_still { self.still + 1 } else { 0 };
        self.last = update.clone();
        if self.still == STILL_MAX {
            self.note(&update.coverage)?;
        }
        Ok(())
    }

    /// Says why not all is there, if that has not been said yet.
    fn note(&mut self, coverage: &Coverage) -> Result<(), CliError> {
        let note = shortfall(coverage, "the archive");
        let Some(note) = note.filter(|note| !self.notes.contains(note)) else {
            return Ok(());
        };
        if self.notes.len() < NOTES_MAX {
            let out = &mut self.out;
            self.bar.suspend(|| quiet(writeln!(out, "{note}")))?;
            self.notes.push(note);
        }
        Ok(())
    }
}

/// Returns a bar over `total` bytes, hidden where there is no terminal for one.
pub(crate) fn bytes(context: &Context, total: u64, what: &'static str) -> ProgressBar {
    bar(context, total, BYTES).with_message(what)
}

/// Returns a bar over `total` things.
pub(crate) fn items(context: &Context, total: u64, what: &'static str) -> ProgressBar {
    bar(context, total, ITEMS).with_message(what)
}

fn bar(context: &Context, total: u64, template: &str) -> ProgressBar {
    if !context.terminal.bars {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style.progress_chars("=> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(has_bar: bool) -> Shown<Vec<u8>> {
        Shown {
            out: Vec::new(),
            bar: ProgressBar::hidden(),
            has_bar,
            tenth: None,
            last: WatchUpdate::default(),
            still: 0,
            notes: Vec::new(),
        }
    }

    #[test]
    fn what_does_not_move_is_counted_until_it_does() {
        let mut shown = shown(true);
        let mut update = WatchUpdate {
            progress: Some(Progress::default()),
            ..WatchUpdate::default()
        };
        for still in [0, 1, 2] {
            shown.show(&update).unwrap();
            assert_eq!(shown.still, still);
        }
        update.coverage.reason = Some("the disk is full".into());
        shown.show(&update).unwrap();
        assert_eq!(shown.still, 0);
    }

    #[test]
    fn what_is_waited_for_is_said_once() {
        let mut shown = shown(false);
        let mut update = WatchUpdate::default();
        update.coverage.reason = Some("the disk is full".into());
        // Tried again and again, it looks at what there is, begins, and stands still.
        for _ in 0..5 {
            update.progress = Some(Progress::default());
            shown.show(&update).unwrap();
            update.progress = Some(Progress {
                sources_total: 9,
                bytes_total: 100,
                bytes_indexed: 50,
                ..Progress::default()
            });
            for _ in 0..=STILL_MAX {
                shown.show(&update).unwrap();
            }
        }
        shown.note(&update.coverage).unwrap();
        let said = String::from_utf8(shown.out).unwrap();
        let expect = "looking at what there is\n\
            importing: 50 % searchable (50 B of 100 B), 0 of 9 files\n\
            note: the archive may not be complete: the disk is full\n";
        assert_eq!(said, expect);
    }

    #[test]
    fn templates_are_sound() {
        for template in [BYTES, ITEMS, IMPORT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
