//! A session's start starts the daemon, and says since when there was none.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use sessions_proto as wire;

use crate::listener::Listener;
use crate::trial::{Trial, command, payload, run, wait_for};

const STARTED: &str =
    "echo \"$CLAUDE_CODE_MESSAGING_X$SESSIONS_HOME\" >> \"$SESSIONS_HOME/started\"";

fn started(trial: &Trial) -> Option<String> {
    let words = fs::read_to_string(trial.below_home("started")).ok()?;
    words.ends_with('\n').then_some(words)
}

#[test]
fn a_start_starts_the_daemon_and_does_not_wait_for_it() {
    let trial = Trial::new();
    // It never listens, and does not end before it is told to.
    let script = format!("{STARTED}\nread _ < \"$SESSIONS_HOME/end\"");
    trial.install_daemon(&script);
    let end = trial.below_home("end");
    rustix::fs::mkfifoat(rustix::fs::CWD, &end, 0o600.into()).unwrap();
    let mut shim = trial.command(&trial.program());
    shim.env("CLAUDE_CODE_MESSAGING_X", "secret");
    let ran = run(
        &mut shim,
        &payload("SessionStart", ",\"source\":\"startup\""),
    );
    assert_eq!(ran.printed(), "");
    let words = wait_for("the daemon", || started(&trial));
    let home = trial.home.path().to_str().unwrap();
    assert_eq!(words.trim(), home, "and nothing of the client's own");
    // Opened for writing once somebody reads: the daemon ends.
    drop(fs::OpenOptions::new().write(true).open(end).unwrap());
}

#[test]
fn no_other_event_starts_one() {
    let trial = Trial::new();
    trial.install_daemon(STARTED);
    for event in ["Stop", "SessionEnd", "UserPromptSubmit"] {
        trial.run(&payload(event, ""));
    }
    // A command does, at once: whatever an event had started would have come first.
    let said = trial.run(&command("recall", "x")).reason();
    assert!(said.starts_with("recall \"x\" was not answered"), "{said}");
    assert_eq!(started(&trial).unwrap().lines().count(), 1);
}

#[test]
fn why_nothing_is_archived_is_said_once_a_day() {
    let trial = Trial::new();
    let answer = wire::ReportResponse {
        silence: Some(wire::Silence {
            fault: "the disk is full".to_owned(),
            since_ms: None,
        }),
        ..Default::default()
    };
    let _listener = Listener::answering(&trial.socket(), answer);
    let said = trial.run(&payload("SessionStart", "")).printed();
    assert_eq!(
        said,
        "{\"systemMessage\":\"Claude Sessions: the disk is full; run `sessions doctor`\"}\n"
    );
    let again = trial.run(&payload("SessionStart", "")).printed();
    assert_eq!(again, "", "at most once a day");
}

#[test]
fn a_dead_archive_is_said_once_a_day() {
    let trial = Trial::new();
    trial.run(&payload("Stop", ""));
    assert_eq!(trial.run(&payload("SessionStart", "")).printed(), "");
    let event = trial.below_home("state/spool").join(&trial.spooled()[0]);
    let file = File::options().write(true).open(event).unwrap();
    let since = fs::metadata(trial.home.path()).unwrap().modified().unwrap();
    let since: SystemTime = since - Duration::from_mins(11);
    file.set_modified(since).unwrap();
    let said = trial.run(&payload("SessionStart", "")).printed();
    assert!(said.starts_with("{\"systemMessage\":\"Claude Sessions: nothing archived since "));
    assert_eq!(trial.run(&payload("SessionStart", "")).printed(), "");
}
