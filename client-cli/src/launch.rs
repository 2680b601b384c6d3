//! Claude Code as it is started on a session: where, with which config root, and how that is written for a shell.
//!
//! Must not know what becomes of the session.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use sessions_model::acts_on_terminal;

use crate::error::{CliError, Kind};

/// The client's program, found on `PATH`.
const PROGRAM: &str = "claude";

/// Names the client's config root.
const VARIABLE: &str = "CLAUDE_CONFIG_DIR";

/// What the client is told of its config root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// Nothing: it is `~/.claude`, whose other files lie elsewhere when it is named.
    Default,
    /// Its path.
    Named(PathBuf),
}

/// A start of the client.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// Its config root.
    pub(crate) root: Root,
    /// What it is told.
    pub(crate) args: Vec<String>,
}

impl Launch {
    /// Makes one that goes on with a session.
    pub(crate) fn resuming(session: &str, directory: PathBuf, root: Root) -> Self {
        Self {
            directory,
            root,
            args: vec!["--resume".into(), session.into()],
        }
    }

    /// Adds what the user wants it to be told, too.
    #[must_use]
    pub(crate) fn with(mut self, args: &[String]) -> Self {
        self.args.extend_from_slice(args);
        self
    }

    /// Returns the command as a shell reads it.
    pub(crate) fn line(&self) -> String {
        let directory = quoted(&self.directory.to_string_lossy());
        let root = match &self.root {
            Root::Default => format!("env -u {VARIABLE}"),
            Root::Named(root) => format!("{VARIABLE}={}", quoted(&root.to_string_lossy())),
        };
        let args: Vec<String> = self.args.iter().map(|arg| quoted(arg)).collect();
        format!("cd {directory} && {root} {PROGRAM} {}", args.join(" "))
    }

    /// Becomes the client; returns only where that fails.
    pub(crate) fn exec(&self) -> CliError {
        let mut command = Command::new(PROGRAM);
        command.current_dir(&self.directory).args(&self.args);
        match &self.root {
            Root::Default => command.env_remove(VARIABLE),
            Root::Named(root) => command.env(VARIABLE, root),
        };
        let error = command.exec();
        let hint = if error.kind() == io::ErrorKind::NotFound {
            "see that claude is on your PATH; --print says what would have been run"
        } else {
            "--print says what would have been run"
        };
        CliError::new(Kind::Daemon, format!("could not start {PROGRAM}: {error}")).hint(hint)
    }
}

/// Returns `text` as one word of a shell, with nothing in it that a terminal would act on.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !text.chars().any(acts_on_terminal) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut word = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => word.extend(['\\', c]),
            c if acts_on_terminal(c) => {
                let bytes = c.to_string().into_bytes();
                word.extend(bytes.iter().map(|byte| format!("\\x{byte:02x}")));
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_and_harmless_on_a_terminal() {
        let check = |text: &str, expect: &str| {
            assert_eq!(quoted(text), expect);
            let echo = Command::new("bash")
                .args(["-c", &format!("printf %s {expect}")])
                .output();
            assert_eq!(echo.unwrap().stdout, text.as_bytes(), "{expect}");
        };
        check("/src/a-b_1.2", "/src/a-b_1.2");
        check("two words", "'two words'");
        check("it's $HOME", "'it'\\''s $HOME'");
        check("", "''");
        check("a\u{1b}[31m'\\é", "$'a\\x1b[31m\\'\\\\é'");
    }

    #[test]
    fn the_command_names_the_root_unless_it_is_the_clients_own() {
        let launch = |root| {
            Launch::resuming("0b9d", "/src/my app".into(), root)
                .with(&["-p".into(), "go on".into()])
        };
        assert_eq!(
            launch(Root::Named("/r".into())).line(),
            "cd '/src/my app' && CLAUDE_CONFIG_DIR=/r claude --resume 0b9d -p 'go on'"
        );
        assert_eq!(
            launch(Root::Default).line(),
            "cd '/src/my app' && env -u CLAUDE_CONFIG_DIR claude --resume 0b9d -p 'go on'"
        );
    }
}
