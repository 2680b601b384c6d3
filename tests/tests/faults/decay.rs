//! A disk that changes bytes: what is on disk elsewhere is put back, the rest is named, and nothing sound is
//! withheld for it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use sessions_tests::tree::Tree;
use sessions_tests::wait_for;

use crate::{Trial, faults_of};

/// Archives the samples, then flips a byte in the first frame of a session's transcript.
fn decayed() -> (Trial, PathBuf) {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.stop().unwrap();
    let path = flip_byte(&trial.home.path().join("data/archive/archive.db"));
    let transcript = trial.root.path().join(path);
    assert!(transcript.exists(), "{}", transcript.display());
    (trial, transcript)
}

/// Changes one byte of a transcript's largest frame, past `SQLite`'s back; returns its source's path.
fn flip_byte(database: &Path) -> String {
    let connection = Connection::open(database).unwrap();
    let (path, data): (String, Vec<u8>) = connection
        .query_row(
            "SELECT s.path, b.data FROM blobs b JOIN segments g ON g.blob = b.id \
             JOIN generations n ON n.id = g.generation JOIN sources s ON s.id = n.source \
             WHERE s.kind = 1 ORDER BY length(b.data) DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    drop(connection);
    let mut file = fs::read(database).unwrap();
    let middle = &data[data.len() / 2..data.len() / 2 + 32];
    let found = file.windows(32).position(|window| window == middle);
    let at = found.expect("the frame lies in the file as it is");
    file[at + 16] ^= 1;
    fs::write(database, file).unwrap();
    path
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn id_of(transcript: &Path) -> String {
    transcript
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

#[test]
fn bytes_that_decayed_are_put_back_from_their_file() {
    let (trial, transcript) = decayed();
    let daemon = trial.home.start().unwrap();
    let verified = trial.home.sessions(&["verify"]).unwrap();
    let said = words(&verified);
    assert_eq!(verified.status.code(), Some(3), "{said}");
    assert!(said.contains("put back: projects/"), "{said}");
    let verified = trial.home.sessions(&["verify"]).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", words(&verified));
    let raw = trial.home.bytes(&["view", &id_of(&transcript), "--raw"]);
    assert_eq!(raw.unwrap(), fs::read(&transcript).unwrap());
    let status = trial.home.json(&["status", "--json"]).unwrap();
    assert!(faults_of(&status, "archive").is_empty(), "{status}");
    daemon.stop().unwrap();
}

#[test]
fn an_index_that_decayed_is_built_anew() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let expect = trial.answers();
    flip_in_index(&trial.home.path().join("data/derived"));
    let verified = trial.home.sessions(&["verify"]).unwrap();
    let said = words(&verified);
    assert_eq!(verified.status.code(), Some(3), "{said}");
    assert!(said.contains("put back: the index: "), "{said}");
    wait_for("a sound index", Duration::from_secs(30), || {
        let verified = trial.home.sessions(&["verify"])?;
        Ok(verified.status.success().then_some(()))
    })
    .unwrap();
    trial.home.settle().unwrap();
    assert_eq!(trial.answers(), expect);
    daemon.stop().unwrap();
}

/// Changes one byte in the middle of the largest file of postings.
fn flip_in_index(derived: &Path) {
    let folders = fs::read_dir(derived).unwrap().flatten();
    let files = folders.flat_map(|folder| {
        fs::read_dir(folder.path().join("index"))
            .into_iter()
            .flatten()
    });
    let paths = files.flatten().map(|file| file.path());
    let postings = paths.filter(|path| path.extension().is_some_and(|end| end == "idx"));
    let largest = postings
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(largest)
        .unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 1], middle).unwrap();
}

#[test]
fn a_read_that_fails_is_enough_to_have_the_bytes_put_back() {
    let (trial, transcript) = decayed();
    let daemon = trial.home.start().unwrap();
    let args = ["export", &id_of(&transcript), "--format", "jsonl"];
    let read = trial.home.sessions(&args).unwrap();
    assert_eq!(read.status.code(), Some(3), "{}", words(&read));
    let whole = fs::read(&transcript).unwrap();
    wait_for("the bytes", Duration::from_secs(30), || {
        let read = trial.home.sessions(&args)?;
        Ok((read.status.success() && read.stdout == whole).then_some(()))
    })
    .unwrap();
    daemon.stop().unwrap();
}

#[test]
fn a_hit_that_cannot_be_shown_is_enough_to_have_it_put_back() {
    let (trial, transcript) = decayed();
    let daemon = trial.home.start().unwrap();
    let query = format!("kind:answer session:{}", id_of(&transcript));
    wait_for("the text of a hit", Duration::from_secs(30), || {
        let answer = trial.home.search(&query)?;
        let snippet = answer["hits"][0]["snippet"].as_str().unwrap_or_default();
        Ok((!snippet.is_empty()).then_some(()))
    })
    .unwrap();
    let verified = trial.home.sessions(&["verify"]).unwrap();
    assert!(verified.status.success(), "{}", words(&verified));
    daemon.stop().unwrap();
}

#[test]
fn what_is_put_back_is_found() {
    let sound = Trial::of_samples();
    let daemon = sound.home.start().unwrap();
    sound.home.settle().unwrap();
    let expect = sound.answers();
    daemon.stop().unwrap();

    let (trial, _) = decayed();
    fs::remove_dir_all(trial.home.path().join("data/derived")).unwrap();
    let daemon = trial.home.start().unwrap();
    wait_for("the same answers", Duration::from_secs(30), || {
        trial.home.settle()?;
        Ok((trial.answers() == expect).then_some(()))
    })
    .unwrap();
    daemon.stop().unwrap();
}

#[test]
fn what_is_lost_is_named_and_nothing_else_is_withheld() {
    let (trial, transcript) = decayed();
    fs::remove_dir_all(trial.root.path().join("projects")).unwrap();
    let daemon = trial.home.start().unwrap();
    // First of all: whoever comes upon the damage has it noted as known.
    let copy = trial.home.path().join("copy.db");
    let backed = trial
        .home
        .sessions(&["backup", copy.to_str().unwrap()])
        .unwrap();
    let said = words(&backed);
    assert_eq!(backed.status.code(), Some(3), "{said}");
    assert!(copy.exists() && !said.contains("verified"), "{said}");
    assert!(said.contains(&id_of(&transcript)), "{said}");

    let out = trial.home.path().join("out");
    let args = ["export", "--all", "-o", out.to_str().unwrap()];
    let exported = trial.home.sessions(&args).unwrap();
    let said = words(&exported);
    assert_eq!(exported.status.code(), Some(3), "{said}");
    assert!(said.contains("left out projects/"), "{said}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 13, "{said}");

    let verified = trial.home.sessions(&["verify"]).unwrap();
    let first = words(&verified);
    let again = trial.home.sessions(&["verify"]).unwrap();
    let said = words(&again);
    assert!(first.contains(&id_of(&transcript)), "{first}");
    assert_eq!(again.status.code(), Some(0), "{said}");
    let other = trial.home.path().join("other.db");
    let backed = trial
        .home
        .bytes(&["backup", other.to_str().unwrap()])
        .unwrap();
    let told = String::from_utf8_lossy(&backed);
    assert!(told.contains("lost before"), "{told}");
    assert!(
        said.contains("known to be lost") && said.contains(&id_of(&transcript)),
        "{said}"
    );
    daemon.stop().unwrap();
}

#[test]
fn an_archive_that_was_emptied_is_a_fault_and_archiving_goes_on() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let before = trial.answers();
    daemon.stop().unwrap();
    fs::write(trial.home.path().join("data/archive/archive.db"), "").unwrap();
    let daemon = trial.home.start().unwrap();
    let status = trial.home.settle().unwrap();
    let faults = faults_of(&status, "archive");
    assert_eq!(faults.len(), 1, "{status}");
    let said = faults[0]["message"].as_str().unwrap();
    assert!(said.contains("missing or empty"), "{said}");
    assert_eq!(trial.answers(), before);
    daemon.stop().unwrap();
}

#[test]
fn what_a_cut_archive_lost_is_known_again_by_its_files_and_counted_once() {
    for percent in [25, 50, 60, 75] {
        let trial = Trial::of_samples();
        let daemon = trial.home.start().unwrap();
        let before = trial.home.settle().unwrap();
        let answers = trial.answers();
        daemon.stop().unwrap();
        let database = trial.home.path().join("data/archive/archive.db");
        let file = fs::OpenOptions::new().write(true).open(database).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length * percent / 100).unwrap();
        let daemon = trial.home.start().unwrap();
        let status = trial.home.settle().unwrap();
        for field in ["sources", "bytes"] {
            let of = |status: &Value| status["roots"][0][field].clone();
            assert_eq!(of(&status), of(&before), "{percent} %, {field}: {status}");
        }
        assert_eq!(trial.answers(), answers, "{percent} %");
        let tree = Tree::read(trial.root.path()).unwrap();
        let differences = trial.home.differences(&tree).unwrap();
        assert!(differences.is_empty(), "{percent} %: {differences:#?}");
        let verified = trial.home.sessions(&["verify"]).unwrap();
        let said = words(&verified);
        assert!(!said.contains("lost/"), "{percent} %: {said}");
        daemon.stop().unwrap();
    }
}

#[test]
fn an_archive_that_breaks_in_use_is_salvaged_without_being_asked() {
    let trial = Trial::of_samples();
    let projects = trial.root.path().join("projects");
    fs::remove_dir_all(&projects).unwrap();
    let folder = projects.join("-src-long");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("7d1a2b3c-0000-4000-8000-000000000001.jsonl");
    let row = |number: u32| {
        let text = "one of many rows ".repeat(10);
        format!("{{\"type\":\"user\",\"message\":{{\"content\":\"{text}{number}\"}}}}\n")
    };
    let rows = (0..6000).map(row).collect::<String>();
    fs::write(&path, &rows).unwrap();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    daemon.stop().unwrap();
    spoil_first_leaf(&trial.home.path().join("data/archive/archive.db"));
    let _ends_itself = trial.home.start().unwrap();
    // Written anew, it begins with frames that lie there.
    let anew = path.with_extension("new");
    fs::write(&anew, rows + &row(6000)).unwrap();
    fs::rename(anew, &path).unwrap();
    let tree = Tree::read(trial.root.path()).unwrap();
    wait_for("everything to be archived", Duration::from_mins(1), || {
        let differences = trial.home.differences(&tree);
        Ok(differences
            .is_ok_and(|found| found.is_empty())
            .then_some(()))
    })
    .unwrap();
    let archive = fs::read_dir(trial.home.path().join("data/archive")).unwrap();
    let names: Vec<_> = archive.map(|entry| entry.unwrap().file_name()).collect();
    let is_aside = |name: &OsString| name.to_string_lossy().starts_with("archive.db.damaged");
    assert!(names.iter().any(is_aside), "{names:?}");
    trial.home.bytes(&["daemon", "stop"]).unwrap();
}

/// Writes over the page of a database where its first frames are listed.
///
/// Source: "B-tree Pages" of the file format of `SQLite`.
fn spoil_first_leaf(database: &Path) {
    const INTERIOR: u8 = 5;
    let connection = Connection::open(database).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'blobs'";
    let mut page: usize = connection.query_row(root, [], |row| row.get(0)).unwrap();
    let size: usize = connection
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    let mut file = fs::read(database).unwrap();
    while file[(page - 1) * size] == INTERIOR {
        let at = (page - 1) * size;
        let cell = usize::from(u16::from_be_bytes([file[at + 12], file[at + 13]]));
        let child = &file[at + cell..at + cell + 4];
        page = u32::from_be_bytes(child.try_into().unwrap()) as usize;
    }
    let at = (page - 1) * size;
    file[at..at + size].fill(0xa5);
    fs::write(database, file).unwrap();
}
