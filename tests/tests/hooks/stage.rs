//! The real client with our hooks in its settings, beside a home of the product.
//!
//! Knows how both are set up and what each of them keeps; must not know what is tested with them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use sessions_tests::binaries::built;
use sessions_tests::client::{Scripted, Terminal};
use sessions_tests::mock::{say, text};
use sessions_tests::{Home, wait_for};

/// What is reported.
pub(crate) const EVENTS: [&str; 8] = [
    "SessionStart",
    "SessionEnd",
    "Stop",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "UserPromptSubmit",
    "UserPromptExpansion",
];

/// How long what a hook told may take to be known.
pub(crate) const KNOWN_MAX: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) scripted: Scripted,
    pub(crate) home: Home,
}

impl Stage {
    /// Sets up one hook for each event, without a daemon beside it, which it would start.
    pub(crate) fn new() -> Self {
        Self::with_hooks(|hook| vec![hook])
    }

    /// Sets up two hooks for each event, as where a plugin brings what the settings have already.
    pub(crate) fn with_twins() -> Self {
        Self::with_hooks(|hook| vec![format!("TWIN=1 {hook}"), hook])
    }

    fn with_hooks(hooks: impl Fn(String) -> Vec<String>) -> Self {
        let scripted = Scripted::new().unwrap();
        let home = Home::new(&scripted.config.root()).unwrap();
        let stage = Self { scripted, home };
        fs::create_dir(stage.programs()).unwrap();
        let hook = stage.programs().join("sessions-hook");
        fs::copy(&built().unwrap().hook, &hook).unwrap();
        let home = stage.home.path().display();
        let hooks = hooks(format!("SESSIONS_HOME='{home}' '{}'", hook.display()));
        let hooks: Vec<&str> = hooks.iter().map(String::as_str).collect();
        let config = &stage.scripted.config;
        config.install_hooks(&hooks, &EVENTS).unwrap();
        stage
    }

    fn programs(&self) -> PathBuf {
        self.home.path().join("programs")
    }

    /// Puts the daemon's program where the hook looks for it.
    pub(crate) fn install_daemon(&self) {
        let daemon = &built().unwrap().daemon;
        symlink(daemon, self.programs().join("sessionsd")).unwrap();
    }

    /// Returns a prompt that the model answers with `answer`.
    pub(crate) fn prompt(&self, words: &str, answer: &str) -> String {
        self.scripted.mock.prompt(words, [say([text(answer)])])
    }

    /// Opens the client on a terminal, always in the same directory.
    pub(crate) fn open(&self, args: &[&str]) -> Terminal {
        let directory = self.scripted.config.directory("work").unwrap();
        let client = self.scripted.client().unwrap();
        client.open(&directory, args).unwrap()
    }

    /// Returns how often the model was asked.
    pub(crate) fn asked(&self) -> usize {
        self.scripted.mock.requests().len()
    }

    /// Waits until the daemon knows why a session ended; `null` while it is open.
    pub(crate) fn ended_by(&self, session: &str, expect: impl Into<Value>) {
        let expect = expect.into();
        let mut found = Value::Null;
        let waited = wait_for("the reason of an end", KNOWN_MAX, || {
            let mut sessions = self.home.listed(&[])?.into_iter();
            let Some(session) = sessions.find(|listed| listed["id"] == session) else {
                return Ok(None);
            };
            found = session["ended_by"].clone();
            Ok((found == expect).then_some(()))
        });
        assert!(waited.is_ok(), "{session}: {found} and not {expect}");
    }

    /// Returns what waits in the spool.
    pub(crate) fn spooled(&self) -> Vec<Vec<u8>> {
        let spool = self.home.path().join("state/spool");
        let Ok(entries) = fs::read_dir(spool) else {
            return Vec::new();
        };
        let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry.unwrap().path()).unwrap();
        entries.map(read).collect()
    }

    /// Returns what the archive has of the events of a session, in the order they happened: each by its reason.
    pub(crate) fn events(&self, session: &str) -> Vec<String> {
        let archive = self.home.path().join("data/archive/archive.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let archive = Connection::open_with_flags(archive, flags).unwrap();
        let events = "SELECT reason FROM hook_events WHERE session = ?1 ORDER BY at";
        let mut events = archive.prepare(events).unwrap();
        let events = events.query_map([session], |row| row.get(0)).unwrap();
        events.collect::<Result<_, _>>().unwrap()
    }
}
