//! `sessions verify`.

use std::io::Write;

use crate::commands::import;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::quantity::{count, size};

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
    if report.losses.is_empty() {
        let mut out = Output::direct();
        writeln!(
            out,
            "{} read back, every checksum is right",
            size(report.bytes_checked)
        )?;
        return Ok(out.finish()?);
    }
    let losses = count(report.losses.len() as u64, "place");
    let error = CliError::new(Kind::Daemon, format!("{losses} did not read back"));
    Err(error
        .show(report.losses.iter().map(String::as_str))
        .hint("\"sessions daemon restart\" keeps what reads back, and archives what is still on disk again"))
}
