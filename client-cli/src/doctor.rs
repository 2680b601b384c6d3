//! What a user may trip over: each check says how it stands, and names the mend.
//!
//! Looks at what it is handed and at files; must not know how a check is shown, nor change anything.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use sessions_model::{Status, Timestamp};
use sessions_paths::Paths;

use crate::error::CliError;
use crate::render::text::visible;
use crate::setup::{has_all_hooks, has_any_hook, is_readable, uses_plugin};
use crate::terminal::{Paint, Role};

/// How far the clock may be behind what was recorded by it, in milliseconds.
const CLOCK_BACK_MS_MAX: i64 = 60_000;

/// Directories that the daemon is to watch at least, which each user's limit has to allow.
const WATCHES_MIN: u64 = 8192;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Good,
    /// Not as well as it could be.
    Remark,
    /// Something does not work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// Its name, which stays the same.
    pub(crate) name: &'static str,
    /// How it stands.
    pub(crate) level: Level,
    /// What was found.
    pub(crate) message: String,
    /// The mend.
    pub(crate) hint: Option<String>,
}

impl Check {
    fn good(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            level: Level::Good,
            message: message.into(),
            hint: None,
        }
    }

    fn remark(name: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            level: Level::Remark,
            hint: Some(hint.to_owned()),
            ..Self::good(name, message)
        }
    }

    fn wrong(name: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            level: Level::Wrong,
            ..Self::remark(name, message, hint)
        }
    }

    /// Makes one of a failure.
    pub(crate) fn of_error(name: &'static str, error: &CliError) -> Self {
        Self {
            level: Level::Wrong,
            hint: error.hint.clone(),
            ..Self::good(name, error.message.clone())
        }
    }

    /// Returns it for a person.
    pub(crate) fn lines(&self, paint: Paint) -> String {
        let word = match self.level {
            Level::Good => paint.paint(Role::Good, "ok    "),
            Level::Remark => paint.paint(Role::Warning, "note  "),
            Level::Wrong => paint.paint(Role::Bad, "WRONG "),
        };
        let mut text = format!("{word} {}: {}\n", self.name, visible(&self.message));
        if let Some(hint) = &self.hint {
            text.extend(["       hint: ", &visible(hint), "\n"]);
        }
        text
    }
}

/// What came of asking the daemon's program what its sandbox denies.
#[derive(Debug)]
pub(crate) enum Probe {
    /// This was printed.
    Said(String),
    /// It could not be asked.
    Failed(String),
}

/// Looks at a program of ours.
pub(crate) fn program(name: &str, found: Option<&Path>) -> Check {
    match found {
        Some(path) => Check::good("program", format!("{name} is {}", path.display())),
        None => Check::wrong(
            "program",
            format!("{name} is neither beside sessions nor in PATH"),
            "install it beside sessions",
        ),
    }
}

/// Looks at the service manager that was noted, and whether it runs the daemon.
pub(crate) fn service(noted: Option<(&str, bool)>) -> Check {
    match noted {
        None => Check::good("service", "none: whoever needs the daemon starts it"),
        Some((word, true)) => Check::good("service", format!("{word} keeps the daemon")),
        Some((word, false)) => Check::wrong(
            "service",
            format!("{word} was to keep the daemon, and does not"),
            "\"sessions uninstall\", then \"sessions setup\" hand it over anew",
        ),
    }
}

/// Looks at what the daemon says of itself.
pub(crate) fn status(status: &Status, now: Timestamp) -> Vec<Check> {
    let running = format!("version {} runs as process {}", status.version, status.pid);
    let mut checks = vec![Check::good("daemon", running)];
    for fault in &status.faults {
        checks.push(Check::wrong("fault", &fault.message, &fault.hint));
    }
    let coverage = &status.coverage;
    checks.push(match &coverage.reason {
        _ if coverage.complete => Check::good("index", "everything on disk is archived and found"),
        Some(reason) => Check::remark("index", reason, "\"sessions status --follow\" waits for it"),
        None => Check::remark(
            "index",
            "not everything is indexed yet",
            "\"sessions status --follow\" waits for it",
        ),
    });
    for root in status
        .roots
        .iter()
        .filter(|root| root.watched_by.starts_with("polling"))
    {
        checks.push(Check::remark(
            "watch",
            format!(
                "{} is looked at every two seconds ({})",
                root.path, root.watched_by
            ),
            "raise fs.inotify.max_user_watches and max_user_instances by sysctl, if that is why",
        ));
    }
    let newest = status.roots.iter().filter_map(|root| root.last_archived_at);
    let newest = newest.chain([status.started_at]).max();
    checks.push(match newest {
        Some(newest) if newest.millis_since(now) > CLOCK_BACK_MS_MAX => Check::wrong(
            "clock",
            "the clock is behind what was archived by it",
            "set the clock; have it kept by NTP",
        ),
        _ => Check::good("clock", "it is not behind what was archived by it"),
    });
    checks
}

/// Looks at who may enter our directories, and use our socket.
pub(crate) fn places(paths: &Paths) -> Vec<Check> {
    let dirs = [&paths.data, &paths.state, &paths.runtime];
    let mut checks: Vec<Check> = dirs.into_iter().map(|dir| private(dir, 0o700)).collect();
    checks.push(private(&paths.socket(), 0o600));
    checks
}

fn private(path: &Path, mode: u32) -> Check {
    let own = rustix::process::getuid().as_raw();
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if found.uid() != own => Check::wrong(
            "permissions",
            format!("{shown} is another user's"),
            "set SESSIONS_HOME to a directory of yours",
        ),
        Ok(found) if found.permissions().mode() & 0o777 & !mode != 0 => Check::wrong(
            "permissions",
            format!("others may use {shown}"),
            "\"sessions daemon restart\" closes it to them",
        ),
        Ok(_) => Check::good("permissions", format!("{shown} is for you alone")),
        Err(error) => Check::wrong(
            "permissions",
            format!("{shown}: {error}"),
            "\"sessions daemon restart\" makes it",
        ),
    }
}

/// Looks at a config root: whether Claude Code tells us of its sessions. `command` is what its hooks are to run.
pub(crate) fn root(root: &Path, command: Option<&str>) -> Vec<Check> {
    let path = root.join("settings.json");
    let shown = path.display();
    let text = fs::read_to_string(&path).unwrap_or_default();
    if !text.is_empty() && !is_readable(&text) {
        return vec![Check::wrong(
            "settings",
            format!("{shown} is no JSON: Claude Code takes no notice of it, and runs no hooks"),
            "mend it: comments and trailing commas are not allowed there",
        )];
    }
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let hooks = match (has_any_hook(&text), uses_plugin(&text)) {
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
            "\"sessions uninstall\" takes those of the settings out",
        ),
        (false, true) => Check::good("hooks", format!("{shown}: the plugin brings them")),
        (true, false) if command.is_some_and(|command| has_all_hooks(&text, command)) => {
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
    };
    vec![hooks, retention(&settings)]
}

fn retention(settings: &serde_json::Value) -> Check {
    match settings
        .get("cleanupPeriodDays")
        .map(serde_json::Value::as_u64)
    {
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
            "mend it in settings.json: where it is wrong, Claude Code refuses it",
        ),
    }
}

/// Looks at how many directories the system lets a user watch.
pub(crate) fn limits() -> Option<Check> {
    let text = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok()?;
    let watches: u64 = text.trim().parse().ok()?;
    Some(if watches < WATCHES_MIN {
        Check::remark(
            "inotify",
            format!("a user may watch {watches} directories"),
            "sysctl fs.inotify.max_user_watches=65536 allows more",
        )
    } else {
        Check::good("inotify", format!("a user may watch {watches} directories"))
    })
}

/// Looks at what the sandbox denied when it was tried from inside.
pub(crate) fn sandbox(probe: &Probe) -> Check {
    let said = match probe {
        Probe::Said(said) => said,
        Probe::Failed(why) => {
            return Check::wrong("sandbox", why, "see that sessionsd can be executed");
        }
    };
    let ends = |end: &str| said.lines().filter(|line| line.ends_with(end)).count();
    let allowed = said.lines().filter(|line| line.ends_with(": ALLOWED"));
    let allowed: Vec<&str> = allowed
        .map(|line| line.trim_start_matches("error: "))
        .collect();
    match (ends(": denied"), allowed.is_empty()) {
        (0, true) => Check::wrong(
            "sandbox",
            "it could not be tried",
            "run \"sessionsd --check-sandbox\"",
        ),
        (denied, true) => Check::good(
            "sandbox",
            format!("denied all {denied} things that were tried"),
        ),
        (_, false) => Check::remark(
            "sandbox",
            allowed.join("; "),
            "a kernel with Landlock and seccomp denies these",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        check("{}", Level::Remark, "has none");
        check("{ // c\n}", Level::Wrong, "no JSON");
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
    }

    #[test]
    fn a_retention_that_the_client_refuses_is_said() {
        let check = |days: serde_json::Value, level: Level| {
            let settings = serde_json::json!({ "cleanupPeriodDays": days });
            assert_eq!(retention(&settings).level, level, "{settings}");
        };
        check(30.into(), Level::Good);
        check(0.into(), Level::Wrong);
        check("x".into(), Level::Wrong);
    }

    #[test]
    fn what_the_sandbox_allows_is_named() {
        let check = |said: &str, level: Level| {
            assert_eq!(sandbox(&Probe::Said(said.into())).level, level, "{said}");
        };
        check("files: x\nread /etc/passwd: denied\n", Level::Good);
        check(
            "error: read /etc/passwd: ALLOWED\nrun: denied\n",
            Level::Remark,
        );
        check("", Level::Wrong);
    }

    #[test]
    fn what_others_may_enter_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |mode| fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode));
        mode(0o750).unwrap();
        assert_eq!(private(dir.path(), 0o700).level, Level::Wrong);
        mode(0o700).unwrap();
        assert_eq!(private(dir.path(), 0o700).level, Level::Good);
        assert_eq!(private(&dir.path().join("no"), 0o700).level, Level::Wrong);
    }

    #[test]
    fn a_clock_behind_the_archive_is_wrong() {
        let status = |started_at| Status {
            started_at: Timestamp(started_at),
            ..Status::default()
        };
        let level = |started_at| {
            let checks = super::status(&status(started_at), Timestamp(1_000_000));
            checks
                .into_iter()
                .find(|check| check.name == "clock")
                .unwrap()
                .level
        };
        assert_eq!(level(1_000_000), Level::Good);
        assert_eq!(level(1_100_000), Level::Wrong);
    }
}
