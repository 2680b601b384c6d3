//! `sessions rebuild`.

use std::io::Write;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;

/// Runs it.
pub(crate) async fn run(context: &Context) -> Result<(), CliError> {
    let client = context.connect().await?;
    let seq = client.rebuild().await?;
    let mut out = Output::direct();
    writeln!(
        out,
        "catalog and index are built anew, up to position {seq}"
    )?;
    Ok(out.finish()?)
}
