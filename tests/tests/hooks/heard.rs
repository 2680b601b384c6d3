//! Hooks that a running daemon answers: what they say is known once, and slash commands ask the model nothing.

use std::time::Duration;

use serde_json::Value;
use sessions_tests::binaries::built;
use sessions_tests::client::Scripted;
use sessions_tests::mock::{gate, say, text};
use sessions_tests::{Daemon, Home, wait_for};

use crate::EVENTS;

/// How long what a hook told may take to be known.
const KNOWN_MAX: Duration = Duration::from_secs(30);

struct Stage {
    scripted: Scripted,
    home: Home,
    _daemon: Daemon,
}

impl Stage {
    fn new() -> Self {
        let scripted = Scripted::new().unwrap();
        let home = Home::new(&scripted.config.root()).unwrap();
        let shim = &built().unwrap().hook;
        let command = format!(
            "SESSIONS_HOME='{}' '{}'",
            home.path().display(),
            shim.display()
        );
        // As where a plugin brings what the settings have already.
        let twin = format!("TWIN=1 {command}");
        let commands = [&*command, &*twin];
        scripted.config.install_hooks(&commands, &EVENTS).unwrap();
        Self {
            _daemon: home.start().unwrap(),
            scripted,
            home,
        }
    }

    /// Waits until the daemon knows why a session ended.
    fn ended_by(&self, session: &str, expect: &str) {
        wait_for("the reason of an end", KNOWN_MAX, || {
            let mut sessions = self.home.listed(&[])?.into_iter();
            let found = sessions.find(|found| found["id"] == session);
            Ok(found.filter(|found| found["ended_by"] == expect).map(drop))
        })
        .unwrap();
    }
}

#[test]
fn a_checkpoint_in_the_client_is_bound_to_what_was_said_before_it() {
    let stage = Stage::new();
    let prompt = stage
        .scripted
        .mock
        .prompt("Good morning", [say([text("Good evening")])]);
    let answer = stage.scripted.ask(&prompt, &[]).unwrap();
    assert_eq!((&*answer.text, &*answer.stderr), ("Good evening", ""));
    stage.ended_by(&answer.session, "other");
    let asked = stage.scripted.mock.requests().len();

    let resumed = ["--resume", &answer.session];
    let said = stage
        .scripted
        .ask("/checkpoint before the move", &resumed)
        .unwrap()
        .text;
    assert!(
        said.contains("Checkpoint \"before the move\" saved."),
        "{said}"
    );
    let said = stage
        .scripted
        .ask("/recall evening", &resumed)
        .unwrap()
        .text;
    assert!(
        said.contains("Nothing in past sessions matches evening"),
        "{said}"
    );
    assert_eq!(
        stage.scripted.mock.requests().len(),
        asked,
        "the model was asked"
    );

    let bound = wait_for("a bound checkpoint", KNOWN_MAX, || {
        let list = stage.home.json(&["checkpoint", "list", "--json"])?;
        Ok(list[0]["place"].is_object().then_some(list))
    });
    let bound: Value = bound.unwrap();
    assert_eq!(bound.as_array().unwrap().len(), 1, "{bound}");
    assert_eq!(bound[0]["session"], *answer.session, "{bound}");
    let view = stage
        .home
        .json(&["view", "--json", &answer.session])
        .unwrap();
    let kinds: Vec<&str> = view
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    let at = kinds.iter().position(|kind| *kind == "checkpoint").unwrap();
    assert!(kinds[..at].contains(&"answer"), "{kinds:?}");
}

#[test]
fn a_session_whose_client_was_killed_is_said_to_be_killed() {
    let stage = Stage::new();
    let prompt = stage
        .scripted
        .mock
        .prompt("Wait here", [say([gate("never"), text("never said")])]);
    let directory = stage.scripted.config.directory("work").unwrap();
    let mut run = stage
        .scripted
        .client()
        .unwrap()
        .start(&directory, &prompt, &[])
        .unwrap();
    let session = wait_for("a session", KNOWN_MAX, || {
        let list = stage.home.listed(&[])?;
        let first = list.first().and_then(|session| session["id"].as_str());
        Ok(first.map(str::to_owned))
    })
    .unwrap();
    run.kill().unwrap();
    stage.ended_by(&session, "killed");
}
