//! What the user keeps out: excluded paths, a paused archive, wrong settings.

use std::fs;

use crate::{Trial, faults_of};

const PARSER: &str = "9aaa74c8-ebe3-4e02-bf08-b248a3297e38";

#[test]
fn what_is_excluded_is_never_archived() {
    let trial = Trial::of_samples();
    trial
        .home
        .configure("exclude = [\"projects/-src-ledger/**\"]\n")
        .unwrap();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let list = trial.home.json(&["list", "--json"]).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 10, "{list}");
    assert_eq!(
        trial.home.search("\"no version knows\"").unwrap()["total"],
        0
    );
    daemon.stop().unwrap();
}

#[test]
fn a_pause_lasts_until_it_is_lifted() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    trial.home.bytes(&["daemon", "pause"]).unwrap();
    let transcript = trial
        .root
        .path()
        .join(format!("projects/-src-lantern/{PARSER}.jsonl"));
    let mut rows = fs::read(&transcript).unwrap();
    rows.extend_from_slice(
        b"{\"type\":\"user\",\"uuid\":\"0\",\"message\":{\"role\":\"user\",\"content\":\"pausedword\"}}\n",
    );
    fs::write(&transcript, rows).unwrap();
    assert_eq!(trial.home.search("pausedword").unwrap()["total"], 0);
    let status = trial.home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["paused"], true);
    trial.home.bytes(&["daemon", "resume"]).unwrap();
    trial.home.settle().unwrap();
    assert_eq!(trial.home.search("pausedword").unwrap()["total"], 1);
    daemon.stop().unwrap();
}

#[test]
fn every_wrong_setting_is_named_and_the_daemon_runs() {
    let trial = Trial::of_samples();
    trial
        .home
        .configure("rots = []\nmin_free_mb = \"many\"\n")
        .unwrap();
    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    let faults = faults_of(&status, "config");
    assert_eq!(faults.len(), 2, "{status}");
    daemon.stop().unwrap();
}
