//! The verbs, one module each. Each connects, calls, and prints.

mod ask;
mod backup;
mod checkpoint;
mod completions;
mod daemon;
mod doctor;
mod export;
mod fork;
mod grep;
mod import;
mod list;
pub(crate) mod lost;
mod overview;
mod project;
mod rebuild;
mod restore;
mod resume;
mod search;
mod setup;
mod source;
mod status;
mod tag;
mod uninstall;
mod verify;
mod view;
mod worktree;

use crate::args::{Cli, Verb};
use crate::context::Context;
use crate::error::CliError;

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Result<(), CliError> {
    let context = Context::read(&cli)?;
    if is_reading(cli.verb.as_ref()) {
        context.note_missing_root()?;
    }
    match cli.verb {
        None => overview::run(&context).await,
        Some(Verb::List(args)) => list::run(&context, args).await,
        Some(Verb::Search(args)) => search::run(&context, args).await,
        Some(Verb::Grep(args)) => grep::run(&context, args).await,
        Some(Verb::View(args)) => view::run(&context, args).await,
        Some(Verb::Export(args)) => export::run(&context, args).await,
        Some(Verb::Restore(args)) => restore::run(&context, args).await,
        Some(Verb::Resume(args)) => resume::run(&context, args).await,
        Some(Verb::Fork(args)) => fork::run(&context, args).await,
        Some(Verb::Lost(args)) => lost::run(&context, args).await,
        Some(Verb::Status(args)) => status::run(&context, &args).await,
        Some(Verb::Backup(args)) => backup::run(&context, &args.file).await,
        Some(Verb::Project(args)) => project::run(&context, args).await,
        Some(Verb::Checkpoint(args)) => checkpoint::run(&context, args).await,
        Some(Verb::Tag(args)) => tag::run(&context, args).await,
        Some(Verb::Daemon(args)) => daemon::run(&context, args).await,
        Some(Verb::Verify) => verify::run(&context).await,
        Some(Verb::Setup(args)) => setup::run(&context, &args).await,
        Some(Verb::Doctor(args)) => doctor::run(&context, &args).await,
        Some(Verb::Completions { shell }) => completions::run(shell),
        Some(Verb::Man { directory }) => completions::manual(&directory),
        Some(Verb::Uninstall(args)) => uninstall::run(&context, &args).await,
        Some(Verb::Rebuild) => rebuild::run(&context).await,
    }
}

/// Tells whether what is archived is shown, whichever config roots there are.
fn is_reading(verb: Option<&Verb>) -> bool {
    let reads = |verb| {
        matches!(
            verb,
            &Verb::List(_)
                | &Verb::Search(_)
                | &Verb::View(_)
                | &Verb::Export(_)
                | &Verb::Lost(_)
                | &Verb::Status(_)
        )
    };
    verb.is_none_or(reads)
}
