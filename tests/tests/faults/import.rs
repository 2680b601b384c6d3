//! The first import: killed, or raced by the client's own sweep.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sessions_tests::client::{Client, Config, installed};
use sessions_tests::corpus::Corpus;
use sessions_tests::mock::{Mock, gate, say, text};
use sessions_tests::tree::{Tree, copy, paths_below};
use sessions_tests::{Home, wait_for};

use crate::Trial;

#[test]
fn an_import_that_was_killed_goes_on_where_it_was() {
    let corpus = Corpus::write("60M", 12).unwrap();
    let home = Home::new(&corpus.root()).unwrap();
    let daemon = home.start().unwrap();
    let archived = |least: u64| {
        wait_for("the import", Duration::from_mins(1), || {
            let status = home.json(&["status", "--json"])?;
            let progress = &status["progress"];
            let done = progress["bytes_archived"].as_u64().unwrap_or(0);
            Ok((done > least).then(|| (done, progress["bytes_total"].as_u64())))
        })
    };
    let (before, total) = archived(0).unwrap();
    daemon.kill().unwrap();
    let total = total.unwrap();
    assert!(before < total, "the import was over too soon to be killed");

    let daemon = home.start().unwrap();
    let status = home.settle().unwrap();
    assert!(status["faults"].as_array().unwrap().is_empty(), "{status}");
    let tree = Tree::read(&corpus.root()).unwrap();
    let differences = home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    let first = &corpus.needles[0];
    let found = home.search(&format!("\"{}\"", first.phrase)).unwrap();
    assert_eq!(found["total"], 1, "{found}");
    daemon.stop().unwrap();
}

#[test]
fn thousands_of_sessions_are_listed_in_a_sandbox_that_allows_no_temporary_file() {
    const SESSIONS: usize = 3_000;
    let roots = tempfile::tempdir().unwrap();
    let root = roots.path().join("claude");
    let folder = root.join("projects/-src");
    fs::create_dir_all(&folder).unwrap();
    // Long enough that the list, sorted, is more than is kept in memory without being told so.
    let words = "検索できるように長い質問".repeat(50);
    for number in 0..SESSIONS {
        let row = serde_json::json!({
            "type": "user", "uuid": format!("u{number}"), "cwd": "/src",
            "timestamp": "2026-05-14T12:00:00.000Z",
            "message": {"role": "user", "content": format!("{number} {words}")},
        });
        fs::write(
            folder.join(format!("{number:08}.jsonl")),
            format!("{row}\n"),
        )
        .unwrap();
    }
    let home = Home::new(&root).unwrap();
    let daemon = home.start().unwrap();
    let status = home.settle().unwrap();
    assert!(status["faults"].as_array().unwrap().is_empty(), "{status}");
    let list = home.json(&["list", "--json", "--limit", "10000"]).unwrap();
    assert_eq!(list.as_array().unwrap().len(), SESSIONS);
    daemon.stop().unwrap();
}

#[test]
fn a_list_during_the_first_import_says_what_it_waits_for() {
    let trial = Trial::of_samples();
    // No disk has so much room: everything is archived, and nothing indexed.
    trial.home.configure("min_free_mb = 1000000000\n").unwrap();
    let daemon = trial.home.start().unwrap();
    for args in [&["list"][..], &["list", "--json"]] {
        let output = trial.home.sessions(args).unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            words.contains("note: the list may not be complete: "),
            "{words}"
        );
        let is_going_on = ["importing: ", "looking at what there is"];
        assert!(
            is_going_on.iter().any(|said| words.contains(said)),
            "{words}"
        );
    }
    daemon.stop().unwrap();
}

#[test]
fn what_is_archived_on_a_disk_too_full_to_index_it_is_listed_and_read() {
    let trial = Trial::of_samples();
    trial.home.configure("min_free_mb = 1000000000\n").unwrap();
    let daemon = trial.home.start().unwrap();
    let transcripts = paths_below(&trial.root.path().join("projects")).unwrap();
    let is_main = |path: &&PathBuf| {
        let folders = path.strip_prefix(trial.root.path()).unwrap().components();
        let name = path.file_name().unwrap().to_string_lossy();
        folders.count() == 3 && name.ends_with(".jsonl") && !name.starts_with("agent-")
    };
    let transcripts: Vec<PathBuf> = transcripts.iter().filter(is_main).cloned().collect();
    let listed = wait_for("a list", Duration::from_secs(30), || {
        let listed = trial.home.listed(&[])?;
        Ok((listed.len() == transcripts.len()).then_some(listed))
    })
    .unwrap();
    for transcript in &transcripts {
        let id = transcript.file_stem().unwrap().to_str().unwrap();
        assert!(listed.iter().any(|session| session["id"] == id), "{id}");
        let raw = trial.home.bytes(&["view", id, "--raw"]).unwrap();
        assert_eq!(raw, fs::read(transcript).unwrap(), "{id}");
        let entries = trial.home.json(&["view", id, "--json"]).unwrap();
        assert!(!entries.as_array().unwrap().is_empty(), "{id}");
    }
    let output = trial.home.sessions(&["list"]).unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("indexing waits: fewer than"), "{words}");
    daemon.stop().unwrap();
}

#[test]
fn a_start_that_waits_returns_when_everything_is_searchable() {
    let corpus = Corpus::write("10M", 12).unwrap();
    let home = Home::new(&corpus.root()).unwrap();
    home.bytes(&["daemon", "start", "--wait"]).unwrap();
    let status = home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["complete"], true, "{status}");
    assert!(status["progress"].is_null(), "{status}");
    for needle in &corpus.needles {
        let found = home.search(&format!("\"{}\"", needle.phrase)).unwrap();
        assert_ne!(found["total"], 0, "{found}");
    }
    home.bytes(&["daemon", "stop"]).unwrap();
}

#[test]
fn a_start_that_waits_does_not_take_what_was_not_looked_at_for_nothing() {
    // Nothing that is found is known before the roots were listed: at no time may that pass for all done.
    for _ in 0..5 {
        let trial = Trial::of_samples();
        trial.home.bytes(&["daemon", "start", "--wait"]).unwrap();
        let status = trial.home.json(&["status", "--json"]).unwrap();
        trial.home.bytes(&["daemon", "stop"]).unwrap();
        assert_eq!(status["sessions"], 13, "{status}");
    }
}

/// A prompt of one word.
const ROW: &str = r#"{"type":"user","uuid":"WORD","message":{"role":"user","content":"WORD"}}"#;

#[test]
fn a_root_that_is_polled_is_archived_from_end_to_end() {
    let trial = Trial::of_samples();
    trial.home.configure("watch = \"polling\"\n").unwrap();
    trial.home.bytes(&["daemon", "start", "--wait"]).unwrap();
    let status = trial.home.json(&["status", "--json"]).unwrap();
    let watched_by = status["roots"][0]["watched_by"].as_str().unwrap();
    assert!(watched_by.starts_with("polling"), "{status}");
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains("is polled"), "{status}");
    let folder = trial.root.path().join("projects/-src-polled");
    fs::create_dir_all(&folder).unwrap();
    let transcript = folder.join("33333333-1112-4e12-b9d9-295c89e5b1ba.jsonl");
    let mut rows = String::new();
    for word in ["firstlook", "secondlook"] {
        rows += &ROW.replace("WORD", word);
        rows.push('\n');
        fs::write(&transcript, &rows).unwrap();
        wait_for("what was written", Duration::from_secs(30), || {
            Ok((trial.home.search(word)?["total"] == 1).then_some(()))
        })
        .unwrap();
    }
    let tree = Tree::read(trial.root.path()).unwrap();
    let differences = trial.home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    // The settings are heeded at once, however the roots are watched.
    trial.home.configure("").unwrap();
    let status = trial.home.settle().unwrap();
    assert_eq!(status["roots"][0]["watched_by"], "events", "{status}");
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

/// Days after which the client removes a transcript, and some more.
const AGE: Duration = Duration::from_hours(40 * 24);

/// The client removes what was not used for thirty days, five seconds after it starts.
#[test]
fn a_sweep_in_the_middle_of_the_first_import_loses_nothing() {
    let config = Config::new().unwrap();
    let corpus = Corpus::write("60M", 12).unwrap();
    copy(&corpus.root(), &config.root()).unwrap();
    let swept = grow_old(&config.root().join("projects"));
    let tree = Tree::read(&config.root()).unwrap();

    let mock = Mock::start().unwrap();
    let client = Client {
        executable: installed().unwrap(),
        config: &config,
        api: mock.url(),
    };
    let directory = config.directory("sweep").unwrap();
    let prompt = mock.prompt("Wait for the sweep", [say([gate("swept"), text("swept")])]);
    let home = Home::new(&config.root()).unwrap();
    let daemon = home.start().unwrap();
    let run = client.start(&directory, &prompt, &[]).unwrap();
    wait_for("the client's sweep", Duration::from_mins(1), || {
        Ok(swept.iter().all(|path| !path.exists()).then_some(()))
    })
    .unwrap();
    mock.open("swept");
    assert!(run.wait().unwrap().status.success());

    home.settle().unwrap();
    let differences = home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    let list = home.json(&["list", "--json", "--limit", "1000"]).unwrap();
    let list = list.as_array().unwrap();
    for path in swept
        .iter()
        .filter(|path| path.with_extension("jsonl") == **path)
    {
        let id = path.file_stem().unwrap().to_str().unwrap();
        // Where it had files of history, these stay.
        if let Some(session) = list.iter().find(|session| session["id"] == id) {
            assert_ne!(session["on_disk"], "whole", "{session}");
        }
    }
    let swept_now = list.iter().filter(|session| session["on_disk"] != "whole");
    assert!(swept_now.count() > 2, "{list:?}");
    daemon.stop().unwrap();
}

/// Makes every fourth session older than the client keeps; returns their files.
fn grow_old(projects: &Path) -> Vec<std::path::PathBuf> {
    let mut transcripts = paths_below(projects).unwrap();
    transcripts.retain(|path| {
        let depth = path.strip_prefix(projects).unwrap().components().count();
        depth == 2
            && path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
    });
    let mut old: Vec<_> = transcripts.into_iter().step_by(4).collect();
    assert!(old.len() > 2, "{old:?}");
    let folders = old.iter().map(|transcript| transcript.with_extension(""));
    let folders: Vec<_> = folders.filter(|folder| folder.is_dir()).collect();
    old.extend(
        folders
            .iter()
            .flat_map(|folder| paths_below(folder).unwrap()),
    );
    for path in &old {
        make_old(path);
    }
    old
}

fn make_old(path: &Path) {
    let written = fs::metadata(path).unwrap().modified().unwrap();
    let old: SystemTime = written - AGE;
    fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(old)
        .unwrap();
}
