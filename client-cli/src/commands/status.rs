//! `sessions status`.

use std::io::Write;

use crate::args::Status;
use crate::commands::import;
use crate::context::Context;
use crate::error::CliError;
use crate::json::{self, StatusJson};
use crate::output::Output;
use crate::render::standing;

/// Runs it.
pub(crate) async fn run(context: &Context, args: &Status) -> Result<(), CliError> {
    if args.follow {
        import::follow(context).await?;
    }
    let status = context.connect().await?.status().await?;
    if args.json {
        let mut out = Output::direct();
        json::write(&mut out, &StatusJson::new(&status, context.now.at))?;
        return Ok(out.finish()?);
    }
    let mut out = Output::paged(&context.terminal);
    write!(
        out,
        "{}",
        standing::page(&status, &context.now, &context.terminal)
    )?;
    Ok(out.finish()?)
}
