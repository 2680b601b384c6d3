//! What a daemon stands on changes under it: its socket, the settings, the roots and what they link to.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sessions_tests::corpus::copy_samples;
use sessions_tests::{Home, wait_for};

use crate::{Trial, faults_of, log_has};

/// How long the daemon may take to notice, and another to take its place.
const NOTICE_MAX: Duration = Duration::from_secs(30);

/// Returns the process that holds the data. Asks no daemon, so that none is started by asking.
fn holder(home: &Home) -> Option<u32> {
    let pid = fs::read_to_string(home.path().join("data/sessionsd.lock")).ok()?;
    pid.trim().parse().ok()
}

/// Waits until another daemon than `before` has taken over by itself.
fn succeeded(home: &Home, before: u32) -> u32 {
    wait_for("a successor", NOTICE_MAX, || {
        Ok(holder(home).filter(|pid| *pid != before))
    })
    .unwrap()
}

fn sessions(home: &Home) -> usize {
    let output = home.sessions(&["list", "--json"]).unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    list.as_array().unwrap().len()
}

#[test]
fn a_socket_that_is_lost_is_bound_again() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let socket = trial.home.socket();
    fs::remove_file(&socket).unwrap();
    let status = trial.home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["pid"], daemon.pid());
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "no socket").unwrap();
    let status = trial.home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["pid"], daemon.pid());
    fs::remove_file(&socket).unwrap();
    let said = trial.home.bytes(&["daemon", "stop"]).unwrap();
    assert_eq!(String::from_utf8(said).unwrap(), "the daemon has ended\n");
    let mut daemon = daemon;
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn a_runtime_directory_that_is_lost_is_made_again() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    fs::remove_dir_all(trial.home.path().join("run")).unwrap();
    succeeded(&trial.home, daemon.pid());
    assert_eq!(sessions(&trial.home), 13);
    drop(daemon);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn data_that_the_user_removed_is_not_made_again() {
    let trial = Trial::of_samples();
    let mut daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    // The last of them is what the daemon hears of.
    for folder in ["data", "state", "run"] {
        fs::remove_dir_all(trial.home.path().join(folder)).unwrap();
    }
    assert!(daemon.wait().is_ok());
    assert!(!trial.home.path().join("data").exists());
}

#[test]
fn an_archive_that_is_removed_under_the_daemon_is_put_back() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.home.json(&["list", "--json"]).unwrap();
    // Nothing can be archived again.
    fs::remove_dir_all(trial.root.path().join("projects")).unwrap();
    trial.home.rest().unwrap();
    fs::remove_dir_all(trial.home.path().join("data/archive")).unwrap();
    // Whoever asks has it noticed, and is answered.
    trial.home.json(&["status", "--json"]).unwrap();
    let second = succeeded(&trial.home, daemon.pid());
    for session in before.as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        let raw = trial.home.bytes(&["view", id, "--raw"]).unwrap();
        assert!(!raw.is_empty(), "{id}");
    }
    let logs = trial.home.bytes(&["daemon", "logs"]).unwrap();
    let logs = String::from_utf8(logs).unwrap();
    assert!(logs.contains("removed while it was in use"), "{logs}");

    // A daemon that is told to end at once keeps it as well.
    fs::remove_file(trial.home.path().join("data/archive/archive.db")).unwrap();
    let said = trial.home.bytes(&["daemon", "stop"]).unwrap();
    assert_eq!(String::from_utf8(said).unwrap(), "the daemon has ended\n");
    let status = trial.home.rest().unwrap();
    assert_ne!(status["pid"], second);
    assert_eq!(faults_of(&status, "archive").len(), 0, "{status}");
    assert_eq!(sessions(&trial.home), 13);
    drop(daemon);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn an_exclude_that_cannot_be_read_pauses_until_it_is_mended() {
    let trial = Trial::of_samples();
    trial.home.configure("exclude = 3\n").unwrap();
    let daemon = trial.home.start().unwrap();
    let list = trial.home.sessions(&["list"]).unwrap();
    let words = String::from_utf8_lossy(&list.stderr).into_owned();
    assert_eq!(list.status.code(), Some(1), "{words}");
    assert!(words.contains("archiving is paused: "), "{words}");
    let status = trial.home.rest().unwrap();
    assert_eq!(status["paused"], true, "{status}");
    assert_eq!(status["complete"], false, "{status}");
    assert_eq!(faults_of(&status, "config").len(), 1, "{status}");
    assert_eq!(status["sources"], 0, "{status}");
    let resumed = trial.home.sessions(&["daemon", "resume"]).unwrap();
    assert_eq!(resumed.status.code(), Some(2));
    trial
        .home
        .configure("exclude = [\"projects/-src-ledger/**\"]\n")
        .unwrap();
    succeeded(&trial.home, daemon.pid());
    let status = trial.home.settle().unwrap();
    assert!(faults_of(&status, "config").is_empty(), "{status}");
    assert_eq!(sessions(&trial.home), 10);
    drop(daemon);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_first_settings_file_is_taken_in() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    trial.home.configure("rots = []\n").unwrap();
    succeeded(&trial.home, daemon.pid());
    let status = trial.home.settle().unwrap();
    assert_eq!(faults_of(&status, "config").len(), 1, "{status}");
    drop(daemon);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_root_that_comes_or_is_replaced_is_taken_in_without_being_asked() {
    let parent = tempfile::TempDir::with_prefix("late-").unwrap();
    let root = parent.path().join("claude");
    let home = Home::new(&root).unwrap();
    let daemon = home.start().unwrap();
    let started = daemon.pid();
    let status = home.rest().unwrap();
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.ends_with("is missing"), "{status}");
    let answer = home.search("scanner").unwrap();
    assert_eq!(answer["coverage"]["reason"], reason, "{answer}");
    make_root(&root);
    let second = succeeded(&home, started);
    home.settle().unwrap();
    assert_eq!(sessions(&home), 13);

    // What the sandbox lets be read is the directory, not its name.
    fs::rename(&root, parent.path().join("aside")).unwrap();
    make_root(&root);
    succeeded(&home, second);
    let status = home.settle().unwrap();
    assert!(faults_of(&status, "root").is_empty(), "{status}");
    drop(daemon);
    home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_root_that_is_replaced_again_and_again_is_taken_in_ever_later() {
    let parent = tempfile::TempDir::with_prefix("restless-").unwrap();
    let root = parent.path().join("claude");
    fs::create_dir(&root).unwrap();
    let home = Home::new(&root).unwrap();
    let daemon = home.start().unwrap();
    let waits = || log_has(&home, "giving way later");
    let mut pid = daemon.pid();
    // Each life that is too short makes the next one longer, however slow the machine is.
    for number in 0..8 {
        fs::rename(&root, parent.path().join(number.to_string())).unwrap();
        fs::create_dir(&root).unwrap();
        let before = pid;
        pid = wait_for("a successor, or a wait for one", NOTICE_MAX, || {
            // Who listens has looked at what it stands on.
            let listens = || UnixStream::connect(home.socket()).is_ok();
            let next = holder(&home).filter(|pid| *pid != before && listens());
            Ok(next.or_else(|| waits().then_some(before)))
        })
        .unwrap();
        if pid == before {
            break;
        }
    }
    let status = home.json(&["status", "--json"]).unwrap();
    assert_eq!(faults_of(&status, "daemon").len(), 1, "{status}");
    drop(daemon);
    home.bytes(&["daemon", "stop"]).unwrap();
}

/// Makes a config root at once, as a rename does.
fn make_root(root: &Path) {
    let made = root.with_extension("new");
    copy_samples(&made).unwrap();
    fs::rename(made, root).unwrap();
}

#[test]
fn projects_behind_a_link_are_archived_wherever_it_leads() {
    let trial = Trial::of_samples();
    let disk = tempfile::TempDir::with_prefix("disk-").unwrap();
    let projects = trial.root.path().join("projects");
    fs::rename(&projects, disk.path().join("projects")).unwrap();
    symlink(disk.path().join("projects"), &projects).unwrap();
    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(status["faults"].as_array().unwrap().len(), 0, "{status}");
    assert_eq!(sessions(&trial.home), 13);
    let row = r#"{"type":"user","uuid":"UUID","message":{"role":"user","content":"behindlink"}}"#;
    let write = |id: &str| {
        let folder = projects.join("-src-behind");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(format!("{id}.jsonl")),
            row.replace("UUID", id) + "\n",
        )
        .unwrap();
    };
    write("11111111-1112-4e12-b9d9-295c89e5b1ba");
    assert_eq!(trial.home.search("behindlink").unwrap()["total"], 1);

    fs::create_dir(disk.path().join("other")).unwrap();
    fs::remove_file(&projects).unwrap();
    symlink(disk.path().join("other"), &projects).unwrap();
    write("22222222-1112-4e12-b9d9-295c89e5b1ba");
    succeeded(&trial.home, daemon.pid());
    trial.home.settle().unwrap();
    assert_eq!(trial.home.search("behindlink").unwrap()["total"], 2);
    drop(daemon);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}
