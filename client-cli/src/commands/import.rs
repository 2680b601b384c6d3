//! What is said on a terminal of an import that is going on, and of an archive that lost something.

use std::io::Write;
use std::io::stderr;

use indicatif::{ProgressBar, ProgressStyle};
use sessions_client::Client;
use sessions_model::{FaultKind, Progress};

use crate::context::Context;
use crate::error::CliError;
use crate::output::quiet;
use crate::render::progress::line;
use crate::render::standing;

/// A bar over bytes.
const BYTES: &str = "{msg} [{bar:30}] {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

/// A bar over things.
const ITEMS: &str = "{msg} [{bar:30}] {pos} of {len}";

/// A bar over an import, whose figures the daemon knows.
const IMPORT: &str = "[{bar:30}] {msg}";

/// Says on a person's terminal that an import is going on, if one is, and what is wrong with the archive:
/// an answer may lack what was lost.
pub(crate) async fn note(context: &Context, client: &Client) -> Result<(), CliError> {
    if !context.terminal.bars {
        return Ok(());
    }
    let mut updates = client.watch().await?;
    let progress = updates.next().await?.and_then(|update| update.progress);
    if let Some(progress) = progress {
        quiet(writeln!(stderr(), "{}", line(&progress)))?;
        quiet(writeln!(
            stderr(),
            "\"sessions status --follow\" shows how it goes on"
        ))?;
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

/// Stays until everything on disk is archived and searchable.
pub(crate) async fn follow(context: &Context, client: &Client) -> Result<(), CliError> {
    let mut updates = client.watch().await?;
    let bar = bar(context, 0, IMPORT);
    let mut said = None;
    while let Some(update) = updates.next().await? {
        match update.progress {
            Some(progress) => show(context, &bar, &progress, &mut said)?,
            None if update.coverage.complete => break,
            None => {}
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Moves the bar; where there are none, writes a line for each tenth of the way.
fn show(
    context: &Context,
    bar: &ProgressBar,
    progress: &Progress,
    said: &mut Option<u64>,
) -> Result<(), CliError> {
    bar.set_length(progress.bytes_total);
    bar.set_position(progress.bytes_indexed);
    bar.set_message(line(progress));
    let tenth = progress.bytes_indexed.saturating_mul(10) / progress.bytes_total.max(1);
    if !context.terminal.bars && *said != Some(tenth) {
        *said = Some(tenth);
        quiet(writeln!(stderr(), "{}", line(progress)))?;
    }
    Ok(())
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

    #[test]
    fn templates_are_sound() {
        for template in [BYTES, ITEMS, IMPORT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
