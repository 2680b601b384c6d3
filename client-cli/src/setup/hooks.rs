//! The hooks that Claude Code is to run: which events, and which line of shell.
//!
//! Knows what the client accepts; must not know how a settings file is changed.

use std::path::Path;

use jsonc_parser::cst::CstInputValue;
use sessions_model::HookEvent;

/// The program that every hook runs.
pub(crate) const SHIM: &str = "sessions-hook";

/// The one event that is told of for some commands alone.
const EXPANSION: HookEvent = HookEvent::UserPromptExpansion;

/// Which commands: the client takes it as a regular expression because of its punctuation.
const COMMANDS: &str = "^(sessions:)?(checkpoint|recall)$";

/// How long the client waits for a hook, in seconds. The shim takes 2 s at most; an own time limit is what
/// lets `SessionEnd` have more than the 1.5 s that all its hooks have together.
const TIMEOUT_S: &str = "5";

/// Returns the line of shell that runs `shim`, or does nothing where it is not there: settings are shared between
/// machines and outlive packages. `home` is our `SESSIONS_HOME`, if it is set.
pub(crate) fn command_line(shim: &Path, home: Option<&Path>) -> String {
    let shim = quoted(shim);
    let home = home.map(|home| format!("export SESSIONS_HOME={}; ", quoted(home)));
    format!(
        "{}[ -x {shim} ] && exec {shim}; exit 0",
        home.unwrap_or_default()
    )
}

/// Returns a path as one word of the shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(is_plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Tells whether a hook's command runs our program. One that does something else with the name is somebody's own.
pub(crate) fn is_ours(command: &str) -> bool {
    // What does not parse is run by no shell.
    let words = shlex::split(command).unwrap_or_default();
    let mut places = words.iter().enumerate();
    places.any(|(at, word)| is_shim(word) && is_begun_by(&words[..at]))
}

fn is_shim(word: &str) -> bool {
    let path = Path::new(word.trim_end_matches(';'));
    path.file_name().is_some_and(|name| name == SHIM)
}

/// Tells whether the word after these is run.
fn is_begun_by(words: &[String]) -> bool {
    let words = match words {
        [words @ .., verb] if verb == "exec" => words,
        words => words,
    };
    let mut words = words.iter().rev().skip_while(|word| is_assignment(word));
    words
        .next()
        .is_none_or(|word| word.ends_with([';', '&', '|']))
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns the entry that runs `command`, for `event`.
pub(crate) fn entry(event: HookEvent, command: &str) -> CstInputValue {
    let string = |text: &str| CstInputValue::String(text.to_owned());
    let hook = CstInputValue::Object(vec![
        ("type".into(), string("command")),
        ("command".into(), string(command)),
        ("timeout".into(), CstInputValue::Number(TIMEOUT_S.into())),
    ]);
    let hooks = ("hooks".to_owned(), CstInputValue::Array(vec![hook]));
    let matcher = (event == EXPANSION).then(|| ("matcher".to_owned(), string(COMMANDS)));
    CstInputValue::Object(matcher.into_iter().chain([hooks]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_the_shim_where_it_is_there() {
        let check = |shim: &str, home: Option<&str>, expect: &str| {
            assert_eq!(command_line(Path::new(shim), home.map(Path::new)), expect);
        };
        check(
            "/usr/bin/sessions-hook",
            None,
            "[ -x /usr/bin/sessions-hook ] && exec /usr/bin/sessions-hook; exit 0",
        );
        check(
            "/my apps/it's/sessions-hook",
            Some("/tmp/trial"),
            "export SESSIONS_HOME=/tmp/trial; [ -x '/my apps/it'\\''s/sessions-hook' ] && exec \
             '/my apps/it'\\''s/sessions-hook'; exit 0",
        );
    }

    #[test]
    fn ours_are_told_from_others() {
        let check = |command: &str, expect: bool| assert_eq!(is_ours(command), expect, "{command}");
        check(&command_line(Path::new("/a b/sessions-hook"), None), true);
        check("sessions-hook", true);
        check("\"${CLAUDE_PLUGIN_ROOT}\"/sessions-hook", true);
        check("'/a b/sessions-hook'", true);
        check("/a/sessions-hook --old", true);
        check("my-sessions-hook", false);
        check("SESSIONS_HOME='/a b' '/c d/sessions-hook'", true);
        check("exec sessions-hook", true);
        check("pgrep sessions-hook || echo it does not run", false);
        check("docker exec box pgrep sessions-hook", false);
        check("docker exec sessions-hook ls", false);
        check("\"$HOME/bin/notify\" \"sessions-hook ran\"", false);
        check("echo 'sessions-hook", false);
        check("sessions-hooks", false);
        check("echo done", false);
    }
}
