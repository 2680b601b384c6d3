//! The service manager that keeps the daemon running: the commands that hand it over and take it back.
//!
//! Knows systemd and launchd; must not know Claude Code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sessions_paths::{Environment, Paths, Service};

use super::Change;
use super::unit::{self, AGENT, SERVICE, SOCKET, Unit};
use crate::error::{CliError, Kind};

/// A service manager that can keep the daemon.
#[derive(Debug)]
pub(crate) struct Keeper {
    service: Service,
    uid: u32,
    /// Where its files of this user are.
    dir: PathBuf,
    /// The config root that the daemon is to take for the user's, where that is not `~/.claude`.
    claude_config_dir: Option<PathBuf>,
    /// What its commands are told of where it is.
    variable: Option<(&'static str, PathBuf)>,
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
        if cfg!(target_os = "macos") {
            return Ok(Self::of(Service::Launchd, environment, paths));
        }
        // The manager knows none of the variables of this shell: both must mean the same places.
        let is_default = paths.data == home.join(".local/share/claude-sessions")
            && paths.state == home.join(".local/state/claude-sessions")
            && paths.config == home.join(".config/claude-sessions");
        let platform = environment.platform.as_ref();
        let runtime = platform.and_then(|platform| platform.runtime.as_ref());
        if runtime.is_none() {
            return Err("there is no runtime directory: no systemd runs for this user");
        }
        if !is_default || runtime != Some(&paths.runtime) {
            return Err("XDG variables name other directories than the service would use");
        }
        let keeper = Self::of(Service::Systemd, environment, paths);
        if keeper.is_there() {
            Ok(keeper)
        } else {
            Err("no systemd runs for this user")
        }
    }

    /// Returns the one that a setup noted, or is to.
    pub(crate) fn of(service: Service, environment: &Environment, paths: &Paths) -> Self {
        let home = environment.home.as_deref().unwrap_or(Path::new("/"));
        let dir = match service {
            Service::Systemd => ".config/systemd/user",
            Service::Launchd => "Library/LaunchAgents",
        };
        let variable = service.variable(paths);
        Self {
            service,
            uid: environment.uid,
            dir: home.join(dir),
            claude_config_dir: environment.claude_config_dir.clone(),
            variable: variable.map(|(name, value)| (name, value.to_owned())),
        }
    }

    /// Returns its name.
    pub(crate) fn word(&self) -> &'static str {
        self.service.word()
    }

    /// Returns its files for `daemon`.
    pub(crate) fn files(&self, daemon: &Path) -> Result<Vec<Change>, CliError> {
        let units = unit::units(self.service, daemon, self.claude_config_dir.as_deref());
        let change =
            |unit: Unit| Change::to(self.dir.join(unit.file), Some(unit.text.into_bytes()));
        units.into_iter().map(change).collect()
    }

    /// Tells whether its files have it keep `daemon`, for whichever config root.
    pub(crate) fn keeps(&self, daemon: &Path) -> bool {
        let mut units = unit::units(self.service, daemon, None).into_iter();
        units.all(|unit| {
            let found = fs::read_to_string(self.dir.join(unit.file));
            found.is_ok_and(|found| unit::without_root(&found) == unit.text)
        })
    }

    /// Has it keep the daemon from now on.
    pub(crate) fn take_up(&self) -> Result<(), CliError> {
        match self.service {
            Service::Systemd => {
                self.run(&["systemctl", "--user", "daemon-reload"])?;
                self.run(&["systemctl", "--user", "enable", "--now", SOCKET, SERVICE])
            }
            Service::Launchd => {
                let agent = self.dir.join(AGENT);
                let domain = format!("gui/{}", self.uid);
                // What it took up before it would not take up once more.
                self.is_fine(&["launchctl", "bootout", &self.agent_name()]);
                self.run(&["launchctl", "bootstrap", &domain, &agent.to_string_lossy()])
            }
        }
    }

    /// Has it keep the daemon no longer, and ends that. Before its files go.
    pub(crate) fn give_up(&self) -> Result<(), CliError> {
        let given_up = match self.service {
            Service::Systemd => {
                self.run(&["systemctl", "--user", "disable", "--now", SOCKET, SERVICE])
            }
            Service::Launchd => self.run(&["launchctl", "bootout", &self.agent_name()]),
        };
        match given_up {
            // Somebody has taken its files away, and it does not run: that is all there is to do.
            Err(_) if self.is_there() && !self.is_active() => Ok(()),
            given_up => given_up,
        }
    }

    /// Tells whether the manager can be asked.
    fn is_there(&self) -> bool {
        match self.service {
            Service::Systemd => self.is_fine(&["systemctl", "--user", "show-environment"]),
            Service::Launchd => self.is_fine(&["launchctl", "print", &format!("gui/{}", self.uid)]),
        }
    }

    fn agent_name(&self) -> String {
        format!("gui/{}/{}", self.uid, Service::LABEL)
    }

    /// Has it take no more notice of files that are gone.
    pub(crate) fn forget_files(&self) -> Result<(), CliError> {
        match self.service {
            Service::Systemd => self.run(&["systemctl", "--user", "daemon-reload"]),
            Service::Launchd => Ok(()),
        }
    }

    /// Tells whether it keeps the daemon running right now.
    pub(crate) fn is_active(&self) -> bool {
        match self.service {
            Service::Systemd => {
                self.is_fine(&["systemctl", "--user", "--quiet", "is-active", SOCKET])
            }
            Service::Launchd => self.is_fine(&["launchctl", "print", &self.agent_name()]),
        }
    }

    /// Tells whether it runs while the user is not logged in; none where that is no question.
    pub(crate) fn lingers(&self) -> Option<bool> {
        if self.service != Service::Systemd {
            return None;
        }
        let user = self.uid.to_string();
        let words = [
            "loginctl",
            "show-user",
            &user,
            "--property=Linger",
            "--value",
        ];
        let output = self.command(&words).stderr(Stdio::null()).output().ok()?;
        let is_known = output.status.success();
        is_known.then(|| output.stdout.starts_with(b"yes"))
    }

    /// Has it run while the user is not logged in, too.
    pub(crate) fn linger(&self) -> Result<(), CliError> {
        self.run(&["loginctl", "enable-linger"])
    }

    /// Takes [`Self::linger`] back.
    pub(crate) fn linger_no_more(&self) -> Result<(), CliError> {
        self.run(&["loginctl", "disable-linger"])
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words.first().copied().unwrap_or_default());
        let variable = self.variable.iter().map(|(name, value)| (name, value));
        command
            .args(words.iter().skip(1))
            .envs(variable)
            .stdin(Stdio::null());
        command
    }

    fn is_fine(&self, words: &[&str]) -> bool {
        let mut command = self.command(words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn run(&self, words: &[&str]) -> Result<(), CliError> {
        let failed = |reason: String| {
            let message = format!("\"{}\" failed: {reason}", words.join(" "));
            CliError::new(Kind::Daemon, message)
        };
        let output = self
            .command(words)
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_name_another_daemon_do_not_keep_this_one() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = Path::new("/opt/sessionsd");
        for service in [Service::Systemd, Service::Launchd] {
            let keeper = Keeper {
                service,
                uid: 1000,
                dir: dir.path().join(service.word()),
                claude_config_dir: Some("/work".into()),
                variable: None,
            };
            assert!(!keeper.keeps(daemon));
            for change in keeper.files(daemon).unwrap() {
                change.apply().unwrap();
            }
            assert!(keeper.keeps(daemon), "{service:?}");
            assert!(!keeper.keeps(Path::new("/usr/local/bin/sessionsd")));
        }
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
