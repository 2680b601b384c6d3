//! Hooks that a running daemon answers: what they say is known once, and slash commands ask the model nothing.

use serde_json::Value;
use sessions_tests::mock::{gate, say, text};
use sessions_tests::wait_for;

use crate::stage::{KNOWN_MAX, Stage};

#[test]
fn a_checkpoint_in_the_client_is_bound_to_what_was_said_before_it() {
    let stage = Stage::with_twins();
    let _daemon = stage.home.start().unwrap();
    let prompt = stage.prompt("Good morning", "Good evening");
    let answer = stage.scripted.ask(&prompt, &[]).unwrap();
    assert_eq!((&*answer.text, &*answer.stderr), ("Good evening", ""));
    stage.ended_by(&answer.session, "other");
    let asked = stage.asked();

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
    assert_eq!(stage.asked(), asked, "the model was asked");

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
    let stage = Stage::with_twins();
    let _daemon = stage.home.start().unwrap();
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

#[test]
fn a_command_starts_the_daemon() {
    let stage = Stage::new();
    stage.install_daemon();
    let said = stage.scripted.ask("/checkpoint on a cold start", &[]);
    let said = said.unwrap().text;
    assert_eq!(stage.asked(), 0, "the model was asked");
    // On a busy machine a start may take longer than a command waits.
    let is_said = said.contains("Checkpoint \"on a cold start\" saved")
        || said.contains("checkpoint \"on a cold start\" is noted");
    assert!(is_said, "{said}");
    let made = wait_for("a checkpoint", KNOWN_MAX, || {
        let made = stage.home.json(&["checkpoint", "list", "--json"])?;
        Ok(made.as_array().unwrap().first().cloned())
    });
    assert_eq!(made.unwrap()["name"], "on a cold start");
    stage.home.bytes(&["daemon", "stop"]).unwrap();
}
