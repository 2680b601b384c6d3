//! `sessions view`.

use std::io::Write;

use sessions_client::Client;
use sessions_model::Session;

use crate::args::View;
use crate::commands::source;
use crate::context::Context;
use crate::error::CliError;
use crate::json::{Array, EntryJson};
use crate::name;
use crate::output::Output;
use crate::render::conversation::{self, Results};

/// Runs it.
pub(crate) async fn run(context: &Context, args: View) -> Result<(), CliError> {
    if args.sources {
        return source::list(context, &args).await;
    }
    if args.raw {
        return source::print(context, &args).await;
    }
    let client = context.connect().await?;
    let id = args.id.as_deref().unwrap_or(name::AT_HAND);
    let session = name::resolve(&client, context, id).await?;
    if args.json {
        return print_json(&client, &session).await;
    }
    let results = if args.full {
        Results::Whole
    } else {
        Results::Folded
    };
    print(context, &client, &session, results).await
}

async fn print(
    context: &Context,
    client: &Client,
    session: &Session,
    results: Results,
) -> Result<(), CliError> {
    let (now, terminal) = (&context.now, &context.terminal);
    let mut entries = client.read(&session.id).await?;
    let mut out = Output::paged(terminal);
    write!(out, "{}", conversation::head(session, now, terminal))?;
    while let Some(entry) = entries.next().await? {
        write!(
            out,
            "{}",
            conversation::entry(&entry, results, now, terminal)
        )?;
    }
    out.finish()?;
    CliError::unless_whole(entries.losses())
}

async fn print_json(client: &Client, session: &Session) -> Result<(), CliError> {
    let mut entries = client.read(&session.id).await?;
    let mut out = Output::direct();
    let mut array = Array::open(&mut out)?;
    while let Some(entry) = entries.next().await? {
        array.push(&EntryJson::new(&entry))?;
    }
    array.close()?;
    out.finish()?;
    CliError::unless_whole(entries.losses())
}
