//! `sessions verify`.

use std::io::Write;

use sessions_client::Verification;

use crate::commands::import;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::quantity::{count, size};
use crate::render::text::visible;

/// Runs it.
pub(crate) async fn run(context: &Context) -> Result<(), CliError> {
    let client = context.connect().await?;
    let mut reports = client.verify().await?;
    let bar = import::bytes(context, 0, "reading back");
    let mut last = None;
    while let Some(report) = reports.next().await? {
        bar.set_length(report.bytes_total);
        bar.set_position(report.bytes_checked);
        last = Some(report);
    }
    bar.finish_and_clear();
    let Some(report) = last.filter(|report| report.is_done) else {
        return Err(
            CliError::new(Kind::Daemon, "the verification ended before its end")
                .hint("run \"sessions daemon logs\""),
        );
    };
    let mut out = Output::direct();
    let Verification {
        losses,
        mended,
        structure,
        known,
        ..
    } = &report;
    let is_sound = losses.is_empty() && mended.is_empty() && structure.is_empty();
    if is_sound {
        let read = size(report.bytes_checked);
        let end = if known.is_empty() {
            "every checksum is right"
        } else {
            "nothing new is wrong"
        };
        writeln!(out, "{read} read back, {end}")?;
    }
    if !known.is_empty() {
        let places = count(known.len() as u64, "place");
        writeln!(out, "{places} known to be lost:")?;
        for place in known {
            writeln!(out, "  {}", visible(place))?;
        }
    }
    out.finish()?;
    if is_sound {
        Ok(())
    } else {
        Err(failure(&report))
    }
}

/// Says what was found for the first time, and what became of it.
fn failure(report: &Verification) -> CliError {
    let Verification {
        losses,
        mended,
        structure,
        ..
    } = report;
    let told = |what: &'static str| move |place: &String| format!("{what}{place}");
    let lines: Vec<String> = structure
        .iter()
        .map(told("broken:   "))
        .chain(losses.iter().map(told("lost:     ")))
        .chain(mended.iter().map(told("put back: ")))
        .collect();
    let places = count((losses.len() + mended.len()) as u64, "place");
    let message = if structure.is_empty() {
        format!("{places} did not read back")
    } else {
        format!("the archive's database is damaged; {places} in it did not read back")
    };
    let error = CliError::new(Kind::Daemon, message).show(lines.iter().map(String::as_str));
    if !structure.is_empty() {
        error.hint(
            "\"sessions daemon restart\" keeps what reads back, and archives what is on disk again",
        )
    } else if losses.is_empty() {
        error.hint(
            "all of it is put back from the files on disk, or built anew; a disk that does this may fail soon",
        )
    } else {
        error.hint(
            "put a backup back (see the README) if one has what is lost; a place that is named is listed from now on, and no error",
        )
    }
}
