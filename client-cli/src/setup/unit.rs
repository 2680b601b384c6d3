//! What a service manager is told of the daemon: the packaged files, with the places of this installation.
//!
//! Pure but for a look at what packages brought. Must not know how a manager is spoken to.

use std::fs;
use std::path::Path;

use sessions_paths::Service;

/// systemd's unit of the socket.
pub(super) const SOCKET: &str = "sessionsd.socket";

/// systemd's unit of the daemon.
pub(super) const SERVICE: &str = "sessionsd.service";

/// launchd's file.
pub(super) const AGENT: &str = "claude-sessions.sessionsd.plist";

/// What a user's own file adds to systemd's unit, whoever brought that.
const DROP_IN: &str = "sessionsd.service.d/config-root.conf";

const SOCKET_TEXT: &str = include_str!("../../../packaging/systemd/sessionsd.socket");
const SERVICE_TEXT: &str = include_str!("../../../packaging/systemd/sessionsd.service");
const AGENT_TEXT: &str = include_str!("../../../packaging/launchd/claude-sessions.sessionsd.plist");

/// Where the packaged files say that the daemon is.
const PACKAGED_DAEMON: &str = "/usr/bin/sessionsd";

/// Where packages put the units of users.
const PACKAGED_UNITS: [&str; 2] = ["/usr/lib/systemd/user", "/etc/systemd/user"];

/// What is around the agent's variables: its own keys stand before and behind.
const VARIABLES: (&str, &str) = (
    "    <key>EnvironmentVariables</key>\n    <dict>\n        <key>CLAUDE_CONFIG_DIR</key>\n",
    "    </dict>\n",
);
const RUN_AT_LOAD: &str = "    <key>RunAtLoad</key>\n";

/// A file of a service manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its path, below the folder of this user's.
    pub(super) file: &'static str,
    /// What it says.
    pub(super) text: String,
}

/// Returns the files that have `service` keep `daemon`, and take `root` for the user's config root where one is
/// named. What a package has brought is not among them.
pub(super) fn units(service: Service, daemon: &Path, root: Option<&Path>) -> Vec<Unit> {
    if service == Service::Launchd {
        return vec![Unit {
            file: AGENT,
            text: agent(daemon, root),
        }];
    }
    let mut units = Vec::new();
    if daemon != Path::new(PACKAGED_DAEMON) || !is_packaged() {
        // A dollar sign means something in a command alone.
        let word = systemd_word(&daemon.to_string_lossy()).replace('$', "$$");
        units.extend(
            [(SOCKET, SOCKET_TEXT), (SERVICE, SERVICE_TEXT)].map(|(file, text)| Unit {
                file,
                text: text.replace(PACKAGED_DAEMON, &word),
            }),
        );
    }
    units.extend(root.map(|root| {
        let variable = systemd_word(&format!("CLAUDE_CONFIG_DIR={}", root.display()));
        Unit {
            file: DROP_IN,
            text: format!("[Service]\nEnvironment={variable}\n"),
        }
    }));
    units
}

/// Returns what a file says without the config root in it.
pub(super) fn without_root(text: &str) -> String {
    let (begin, end) = VARIABLES;
    let cut = text.split_once(begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some([before, after].concat())
    });
    cut.unwrap_or_else(|| text.to_owned())
}

fn agent(daemon: &Path, root: Option<&Path>) -> String {
    let text = AGENT_TEXT.replace(PACKAGED_DAEMON, &xml_text(daemon));
    let Some(root) = root else {
        return text;
    };
    let (begin, end) = VARIABLES;
    let variable = format!("        <string>{}</string>\n", xml_text(root));
    text.replacen(
        RUN_AT_LOAD,
        &[begin, &variable, end, RUN_AT_LOAD].concat(),
        1,
    )
}

fn is_packaged() -> bool {
    let mut dirs = PACKAGED_UNITS.iter();
    dirs.any(|dir| fs::exists(Path::new(dir).join(SERVICE)).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_name_the_daemon_that_is_installed_and_the_root_that_is_named() {
        let check = |service: Service, daemon: &str, root: Option<&str>, line: &str| {
            let found = units(service, Path::new(daemon), root.map(Path::new));
            let is_named = found.iter().any(|unit| unit.text.contains(line));
            assert!(is_named, "{found:?}");
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
    fn what_an_agent_says_of_a_root_is_told_from_the_rest() {
        let (daemon, root) = (Path::new("/opt/sessionsd"), Path::new("/work"));
        let without = agent(daemon, None);
        assert_ne!(agent(daemon, Some(root)), without);
        assert_eq!(without_root(&agent(daemon, Some(root))), without);
        assert_eq!(without_root(&without), without);
    }
}
