//! `sessions uninstall`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sessions_paths::Service;

use crate::args::Uninstall;
use crate::commands::ask;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::text::visible;
use crate::setup::{Change, Keeper, Note, Undo, commands_in, place};

/// Runs it.
pub(crate) async fn run(context: &Context, args: &Uninstall) -> Result<(), CliError> {
    let note = Note::read(&context.paths)?;
    let mut undo = note.undo(&context.paths)?;
    undo.extend(unnoted(context, &note).await?);
    let service = context.paths.service();
    let is_any = |undo: &Undo| match undo {
        Undo::Change(change) => change.is_any(),
        Undo::Keep(_) | Undo::Stuck { .. } => true,
    };
    undo.retain(is_any);
    show(&undo, service)?;
    if args.dry_run || undo.is_empty() && service.is_none() {
        return say("nothing was changed");
    }
    if !args.yes && !ask::yes("Do this?")? {
        return say("nothing was changed");
    }
    let keeper = service.map(|service| Keeper::of(service, context.environment(), &context.paths));
    if let Some(keeper) = &keeper {
        give_up(context, keeper, &note)?;
    }
    for undo in &undo {
        if let Undo::Change(change) = undo {
            change.apply()?;
        }
    }
    let (stuck, why): (Vec<PathBuf>, Vec<String>) = undo.into_iter().filter_map(stuck).unzip();
    note.forget(&stuck, &context.paths)?;
    if let Some(keeper) = &keeper {
        keeper.forget_files()?;
    }
    if !stuck.is_empty() {
        let error = CliError::new(Kind::Daemon, "not everything could be undone");
        return Err(error
            .show(why.iter().map(String::as_str))
            .hint("mend it, and run this again; or take out by hand what names sessions-hook"));
    }
    let data = context.paths.data.to_string_lossy();
    let data = visible(&data);
    say(&format!(
        "done; the archive stays in {data}, and commands go on answering from it"
    ))
}

fn show(undo: &[Undo], service: Option<Service>) -> Result<(), CliError> {
    let mut out = Output::direct();
    for undo in undo {
        match undo {
            Undo::Change(change) => write!(out, "{}", change.lines())?,
            Undo::Keep(path) => {
                let path = path.to_string_lossy();
                let path = visible(&path);
                writeln!(out, "{path} (left as it is: it was changed since)")?;
            }
            Undo::Stuck { path, why } => {
                let path = path.to_string_lossy();
                let (path, why) = (visible(&path), visible(why));
                writeln!(out, "{path} (left as it is: {why})")?;
            }
        }
    }
    if let Some(service) = service {
        writeln!(out, "{} keeps the daemon no longer", service.word())?;
    }
    Ok(out.finish()?)
}

/// Takes the daemon from its service manager.
fn give_up(context: &Context, keeper: &Keeper, note: &Note) -> Result<(), CliError> {
    let file = context.paths.service_file();
    keeper.give_up().map_err(|error| {
        error.hint(format!(
            "log in as this user for its service manager to run; where there is none any more, remove {}",
            file.display()
        ))
    })?;
    remove(&file)?;
    if note.lingers() {
        keeper.linger_no_more()?;
    }
    Ok(())
}

fn say(line: &str) -> Result<(), CliError> {
    let mut out = Output::direct();
    writeln!(out, "{line}")?;
    Ok(out.finish()?)
}

fn stuck(undo: Undo) -> Option<(PathBuf, String)> {
    match undo {
        Undo::Stuck { path, why } => {
            let line = format!("{}: {why}", path.display());
            Some((path, line))
        }
        Undo::Change(_) | Undo::Keep(_) => None,
    }
}

/// Returns what takes hooks of ours out of settings that no note names, and commands of ours away.
async fn unnoted(context: &Context, note: &Note) -> Result<Vec<Undo>, CliError> {
    let mut places: BTreeSet<PathBuf> = note.files().map(place).collect();
    let mut found = Vec::new();
    for root in context.known_roots().await? {
        // Roots may share a file by way of links.
        let mut is_new = |path: &PathBuf| places.insert(place(path));
        let commands = commands_in(&root).into_iter().filter(&mut is_new);
        let changes = commands.map(|path| Change::to(path, None).map(Undo::Change));
        found.extend(changes.collect::<Result<Vec<_>, _>>()?);
        let settings = Some(root.join("settings.json")).filter(&mut is_new);
        // What cannot be read is none that anybody put a hook into.
        if let Some(Ok(change)) = settings.map(|path| Change::to(path, None)) {
            match Undo::take_out(change) {
                Undo::Keep(_) => {}
                undo => found.push(undo),
            }
        }
    }
    Ok(found)
}

fn remove(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CliError::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}
