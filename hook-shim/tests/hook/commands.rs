//! What is reported, and what a slash command is answered, with a daemon and without.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;

use sessions_proto as wire;

use crate::listener::Listener;
use crate::trial::{Trial, command, command_of, payload, wait_for};

#[test]
fn an_event_is_told_as_the_client_said_it_and_nothing_is_printed() {
    let trial = Trial::new();
    let answer = wire::ReportResponse {
        // Meant for no event but a command.
        block: Some("stop".to_owned()),
        ..Default::default()
    };
    let listener = Listener::answering(&trial.socket(), answer);
    let transcript = trial.below_home("t.jsonl");
    fs::write(&transcript, [b'x'; 42]).unwrap();
    let more = format!(
        ",\"transcript_path\":\"{}\",\"last_assistant_message\":\"done\",\"agent_id\":\"a1\"",
        transcript.display()
    );
    let ran = trial.run(&payload("SubagentStop", &more));
    assert_eq!(ran.printed(), "");
    assert_eq!(trial.spooled(), Vec::<String>::new());
    let report = listener.report();
    let root = trial.below_home("claude");
    let expect = wire::ReportRequest {
        id: report.id.clone(),
        at_ms: report.at_ms,
        event: wire::HookEvent::SubagentStop.into(),
        root: root.to_str().unwrap().to_owned(),
        session: "0b9d".to_owned(),
        transcript_path: transcript.to_str().unwrap().to_owned(),
        transcript_bytes: Some(42),
        cwd: "/".to_owned(),
        last_assistant_message: Some("done".to_owned()),
        pid: Some(4242),
        prompt: Some("p1".to_owned()),
        agent: Some("a1".to_owned()),
        ..Default::default()
    };
    assert_eq!(report, expect);
    assert_eq!(report.id.len(), 16);
    assert!(report.at_ms > 1_700_000_000_000);
}

#[test]
fn a_command_is_blocked_with_the_answer() {
    let trial = Trial::new();
    let answer = wire::ReportResponse {
        block: Some("two hits".to_owned()),
        ..Default::default()
    };
    let listener = Listener::answering(&trial.socket(), answer);
    for (name, kind) in [
        ("recall", wire::CommandKind::Recall),
        ("sessions:recall", wire::CommandKind::Recall),
        ("sessions:checkpoint", wire::CommandKind::Checkpoint),
    ] {
        assert_eq!(trial.run(&command(name, "a b")).reason(), "two hits");
        let expect = wire::Command {
            kind: kind.into(),
            arguments: "a b".to_owned(),
            is_of_plugin: name.starts_with("sessions:"),
        };
        assert_eq!(listener.report().command, Some(expect));
    }
    assert_eq!(trial.run(&command("recall2", "")).printed(), "");
    assert_eq!(trial.spooled(), Vec::<String>::new());
}

#[test]
fn a_command_of_somebody_else_is_left_alone() {
    let trial = Trial::new();
    let runs = |payload: &[u8]| trial.run(payload).printed().is_empty();
    assert!(!runs(&command_of("plugin", "recall", "x")));
    assert!(runs(&command_of("projectSettings", "checkpoint", "x")));
    assert!(runs(&command_of("plugin", "other:recall", "x")));
    let commands = trial.below_home("claude/commands");
    fs::create_dir_all(&commands).unwrap();
    fs::write(commands.join("recall.md"), "Recall what the team decided").unwrap();
    assert!(runs(&command("recall", "x")));
    let ours = include_str!("../../../packaging/plugin/commands/recall.md");
    fs::write(commands.join("recall.md"), ours).unwrap();
    assert!(!runs(&command("recall", "x")));
    let ours = include_str!("../../../packaging/plugin/commands/checkpoint.md");
    fs::write(commands.join("checkpoint.md"), ours).unwrap();
    assert!(!runs(&command("checkpoint", "x")));
}

#[test]
fn a_command_that_nobody_answers_is_blocked_all_the_same() {
    let trial = Trial::new();
    let said = trial.run(&command("checkpoint", "before it")).reason();
    assert!(
        said.starts_with("checkpoint \"before it\" is noted"),
        "{said}"
    );
    assert!(said.contains("sessions doctor"), "{said}");
    let event = trial.spooled().remove(0);
    let spooled = fs::read(trial.below_home("state/spool").join(&event)).unwrap();
    let spooled: wire::Spooled = prost::Message::decode(spooled.as_slice()).unwrap();
    let Some(wire::spooled::Item::Report(report)) = spooled.item else {
        panic!("{spooled:?}");
    };
    assert_eq!(report.transcript_bytes, Some(0));
    assert_eq!(report.command.unwrap().arguments, "before it");
    let said = trial.run(&command("recall", "")).reason();
    assert!(said.starts_with("recall was not answered"), "{said}");
}

#[test]
fn a_command_waits_for_a_hung_daemon_no_longer_than_its_limit() {
    let trial = Trial::new();
    let _hung = UnixListener::bind(trial.socket()).unwrap();
    let said = trial.run(&command("checkpoint", "")).reason();
    let expect = "checkpoint is noted, and set when the daemon runs again\n\
                  the daemon did not answer within 2 s\n\
                  run `sessions doctor` to see what is wrong";
    assert_eq!(said, expect);
}

#[test]
fn a_checkpoint_that_can_be_neither_set_nor_kept_says_so() {
    let trial = Trial::new();
    fs::write(trial.below_home("state"), "a file").unwrap();
    let said = trial.run(&command("checkpoint", "x")).reason();
    assert!(said.starts_with("checkpoint \"x\" is NOT set"), "{said}");
}

fn repository(trial: &Trial) -> String {
    let dir = trial.below_home("repository");
    fs::create_dir(&dir).unwrap();
    for words in ["init -q -b main", "commit -q --allow-empty -m one"] {
        let mut git = Command::new("git");
        git.current_dir(&dir).env("HOME", trial.home.path());
        git.args(["-c", "user.name=A", "-c", "user.email=a@b.invalid"]);
        assert!(git.args(words.split(' ')).status().unwrap().success());
    }
    dir.to_str().unwrap().to_owned()
}

fn checkpoint_in(cwd: &str) -> Vec<u8> {
    let text = String::from_utf8(command("checkpoint", "")).unwrap();
    let cwd = format!("\"cwd\":\"{cwd}\"");
    text.replace("\"cwd\":\"/\"", &cwd).into_bytes()
}

#[test]
fn the_state_of_the_repository_follows_a_checkpoint() {
    let trial = Trial::new();
    let answer = wire::ReportResponse {
        block: Some("set".to_owned()),
        is_checkpoint: true,
        ..Default::default()
    };
    let listener = Listener::answering(&trial.socket(), answer);
    trial.run(&checkpoint_in(&repository(&trial)));
    let described = listener.description();
    assert_eq!(described.id, listener.report().id);
    let git = described.git.unwrap();
    assert_eq!(git.branch.as_deref(), Some("main"));
    assert_eq!(git.head.len(), 40);
}

#[test]
fn without_a_daemon_the_state_of_the_repository_is_kept_behind_its_event() {
    let trial = Trial::new();
    trial.run(&checkpoint_in(&repository(&trial)));
    let both = wait_for("the state", || {
        let names = trial.spooled();
        let is_there = names.iter().any(|name| name.ends_with(".git.event"));
        is_there.then_some(names)
    });
    let [event, git] = both.try_into().unwrap();
    assert_eq!(event.replace(".event", ".git.event"), git);
}
