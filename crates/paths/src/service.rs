//! Whether a service manager keeps the daemon, as `sessions setup` noted beside the settings.
//!
//! Where one does, clients only connect: a daemon that a client starts would stand in the service's way. Knows
//! the managers' names and ours for the daemon; must not know how anything is run.

use std::path::Path;

use crate::{Paths, read_regular};

/// The longest note that is read, in bytes.
const NOTE_BYTES_MAX: u64 = 32;

/// Who keeps the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// systemd, as the units `sessionsd.service` and `sessionsd.socket` of the user.
    Systemd,
    /// launchd, as the user's agent.
    Launchd,
}

impl Service {
    /// The agent's name, as launchd knows it.
    pub const LABEL: &str = "claude-sessions.sessionsd";

    /// Returns the word by which it is noted.
    pub fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }

    /// Returns the program and the arguments by which it starts the daemon for the user `uid`.
    pub fn start_command(self, uid: u32) -> Vec<String> {
        let words: &[&str] = match self {
            // The socket, which starts the daemon; it may be gone, or have been given up.
            Self::Systemd => &["systemctl", "--user", "restart", "sessionsd.socket"],
            Self::Launchd => &["launchctl", "kickstart"],
        };
        let mut words: Vec<String> = words.iter().copied().map(str::to_owned).collect();
        if self == Self::Launchd {
            words.push(format!("gui/{uid}/{}", Self::LABEL));
        }
        words
    }

    /// Returns the program and the arguments by which it starts no daemon that it was about to start again; none
    /// where it cannot be told so.
    pub fn stop_command(self) -> Option<Vec<String>> {
        let words = ["systemctl", "--user", "stop", "sessionsd.service"];
        (self == Self::Systemd).then(|| words.map(str::to_owned).into())
    }

    /// Returns the variable by which its commands find the manager of this user, which a shell without a login
    /// may lack.
    pub fn variable(self, paths: &Paths) -> Option<(&'static str, &Path)> {
        let dir = paths.runtime.parent()?;
        (self == Self::Systemd).then_some(("XDG_RUNTIME_DIR", dir))
    }
}

impl Paths {
    /// Returns who keeps the daemon; none where clients start it.
    pub fn service(&self) -> Option<Service> {
        let note = read_regular(&self.service_file(), NOTE_BYTES_MAX).ok()?;
        let note = String::from_utf8(note).ok()?;
        [Service::Systemd, Service::Launchd]
            .into_iter()
            .find(|service| service.word() == note.trim())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_note_says_who_keeps_the_daemon() {
        let home = tempfile::tempdir().unwrap();
        let below = |name: &str| home.path().join(name);
        let paths = Paths {
            data: below("data"),
            state: below("state"),
            runtime: below("run"),
            config: home.path().to_owned(),
        };
        let check = |note: &str, expect: Option<Service>| {
            fs::write(paths.service_file(), note).unwrap();
            assert_eq!(paths.service(), expect, "{note:?}");
        };
        assert_eq!(paths.service(), None);
        check("systemd\n", Some(Service::Systemd));
        check("launchd", Some(Service::Launchd));
        check("", None);
        check("something else", None);
    }
}
