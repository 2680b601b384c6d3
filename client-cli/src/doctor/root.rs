//! A config root: whether Claude Code tells us of its sessions, and what keeps it from doing so.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;
use sessions_paths::read_regular;

use super::Check;
use crate::setup::{has_all_hooks, has_any_hook, missing_commands, unfit, unread, uses_plugin};

/// Where an organisation's settings are, which win over a user's.
pub(crate) const MANAGED: &str = if cfg!(target_os = "macos") {
    "/Library/Application Support/ClaudeCode"
} else {
    "/etc/claude-code"
};

/// Settings of more are none that a person wrote.
const SETTINGS_BYTES_MAX: u64 = 4 << 20;

/// Files of an organisation's settings that are looked at.
const MANAGED_FILES_MAX: usize = 100;

/// Looks at a config root. `command` is what its hooks are to run.
pub(crate) fn root(root: &Path, command: Option<&str>) -> Vec<Check> {
    let path = root.join("settings.json");
    let shown = path.display();
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return vec![Check::wrong(
                "settings",
                format!("{shown}: {error}"),
                "see that it is a file of yours, in UTF-8",
            )];
        }
    };
    if let Some(why) = unread(&text) {
        return vec![Check::wrong(
            "settings",
            format!("{shown}: {why}; Claude Code runs no hooks"),
            "mend it: it has to be JSON, without comments and trailing commas",
        )];
    }
    let settings: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
    let mut checks = vec![hooks(&path, &text, &settings, command)];
    if has_hooks_in(&text) {
        checks.push(commands(root, uses_plugin(&text)));
    }
    checks.push(retention(&settings));
    checks
}

/// Tells whether Claude Code is to run hooks of ours with these settings.
pub(crate) fn has_hooks(root: &Path) -> bool {
    has_hooks_in(&read_text(&root.join("settings.json")).unwrap_or_default())
}

fn has_hooks_in(settings: &str) -> bool {
    has_any_hook(settings) || uses_plugin(settings)
}

fn hooks(path: &Path, text: &str, settings: &Value, command: Option<&str>) -> Check {
    let shown = path.display();
    match (has_any_hook(text), uses_plugin(text)) {
        _ if settings["disableAllHooks"] == true => Check::wrong(
            "hooks",
            format!("{shown} switches all hooks off"),
            "take \"disableAllHooks\" out of it",
        ),
        (true, true) => Check::remark(
            "hooks",
            format!(
                "{shown} has our hooks, and the plugin brings them, too: each event is told twice"
            ),
            "\"sessions setup\" takes those of the settings out",
        ),
        _ if let Some(why) = unfit(text) => Check::wrong(
            "hooks",
            format!("{shown}: {why}"),
            "mend it, then run \"sessions setup\"",
        ),
        (false, true) => Check::good("hooks", format!("{shown}: the plugin brings them")),
        (true, false) if command.is_some_and(|command| has_all_hooks(text, command)) => {
            Check::good("hooks", format!("{shown} has all of them"))
        }
        (true, false) => Check::wrong(
            "hooks",
            format!("{shown} has hooks of ours that lack events or run another program"),
            "\"sessions setup\" puts them right",
        ),
        (false, false) => Check::remark(
            "hooks",
            format!(
                "{shown} has none: sessions are archived, /checkpoint and /recall are not there"
            ),
            "\"sessions setup\" puts them in",
        ),
    }
}

fn commands(root: &Path, with_plugin: bool) -> Check {
    let shown = root.join("commands");
    let shown = shown.display();
    let missing = missing_commands(root);
    if missing.is_empty() {
        return Check::good("commands", "/checkpoint and /recall are there");
    }
    if with_plugin {
        let lacking = missing.join(" and ");
        return Check::remark(
            "commands",
            format!(
                "{shown} lacks {lacking}, or has another: the plugin's own begin with /sessions:"
            ),
            "\"sessions setup\" puts in what is lacking; it asks before it takes /checkpoint, Claude Code's own /rewind",
        );
    }
    Check::remark(
        "commands",
        format!("{shown} lacks {}, or has another", missing.join(" and ")),
        "\"sessions setup\" puts in what is lacking",
    )
}

fn retention(settings: &Value) -> Check {
    match settings.get("cleanupPeriodDays").map(Value::as_u64) {
        None => Check::good(
            "retention",
            "Claude Code deletes sessions after 30 days; the archive keeps them",
        ),
        Some(Some(days)) if days > 0 => Check::good(
            "retention",
            format!("Claude Code deletes sessions after {days} days; the archive keeps them"),
        ),
        Some(_) => Check::wrong(
            "retention",
            "\"cleanupPeriodDays\" is not a number of days from 1 on",
            "mend it: with one wrong value, Claude Code takes no notice of the whole file, hooks included",
        ),
    }
}

/// Looks at whether an organisation's settings in `dir` let a user's hooks run.
pub(crate) fn managed(dir: &Path) -> Option<Check> {
    let mut files = vec![dir.join("managed-settings.json")];
    let more = fs::read_dir(dir.join("managed-settings.d"));
    let more = more.into_iter().flatten().take(MANAGED_FILES_MAX);
    files.extend(more.filter_map(|entry| Some(entry.ok()?.path())));
    let forbids = |file: PathBuf| {
        let settings = settings_in(&file)?;
        let names = ["disableAllHooks", "allowManagedHooksOnly"];
        let name = names.into_iter().find(|name| settings[*name] == true)?;
        Some(Check::wrong(
            "managed",
            format!("{} says \"{name}\": no hook of yours runs", file.display()),
            "whoever administers this machine can allow them; sessions are archived without them, too",
        ))
    };
    files.into_iter().find_map(forbids)
}

/// Looks at whether the settings of a project, in whose directory somebody is, let hooks run there.
pub(crate) fn project(dir: &Path) -> Option<Check> {
    let files = ["settings.json", "settings.local.json"].map(|name| dir.join(".claude").join(name));
    let forbids = |file: PathBuf| {
        let is_off = settings_in(&file)?["disableAllHooks"] == true;
        is_off.then(|| {
            Check::remark(
                "hooks",
                format!("{} switches all hooks off in this project", file.display()),
                "take \"disableAllHooks\" out of it; sessions are archived without hooks, too",
            )
        })
    };
    files.into_iter().find_map(forbids)
}

fn read_text(file: &Path) -> io::Result<String> {
    let text = read_regular(file, SETTINGS_BYTES_MAX)?;
    String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn settings_in(file: &Path) -> Option<Value> {
    serde_json::from_str(&read_text(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use crate::setup::with_hooks;

    #[test]
    fn hooks_are_told_from_settings() {
        const COMMAND: &str = "exec /usr/bin/sessions-hook";
        let dir = tempfile::tempdir().unwrap();
        let check = |text: &str, level: Level, words: &str| {
            fs::write(dir.path().join("settings.json"), text).unwrap();
            let found = root(dir.path(), Some(COMMAND)).remove(0);
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.message.contains(words), "{found:?}");
        };
        let with = with_hooks("{}", COMMAND).unwrap();
        check(&with, Level::Good, "all of them");
        assert!(has_hooks(dir.path()));
        check("{}", Level::Remark, "has none");
        check("\n", Level::Remark, "has none");
        assert!(!has_hooks(dir.path()));
        check("{ // c\n}", Level::Wrong, "comments");
        check("{", Level::Wrong, "no JSON");
        check(
            &with_hooks("{}", "sessions-hook").unwrap(),
            Level::Wrong,
            "lack",
        );
        let plugin = r#"{"enabledPlugins": {"sessions@x": true}}"#;
        check(plugin, Level::Good, "plugin");
        check(
            &with_hooks(plugin, COMMAND).unwrap(),
            Level::Remark,
            "twice",
        );
        let off = with_hooks(r#"{"disableAllHooks": true}"#, COMMAND).unwrap();
        check(&off, Level::Wrong, "off");
        fs::remove_file(dir.path().join("settings.json")).unwrap();
        fs::create_dir(dir.path().join("settings.json")).unwrap();
        assert_eq!(root(dir.path(), None).remove(0).level, Level::Wrong);
    }

    #[test]
    fn commands_that_lack_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let found = commands(dir.path(), false);
        assert!(
            found.message.contains("checkpoint.md and recall.md"),
            "{found:?}"
        );
        let found = commands(dir.path(), true);
        assert!(found.message.contains("/sessions:"), "{found:?}");
    }

    #[test]
    fn a_retention_that_the_client_refuses_is_said() {
        let check = |days: Value, level: Level| {
            let settings = serde_json::json!({ "cleanupPeriodDays": days });
            assert_eq!(retention(&settings).level, level, "{settings}");
        };
        check(30.into(), Level::Good);
        check(0.into(), Level::Wrong);
        check("x".into(), Level::Wrong);
    }

    #[test]
    fn what_an_organisation_forbids_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(managed(dir.path()), None);
        let file = dir.path().join("managed-settings.json");
        fs::write(&file, r#"{"allowManagedHooksOnly": false}"#).unwrap();
        assert_eq!(managed(dir.path()), None);
        fs::create_dir(dir.path().join("managed-settings.d")).unwrap();
        let more = dir.path().join("managed-settings.d/10-hooks.json");
        fs::write(&more, r#"{"allowManagedHooksOnly": true}"#).unwrap();
        let found = managed(dir.path()).unwrap();
        assert!(found.message.contains("allowManagedHooksOnly"), "{found:?}");
        fs::write(&file, r#"{"disableAllHooks": true}"#).unwrap();
        let found = managed(dir.path()).unwrap();
        assert!(found.message.contains("disableAllHooks"), "{found:?}");
    }

    #[test]
    fn what_a_project_switches_off_is_said() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(project(dir.path()), None);
        fs::create_dir(dir.path().join(".claude")).unwrap();
        let file = dir.path().join(".claude/settings.local.json");
        fs::write(&file, r#"{"disableAllHooks": true}"#).unwrap();
        assert_eq!(project(dir.path()).unwrap().level, Level::Remark);
        fs::write(&file, "{}").unwrap();
        assert_eq!(project(dir.path()), None);
    }
}
