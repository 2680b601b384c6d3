//! What the command line says when it fails, and with which exit code.
//!
//! Four kinds; a hint, where there is one, on a line of its own.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use sessions_client::{ClientError, ErrorKind, StartError};
use sessions_paths::PathsError;

use crate::render::quantity::count;
use crate::render::text::visible;

/// Characters of a message that are shown.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// None: the answer holds nothing.
    Empty,
    /// What was named does not exist.
    Nothing,
    /// The command or the query is wrong.
    Usage,
    /// The daemon or the environment.
    Daemon,
    /// A defect of ours.
    Internal,
    /// A signal ended it.
    Interrupted,
    /// None: whoever read the answer has seen enough.
    Left,
}

impl Kind {
    /// Returns the exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Empty | Self::Nothing => 1,
            Self::Usage => 2,
            Self::Daemon => 3,
            Self::Internal => 4,
            // As a shell says it of a program that Ctrl-C ended.
            Self::Interrupted => 130,
            Self::Left => 0,
        }
    }
}

/// A failure as it is told.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The kind, which decides the exit code.
    pub(crate) kind: Kind,
    /// What failed, on what; empty where all has been said already.
    pub(crate) message: String,
    /// Lines that show more, set as they are.
    pub(crate) detail: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
    /// Whether it is about what was asked for alone: the next question may well be answered.
    pub(crate) is_of_one: bool,
}

impl CliError {
    /// Makes a failure without detail or hint.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: String::new(),
            hint: None,
            is_of_one: false,
        }
    }

    /// Makes one of wrong use.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The answer was empty, and has been printed.
    pub(crate) fn nothing() -> Self {
        Self::new(Kind::Empty, String::new())
    }

    /// Makes one of the file `path`.
    pub(crate) fn file(action: &str, path: &Path, source: &io::Error) -> Self {
        let message = format!("could not {action} {}: {source}", path.display());
        let mut error = Self::new(Kind::Daemon, message);
        if source.kind() == io::ErrorKind::NotADirectory {
            error.hint = Some("a file stands where a folder belongs: move it away".into());
        }
        error
    }

    /// Makes one of the file `path` that could not be written.
    pub(crate) fn unwritten(path: &Path, source: &io::Error) -> Self {
        let mut error = Self::file("write", path, source);
        error.hint = write_hint(source).map(str::to_owned).or(error.hint);
        error
    }

    /// Fails if something does not read back and was left out: `losses`, for a person.
    pub(crate) fn unless_whole(losses: &[String]) -> Result<(), Self> {
        if losses.is_empty() {
            return Ok(());
        }
        let places = count(losses.len() as u64, "place");
        let error = Self::new(
            Kind::Daemon,
            format!("left out what did not read back: {places}"),
        );
        Err(error
            .of_one()
            .show(losses.iter().map(String::as_str))
            .hint("\"sessions verify\" puts back what is still on disk; then run this again"))
    }

    /// Says that what failed is of one thing, and that the next may well succeed.
    #[must_use]
    pub(crate) fn of_one(mut self) -> Self {
        self.is_of_one = true;
        self
    }

    /// Says what failed.
    #[must_use]
    pub(crate) fn say(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds lines that show more, one for each of `items`, indented and made visible.
    #[must_use]
    pub(crate) fn show<'a>(mut self, items: impl IntoIterator<Item = &'a str>) -> Self {
        let lines: Vec<String> = items
            .into_iter()
            .map(|item| format!("  {}", visible(item)))
            .collect();
        self.detail = lines.join("\n");
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the text for standard error.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        if !self.message.is_empty() {
            let label = if self.kind == Kind::Empty {
                ""
            } else {
                "error: "
            };
            // Names and file contents end up in messages: they are data.
            text = format!("{label}{}\n", bounded(&visible(&self.message)));
        }
        if !self.detail.is_empty() {
            text.push_str(self.detail.trim_end_matches('\n'));
            text.push('\n');
        }
        if let Some(hint) = &self.hint {
            writeln!(text, "hint: {}", visible(hint)).expect("a string takes everything");
        }
        text
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound => Kind::Nothing,
            ErrorKind::Usage => Kind::Usage,
            ErrorKind::Daemon => Kind::Daemon,
            ErrorKind::Internal => Kind::Internal,
        };
        let hint = hint(&error);
        let mut cli = Self::new(kind, chain(&error));
        cli.hint = hint;
        cli.is_of_one = matches!(
            error,
            ClientError::Daemon { .. } | ClientError::NotFound { .. }
        );
        cli
    }
}

impl From<PathsError> for CliError {
    fn from(error: PathsError) -> Self {
        Self::new(Kind::Daemon, chain(&error)).hint("set SESSIONS_HOME to a directory of yours")
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Kind::Left, String::new());
        }
        let mut cli = Self::new(Kind::Daemon, format!("could not write the answer: {error}"));
        cli.hint = write_hint(&error).map(str::to_owned);
        cli
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

/// Returns what to do where something cannot be written.
fn write_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::NotFound => Some("make its directory first"),
        io::ErrorKind::PermissionDenied => Some("name a place that you may write to"),
        io::ErrorKind::StorageFull => Some("free some space, or name another disk"),
        _ => None,
    }
}

/// Returns a message that repeats no more of what was typed than a screen shows.
fn bounded(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", message.split_at(end).0)),
        None => Cow::Borrowed(message),
    }
}

/// Joins an error and what caused it: `a: b: c`.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn hint(error: &ClientError) -> Option<String> {
    let hint = match error {
        ClientError::Stays { pid, .. } | ClientError::Start(StartError::OldStays { pid, .. }) => {
            return Some(format!(
                "\"kill -9 {pid}\" ends it; nothing that was archived is lost"
            ));
        }
        ClientError::NotFound { .. } => "run \"sessions list\" to see recent ids",
        ClientError::Lost { .. } => "run \"sessions daemon logs\" to see what it said last",
        ClientError::Daemon { .. } => "run \"sessions doctor\", then \"sessions daemon logs\"",
        ClientError::Outdated { .. } => "update this program, or the one that started the daemon",
        ClientError::Silent { .. } => {
            "\"sessions daemon restart\" has another take its place, or says what ends it; nothing that was archived is lost"
        }
        ClientError::Unready { .. } => "run \"sessions status\" to see how it is doing",
        ClientError::Absent => "run \"sessions daemon start\"",
        ClientError::Start(StartError::Ended {
            hint: Some(hint), ..
        }) => hint,
        ClientError::Start(StartError::Deaf { .. }) => {
            "if it is just starting, try again in a moment; else run \"sessions daemon restart\""
        }
        ClientError::Start(StartError::Service { .. }) => {
            "\"sessions doctor\" says what is wrong with it; \"sessions uninstall\", then \"sessions setup --no-service\" do \
             without"
        }
        ClientError::Start(StartError::Missing) => "install sessionsd beside sessions",
        ClientError::Start(_) => "run \"sessions daemon logs\" for more",
        ClientError::Paths(PathsError::Root { .. }) => {
            "a config root is the directory that holds Claude Code's \"projects\", such as ~/.claude"
        }
        ClientError::Paths(PathsError::RootList { .. }) => {
            "see that it can be written, or name the root under \"roots\" in config.toml; \"sessions daemon \
             forget DIR\" makes room for another"
        }
        ClientError::Paths(_) => "see that it is yours and can be written, or set SESSIONS_HOME",
        ClientError::Foreign { .. } => "set SESSIONS_HOME to a directory of yours",
        ClientError::Socket { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "it is another user's: set SESSIONS_HOME to a directory of yours"
        }
        ClientError::Socket { source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
            "a file stands where its directory would be: set SESSIONS_HOME to a directory of yours"
        }
        ClientError::Socket { .. } => "check who owns the file and its directory",
        ClientError::Malformed { .. } => "update both programs to the same version",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Fails with the path where a user's directory is missing or is none.
pub(crate) fn missing_root(path: &Path) -> CliError {
    let message = if path.exists() {
        format!("{} is not a directory", path.display())
    } else {
        format!("there is no config root {}", path.display())
    };
    CliError::usage(message)
        .hint("a config root is the directory that holds Claude Code's \"projects\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_repeats_no_more_than_a_screen_shows() {
        let error = CliError::usage(format!("no session matches {}", "日".repeat(100_000)));
        assert!(error.render().chars().count() < 1_100);
        assert_eq!(CliError::usage("short").render(), "error: short\n");
    }
}
