//! Starting and stopping: one daemon a directory, whatever an earlier one left behind.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sessions_tests::binaries::built;
use sessions_tests::corpus::{Corpus, copy_samples};
use sessions_tests::{Daemon, Home, wait_for};

use crate::{Trial, faults_of};

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let trial = Trial::of_samples();
    let first = trial.home.start().unwrap();
    let mut second = Daemon::spawn(&trial.home).unwrap();
    let ended = second.wait().unwrap();
    assert_eq!(
        ended.code(),
        Some(3),
        "the second daemon ended with {ended}"
    );
    let status = trial.home.settle().unwrap();
    assert_eq!(status["pid"], first.pid());
    first.stop().unwrap();
}

#[test]
fn a_daemon_of_other_data_keeps_its_socket() {
    let trial = Trial::of_samples();
    let runtime = trial.home.path().join("run");
    fs::create_dir_all(&runtime).unwrap();
    let lock = fs::File::create(runtime.join("sessionsd.sock.lock")).unwrap();
    lock.lock().unwrap();
    let refused = trial.home.sessions(&["daemon", "start"]).unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{words}");
    assert!(
        words.contains("another sessionsd, of other data, listens on"),
        "{words}"
    );
    lock.unlock().unwrap();
    trial.home.bytes(&["daemon", "start"]).unwrap();
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_stale_socket_is_replaced() {
    let trial = Trial::of_samples();
    let socket = trial.home.socket();
    let directory = socket.parent().unwrap();
    fs::create_dir_all(directory).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    // A listener that is dropped leaves its socket behind, as a killed daemon does.
    drop(UnixListener::bind(&socket).unwrap());
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.stop().unwrap();
}

#[test]
fn a_killed_daemon_is_started_again_by_the_next_question() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.answers();
    let killed = daemon.pid();
    daemon.kill().unwrap();
    assert_eq!(trial.answers(), before);
    let status = trial.home.json(&["status", "--json"]).unwrap();
    assert_ne!(status["pid"], killed);
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_daemon_that_was_killed_need_not_be_stopped() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.kill().unwrap();
    let said = trial.home.bytes(&["daemon", "stop"]).unwrap();
    assert_eq!(String::from_utf8(said).unwrap(), "no daemon is running\n");
}

#[test]
fn only_its_user_reaches_what_it_keeps() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    let check = |path: &Path, expect: u32| {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expect, "{} has mode {mode:o}", path.display());
    };
    for directory in ["data", "state", "run"] {
        check(&trial.home.path().join(directory), 0o700);
    }
    check(&trial.home.socket(), 0o600);
    daemon.stop().unwrap();
}

#[test]
fn sigterm_ends_an_import_within_the_grace_period() {
    let corpus = Corpus::write("40M", 12).unwrap();
    let home = Home::new(&corpus.root()).unwrap();
    let daemon = home.start().unwrap();
    daemon.stop().unwrap();
}

#[test]
fn who_does_not_read_what_it_asked_for_keeps_no_daemon_from_ending() {
    let root = tempfile::TempDir::with_prefix("root-").unwrap();
    let project = root.path().join("projects/-p");
    fs::create_dir_all(&project).unwrap();
    let id = "015937b6-1112-4e12-b9d9-295c89e5b1ba";
    let transcript = project.join(format!("{id}.jsonl"));
    // More than pipe, connection and channel take together.
    fs::write(transcript, "{\"type\":\"summary\"}\n".repeat(1 << 20)).unwrap();
    let home = Home::new(root.path()).unwrap();
    let daemon = home.start().unwrap();
    home.settle().unwrap();
    let mut view = home.command(&built().unwrap().cli);
    view.args(["view", "--raw", id]).stdout(Stdio::piped());
    let mut view = view.spawn().unwrap();
    let mut begun = [0];
    view.stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut begun)
        .unwrap();
    daemon.stop().unwrap();
    view.kill().unwrap();
    view.wait().unwrap();
}

#[test]
fn a_newer_archive_is_refused_untouched() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.stop().unwrap();
    let archive = trial.home.path().join("data/archive/archive.db");
    let mut bytes = fs::read(&archive).unwrap();
    // The user version stands at offset 60 of an SQLite file, most significant byte first.
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    fs::write(&archive, &bytes).unwrap();

    let mut refused = Daemon::spawn(&trial.home).unwrap();
    let ended = refused.wait().unwrap();
    assert_eq!(ended.code(), Some(3), "{ended}");
    let asked = trial.home.sessions(&["list"]).unwrap();
    let words = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(3), "{words}");
    assert!(
        words.contains("hint: install the newest version of Claude Sessions"),
        "{words}"
    );
    let logs = trial.home.bytes(&["daemon", "logs"]).unwrap();
    let logs = String::from_utf8(logs).unwrap();
    assert!(logs.contains("has schema 9999"), "{logs}");
    assert!(
        fs::read(&archive).unwrap() == bytes,
        "the archive was written"
    );
}

#[test]
fn a_missing_root_is_named_until_it_is_there() {
    let parent = tempfile::TempDir::with_prefix("late-").unwrap();
    let root = parent.path().join("claude");
    let home = Home::new(&root).unwrap();
    let daemon = home.start().unwrap();
    let status = home.json(&["status", "--json"]).unwrap();
    let faults = faults_of(&status, "root");
    assert_eq!(faults.len(), 1, "{status}");
    assert!(!faults[0]["hint"].as_str().unwrap().is_empty(), "{status}");
    copy_samples(&root).unwrap();
    wait_for("the root's sessions", Duration::from_secs(30), || {
        let status = home.json(&["status", "--json"])?;
        let is_in = status["sessions"] == 13 && faults_of(&status, "root").is_empty();
        Ok(is_in.then_some(()))
    })
    .unwrap();
    // A sandbox cannot be widened: the client has put another daemon in the place of this one.
    drop(daemon);
    home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_root_that_is_no_directory_is_named() {
    let parent = tempfile::TempDir::with_prefix("file-").unwrap();
    let root = parent.path().join("claude");
    fs::write(&root, "not a directory").unwrap();
    let home = Home::new(&root).unwrap();
    let daemon = home.start().unwrap();
    let status = home.json(&["status", "--json"]).unwrap();
    let faults = faults_of(&status, "root");
    assert_eq!(faults.len(), 1, "{status}");
    let message = faults[0]["message"].as_str().unwrap();
    assert!(message.ends_with("is not a directory"), "{status}");
    assert_eq!(status["roots"][0]["watched_by"], "not a directory");
    daemon.stop().unwrap();
}
