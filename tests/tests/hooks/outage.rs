//! A daemon that hangs, or that ends and comes back, in the middle of things: the client goes on, and each
//! event counts once.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use sessions_tests::mock::{gate, say, text};
use sessions_tests::wait_for;

use crate::stage::{KNOWN_MAX, Stage};

/// How long a hook may hold the client up on a busy machine: its own limit is 50 ms, and the client would let it
/// go on for 5 s.
const HELD_UP_MAX: Duration = Duration::from_secs(2);

/// What the archive has of a turn: the start, the prompt, the stop and the end, by their reasons.
const TURN: [&str; 4] = ["startup", "", "", "other"];

/// Returns what the archive has of a session that ended; nothing waits any more.
fn taken(stage: &Stage, session: &str) -> Vec<String> {
    stage.ended_by(session, "other");
    wait_for("an empty spool", KNOWN_MAX, || {
        // Whoever asks has it taken in.
        stage.home.listed(&[])?;
        Ok(stage.spooled().is_empty().then_some(()))
    })
    .unwrap();
    stage.events(session)
}

/// Returns how long the client waited for the hooks at the end of a turn, as it noted itself.
fn held_up(stage: &Stage, session: &str) -> Duration {
    let transcript = stage.scripted.config.transcript(session).unwrap();
    let rows = fs::read_to_string(transcript).unwrap();
    let rows = rows
        .lines()
        .filter_map(|row| serde_json::from_str::<Value>(row).ok());
    let mut summaries = rows.filter(|row| row["subtype"] == "stop_hook_summary");
    let hooks = summaries.next().unwrap()["hookInfos"].clone();
    let hooks = hooks.as_array().unwrap().iter();
    let held_up_ms = hooks.map(|hook| hook["durationMs"].as_u64().unwrap()).sum();
    Duration::from_millis(held_up_ms)
}

#[test]
fn what_a_daemon_that_hangs_was_told_counts_once() {
    let stage = Stage::new();
    let daemon = stage.home.start().unwrap();
    daemon.signal(Signal::STOP).unwrap();
    let answer = stage
        .scripted
        .ask(&stage.prompt("Wake the daemon", "It sleeps"), &[]);
    let answer = answer.unwrap();
    assert_eq!((&*answer.text, &*answer.stderr), ("It sleeps", ""));
    let held_up = held_up(&stage, &answer.session);
    assert!(held_up < HELD_UP_MAX, "{held_up:?}");
    assert_eq!(stage.spooled().len(), TURN.len());
    // What it was asked meanwhile waits at its socket as well.
    daemon.signal(Signal::CONT).unwrap();
    assert_eq!(taken(&stage, &answer.session), TURN);
    daemon.stop().unwrap();
}

#[test]
fn what_was_spooled_while_a_daemon_runs_is_known_to_whoever_asks() {
    let stage = Stage::new();
    let prompt = stage.prompt("Who is at the helm", "Nobody is");
    let answer = stage.scripted.ask(&prompt, &[]).unwrap();
    let spool = stage.home.path().join("state/spool");
    let aside = stage.home.path().join("state/aside");
    fs::rename(&spool, &aside).unwrap();
    let daemon = stage.home.start().unwrap();
    stage.home.settle().unwrap();
    assert_eq!(stage.events(&answer.session), Vec::<String>::new());
    fs::rename(&aside, &spool).unwrap();
    assert_eq!(taken(&stage, &answer.session), TURN);
    daemon.stop().unwrap();
}

#[test]
fn events_around_a_restart_are_neither_lost_nor_counted_twice() {
    let stage = Stage::with_twins();
    let daemon = stage.home.start().unwrap();
    let words = say([gate("gone"), text("The watch is over")]);
    let prompt = stage.scripted.mock.prompt("Keep the watch", [words]);
    let directory = stage.scripted.config.directory("work").unwrap();
    let client = stage.scripted.client().unwrap();
    let run = client.start(&directory, &prompt, &[]).unwrap();
    stage.scripted.mock.wait_for("gone").unwrap();
    daemon.stop().unwrap();
    stage.scripted.mock.open("gone");
    let answer = run.wait().unwrap();
    assert_eq!(answer.stderr, "");
    let daemon = stage.home.start().unwrap();
    assert_eq!(taken(&stage, &answer.session), TURN);
    daemon.stop().unwrap();
}
