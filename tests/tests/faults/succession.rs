//! Who takes the daemon's place, and who does not: it died, or the user wants the daemon to end.

use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sessions_tests::binaries::built;
use sessions_tests::{Daemon, Home, wait_for};

use crate::{Trial, faults_of, log_has};

/// How long a process may take to notice something.
const NOTICE_MAX: Duration = Duration::from_secs(30);

/// Returns the process that waits to take the place of `daemon`.
fn successor_of(daemon: u32) -> u32 {
    let waits = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.ends_with(b"\0--succeed\0") && parent_of(*pid) == Some(daemon)
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    pids.find(waits).expect("each daemon has a successor")
}

fn parent_of(pid: u32) -> Option<u32> {
    // After the name, which may hold anything: the state, then the parent (proc(5)).
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Tells whether a process runs; one that nobody reaps does not.
fn runs(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[test]
#[cfg(target_os = "linux")]
fn a_successor_that_died_is_said_and_an_exclude_ends_the_daemon_all_the_same() {
    let trial = Trial::of_samples();
    let mut daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    assert!(faults_of(&status, "daemon").is_empty(), "{status}");
    let successor = successor_of(daemon.pid());
    let pid = Pid::from_raw(successor.cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    wait_for("the successor to be reaped", NOTICE_MAX, || {
        Ok((parent_of(successor) != Some(daemon.pid())).then_some(()))
    })
    .unwrap();
    let status = trial.home.json(&["status", "--json"]).unwrap();
    let faults = faults_of(&status, "daemon");
    assert_eq!(faults.len(), 1, "{status}");
    assert_eq!(faults[0]["hint"], "run \"sessions daemon restart\"");

    let exclude = "exclude = [\"projects/-src-ledger/**\"]\n";
    trial.home.configure(exclude).unwrap();
    assert!(daemon.wait().unwrap().success());
    let status = trial.home.settle().unwrap();
    assert!(faults_of(&status, "daemon").is_empty(), "{status}");
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

/// Makes a transcript that a reader can be in the middle of for as long as it likes.
fn long_session(trial: &Trial) -> &'static str {
    let id = "015937b6-1112-4e12-b9d9-295c89e5b1ba";
    let project = trial.root.path().join("projects/-p");
    fs::create_dir_all(&project).unwrap();
    // More than pipe, connection and channel take together.
    let rows = "{\"type\":\"summary\"}\n".repeat(1 << 20);
    fs::write(project.join(format!("{id}.jsonl")), rows).unwrap();
    id
}

/// Begins to read a session, and goes no further.
fn begin_reading(home: &Home, id: &str) -> Child {
    let mut view = home.command(&built().unwrap().cli);
    view.args(["view", "--raw", id]).stdout(Stdio::piped());
    let mut view = view.spawn().unwrap();
    let mut begun = [0];
    let output = view.stdout.as_mut().unwrap();
    output.read_exact(&mut begun).unwrap();
    view
}

/// Has a daemon give way while it drains for a reader's sake, has it told to end, and sees that it has no
/// successor.
fn check_stop(stop: impl FnOnce(&Home, Daemon)) {
    let trial = Trial::of_samples();
    let id = long_session(&trial);
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let (pid, successor) = (daemon.pid(), successor_of(daemon.pid()));
    let mut view = begin_reading(&trial.home, id);
    trial.home.configure("min_free_mb = 3\n").unwrap();
    wait_for("the daemon to give way", NOTICE_MAX, || {
        Ok(log_has(&trial.home, "ending, to be started anew").then_some(()))
    })
    .unwrap();
    stop(&trial.home, daemon);
    wait_for("the successor's end", NOTICE_MAX, || {
        Ok((!runs(successor)).then_some(()))
    })
    .unwrap();
    let lock = trial.home.path().join("data/sessionsd.lock");
    assert_eq!(fs::read_to_string(lock).unwrap().trim(), pid.to_string());
    view.kill().unwrap();
    view.wait().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_stop_wins_over_a_successor_that_was_called() {
    check_stop(|_, daemon| daemon.stop().unwrap());
    check_stop(|home, mut daemon| {
        let said = home.bytes(&["daemon", "stop"]).unwrap();
        assert_eq!(said, b"the daemon has ended\n");
        assert!(daemon.wait().unwrap().success());
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_stop_wins_between_two_daemons() {
    let trial = Trial::of_samples();
    let mut daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let successor = successor_of(daemon.pid());
    trial.home.configure("min_free_mb = 3\n").unwrap();
    assert!(daemon.wait().unwrap().success());
    let said = trial.home.bytes(&["daemon", "stop"]).unwrap();
    assert_eq!(said, b"the daemon has ended\n");
    assert!(!runs(successor));
    // It may have come as far as the lock, or further, before it was ended; nobody holds that now.
    let lock = fs::File::open(trial.home.path().join("data/sessionsd.lock")).unwrap();
    lock.try_lock().unwrap();
}
