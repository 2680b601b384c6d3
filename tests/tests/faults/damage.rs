//! Damaged files of our own: what is derived mends itself, what is lost from the archive is named.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sessions_tests::tree::{Tree, paths_below};
use sessions_tests::wait_for;

use crate::{Trial, faults_of};

#[test]
fn a_deleted_catalog_and_index_come_back_with_the_same_answers() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.answers();
    let list = trial.home.json(&["list", "--json"]).unwrap();
    daemon.stop().unwrap();
    fs::remove_dir_all(trial.home.path().join("data/derived")).unwrap();

    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    assert_eq!(trial.answers(), before);
    assert_eq!(trial.home.json(&["list", "--json"]).unwrap(), list);
    daemon.stop().unwrap();
}

#[test]
fn a_corrupt_catalog_or_index_is_rebuilt_by_itself() {
    for suffix in [".db", ""] {
        let trial = Trial::of_samples();
        let daemon = trial.home.start().unwrap();
        trial.home.settle().unwrap();
        let before = trial.answers();
        daemon.stop().unwrap();
        let mut spoiled = 0;
        for path in paths_below(&trial.home.path().join("data/derived")).unwrap() {
            let is_catalog = path.to_string_lossy().contains(".db");
            if is_catalog != suffix.is_empty() {
                fs::write(&path, "not what it was\n".repeat(64)).unwrap();
                spoiled += 1;
            }
        }
        assert!(spoiled > 0, "nothing to spoil");

        let daemon = trial.home.start().unwrap();
        trial.home.settle().unwrap();
        assert_eq!(
            trial.answers(),
            before,
            "after {spoiled} files were spoiled"
        );
        daemon.stop().unwrap();
    }
}

#[test]
fn a_catalog_and_index_that_vanish_under_the_daemon_come_back() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.answers();
    fs::remove_dir_all(trial.home.path().join("data/derived")).unwrap();
    // A commit has the index read anew, which is when it is missed.
    let project = trial.root.path().join("projects/-new");
    fs::create_dir_all(&project).unwrap();
    let row = b"{\"type\":\"user\",\"uuid\":\"0\",\"message\":{\"role\":\"user\",\"content\":\"newword\"}}\n";
    fs::write(
        project.join("015937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl"),
        row,
    )
    .unwrap();
    wait_for("the same answers", Duration::from_secs(50), || {
        let asked = trial.home.sessions(&["search", "--json", "newword"])?;
        Ok(asked.status.success().then_some(()))
    })
    .unwrap();
    trial.home.settle().unwrap();
    assert_eq!(trial.answers(), before);
    daemon.stop().unwrap();
}

#[test]
fn who_asks_for_what_is_being_rebuilt_is_told_when_it_is_done() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| trial.home.bytes(&["rebuild"]).unwrap());
        }
    });
    daemon.stop().unwrap();
}

#[test]
fn a_damaged_archive_is_named_and_salvaged() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.home.json(&["list", "--json"]).unwrap();
    daemon.stop().unwrap();
    spoil_a_frame(&trial.home.path().join("data/archive/archive.db"));
    // Without the originals nothing can be taken in again, so what is lost stays lost and must be named.
    fs::remove_dir_all(trial.root.path().join("projects")).unwrap();

    let daemon = trial.home.start().unwrap();
    let verified = trial.home.sessions(&["verify"]).unwrap();
    let words = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(verified.status.code(), Some(3), "{words}");
    assert!(
        words.contains("hint: \"sessions daemon restart\""),
        "{words}"
    );
    daemon.stop().unwrap();

    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    let faults = faults_of(&status, "archive");
    assert_eq!(faults.len(), 1, "{status}");
    assert!(!faults[0]["hint"].as_str().unwrap().is_empty(), "{status}");
    let sessions = before.as_array().unwrap();
    let whole = sessions.iter().filter(|session| reads(&trial, session));
    assert!(
        whole.count() >= 8,
        "one page costs no more than what lay on it"
    );
    assert!(
        faults[0]["hint"].as_str().unwrap().contains("rm '"),
        "{status}"
    );
    let verified = trial.home.sessions(&["verify"]).unwrap();
    let words = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(
        verified.status.code(),
        Some(0),
        "what is known is no news: {words}"
    );
    daemon.stop().unwrap();
}

#[test]
fn a_lost_page_of_the_schema_loses_no_session() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.home.json(&["list", "--json"]).unwrap();
    daemon.stop().unwrap();
    let path = trial.home.path().join("data/archive/archive.db");
    // The first page says where the others are that hold the schema.
    let find = "SELECT max(pageno) FROM dbstat WHERE name = 'sqlite_schema'";
    let page: u64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row(find, [], |row| row.get(0))
        .unwrap();
    assert!(page > 1, "the schema fits one page");
    let mut database = fs::File::options().write(true).open(&path).unwrap();
    database.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
    database.write_all(&[0xa5; 4096]).unwrap();
    fs::remove_dir_all(trial.root.path().join("projects")).unwrap();

    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    let faults = faults_of(&status, "archive");
    assert_eq!(faults.len(), 1, "the page was part of the schema: {status}");
    let after = trial.home.json(&["list", "--json"]).unwrap();
    assert_eq!(
        after.as_array().unwrap().len(),
        before.as_array().unwrap().len()
    );
    trial.home.bytes(&["verify"]).unwrap();
    daemon.stop().unwrap();
}

#[test]
fn an_archive_of_which_nothing_is_left_is_not_called_complete() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.stop().unwrap();
    let database = trial.home.path().join("data/archive/archive.db");
    fs::write(&database, "no database. ".repeat(13_000)).unwrap();
    fs::remove_dir_all(trial.root.path().join("projects")).unwrap();

    let daemon = trial.home.start().unwrap();
    let salvaged = wait_for("a salvage", Duration::from_secs(50), || {
        let status = trial.home.rest()?;
        let is_kept = status.to_string().contains("is kept as");
        Ok(is_kept.then_some(status))
    });
    let status = salvaged.unwrap();
    assert_eq!(status["complete"], false, "{status}");
    let faults = faults_of(&status, "archive");
    let message = faults[0]["message"].as_str().unwrap();
    assert!(message.contains("it held "), "{message}");
    assert!(message.contains("(169 kB)"), "{message}");
    assert!(
        !message.contains("nothing is known to be lost"),
        "{message}"
    );
    let verified = trial.home.sessions(&["verify"]).unwrap();
    let words = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(verified.status.code(), Some(3), "{words}");
    assert!(words.contains("it held "), "{words}");
    let listed = trial.home.sessions(&["list"]).unwrap();
    let words = String::from_utf8_lossy(&listed.stderr).into_owned();
    assert!(!words.contains("is archived yet"), "{words}");
    assert!(words.contains("it held "), "{words}");
    daemon.stop().unwrap();
}

fn reads(trial: &Trial, session: &Value) -> bool {
    let id = session["id"].as_str().unwrap();
    let read = trial.home.sessions(&["view", id, "--raw"]).unwrap();
    read.status.success()
}

/// Overwrites one page in the middle of a database.
fn spoil_a_frame(database: &Path) {
    let mut file = fs::File::options().write(true).open(database).unwrap();
    // What was written last are bytes of sources.
    let place = file.metadata().unwrap().len() / 4 * 3 / 4096 * 4096;
    file.seek(SeekFrom::Start(place)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
}

#[test]
fn deleted_originals_stay_readable() {
    let trial = Trial::of_samples();
    let tree = Tree::read(trial.root.path()).unwrap();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    fs::remove_dir_all(trial.root.path()).unwrap();
    trial.home.rest().unwrap();
    let differences = trial.home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    fs::create_dir_all(trial.root.path()).unwrap();
    daemon.stop().unwrap();
}
