//! `sessions daemon`.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sessions_client::{ClientError, DAEMON, StartError};
use sessions_paths::absolute_path;

use crate::args::Daemon;
use crate::commands::import;
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::render::text::visible;

/// The longest line of a log that is shown, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Runs it.
pub(crate) async fn run(context: &Context, args: Daemon) -> Result<(), CliError> {
    match args {
        Daemon::Run => Err(execute()),
        Daemon::Start { wait: true } => {
            import::follow(context).await?;
            start(context).await
        }
        Daemon::Start { wait: false } => start(context).await,
        Daemon::Stop => stop(context).await,
        Daemon::Restart => {
            context.end_daemon().await?;
            start(context).await
        }
        Daemon::Logs { lines } => logs(context, lines),
        Daemon::Forget { directory } => forget(context, &directory).await,
        Daemon::Pause => {
            context.connect().await?.pause().await?;
            say("archiving is paused; \"sessions daemon resume\" goes on")
        }
        Daemon::Resume => {
            context.connect().await?.resume().await?;
            say("archiving goes on")
        }
    }
}

fn say(line: &str) -> Result<(), CliError> {
    let mut out = Output::direct();
    writeln!(out, "{line}")?;
    Ok(out.finish()?)
}

/// Becomes the daemon; returns only if it cannot.
fn execute() -> CliError {
    let Some(program) = Context::program(DAEMON) else {
        return ClientError::Start(StartError::Missing).into();
    };
    let error = Command::new(&program).exec();
    CliError::file("execute", &program, &error)
}

async fn start(context: &Context) -> Result<(), CliError> {
    let status = context.connect().await?.status().await?;
    say(&format!("the daemon runs as process {}", status.pid))
}

async fn stop(context: &Context) -> Result<(), CliError> {
    if context.end_daemon().await? {
        say("the daemon has ended")
    } else {
        say("no daemon is running")
    }
}

/// Takes a config root out of what is watched.
async fn forget(context: &Context, directory: &Path) -> Result<(), CliError> {
    let root =
        absolute_path(directory).map_err(|error| CliError::file("resolve", directory, &error))?;
    let root = context.paths.root_list().name_of(&root)?.unwrap_or(root);
    let name = root.display();
    if context.seen_root().as_deref() == Some(&*root) {
        let message = format!("{name} is the config root that this command itself looks at");
        return Err(CliError::usage(message).hint(
            "unset CLAUDE_CONFIG_DIR, or leave the root alone with \"exclude_roots\" in config.toml",
        ));
    }
    if !is_watched(context, &root).await? {
        let message = format!("no config root {name} is watched");
        return Err(
            CliError::new(Kind::Nothing, message).hint("\"sessions status\" lists those that are")
        );
    }
    // Ended first: its environment may name the root, and a start notes what that names.
    context.end_daemon().await?;
    context.paths.root_list().remove(&root)?;
    if is_watched(context, &root).await? {
        let message = format!("{name} is watched still: \"roots\" in config.toml names it");
        return Err(CliError::usage(message).hint("take it out there"));
    }
    say(&format!(
        "{name} is watched no longer; what was archived of it stays"
    ))
}

async fn is_watched(context: &Context, root: &Path) -> Result<bool, CliError> {
    let status = context.connect().await?.status().await?;
    let mut watched = status.roots.iter();
    Ok(watched.any(|watched| Path::new(&watched.path) == root))
}

fn logs(context: &Context, lines: u32) -> Result<(), CliError> {
    let Some(file) = newest_log(&context.paths.log_dir()) else {
        let message = format!("there is no log in {}", context.paths.log_dir().display());
        return Err(CliError::new(Kind::Nothing, message).hint("run \"sessions daemon start\""));
    };
    let mut out = Output::paged(&context.terminal);
    for line in
        last_lines(&file, lines as usize).map_err(|error| CliError::file("read", &file, &error))?
    {
        writeln!(out, "{}", visible(&line))?;
    }
    Ok(out.finish()?)
}

/// Returns the newest log: their names hold the date.
fn newest_log(dir: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .max()
}

fn last_lines(path: &Path, limit: usize) -> std::io::Result<VecDeque<String>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut last = VecDeque::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        line.truncate(LINE_BYTES_MAX);
        last.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
        if last.len() > limit {
            last.pop_front();
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_the_newest_log_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(newest_log(dir.path()), None);
        fs::write(dir.path().join("sessionsd.2026-05-13.log"), "old\n").unwrap();
        let newest = dir.path().join("sessionsd.2026-05-14.log");
        fs::write(&newest, "one\ntwo\nthree\n").unwrap();
        fs::write(dir.path().join("zzz"), "no log").unwrap();
        assert_eq!(newest_log(dir.path()), Some(newest.clone()));
        assert_eq!(last_lines(&newest, 2).unwrap(), ["two", "three"]);
        assert_eq!(last_lines(&newest, 9).unwrap().len(), 3);
    }
}
