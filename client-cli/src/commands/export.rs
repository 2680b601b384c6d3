//! `sessions export`.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{BufWriter, ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use sessions_client::Client;
use sessions_model::{Session, SessionFilter};

use crate::args::{Export, Format};
use crate::commands::{import, source};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::export::file::{Existing, WholeFile};
use crate::export::{Choice, file_name, json, markdown, text};
use crate::json::Array;
use crate::name;
use crate::output::Output;
use crate::render::quantity::count;

/// What ends the name of a file that one session goes to.
const EXTENSIONS: [&str; 6] = ["md", "markdown", "json", "jsonl", "txt", "text"];

/// What standard output is called where a file could be named.
const STDOUT: &str = "-";

/// Where exports go.
#[derive(Debug)]
enum Place {
    Stdout,
    File(PathBuf),
    /// What is there and is no file: a pipe or a device.
    Pipe(PathBuf),
    Directory(PathBuf),
}

/// Runs it.
pub(crate) async fn run(context: &Context, args: Export) -> Result<(), CliError> {
    if args.format == Format::Jsonl && (args.no_tools || args.thinking) {
        return Err(CliError::usage("the original lines are written whole")
            .hint("leave --no-tools and --thinking out, or take --format json"));
    }
    let args = Export {
        output: args.output.filter(|path| path.as_os_str() != STDOUT),
        ..args
    };
    let place = place(&args)?;
    let client = context.connect().await?;
    let sessions = sessions(context, &client, &args).await?;
    match place {
        Place::Stdout => {
            let mut out = Output::direct();
            let mut losses = Vec::new();
            for session in &sessions {
                losses.extend(write(context, &client, session, &args, &mut out).await?);
            }
            out.finish()?;
            CliError::unless_whole(&losses)
        }
        Place::Pipe(path) => {
            let pipe = OpenOptions::new().write(true).open(&path);
            let pipe = pipe.map_err(|error| CliError::unwritten(&path, &error))?;
            let mut out = BufWriter::new(pipe);
            let mut losses = Vec::new();
            for session in &sessions {
                losses.extend(write(context, &client, session, &args, &mut out).await?);
            }
            out.flush()
                .map_err(|error| CliError::unwritten(&path, &error))?;
            CliError::unless_whole(&losses)
        }
        Place::File(path) => {
            let existing = existing(&args);
            let mut losses = Vec::new();
            for session in &sessions {
                let file = (&*path, existing);
                losses.extend(write_file(context, &client, session, &args, file).await?);
            }
            CliError::unless_whole(&losses)
        }
        Place::Directory(dir) => write_all(context, &client, &sessions, &args, &dir).await,
    }
}

fn place(args: &Export) -> Result<Place, CliError> {
    let is_bulk = args.all || args.ids.len() > 1;
    match &args.output {
        None if is_bulk => {
            Err(CliError::usage("several sessions go into a directory").hint("add -o DIR"))
        }
        None => Ok(Place::Stdout),
        Some(path) if path.is_dir() => Ok(Place::Directory(path.clone())),
        Some(path) if is_bulk || path.to_string_lossy().ends_with('/') => directory_at(path),
        Some(path) => file_at(path, existing(args)),
    }
}

/// Returns what is done about a file that a user named and that is there.
fn existing(args: &Export) -> Existing {
    if args.force {
        Existing::Replace
    } else {
        Existing::Keep
    }
}

/// Returns the directory at `path`, which is none yet.
fn directory_at(path: &Path) -> Result<Place, CliError> {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_called_as_file = EXTENSIONS.contains(&extension);
    let is_meant = path.to_string_lossy().ends_with('/');
    if !path.exists() && (is_meant || !is_called_as_file) {
        return Ok(Place::Directory(path.to_owned()));
    }
    let path = path.display();
    let what = format!("several sessions go into a directory, and {path} is none");
    Err(CliError::usage(what).hint("add -o DIR, or DIR/ for one that is to be made"))
}

/// Returns what to write at `path`, which is no directory.
fn file_at(path: &Path, existing: Existing) -> Result<Place, CliError> {
    match fs::metadata(path) {
        // A pipe or a device is written to, never replaced.
        Ok(found) if !found.is_file() => Ok(Place::Pipe(path.to_owned())),
        Ok(_) if existing == Existing::Keep => Err(taken(path)),
        // Whoever leads to a file by a link keeps the link.
        _ => Ok(Place::File(
            path.canonicalize().unwrap_or_else(|_| path.to_owned()),
        )),
    }
}

fn taken(path: &Path) -> CliError {
    CliError::usage(format!("{} exists already", path.display()))
        .hint("name a new file, or add --force to replace it")
}

async fn sessions(
    context: &Context,
    client: &Client,
    args: &Export,
) -> Result<Vec<Session>, CliError> {
    if args.all {
        let filter = SessionFilter {
            root: context.root_filter(),
            ..SessionFilter::default()
        };
        let sessions = client.list(&filter).await?.sessions;
        if sessions.is_empty() {
            return Err(CliError::new(Kind::Nothing, "no session is archived yet"));
        }
        return Ok(sessions);
    }
    let mut sessions = Vec::new();
    for id in &args.ids {
        sessions.push(name::resolve(client, context, id).await?);
    }
    Ok(sessions)
}

async fn write_all(
    context: &Context,
    client: &Client,
    sessions: &[Session],
    args: &Export,
    dir: &Path,
) -> Result<(), CliError> {
    fs::create_dir_all(dir).map_err(|error| CliError::file("create", dir, &error))?;
    let bar = import::items(context, sessions.len() as u64, "exporting");
    let (mut written, mut faults) = (0, Vec::new());
    for session in sessions {
        let path = dir.join(file_name(session, args.format, &context.now));
        // The name is the session's own: what is there is an earlier export of it.
        let file = (&*path, Existing::Replace);
        match write_file(context, client, session, args, file).await {
            Ok(losses) => {
                written += 1;
                let lost = |loss| format!("{}: left out {loss}", path.display());
                faults.extend(losses.iter().map(lost));
            }
            // One session that cannot be read is no reason to withhold the others.
            Err(error) if error.is_of_one => {
                faults.push(format!("{}: {}", path.display(), error.message));
            }
            Err(error) => return Err(error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut out = Output::direct();
    let written = count(written, "session");
    writeln!(out, "{written} written to {}", dir.display())?;
    out.finish()?;
    if faults.is_empty() {
        return Ok(());
    }
    let error = CliError::new(Kind::Daemon, "not everything could be read");
    Err(error
        .show(faults.iter().map(String::as_str))
        .hint("\"sessions verify\" puts back what is still on disk; then run this again"))
}

async fn write_file(
    context: &Context,
    client: &Client,
    session: &Session,
    args: &Export,
    (path, existing): (&Path, Existing),
) -> Result<Vec<String>, CliError> {
    let failed = |error: &std::io::Error| CliError::unwritten(path, error);
    let mut file = WholeFile::create(path).map_err(|error| failed(&error))?;
    let losses = write(context, client, session, args, &mut file).await?;
    file.finish(existing).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => failed(&error),
    })?;
    Ok(losses)
}

/// Writes one session, and returns what was left out because it does not read back.
async fn write(
    context: &Context,
    client: &Client,
    session: &Session,
    args: &Export,
    out: &mut impl Write,
) -> Result<Vec<String>, CliError> {
    match args.format {
        Format::Jsonl => write_lines(client, session, args, out).await,
        Format::Json => write_json(client, session, choice(args), out).await,
        Format::Markdown | Format::Text => write_text(context, client, session, args, out).await,
    }
}

fn choice(args: &Export) -> Choice {
    Choice {
        tools: !args.no_tools,
        thinking: args.thinking,
    }
}

async fn write_lines(
    client: &Client,
    session: &Session,
    args: &Export,
    out: &mut impl Write,
) -> Result<Vec<String>, CliError> {
    let sources = client.sources(&session.id).await?;
    let source = source::main_transcript(&sources, session)?;
    source::note_others(&sources, session)?;
    let mut bytes = client.bytes(source.id, None).await?;
    if args.output.is_none() && stdout().is_terminal() {
        source::copy_visibly(&mut bytes, out).await?;
    } else {
        source::copy(&mut bytes, out).await?;
    }
    Ok(bytes.losses().to_vec())
}

async fn write_json(
    client: &Client,
    session: &Session,
    choice: Choice,
    out: &mut impl Write,
) -> Result<Vec<String>, CliError> {
    let mut entries = client.read(&session.id).await?;
    json::open(out, session)?;
    let mut array = Array::open(out)?;
    while let Some(entry) = entries.next().await? {
        if choice.takes(&entry) {
            json::push(&mut array, &entry)?;
        }
    }
    array.close()?;
    json::close(out)?;
    Ok(entries.losses().to_vec())
}

async fn write_text(
    context: &Context,
    client: &Client,
    session: &Session,
    args: &Export,
    out: &mut impl Write,
) -> Result<Vec<String>, CliError> {
    let (now, choice) = (&context.now, choice(args));
    let is_markdown = args.format == Format::Markdown;
    let mut entries = client.read(&session.id).await?;
    let head = if is_markdown {
        markdown::head(session, now)
    } else {
        text::head(session, now)
    };
    out.write_all(head.as_bytes())?;
    while let Some(entry) = entries.next().await? {
        if !choice.takes(&entry) {
            continue;
        }
        let piece = if is_markdown {
            markdown::entry(&entry, now)
        } else {
            text::entry(&entry, now)
        };
        out.write_all(piece.as_bytes())?;
    }
    Ok(entries.losses().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(ids: &[&str], output: &Path, force: bool) -> Export {
        Export {
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            all: false,
            format: Format::Markdown,
            output: Some(output.to_owned()),
            force,
            no_tools: false,
            thinking: false,
        }
    }

    #[test]
    fn several_sessions_go_to_no_name_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, is_taken: bool| {
            let args = export(&["a", "b"], &dir.path().join(name), false);
            let is_dir = matches!(place(&args), Ok(Place::Directory(_)));
            assert_eq!(is_dir, is_taken, "{name}");
        };
        check("out", true);
        check("2026.05", true);
        check("file.md", false);
        check("file.md/", true);
        fs::create_dir(dir.path().join("file.md")).unwrap();
        check("file.md", true);
    }

    #[test]
    fn file_that_is_there_is_replaced_by_force_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.md");
        let check = |force, expect: bool| {
            let place = place(&export(&["a"], &file, force));
            assert_eq!(matches!(place, Ok(Place::File(_))), expect, "{force}");
        };
        check(false, true);
        fs::write(&file, "mine").unwrap();
        check(false, false);
        check(true, true);
    }
}
