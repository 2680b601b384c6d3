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
const LAUNCHD_AGENT: (&str, &str) = (
    "claude-sessions.sessionsd.plist",
    include_str!("../../../packaging/launchd/claude-sessions.sessionsd.plist"),
);

/// What a user's own file adds to the unit, whoever brought that.
const SYSTEMD_DROP_IN: &str = "sessionsd.service.d/config-root.conf";

/// Where the agent's own lines go in front of.
const RUN_AT_LOAD: &str = "    <key>RunAtLoad</key>\n";

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
    /// The config root that the daemon is to take for the user's, where that is not `~/.claude`.
    claude_config_dir: Option<PathBuf>,
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
            return Ok(Self::of(Service::Launchd, environment, home));
        }
        // The manager knows none of the variables of this shell: both must mean the same places.
        let is_default = paths.data == home.join(".local/share/claude-sessions")
            && paths.state == home.join(".local/state/claude-sessions")
            && paths.config == home.join(".config/claude-sessions");
        let platform = environment.platform.as_ref();
        let runtime = platform.and_then(|platform| platform.runtime.as_ref());
        if runtime.is_none() {
            return Err("XDG_RUNTIME_DIR is not set, so no systemd runs for this user");
        }
        if !is_default || runtime != Some(&paths.runtime) {
            return Err("XDG variables name other directories than the service would use");
        }
        let keeper = Self::of(Service::Systemd, environment, home);
        if keeper.is_there() {
            Ok(keeper)
        } else {
            Err("no systemd runs for this user")
        }
    }

    /// Returns the one that a setup noted.
    pub(crate) fn noted(service: Service, environment: &Environment) -> Self {
        let home = environment.home.as_deref().unwrap_or(Path::new("/"));
        Self::of(service, environment, home)
    }

    fn of(service: Service, environment: &Environment, home: &Path) -> Self {
        let dir = match service {
            Service::Systemd => ".config/systemd/user",
            Service::Launchd => "Library/LaunchAgents",
        };
        Self {
            service,
            uid: environment.uid,
            dir: home.join(dir),
            claude_config_dir: environment.claude_config_dir.clone(),
        }
    }

    /// Returns its name.
    pub(crate) fn word(&self) -> &'static str {
        self.service.word()
    }

    /// Returns its files for `daemon`.
    pub(crate) fn files(&self, daemon: &Path) -> Result<Vec<Change>, CliError> {
        let mut files = self.units(daemon);
        if let (Service::Systemd, Some(root)) = (self.service, &self.claude_config_dir) {
            let variable = systemd_word(&format!("CLAUDE_CONFIG_DIR={}", root.display()));
            files.push((
                SYSTEMD_DROP_IN,
                format!("[Service]\nEnvironment={variable}\n"),
            ));
        }
        let change =
            |(name, text): (&str, String)| Change::to(self.dir.join(name), Some(text.into_bytes()));
        files.into_iter().map(change).collect()
    }

    /// Tells whether its files have it keep `daemon`.
    pub(crate) fn keeps(&self, daemon: &Path) -> bool {
        let mut units = self.units(daemon).into_iter();
        units.all(|(name, text)| {
            let found = fs::read_to_string(self.dir.join(name));
            found.is_ok_and(|found| found == text)
        })
    }

    /// Returns what its units say for `daemon`, by their names; none where a package has brought them.
    fn units(&self, daemon: &Path) -> Vec<(&'static str, String)> {
        match self.service {
            Service::Systemd if is_packaged() && daemon == Path::new(PACKAGED_DAEMON) => Vec::new(),
            Service::Systemd => {
                let word = systemd_word(&daemon.to_string_lossy()).replace('$', "$$");
                let unit = |(name, text): (_, &str)| (name, text.replace(PACKAGED_DAEMON, &word));
                [SYSTEMD_SOCKET, SYSTEMD_SERVICE].map(unit).into()
            }
            Service::Launchd => vec![(LAUNCHD_AGENT.0, self.agent(daemon))],
        }
    }

    fn agent(&self, daemon: &Path) -> String {
        let text = LAUNCHD_AGENT.1.replace(PACKAGED_DAEMON, &xml_text(daemon));
        let Some(root) = &self.claude_config_dir else {
            return text;
        };
        let variables = format!(
            "    <key>EnvironmentVariables</key>\n    <dict>\n        \
             <key>CLAUDE_CONFIG_DIR</key>\n        <string>{}</string>\n    </dict>\n",
            xml_text(root)
        );
        let (before, after) = text
            .split_once(RUN_AT_LOAD)
            .expect("the agent that we ship has the key");
        [before, &variables, RUN_AT_LOAD, after].concat()
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
                let agent = self.dir.join(LAUNCHD_AGENT.0);
                let domain = format!("gui/{}", self.uid);
                run(&["launchctl", "bootstrap", &domain, &agent.to_string_lossy()])
            }
        }
    }

    /// Has it keep the daemon no longer, and ends that. Before its files go.
    pub(crate) fn give_up(&self) -> Result<(), CliError> {
        let (units, agent) = ([SYSTEMD_SOCKET.0, SYSTEMD_SERVICE.0], self.agent_name());
        let given_up = match self.service {
            Service::Systemd => run(&[
                "systemctl",
                "--user",
                "disable",
                "--now",
                units[0],
                units[1],
            ]),
            Service::Launchd => run(&["launchctl", "bootout", &agent]),
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
            Service::Systemd => is_fine(&["systemctl", "--user", "show-environment"]),
            Service::Launchd => is_fine(&["launchctl", "print", &format!("gui/{}", self.uid)]),
        }
    }

    fn agent_name(&self) -> String {
        format!("gui/{}/{}", self.uid, Service::LABEL)
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
            Service::Launchd => is_fine(&["launchctl", "print", &self.agent_name()]),
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
        let output = command(&words).stderr(Stdio::null()).output().ok()?;
        let is_known = output.status.success();
        is_known.then(|| output.stdout.starts_with(b"yes"))
    }

    /// Has it run while the user is not logged in, too.
    pub(crate) fn linger() -> Result<(), CliError> {
        run(&["loginctl", "enable-linger"])
    }

    /// Takes [`Self::linger`] back.
    pub(crate) fn linger_no_more() -> Result<(), CliError> {
        run(&["loginctl", "disable-linger"])
    }
}

/// Returns a text as one word of systemd's units.
///
/// Source: systemd.service(5) and systemd.unit(5), "Quoting" and "Specifiers".
fn systemd_word(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    let text = text.replace('%', "%%");
    if text.contains([' ', '\'', '\t']) {
        format!("\"{text}\"")
    } else {
        text
    }
}

fn xml_text(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('&', "&amp;").replace('<', "&lt;")
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
        CliError::new(Kind::Daemon, message)
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

    fn keeper(service: Service, root: Option<&str>) -> Keeper {
        Keeper {
            service,
            uid: 1000,
            dir: "/home/user/units".into(),
            claude_config_dir: root.map(PathBuf::from),
        }
    }

    #[test]
    fn units_name_the_daemon_that_is_installed_and_the_root_that_is_named() {
        let check = |service: Service, daemon: &str, root: Option<&str>, line: &str| {
            let files = keeper(service, root).files(Path::new(daemon)).unwrap();
            let texts = files.iter().map(|change| change.after.clone().unwrap());
            let texts = texts.map(|text| String::from_utf8(text).unwrap());
            let is_named = texts.into_iter().any(|text| text.contains(line));
            assert!(is_named, "{daemon}");
        };
        check(
            Service::Systemd,
            "/opt/sessionsd",
            None,
            "ExecStart=/opt/sessionsd --service\n",
        );
        check(
            Service::Systemd,
            "/my apps/100%$/sessionsd",
            None,
            "ExecStart=\"/my apps/100%%$$/sessionsd\" --service\n",
        );
        check(
            Service::Systemd,
            "/opt/sessionsd",
            Some("/my work/100%$"),
            "[Service]\nEnvironment=\"CLAUDE_CONFIG_DIR=/my work/100%%$\"\n",
        );
        check(
            Service::Launchd,
            "/a & b/sessionsd",
            None,
            "<string>/a &amp; b/sessionsd</string>",
        );
        check(
            Service::Launchd,
            "/opt/sessionsd",
            Some("/a & b"),
            "<key>CLAUDE_CONFIG_DIR</key>\n        <string>/a &amp; b</string>\n    </dict>\n    <key>RunAtLoad",
        );
    }

    #[test]
    fn files_that_name_another_daemon_do_not_keep_this_one() {
        let dir = tempfile::tempdir().unwrap();
        let keeper = Keeper {
            dir: dir.path().join("units"),
            ..keeper(Service::Systemd, Some("/work"))
        };
        let daemon = Path::new("/opt/sessionsd");
        assert!(!keeper.keeps(daemon));
        for change in keeper.files(daemon).unwrap() {
            change.apply().unwrap();
        }
        assert!(keeper.keeps(daemon));
        assert!(!keeper.keeps(Path::new("/usr/local/bin/sessionsd")));
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
