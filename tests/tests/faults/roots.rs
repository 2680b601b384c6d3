//! Which directories are config roots: who may name them, and how one is taken back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use sessions_tests::binaries::built;
use sessions_tests::corpus::copy_samples;

use crate::{Trial, faults_of};

fn watched_by(status: &Value, root: &Path) -> Option<String> {
    let mut roots = status["roots"].as_array().unwrap().iter();
    let root = roots.find(|found| found["path"] == root.to_str().unwrap())?;
    Some(root["watched_by"].as_str().unwrap().to_owned())
}

#[test]
fn what_cannot_be_a_root_is_refused_with_the_reason_and_not_noted() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    let check = |root: &Path, expect: &str| {
        let refused = trial
            .home
            .sessions(&["--root", root.to_str().unwrap(), "status"])
            .unwrap();
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{words}");
        assert!(words.contains("cannot be a config root: "), "{words}");
        assert!(words.contains(expect), "{words}");
        assert!(words.contains("hint: a config root is"), "{words}");
    };
    let home = trial.home.path();
    check(Path::new("/"), "it is the whole file system");
    check(home, "it is your home directory");
    check(home.parent().unwrap(), "it holds your home directory");
    check(&home.join("data"), "where Claude Sessions keeps its own");
    let status = trial.home.settle().unwrap();
    assert_eq!(status["roots"].as_array().unwrap().len(), 1, "{status}");
    daemon.stop().unwrap();

    // Set, it is a fault, and the rest goes on.
    trial.home.configure("roots = [\"/\"]\n").unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(faults_of(&status, "config").len(), 1, "{status}");
    assert_eq!(status["roots"].as_array().unwrap().len(), 1, "{status}");
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_root_that_is_forgotten_is_watched_no_longer_and_keeps_what_was_archived() {
    let trial = Trial::of_samples();
    let second = tempfile::TempDir::with_prefix("second-").unwrap();
    copy_samples(second.path()).unwrap();
    let transcript = second
        .path()
        .join("projects/-src-x/11111111-1112-4e12-b9d9-295c89e5b1ba.jsonl");
    fs::create_dir_all(transcript.parent().unwrap()).unwrap();
    let row = "{\"type\":\"user\",\"uuid\":\"7\",\"message\":{\"role\":\"user\",\"content\":\"secondroot\"}}\n";
    fs::write(&transcript, row).unwrap();
    let path = second.path().to_str().unwrap();
    trial
        .home
        .bytes(&["--root", path, "daemon", "start", "--wait"])
        .unwrap();
    assert_eq!(trial.home.search("secondroot").unwrap()["total"], 1);
    let status = trial.home.settle().unwrap();
    assert!(watched_by(&status, second.path()).is_some(), "{status}");

    let said = trial.home.bytes(&["daemon", "forget", path]).unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("is watched no longer"), "{said}");
    trial.home.bytes(&["daemon", "restart"]).unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(watched_by(&status, second.path()), None, "{status}");
    assert_eq!(status["faults"].as_array().unwrap().len(), 0, "{status}");
    assert_eq!(trial.home.search("secondroot").unwrap()["total"], 1);

    let again = trial.home.sessions(&["daemon", "forget", path]).unwrap();
    assert_eq!(again.status.code(), Some(1));
    let own = trial.home.config_root().to_str().unwrap();
    let own = trial.home.sessions(&["daemon", "forget", own]).unwrap();
    assert_eq!(own.status.code(), Some(2));
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

/// Runs the CLI with another config root in its environment.
fn seeing(trial: &Trial, root: &Path, args: &[&str]) -> Output {
    let mut command = trial.home.command(&built().unwrap().cli);
    command.env("CLAUDE_CONFIG_DIR", root).args(args);
    command.output().unwrap()
}

#[test]
fn one_directory_is_one_root_whichever_links_lead_there() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    let before = trial.home.settle().unwrap();
    let link = trial.home.path().join("link");
    symlink(trial.root.path(), &link).unwrap();
    let listed = seeing(&trial, &link, &["list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(status["roots"], before["roots"], "{status}");
    assert_eq!(status["archived"], before["archived"], "{status}");
    let named = trial
        .home
        .listed(&["--root", link.to_str().unwrap()])
        .unwrap();
    assert_eq!(Some(&named), listed.as_array());
    assert!(!named.is_empty());
    daemon.stop().unwrap();
}

#[test]
fn a_config_dir_that_is_none_is_said_and_the_others_are_answered_from() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let file = trial.home.path().join("file");
    fs::write(&file, "").unwrap();
    let missing = trial.home.path().join("missing");
    let check = |root: &Path, why: &str| {
        let listed = seeing(&trial, root, &["list", "--json"]);
        let said = String::from_utf8_lossy(&listed.stderr).into_owned();
        assert!(listed.status.success(), "{said}");
        assert!(said.starts_with("note: CLAUDE_CONFIG_DIR names no config root: "));
        assert!(said.contains(why), "{said}");
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert!(!listed.as_array().unwrap().is_empty());
        let looked = seeing(&trial, root, &["doctor"]);
        let said = String::from_utf8_lossy(&looked.stdout).into_owned();
        assert!(said.contains("WRONG  CLAUDE_CONFIG_DIR: "), "{said}");
    };
    check(&missing, "there is no config root");
    check(&file, "is not a directory");
    let listed = trial.home.sessions(&["list"]).unwrap();
    assert!(listed.stderr.is_empty(), "{listed:?}");
    daemon.stop().unwrap();
}

#[test]
fn an_excluded_root_is_shown_as_such() {
    let trial = Trial::of_samples();
    let root = trial.root.path();
    let exclude = format!("exclude_roots = [{:?}]\n", root.to_str().unwrap());
    trial.home.configure(&exclude).unwrap();
    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(watched_by(&status, root).as_deref(), Some("excluded"));
    daemon.stop().unwrap();
}
