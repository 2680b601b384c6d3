//! `restore`: what the disk lost comes back byte for byte, and is no news to the archive.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sessions_tests::tree::Tree;
use sessions_tests::wait_for;

use crate::{FLAKY, PARSER, Samples};

/// How long the daemon may take to see what changed on disk.
const SEEN_MAX: Duration = Duration::from_secs(20);

/// The files of a session, below `root`.
fn files_of(root: &Path, session: &str) -> Tree {
    let mut tree = Tree::read(root).unwrap();
    tree.files.retain(|path, _| path.contains(session));
    tree
}

fn sources(samples: &Samples, session: &str) -> Vec<Value> {
    let listed = samples.home.json(&["view", "--sources", "--json", session]);
    listed.unwrap().as_array().unwrap().clone()
}

fn wait_until_gone(samples: &Samples, session: &str, is_gone: bool) -> Vec<Value> {
    wait_for("what changed on disk", SEEN_MAX, || {
        let found = sources(samples, session);
        let is_so = found.iter().all(|source| source["gone"] == is_gone);
        Ok(is_so.then_some(found))
    })
    .unwrap()
}

fn remove(root: &Path, tree: &Tree) {
    for path in tree.files.keys() {
        fs::remove_file(root.join(path)).unwrap();
    }
}

#[test]
fn what_was_deleted_comes_back_and_is_archived_once() {
    let samples = Samples::archived();
    let root = samples.home.config_root();
    let before = files_of(root, PARSER);
    let lives = sources(&samples, PARSER);
    remove(root, &before);
    wait_until_gone(&samples, PARSER, true);

    let lost = samples.home.json(&["lost", "--json"]).unwrap();
    let ids = lost["restorable"].as_array().unwrap().iter();
    assert!(
        ids.map(|session| &session["id"]).any(|id| id == PARSER),
        "{lost}"
    );
    assert_eq!(lost["sweeps"][0]["kept_days"], 30, "{lost}");

    let elsewhere = samples.home.path().join("elsewhere");
    let to = ["restore", PARSER, "--to", elsewhere.to_str().unwrap()];
    samples.home.bytes(&to).unwrap();
    assert_eq!(files_of(&elsewhere, PARSER), before);
    assert!(files_of(root, PARSER).files.is_empty());

    let said = samples.home.bytes(&["restore", PARSER]).unwrap();
    let said = String::from_utf8(said).unwrap();
    let count = before.files.len();
    assert!(
        said.starts_with(&format!("restored {count} file")),
        "{said}"
    );
    assert_eq!(files_of(root, PARSER), before);
    // What is there again goes on where it was: no file has begun another life.
    assert_eq!(wait_until_gone(&samples, PARSER, false), lives);
    samples.daemon.stop().unwrap();
}

#[test]
fn what_is_there_or_open_is_left_as_it_is() {
    let samples = Samples::archived();
    let root = samples.home.config_root();
    let before = files_of(root, PARSER);
    let name = format!("/{PARSER}.jsonl");
    let mut paths = before.files.keys();
    let transcript = paths.find(|path| path.ends_with(&name)).unwrap();
    fs::write(root.join(transcript), "{}\n").unwrap();
    let said = String::from_utf8(samples.home.bytes(&["restore", PARSER]).unwrap()).unwrap();
    assert!(said.contains("3 B there"), "{said}");
    assert_eq!(fs::read(root.join(transcript)).unwrap(), b"{}\n");

    // What the file was before is joined with what it is: a row that hangs on one of those that went.
    let rows = String::from_utf8_lossy(&before.files[transcript]).into_owned();
    let mut rows = rows
        .lines()
        .rev()
        .map(|row| serde_json::from_str::<Value>(row).unwrap());
    let last = rows.find_map(|row| row["uuid"].as_str().map(str::to_owned));
    let message = json!({"role": "user", "content": "afterwards"});
    let row =
        json!({"type": "user", "uuid": "f0", "parentUuid": last.unwrap(), "message": message});
    let row = row.to_string();
    fs::write(root.join(transcript), format!("{row}\n")).unwrap();
    wait_for("the stump in the archive", SEEN_MAX, || {
        let raw = samples.home.bytes(&["view", PARSER, "--raw"])?;
        Ok(raw.starts_with(row.as_bytes()).then_some(()))
    })
    .unwrap();
    let said = samples
        .home
        .bytes(&["restore", PARSER, "--as-new"])
        .unwrap();
    let said = String::from_utf8(said).unwrap();
    let joined = said.split_whitespace().last().unwrap();
    let tree = files_of(root, joined);
    let name = format!("/{joined}.jsonl");
    let (_, bytes) = tree
        .files
        .iter()
        .find(|(path, _)| path.ends_with(&name))
        .unwrap();
    let text = String::from_utf8_lossy(bytes);
    assert!(
        text.contains("afterwards") && text.contains("drops the last character"),
        "{text}"
    );

    // This test stands for a client that runs.
    let pid = std::process::id();
    let folder = root.join("sessions");
    fs::create_dir_all(&folder).unwrap();
    let entry = json!({"pid": pid, "sessionId": PARSER, "cwd": "/"});
    fs::write(folder.join(format!("{pid}.json")), entry.to_string()).unwrap();
    let said = samples.check_exit(&["restore", PARSER], 2);
    assert!(said.contains(&format!("process {pid}")), "{said}");
    samples.daemon.stop().unwrap();
}

#[test]
fn everything_that_went_by_itself_comes_back_and_what_was_purged_does_not() {
    let samples = Samples::archived();
    let root = samples.home.config_root();
    let prompts = |ids: &[&str]| {
        let line = |id: &&str| json!({"display": "x", "timestamp": 4_000_000_000_000_u64, "project": format!("/src/{id}"), "sessionId": id});
        let lines: Vec<String> = ids.iter().map(|id| format!("{}\n", line(id))).collect();
        let lines = lines.concat();
        fs::write(root.join("history.new"), &lines).unwrap();
        fs::rename(root.join("history.new"), root.join("history.jsonl")).unwrap();
        wait_for("the history in the archive", SEEN_MAX, || {
            let args = ["view", "--source", "history.jsonl", "--raw"];
            let archived = samples.home.sessions(&args)?;
            Ok((archived.stdout == lines.as_bytes()).then_some(()))
        })
        .unwrap();
    };
    prompts(&[PARSER, FLAKY]);
    prompts(&[PARSER]);
    let [kept, purged] = [PARSER, FLAKY].map(|session| files_of(root, session));
    for (session, tree) in [(PARSER, &kept), (FLAKY, &purged)] {
        remove(root, tree);
        wait_until_gone(&samples, session, true);
    }

    let asked = samples
        .home
        .sessions(&["restore", "--all-missing"])
        .unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    let count = kept.files.len();
    let said = String::from_utf8(asked.stderr).unwrap();
    assert!(
        said.contains(&format!("{count} files of 1 session")),
        "{said}"
    );
    assert!(files_of(root, PARSER).files.is_empty(), "nobody agreed");

    let yes = ["restore", "--all-missing", "--yes"];
    let said = String::from_utf8(samples.home.bytes(&yes).unwrap()).unwrap();
    assert!(
        said.starts_with(&format!("restored {count} files, ")),
        "{said}"
    );
    assert!(said.contains("left 1 session that Claude Code was told to forget"));
    assert_eq!(files_of(root, PARSER), kept);
    assert!(files_of(root, FLAKY).files.is_empty());
    wait_until_gone(&samples, PARSER, false);
    let said = String::from_utf8(samples.home.bytes(&yes).unwrap()).unwrap();
    assert!(said.starts_with("nothing was put back"), "{said}");

    // As the client's purge of everything does.
    remove(root, &kept);
    fs::remove_file(root.join("history.jsonl")).unwrap();
    wait_until_gone(&samples, PARSER, true);
    let said = String::from_utf8(samples.home.bytes(&yes).unwrap()).unwrap();
    assert!(said.starts_with("nothing was put back"), "{said}");
    assert!(said.contains("left 2 sessions that"), "{said}");
    samples
        .home
        .bytes(&[&yes[..], &["--forgotten"]].concat())
        .unwrap();
    assert_eq!(files_of(root, PARSER), kept);
    assert_eq!(files_of(root, FLAKY), purged);
    samples.daemon.stop().unwrap();
}

#[test]
fn all_of_a_root_comes_back_but_where_a_place_is_taken() {
    let samples = Samples::archived();
    let root = samples.home.config_root();
    let sessions = || files_of(root, "projects/");
    let before = sessions();
    fs::remove_dir_all(root).unwrap();
    // A file stands where a project's folder was.
    let taken = "projects/-src-lantern";
    fs::create_dir_all(root.join("projects")).unwrap();
    fs::write(root.join(taken), "").unwrap();
    let elsewhere = |mut tree: Tree| {
        tree.files.retain(|path, _| !path.starts_with(taken));
        tree
    };
    let others = elsewhere(before.clone());
    assert!(!others.files.is_empty() && others != before);
    let yes = ["restore", "--all-missing", "--yes"];
    wait_for("what is gone, to be seen and put back", SEEN_MAX, || {
        let said = samples.home.sessions(&yes)?;
        let is_all = elsewhere(sessions()) == others;
        if is_all {
            let error = String::from_utf8_lossy(&said.stderr);
            assert_eq!(said.status.code(), Some(3), "{error}");
            assert!(error.contains("Not a directory"), "{error}");
        }
        Ok(is_all.then_some(()))
    })
    .unwrap();

    // The daemon says nothing yet of a root that is gone as a whole, nor of one that came back a moment ago.
    fs::remove_dir_all(root).unwrap();
    wait_for("the root to be missed", SEEN_MAX, || {
        let status = samples.home.json(&["status", "--json"])?;
        Ok((status["roots"][0]["watched_by"] == "missing").then_some(()))
    })
    .unwrap();
    samples.home.bytes(&["restore", PARSER]).unwrap();
    let said = samples.home.bytes(&yes).unwrap();
    assert!(said.starts_with(b"restored"), "{said:?}");
    assert_eq!(sessions(), before);
    // A root made anew may have the daemon start itself anew.
    samples.home.bytes(&["daemon", "stop"]).unwrap();
}
