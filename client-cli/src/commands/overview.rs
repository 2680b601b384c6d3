//! `sessions` alone: what there is, what was last, and what to type next.

use std::io::Write;

use sessions_model::SessionFilter;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;
use crate::render::listing::{Automated, rows, table};
use crate::render::{progress, standing};

/// Lines of the latest sessions.
const ROWS_MAX: usize = 8;

const NEXT: &str = "\
sessions search WORDS    find anything that was said or done
sessions view ID         read a session; @ is the latest of this directory
sessions list            more of them
sessions --help          everything else
";

/// Runs it.
pub(crate) async fn run(context: &Context) -> Result<(), CliError> {
    let client = context.connect().await?;
    let status = client.status().await?;
    // What is folded is counted, and may stand before what is not: all of them.
    let filter = SessionFilter {
        root: context.root_filter(),
        ..SessionFilter::default()
    };
    let listing = client.list(&filter).await?;
    let (now, terminal) = (&context.now, &context.terminal);
    let rows = rows(&listing.sessions, Automated::Folded);
    let shown = rows.get(..ROWS_MAX).unwrap_or(&rows);
    let mut out = Output::paged(terminal);
    for fault in standing::faults(&status, now, terminal.paint) {
        writeln!(out, "{fault}")?;
    }
    writeln!(out, "{}", standing::headline(&status, terminal.paint))?;
    if let Some(import) = &status.progress {
        writeln!(out, "{}", progress::line(import))?;
    }
    writeln!(out)?;
    if !shown.is_empty() {
        writeln!(out, "{}", table(shown, now, terminal))?;
    }
    write!(out, "{NEXT}")?;
    Ok(out.finish()?)
}
