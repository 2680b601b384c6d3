//! `cargo xtask run`: from a clone to answers over one's own sessions.
//!
//! Owns the choice between the user's sessions and the bundled samples, and what is shown first. All else is
//! done by the programs it builds.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::{Profile, Workspace, run_visibly};

/// Sessions listed at the end.
const LISTED: &str = "10";

/// How to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Builds without optimisation: faster to build, slower to import.
    #[arg(long)]
    debug: bool,
    /// Takes the bundled samples even if there are sessions.
    #[arg(long)]
    samples: bool,
}

/// Whose sessions are kept.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    /// The user's.
    Own,
    /// The bundled ones.
    Samples,
}

/// Where the samples are and where what is made of them goes.
struct Samples {
    root: PathBuf,
    home: PathBuf,
}

/// Builds the programs, starts the daemon and shows what it found.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let choice = if options.samples {
        Choice::Samples
    } else {
        choose(config_root()?.as_path())?
    };
    let profile = if options.debug {
        Profile::Debug
    } else {
        Profile::Release
    };
    let program = workspace.build_programs(profile)?.join("sessions");
    let samples = (choice == Choice::Samples).then(|| Samples {
        root: workspace.root.join("samples"),
        home: workspace.target.join("samples-home"),
    });
    for arguments in [
        // A daemon of an earlier build would answer instead of this one.
        &["daemon", "restart"][..],
        &["status", "--follow"],
        &["list", "--limit", LISTED],
    ] {
        run_visibly(command(&program, samples.as_ref()).args(arguments))?;
    }
    suggest(&program, samples.as_ref());
    Ok(())
}

/// The config root that the client uses in this environment.
fn config_root() -> Result<PathBuf> {
    let named = std::env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".claude"));
    named
        .map(PathBuf::from)
        .or_else(home)
        .context("neither CLAUDE_CONFIG_DIR nor HOME is set")
}

/// Takes the user's sessions, where there are any; else asks about the samples.
fn choose(root: &Path) -> Result<Choice> {
    if has_sessions(root) {
        return Ok(Choice::Own);
    }
    println!("There are no sessions in {}.", root.display());
    if !io::stdin().is_terminal() {
        println!("The bundled samples are used instead.");
        return Ok(Choice::Samples);
    }
    print!("Use the bundled samples instead? [Y/n] ");
    io::stdout().flush().context("could not ask")?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("could not read the answer")?;
    if is_yes(&answer) {
        return Ok(Choice::Samples);
    }
    bail!("there is nothing to keep yet: use Claude Code once, or set CLAUDE_CONFIG_DIR")
}

fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.is_empty() || answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

/// Whether a config root holds a transcript.
fn has_sessions(root: &Path) -> bool {
    let folders = fs::read_dir(root.join("projects"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    files.any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|it| it == "jsonl")))
}

fn command(program: &Path, samples: Option<&Samples>) -> Command {
    let mut command = Command::new(program);
    if let Some(samples) = samples {
        command
            .env("SESSIONS_HOME", &samples.home)
            .env("CLAUDE_CONFIG_DIR", &samples.root);
    }
    command
}

fn suggest(program: &Path, samples: Option<&Samples>) {
    println!("\nThe daemon goes on keeping what is written. What to try next:");
    if let Some(samples) = samples {
        println!("  export SESSIONS_HOME={}", samples.home.display());
        println!("  export CLAUDE_CONFIG_DIR={}", samples.root.display());
    }
    let program = program.display();
    let words = if samples.is_some() {
        "escape parser"
    } else {
        "WORDS"
    };
    println!("  {program} search {words}");
    println!("  {program} view ID              # an id, the start of one, or a title");
    println!("  {program} export ID -o FILE.md");
    println!("  {program} daemon stop");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_without_a_transcript_has_no_sessions() {
        let root = tempfile::tempdir().unwrap();
        assert!(!has_sessions(root.path()));
        let project = root.path().join("projects/-home-user-work");
        fs::create_dir_all(project.join("memory")).unwrap();
        assert!(!has_sessions(root.path()));
        fs::write(project.join("0b9d.jsonl"), "").unwrap();
        assert!(has_sessions(root.path()));
    }

    #[test]
    fn the_samples_are_sessions() {
        let workspace = Workspace::find().unwrap();
        assert!(has_sessions(&workspace.root.join("samples")));
    }

    #[test]
    fn an_empty_answer_is_yes() {
        let check = |answer: &str, expect: bool| assert_eq!(is_yes(answer), expect, "{answer}");
        check("\n", true);
        check("Y\n", true);
        check("yes", true);
        check("n\n", false);
        check("what", false);
    }
}
