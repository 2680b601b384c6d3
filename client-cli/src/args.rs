//! The command line as it is typed.

mod checkpoint;
mod grep;
mod search;
mod setup;
mod tag;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use checkpoint::{Checkpoint, CreateCheckpoint};
pub(crate) use grep::Grep;
pub(crate) use search::Search;
pub(crate) use setup::{Doctor, Setup, Uninstall};
pub(crate) use tag::Tag;

/// Keeps every Claude Code session and finds anything in them.
#[derive(Debug, Parser)]
#[command(name = "sessions", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do; without it, a short overview.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    /// The config root. Given here, list and search look in it alone.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "The config root: the directory that holds Claude Code's \"projects\" [default: \
                $CLAUDE_CONFIG_DIR or ~/.claude]. Given here, list and search look in it alone"
    )]
    pub(crate) root: Option<PathBuf>,
    /// Lines of text alone: no colour, bars, boxes or pager.
    #[arg(long, global = true)]
    pub(crate) plain: bool,
}

/// Stands before a word of a query that starts with a dash, so that it is not taken for a flag. No
/// argument of a process can hold it.
const SHIELD: char = '\0';

/// Shields the words of a query that are to be excluded: `sessions search lexer -token --json`.
pub(crate) fn shield(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let mut values = arguments.iter().skip(1);
    while let Some(value) = values.next() {
        match value.to_str() {
            Some("--root") => drop(values.next()),
            Some(flag) if flag.starts_with('-') => {}
            Some("search") => break,
            _ => return arguments,
        }
    }
    for argument in &mut arguments {
        let is_word = |text: &&str| {
            text.len() > 1 && text.starts_with('-') && !text.starts_with("--") && *text != "-h"
        };
        if let Some(word) = argument.to_str().filter(is_word) {
            *argument = format!("{SHIELD}{word}").into();
        }
    }
    arguments
}

/// Reads how many are wanted at most.
fn limit(text: &str) -> Result<u32, String> {
    let limit = text.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| format!("write a number from 1 to {}", u32::MAX))
}

/// Reads the number of a generation.
fn generation(text: &str) -> Result<u64, String> {
    let number = text.parse();
    number.map_err(|_| "write a number that --sources lists".to_owned())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List sessions, latest first.
    List(List),
    /// Search every prompt, answer, thought, tool call and result.
    Search(Search),
    /// Find lines of what was said that match a regular expression.
    Grep(Grep),
    /// Show a session.
    View(View),
    /// Write sessions as Markdown, JSON, text or their original lines.
    Export(Export),
    /// Put a session's files back where Claude Code deleted them.
    Restore(Restore),
    /// Go on with a session in Claude Code, put back first where that is needed.
    Resume(Resume),
    /// Go on from an earlier place of a session, as a session of its own.
    Fork(Fork),
    /// Say what Claude Code deleted, and when it deletes more.
    Lost(Lost),
    /// Say how the archive and the daemon are doing.
    Status(Status),
    /// Write a verified copy of the archive to a file.
    Backup(Backup),
    /// List projects, or say that one goes by another name now.
    #[command(subcommand)]
    Project(Project),
    /// Give a session tags, or take them from it.
    Tag(Tag),
    /// Name a place in a session, to return to it later.
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// Run, start, stop or look at the daemon.
    #[command(subcommand)]
    Daemon(Daemon),
    /// Read the whole archive back and compare every checksum.
    Verify,
    /// Build catalog and index anew from the archive.
    Rebuild,
    /// Have Claude Code tell of its sessions and offer /checkpoint and /recall, and the daemon run by itself.
    Setup(Setup),
    /// Take back what setup did; the archive stays.
    Uninstall(Uninstall),
    /// Look for whatever may keep this from working, and name the mend for each.
    Doctor(Doctor),
    /// Print what makes a shell complete commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the pages of the manual.
    #[command(hide = true)]
    Man {
        /// The directory to write them to.
        directory: PathBuf,
    },
}

/// `sessions list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this project: a name, a key or a directory.
    #[arg(long, short, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) project: Option<String>,
    /// That went on at or after this: today, 3d, 2026-05, 2026-05-01, 2026-05-01T12:30.
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) since: Option<String>,
    /// That began before this.
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) until: Option<String>,
    /// At most so many.
    #[arg(long, short = 'n', value_name = "N", value_parser = limit)]
    pub(crate) limit: Option<u32>,
    /// Those a running client has open.
    #[arg(long)]
    pub(crate) live: bool,
    /// Show what scripts ran one by one instead of counted.
    #[arg(long)]
    pub(crate) automated: bool,
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sessions view`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, as typed")]
pub(crate) struct View {
    /// The session: the start of its id, its title, or @ for the one at hand (default: @). With --source
    /// or --sources and no session: the files that belong to none, such as history.jsonl.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: Option<String>,
    /// Show tool results whole instead of their first 20 lines.
    #[arg(long)]
    pub(crate) full: bool,
    /// Print the archived bytes as they were on disk.
    #[arg(long, conflicts_with_all = ["json", "full"])]
    pub(crate) raw: bool,
    /// Of this generation of the file instead of the newest whole one.
    #[arg(long, value_name = "G", requires = "raw", value_parser = generation)]
    pub(crate) generation: Option<u64>,
    /// Of this file instead of the session's main transcript.
    #[arg(long, value_name = "PATH", requires = "raw")]
    pub(crate) source: Option<String>,
    /// List the archived files and their generations instead.
    #[arg(long, conflicts_with_all = ["raw", "full"])]
    pub(crate) sources: bool,
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sessions export`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, as typed")]
pub(crate) struct Export {
    /// Sessions: starts of ids, titles, or @.
    #[arg(
        required_unless_present = "all",
        conflicts_with = "all",
        value_name = "ID",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) ids: Vec<String>,
    /// Every session.
    #[arg(long)]
    pub(crate) all: bool,
    /// How to write them.
    #[arg(long, short, value_enum, default_value_t = Format::Markdown)]
    pub(crate) format: Format,
    /// The file to write, which must not exist, or the directory for several; "-" is standard output.
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if there is one.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Leave tool calls and results out.
    #[arg(long)]
    pub(crate) no_tools: bool,
    /// Include what the model thought.
    #[arg(long)]
    pub(crate) thinking: bool,
}

/// How sessions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Reads well on a code host.
    Markdown,
    /// A documented schema.
    Json,
    /// Plain text.
    Text,
    /// The original lines, byte for byte.
    Jsonl,
}

/// `sessions restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The session: the start of its id, its title, or @.
    #[arg(
        value_name = "ID",
        value_parser = NonEmptyStringValueParser::new(),
        required_unless_present = "all_missing"
    )]
    pub(crate) id: Option<String>,
    /// Whether everything is meant.
    #[command(flatten)]
    pub(crate) at_once: AtOnce,
    /// Put all of its files below this directory instead, in the same layout.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Join what is on disk with what was there before, as a session of its own.
    #[arg(long, conflicts_with = "to")]
    pub(crate) as_new: bool,
}

/// What `sessions restore` takes where everything is meant.
#[derive(Debug, Args)]
pub(crate) struct AtOnce {
    /// Put back everything that is missing, but for what Claude Code was told to forget; asks first.
    #[arg(long, conflicts_with_all = ["id", "to", "as_new"])]
    pub(crate) all_missing: bool,
    /// Put back what Claude Code was told to forget, too.
    #[arg(long, requires = "all_missing")]
    pub(crate) forgotten: bool,
    /// Do not ask.
    #[arg(long, requires = "all_missing")]
    pub(crate) yes: bool,
}

/// `sessions resume`.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The session: the start of its id, its title, or @.
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// How Claude Code is started.
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `sessions fork`.
#[derive(Debug, Args)]
pub(crate) struct Fork {
    /// The session: the start of its id, its title, or @.
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) id: String,
    /// Up to this checkpoint or entry, and the results of the tools that were called with it (default: the
    /// end).
    #[arg(long, value_name = "CHECKPOINT|ENTRY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) at: Option<String>,
    /// Check out the checkpoint's commit, and the changes to it, as a git worktree at DIR, and run there. Files that git
    /// did not track are not among them.
    #[arg(long, value_name = "DIR", requires = "at", conflicts_with = "here")]
    pub(crate) worktree: Option<PathBuf>,
    /// Make the new session, and print its id alone.
    #[arg(long, conflicts_with_all = ["here", "print", "args"])]
    pub(crate) no_run: bool,
    /// How Claude Code is started.
    #[command(flatten)]
    pub(crate) run: Run,
}

/// How Claude Code is started on a session.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Run in this directory instead of the session's own.
    #[arg(long)]
    pub(crate) here: bool,
    /// Print the command instead of running it.
    #[arg(long)]
    pub(crate) print: bool,
    /// What "claude" is told besides.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// `sessions lost`.
#[derive(Debug, Args)]
pub(crate) struct Lost {
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sessions status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Stay until the import is done, with a progress bar.
    #[arg(long, conflicts_with = "json")]
    pub(crate) follow: bool,
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sessions backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write; it must not exist.
    pub(crate) file: PathBuf,
}

/// `sessions project`.
#[derive(Debug, Subcommand)]
pub(crate) enum Project {
    /// List projects, latest first.
    List {
        /// Print JSON; see docs/json.md.
        #[arg(long)]
        json: bool,
    },
    /// Count what is known as OLD to NEW, a project that there is, from now on.
    Merge(Rename),
    /// Say that the project or directory OLD is NEW now, which may be a new name.
    Move(Rename),
}

/// Two names of a project.
#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// What it was known as: a name, a key or a directory.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) old: String,
    /// What it is known as now: a project that there is, a directory, a remote's address, or a new name.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) new: String,
}

/// `sessions daemon`.
#[derive(Debug, Subcommand)]
pub(crate) enum Daemon {
    /// Run the daemon in the foreground.
    Run,
    /// Start it if it does not run.
    Start {
        /// Wait until everything on disk is archived and searchable.
        #[arg(long)]
        wait: bool,
    },
    /// Let it finish what it does, and end.
    Stop,
    /// Stop it, and start it again.
    Restart,
    /// Print the end of its log.
    Logs {
        /// So many lines.
        #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = limit)]
        lines: u32,
    },
    /// Watch a config root no longer; what was archived of it stays.
    Forget {
        /// The config root, as "sessions status" names it.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Stop archiving until it is resumed.
    Pause,
    /// Go on archiving.
    Resume,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn check(line: &str, expect: &str) {
        let arguments = line.split(' ').map(OsString::from);
        let cli = Cli::try_parse_from(shield(arguments)).unwrap();
        let Some(Verb::Search(search)) = cli.verb else {
            panic!("not a search: {line}");
        };
        assert_eq!(search.text(), expect, "{line}");
        assert!(search.json, "{line}");
    }

    #[test]
    fn a_query_may_exclude_words() {
        check("sessions search lexer -token --json", "lexer -token");
        check("sessions search -n -not --limit 3 --json x", "-n -not x");
        check("sessions --plain --root search search --json a", "a");
        check("sessions search --json -- --flag", "--flag");
    }

    #[test]
    fn wrong_values_are_said_in_words_of_ours() {
        let check = |line: &str, expect: &str| {
            let arguments = line.split(' ').map(OsString::from);
            let error = Cli::try_parse_from(arguments).unwrap_err().to_string();
            assert!(error.contains(expect), "{line}: {error}");
        };
        check("sessions list -n 0", "write a number from 1 to 4294967295");
        check("sessions list -n x", "write a number from 1 to 4294967295");
        check(
            "sessions search --limit 0 a",
            "write a number from 1 to 4294967295",
        );
        check(
            "sessions daemon logs -n 0",
            "write a number from 1 to 4294967295",
        );
        check(
            "sessions view --raw --generation x",
            "write a number that --sources lists",
        );
        for empty in ["list --since ", "list -p ", "view ", "project move a "] {
            check(&format!("sessions {empty}"), "a value is required for");
        }
    }

    #[test]
    fn other_verbs_keep_their_flags() {
        let arguments = ["sessions", "list", "-n", "3"].map(OsString::from);
        assert_eq!(shield(arguments.clone().into_iter()), arguments);
    }
}
