//! Hooks that nobody answers: the client works as ever, no event is lost or kept twice,
//! and the slash commands ask the model nothing.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use sessions_tests::binaries::built;
use sessions_tests::client::Scripted;
use sessions_tests::mock::{say, text};
use tempfile::TempDir;

use crate::EVENTS;

struct Stage {
    scripted: Scripted,
    home: TempDir,
}

impl Stage {
    /// Installs the shim without a daemon beside it, which it would start.
    fn new() -> Self {
        let scripted = Scripted::new().unwrap();
        let home = TempDir::with_prefix("h-").unwrap();
        let shim = home.path().join("sessions-hook");
        fs::copy(&built().unwrap().hook, &shim).unwrap();
        let command = format!(
            "SESSIONS_HOME='{}' '{}'",
            home.path().display(),
            shim.display()
        );
        scripted.config.install_hooks(&[&command], &EVENTS).unwrap();
        Self { scripted, home }
    }

    /// Runs a slash command, which must cost nothing, and returns what the user sees.
    fn command(&self, prompt: &str) -> String {
        let answer = self.scripted.ask(prompt, &[]).unwrap();
        assert_eq!(
            self.scripted.mock.requests(),
            [],
            "{prompt} asked the model"
        );
        assert!(!answer.text.contains("Original prompt"), "{answer:?}");
        answer.text
    }

    /// Returns what waits in the spool.
    fn spooled(&self) -> Vec<Vec<u8>> {
        let spool: PathBuf = self.home.path().join("state/spool");
        let Ok(entries) = fs::read_dir(spool) else {
            return Vec::new();
        };
        let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry.unwrap().path()).unwrap();
        entries.map(read).collect()
    }
}

/// Counts the events that hold these words.
fn count(events: &[Vec<u8>], words: &str) -> usize {
    let holds = |event: &&Vec<u8>| {
        event
            .windows(words.len())
            .any(|part| part == words.as_bytes())
    };
    events.iter().filter(holds).count()
}

#[test]
fn without_a_daemon_each_event_of_a_turn_is_kept_once() {
    let stage = Stage::new();
    let prompt = stage
        .scripted
        .mock
        .prompt("Good morning", [say([text("Good evening")])]);
    let answer = stage.scripted.ask(&prompt, &[]).unwrap();
    assert_eq!(answer.text, "Good evening");
    assert_eq!(answer.stderr, "", "the client has nothing to complain of");
    let events = stage.spooled();
    // Start, prompt, stop and end.
    assert_eq!(events.len(), 4);
    assert_eq!(count(&events, &answer.session), 4);
    for once in ["startup", "other", "Good evening"] {
        assert_eq!(count(&events, once), 1, "{once}");
    }
}

#[test]
fn without_a_daemon_slash_commands_ask_the_model_nothing() {
    let stage = Stage::new();
    let said = stage.command("/checkpoint before the move");
    let expect = "checkpoint \"before the move\" is noted";
    assert!(said.contains(expect), "{said}");
    assert_eq!(count(&stage.spooled(), "before the move"), 1);
    let said = stage.command("/recall kettle");
    assert!(
        said.contains("recall \"kettle\" was not answered"),
        "{said}"
    );
}

#[test]
fn with_a_daemon_that_hangs_slash_commands_ask_the_model_nothing() {
    let stage = Stage::new();
    fs::create_dir(stage.home.path().join("run")).unwrap();
    let socket = stage.home.path().join("run/sessionsd.sock");
    let _hung = UnixListener::bind(socket).unwrap();
    let said = stage.command("/checkpoint");
    let expect = "the daemon did not answer within 2 s";
    assert!(said.contains(expect), "{said}");
    assert!(said.contains("sessions doctor"), "{said}");
}
