//! The service manager that keeps the daemon running: its units, and the commands that take them up.
//!
//! Knows systemd and launchd; must not know Claude Code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sessions_paths::{Environment, Paths, Service};

use super::Change;
use crate::error::{CliError, Kind};

const SYSTEMD_SOCKET: (&str, &str) = (
    "sessionsd.socket",
    include_str!("../../../packaging/systemd/sessionsd.socket"),
);
const SYSTEMD_SERVICE: (&str, &str) = (
    "sessionsd.service",
    include_str!("../../../packaging/systemd/sessionsd.service"),
);
const LAUNCHD_AGENT: &str =
    include_str!("../../../packaging/launchd/claude-sessions.sessionsd.plist");

/// Where the packaged files say that the daemon is.
const PACKAGED_DAEMON: &str = "/usr/bin/sessionsd";

/// Where packages put the units of users.
const PACKAGED_UNITS: [&str; 2] = ["/usr/lib/systemd/user", "/etc/systemd/user"];

/// A service manager that can keep the daemon.
#[derive(Debug)]
pub(crate) struct Keeper {
    service: Service,
    uid: u32,
    /// Where its files of this user are.
    dir: PathBuf,
}

impl Keeper {
    /// Returns the one of this machine, or why there is none.
    pub(crate) fn find(environment: &Environment, paths: &Paths) -> Result<Self, &'static str> {
        if environment.sessions_home.is_some() {
            return Err("SESSIONS_HOME is set");
        }
        let Some(home) = &environment.home else {
            return Err("there is no home directory");
        };
        let keeper = |service, dir| Self {
            service,
            uid: environment.uid,
            dir,
        };
        if cfg!(target_os = "macos") {
            return Ok(keeper(Service::Launchd, home.join("Library/LaunchAgents")));
        }
        // The manager knows none of the variables of this shell: both must mean the same places.
        let is_default = paths.data == home.join(".local/share/claude-sessions")
            && paths.state == home.join(".local/state/claude-sessions")
            && paths.config == home.join(".config/claude-sessions");
        let platform = environment.platform.as_ref();
        let runtime = platform.and_then(|platform| platform.runtime.as_ref());
        if !is_default || runtime != Some(&paths.runtime) {
            return Err("XDG variables name other directories than the service would use");
        }
        if !is_fine(&["systemctl", "--user", "show-environment"]) {
            return Err("no systemd runs for this user");
        }
        Ok(keeper(Service::Systemd, home.join(".config/systemd/user")))
    }

    /// Returns the one that a setup noted.
    pub(crate) fn noted(service: Service, environment: &Environment) -> Self {
        Self {
            service,
            uid: environment.uid,
            dir: PathBuf::new(),
        }
    }

    /// Returns its name.
    pub(crate) fn word(&self) -> &'static str {
        self.service.word()
    }

    /// Returns its files for `daemon`; none where a package has brought them.
    pub(crate) fn files(&self, daemon: &Path) -> Result<Vec<Change>, CliError> {
        let files: &[(&str, &str)] = match self.service {
            Service::Systemd if is_packaged() && daemon == Path::new(PACKAGED_DAEMON) => &[],
            Service::Systemd => &[SYSTEMD_SOCKET, SYSTEMD_SERVICE],
            Service::Launchd => &[("claude-sessions.sessionsd.plist", LAUNCHD_AGENT)],
        };
        let daemon = self.word_of(daemon);
        let change = |(name, text): &(&str, &str)| {
            let text = text.replace(PACKAGED_DAEMON, &daemon);
            Change::to(self.dir.join(name), Some(text.into_bytes()))
        };
        files.iter().map(change).collect()
    }

    /// Returns a path as the files spell it.
    fn word_of(&self, daemon: &Path) -> String {
        let text = daemon.to_string_lossy();
        match self.service {
            Service::Launchd => text.replace('&', "&amp;").replace('<', "&lt;"),
            // Source: systemd.service(5) and systemd.unit(5), "Quoting" and "Specifiers".
            Service::Systemd => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                let text = text.replace('%', "%%").replace('$', "$$");
                if text.contains([' ', '\'', '\t']) {
                    format!("\"{text}\"")
                } else {
                    text
                }
            }
        }
    }

    /// Has it keep the daemon from now on.
    pub(crate) fn take_up(&self) -> Result<(), CliError> {
        match self.service {
            Service::Systemd => {
                run(&["systemctl", "--user", "daemon-reload"])?;
                run(&[
                    "systemctl",
                    "--user",
                    "enable",
                    "--now",
                    SYSTEMD_SOCKET.0,
                    SYSTEMD_SERVICE.0,
                ])
            }
            Service::Launchd => {
                let agent = self.dir.join("claude-sessions.sessionsd.plist");
                let domain = format!("gui/{}", self.uid);
                run(&["launchctl", "bootstrap", &domain, &agent.to_string_lossy()])
            }
        }
    }

    /// Has it keep the daemon no longer, and ends that. Before its files go.
    pub(crate) fn give_up(&self) -> Result<(), CliError> {
        match self.service {
            Service::Systemd => run(&[
                "systemctl",
                "--user",
                "disable",
                "--now",
                SYSTEMD_SOCKET.0,
                SYSTEMD_SERVICE.0,
            ]),
            Service::Launchd => {
                let agent = format!("gui/{}/{}", self.uid, Service::LABEL);
                run(&["launchctl", "bootout", &agent])
            }
        }
    }

    /// Has it take no more notice of files that are gone.
    pub(crate) fn forget_files(&self) -> Result<(), CliError> {
        match self.service {
            Service::Systemd => run(&["systemctl", "--user", "daemon-reload"]),
            Service::Launchd => Ok(()),
        }
    }

    /// Tells whether it keeps the daemon running right now.
    pub(crate) fn is_active(&self) -> bool {
        match self.service {
            Service::Systemd => is_fine(&[
                "systemctl",
                "--user",
                "--quiet",
                "is-active",
                SYSTEMD_SOCKET.0,
            ]),
            Service::Launchd => {
                let agent = format!("gui/{}/{}", self.uid, Service::LABEL);
                is_fine(&["launchctl", "print", &agent])
            }
        }
    }

    /// Returns what lets the daemon run while the user is not logged in, where that is to be asked for.
    pub(crate) fn linger(&self) -> Option<&'static str> {
        (self.service == Service::Systemd).then_some("loginctl enable-linger")
    }
}

fn is_packaged() -> bool {
    let mut dirs = PACKAGED_UNITS.iter();
    dirs.any(|dir| fs::exists(Path::new(dir).join(SYSTEMD_SERVICE.0)).unwrap_or_default())
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).stdin(Stdio::null());
    command
}

fn is_fine(words: &[&str]) -> bool {
    let mut command = command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(words: &[&str]) -> Result<(), CliError> {
    let failed = |reason: String| {
        let message = format!("\"{}\" failed: {reason}", words.join(" "));
        CliError::new(Kind::Daemon, message).hint("\"--no-service\" leaves the service out")
    };
    let output = command(words)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(service: Service) -> Keeper {
        Keeper {
            service,
            uid: 1000,
            dir: "/home/user/units".into(),
        }
    }

    #[test]
    fn units_name_the_daemon_that_is_installed() {
        let check = |service: Service, daemon: &str, line: &str| {
            let files = keeper(service).files(Path::new(daemon)).unwrap();
            let texts = files.iter().map(|change| change.after.clone().unwrap());
            let texts = texts.map(|text| String::from_utf8(text).unwrap());
            let is_named = texts.into_iter().any(|text| text.contains(line));
            assert!(is_named, "{daemon}");
        };
        check(
            Service::Systemd,
            "/opt/sessionsd",
            "ExecStart=/opt/sessionsd --service\n",
        );
        check(
            Service::Systemd,
            "/my apps/100%/sessionsd",
            "ExecStart=\"/my apps/100%%/sessionsd\" --service\n",
        );
        check(
            Service::Launchd,
            "/a & b/sessionsd",
            "<string>/a &amp; b/sessionsd</string>",
        );
    }

    #[test]
    fn a_home_of_its_own_has_no_service() {
        let environment = Environment {
            sessions_home: Some("/trial".into()),
            claude_config_dir: None,
            home: Some("/home/user".into()),
            platform: None,
            temp: "/tmp".into(),
            uid: 1000,
        };
        let paths = Paths::choose(&environment).unwrap();
        let why = Keeper::find(&environment, &paths).unwrap_err();
        assert_eq!(why, "SESSIONS_HOME is set");
    }
}
