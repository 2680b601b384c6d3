//! Hooks that nobody answers: the client works as ever, no event is lost or kept twice,
//! and the slash commands ask the model nothing.

use std::fs;
use std::os::unix::net::UnixListener;

use crate::stage::Stage;

/// Runs a slash command, which must cost nothing, and returns what the user sees.
fn command(stage: &Stage, prompt: &str) -> String {
    let answer = stage.scripted.ask(prompt, &[]).unwrap();
    assert_eq!(stage.asked(), 0, "{prompt} asked the model");
    assert!(!answer.text.contains("Original prompt"), "{answer:?}");
    answer.text
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
    let prompt = stage.prompt("Good morning", "Good evening");
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
    let said = command(&stage, "/checkpoint before the move");
    let expect = "checkpoint \"before the move\" is noted";
    assert!(said.contains(expect), "{said}");
    assert_eq!(count(&stage.spooled(), "before the move"), 1);
    let said = command(&stage, "/recall kettle");
    assert!(
        said.contains("recall \"kettle\" was not answered"),
        "{said}"
    );
}

#[test]
fn with_a_daemon_that_hangs_slash_commands_ask_the_model_nothing() {
    let stage = Stage::new();
    fs::create_dir(stage.home.path().join("run")).unwrap();
    let _hung = UnixListener::bind(stage.home.socket()).unwrap();
    let said = command(&stage, "/checkpoint");
    let expect = "the daemon did not answer within 2 s";
    assert!(said.contains(expect), "{said}");
    assert!(said.contains("sessions doctor"), "{said}");
}
