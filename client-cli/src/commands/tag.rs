//! `sessions tag`.

use std::io::Write;

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::name;
use crate::output::Output;
use crate::render::text::one_line;

/// Runs it: gives or takes tags, and prints what the session has then, a line each.
pub(crate) async fn run(context: &Context, args: args::Tag) -> Result<(), CliError> {
    let client = context.connect().await?;
    let mut session = name::resolve(&client, context, &args.id).await?;
    if !args.tags.is_empty() {
        // As it is shown in lists.
        let tags = args
            .tags
            .iter()
            .map(|tag| tag.trim_start_matches('#').to_owned());
        let tags: Vec<String> = tags.collect();
        let change = if args.remove {
            (Vec::new(), tags)
        } else {
            (tags, Vec::new())
        };
        client.tag(&session.id, change).await?;
        session = name::resolve(&client, context, session.id.as_str()).await?;
    }
    let mut out = Output::direct();
    for tag in &session.tags {
        writeln!(out, "{}", one_line(tag))?;
    }
    out.finish()?;
    if session.tags.is_empty() && args.tags.is_empty() {
        return Err(CliError::nothing().say("it has no tags"));
    }
    Ok(())
}
