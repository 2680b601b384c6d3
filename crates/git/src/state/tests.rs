//! Repositories in every state, and one that sets traps.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::trial::{Repository, git};

#[test]
fn commit_branch_and_difference_are_read() {
    let repository = Repository::committed();
    let head = String::from_utf8(repository.git(&["rev-parse", "HEAD"])).unwrap();
    let clean = GitState {
        head: head.trim().to_owned(),
        branch: Some("main".to_owned()),
        ..GitState::default()
    };
    assert_eq!(repository.state(), clean);
    repository.write("a.txt", b"one\nTWO\n");
    repository.write("staged.bin", &[0, 159, 146, 150, 0, 1]);
    repository.git(&["add", "staged.bin"]);
    let state = repository.state();
    assert!(state.is_dirty && !state.is_too_long);
    // It says all that changed: applied to the commit, it gives the same files.
    repository.write(".git/kept.diff", &state.diff);
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(
        repository.state(),
        GitState {
            branch: None,
            ..clean
        }
    );
    repository.git(&["apply", ".git/kept.diff"]);
    let read = |name: &str| fs::read(repository.path().join(name)).unwrap();
    assert_eq!(read("a.txt"), b"one\nTWO\n");
    assert_eq!(read("staged.bin"), [0, 159, 146, 150, 0, 1]);
}

#[test]
fn a_file_that_is_not_tracked_makes_it_dirty_without_a_difference() {
    let repository = Repository::committed();
    repository.write("new.txt", b"x");
    let state = repository.state();
    assert!(state.is_dirty);
    assert_eq!(state.diff, b"");
}

#[test]
fn before_the_first_commit_there_is_a_branch_alone() {
    let repository = Repository::new();
    repository.write("a.txt", b"x");
    repository.git(&["add", "."]);
    let expect = GitState {
        branch: Some("main".to_owned()),
        is_dirty: true,
        ..GitState::default()
    };
    assert_eq!(repository.state(), expect);
}

#[test]
fn where_there_is_no_repository_there_is_no_state() {
    let plain = tempfile::tempdir().unwrap();
    assert_eq!(git().state(plain.path()), None);
    assert_eq!(git().state(&plain.path().join("gone")), None);
    let without = Git::new([("PATH".into(), plain.path().into())].into_iter());
    assert_eq!(without.state(Repository::committed().path()), None);
}

#[test]
fn a_difference_that_is_too_long_is_left_out_whole() {
    let repository = Repository::committed();
    let long = "a line that differs\n".repeat(GitState::DIFF_BYTES_MAX / 16);
    repository.write("a.txt", long.as_bytes());
    let state = repository.state();
    assert!(state.is_dirty && state.is_too_long);
    assert_eq!(state.diff, b"");
}

#[test]
fn nothing_that_a_repository_names_is_run_and_nothing_is_written() {
    let repository = Repository::committed();
    let trap = repository.path().join(".git/trap");
    fs::write(&trap, "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\n").unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o700)).unwrap();
    let trap = trap.to_str().unwrap();
    let settings = [
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.trap.textconv",
        "diff.trap.command",
    ];
    for setting in settings {
        repository.git(&["config", setting, trap]);
    }
    repository.git(&["config", "core.hooksPath", ".git"]);
    repository.git(&["config", "diff.noprefix", "true"]);
    repository.write(".gitattributes", b"*.txt diff=trap\n");
    repository.write("a.txt", b"changed\n");
    // Setting it up sprang it already, which is not what is asked about.
    drop(fs::remove_file(repository.path().join(".git/sprung")));
    let index = fs::metadata(repository.path().join(".git/index")).unwrap();
    let state = repository.state();
    let diff = String::from_utf8(state.diff).unwrap();
    assert!(
        diff.contains("+++ b/a.txt\n") && diff.contains("+changed"),
        "{diff}"
    );
    assert!(!repository.path().join(".git/sprung").exists());
    let after = fs::metadata(repository.path().join(".git/index")).unwrap();
    assert_eq!(after.modified().unwrap(), index.modified().unwrap());
}

#[test]
fn who_takes_too_long_is_ended() {
    let repository = Repository::committed();
    let hurried = git().with_patience(Duration::ZERO);
    assert_eq!(hurried.state(repository.path()), None);
    let running = git().start(repository.path(), &["hash-object", "--stdin"]);
    let output = running
        .unwrap()
        .output(0, Instant::now() + Duration::from_mins(1));
    // What it prints is more than nothing.
    assert_eq!(output.unwrap_err().kind(), ErrorKind::FileTooLarge);
}
