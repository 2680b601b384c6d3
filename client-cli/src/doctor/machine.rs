//! What the machine has for us: our programs, the service manager, limits of the kernel.

use std::fs;
use std::path::Path;

use super::Check;

/// Directories that the daemon is to watch at least, which each user's limit has to allow.
const WATCHES_MIN: u64 = 8192;

/// Instances of inotify that each user's limit has to allow: editors and desktops take most of them.
const INSTANCES_MIN: u64 = 64;

/// What came of asking a program of ours something.
#[derive(Debug)]
pub(crate) enum Probe {
    /// This was printed.
    Said(String),
    /// It could not be asked.
    Failed(String),
}

/// What is known of the service manager that was noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// Its name.
    pub(crate) word: &'static str,
    /// Whether it runs the daemon, or listens for it.
    pub(crate) is_active: bool,
    /// Whether its files say what a setup would write now.
    pub(crate) is_current: bool,
    /// Whether it goes on while the user is not logged in; none where that is no question.
    pub(crate) lingers: Option<bool>,
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

/// Looks at whether a program is of the same version as this one.
pub(crate) fn version(name: &str, probe: &Probe) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    match probe {
        Probe::Said(said) if said.trim() == format!("{name} {own}") => {
            Check::good("version", format!("{name} is of version {own}, too"))
        }
        Probe::Said(said) => Check::wrong(
            "version",
            format!(
                "sessions is of version {own}, and {name} says \"{}\"",
                said.trim()
            ),
            "install all programs of one version in one place",
        ),
        Probe::Failed(why) => Check::wrong(
            "version",
            format!("{name} could not be run: {why}"),
            "install all programs of one version in one place",
        ),
    }
}

/// Looks at the service manager that was noted, and whether it runs the daemon.
pub(crate) fn service(kept: Option<Kept>) -> Check {
    const ANEW: &str = "\"sessions setup\" hands it over anew";
    let Some(kept) = kept else {
        return Check::good("service", "none: whoever needs the daemon starts it");
    };
    let word = kept.word;
    match (kept.is_active, kept.is_current) {
        (false, _) => Check::wrong(
            "service",
            format!("{word} was to keep the daemon, and does not"),
            ANEW,
        ),
        (true, false) => Check::wrong(
            "service",
            format!("{word} keeps another program than this one's daemon, or otherwise"),
            ANEW,
        ),
        (true, true) => Check::good(
            "service",
            match kept.lingers {
                Some(true) => format!("{word} keeps the daemon, also while you are not logged in"),
                Some(false) => format!("{word} keeps the daemon while you are logged in"),
                None => format!("{word} keeps the daemon"),
            },
        ),
    }
}

/// Looks at how much the system lets a user watch. `dir` holds the limits.
pub(crate) fn limits(dir: &Path) -> Vec<Check> {
    let limit = |name: &str, min: u64, what: &str| {
        let text = fs::read_to_string(dir.join(name)).ok()?;
        let value: u64 = text.trim().parse().ok()?;
        let message = format!("a user may have {value} {what}");
        Some(if value < min {
            let hint = format!("\"sudo sysctl fs.inotify.{name}={}\" allows more", 8 * min);
            Check::remark("inotify", message, &hint)
        } else {
            Check::good("inotify", message)
        })
    };
    let watches = limit("max_user_watches", WATCHES_MIN, "directories watched");
    let instances = limit("max_user_instances", INSTANCES_MIN, "programs that watch");
    watches.into_iter().chain(instances).collect()
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
    use crate::doctor::Level;

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
    fn another_version_is_wrong() {
        let check = |said: &str, level: Level| {
            let found = version("sessionsd", &Probe::Said(said.into()));
            assert_eq!(found.level, level, "{found:?}");
        };
        check(
            concat!("sessionsd ", env!("CARGO_PKG_VERSION"), "\n"),
            Level::Good,
        );
        check("sessionsd 0.0.1\n", Level::Wrong);
        check("", Level::Wrong);
    }

    #[test]
    fn a_service_that_does_not_keep_the_daemon_is_wrong() {
        let check = |is_active: bool, is_current: bool, level: Level| {
            let kept = Kept {
                word: "systemd",
                is_active,
                is_current,
                lingers: Some(false),
            };
            assert_eq!(service(Some(kept)).level, level, "{kept:?}");
        };
        check(true, true, Level::Good);
        check(true, false, Level::Wrong);
        check(false, true, Level::Wrong);
        assert_eq!(service(None).level, Level::Good);
    }

    #[test]
    fn narrow_limits_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let check = |watches: &str, expect: &[Level]| {
            fs::write(dir.path().join("max_user_watches"), watches).unwrap();
            let found = limits(dir.path()).into_iter().map(|check| check.level);
            assert_eq!(found.collect::<Vec<_>>(), expect);
        };
        assert!(limits(dir.path()).is_empty(), "another kernel has none");
        check("8191\n", &[Level::Remark]);
        fs::write(dir.path().join("max_user_instances"), "128\n").unwrap();
        check("524288\n", &[Level::Good, Level::Good]);
    }
}
