//! What a directory holds is found out before it is trusted.

use std::fs::{self, OpenOptions};
use std::path::Path;

use sessions_index::{IndexWriter, Opened, RebuildReason, SCHEMA_VERSION, Scope, Wanted, examine};
use sessions_model::ArchiveId;
use tempfile::TempDir;

use crate::corpus::{ARCHIVE, BUDGET, at, document, word};

/// A committed index on disk.
fn committed() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    writer
        .add(&document(1, "a needle in the first commit"))
        .unwrap();
    writer.commit(&at(3, 5)).unwrap();
    writer.finish().unwrap();
    dir
}

fn segment_file(dir: &Path, extension: &str) -> std::path::PathBuf {
    let mut paths = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .unwrap()
}

/// Opens what `damage` left and expects an empty index that takes documents again.
fn check_rebuilt(damage: impl FnOnce(&Path)) {
    let dir = committed();
    damage(dir.path());
    let examined = examine(dir.path(), ARCHIVE);
    assert!(
        matches!(examined, Opened::Rebuild(RebuildReason::Corrupt(_))),
        "{examined:?}"
    );
    let (mut writer, opened) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    assert_eq!(opened, examined);
    assert_eq!(writer.position(), at(0, 0));
    writer.add(&document(2, "another needle")).unwrap();
    writer.commit(&at(1, 1)).unwrap();
    let snapshot = writer.reader().unwrap().snapshot().unwrap();
    assert_eq!(
        snapshot
            .search(&word("needle"), &Scope::default(), Wanted::best_of(9))
            .unwrap()
            .total,
        1
    );
}

#[test]
fn a_commit_is_gone_on_from() {
    let dir = committed();
    assert_eq!(examine(dir.path(), ARCHIVE), Opened::Found(at(3, 5)));
    let (mut writer, opened) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    assert_eq!(opened, Opened::Found(at(3, 5)));
    let reader = writer.reader().unwrap();
    assert_eq!(reader.snapshot().unwrap().position(), at(3, 5));
    writer.add(&document(2, "another needle")).unwrap();
    writer.commit(&at(3, 6)).unwrap();
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(
        snapshot
            .search(&word("needle"), &Scope::default(), Wanted::best_of(9))
            .unwrap()
            .total,
        2
    );
}

#[test]
fn what_was_not_committed_is_forgotten() {
    let dir = committed();
    let (mut writer, _) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    writer.add(&document(2, "another needle")).unwrap();
    drop(writer);
    let (writer, opened) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    assert_eq!(opened, Opened::Found(at(3, 5)));
    let snapshot = writer.reader().unwrap().snapshot().unwrap();
    assert_eq!(
        snapshot
            .search(&word("needle"), &Scope::default(), Wanted::best_of(9))
            .unwrap()
            .total,
        1
    );
}

#[test]
fn a_commit_with_nothing_pending_writes_nothing() {
    let dir = committed();
    let (mut writer, _) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    let written = || {
        fs::metadata(dir.path().join("meta.json"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = written();
    writer.commit(&at(3, 5)).unwrap();
    assert_eq!(written(), before);
    writer.commit(&at(3, 9)).unwrap();
    drop(writer);
    assert_eq!(examine(dir.path(), ARCHIVE), Opened::Found(at(3, 9)));
}

#[test]
fn an_index_of_another_archive_is_rebuilt() {
    let dir = committed();
    let other = ArchiveId([2; 16]);
    let (writer, opened) = IndexWriter::open(dir.path(), BUDGET, other).unwrap();
    assert_eq!(opened, Opened::Rebuild(RebuildReason::Foreign));
    assert_eq!(writer.position().archive, other);
    assert_eq!(writer.reader().unwrap().snapshot().unwrap().documents(), 0);
}

#[test]
fn an_index_of_another_version_is_rebuilt() {
    let dir = committed();
    let meta = dir.path().join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let ours = format!("\"sessions {SCHEMA_VERSION} ");
    let other = format!("\"sessions {} ", SCHEMA_VERSION + 1);
    fs::write(&meta, text.replace(&ours, &other)).unwrap();
    assert_eq!(
        examine(dir.path(), ARCHIVE),
        Opened::Rebuild(RebuildReason::Outdated)
    );
}

#[test]
fn a_damaged_index_is_rebuilt() {
    for extension in ["idx", "pos", "term", "fast", "store", "fieldnorm"] {
        check_rebuilt(|dir| {
            let path = segment_file(dir, extension);
            let length = fs::metadata(&path).unwrap().len();
            OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(length / 2)
                .unwrap();
        });
        check_rebuilt(|dir| fs::remove_file(segment_file(dir, extension)).unwrap());
        check_rebuilt(|dir| fs::write(segment_file(dir, extension), "").unwrap());
    }
    check_rebuilt(|dir| fs::write(dir.join("meta.json"), "{\"segments\":[").unwrap());
    check_rebuilt(|dir| fs::remove_file(dir.join("meta.json")).unwrap());
}

#[test]
fn a_hole_in_a_file_is_found_by_its_checksum() {
    let dir = committed();
    let (writer, _) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    let reader = writer.reader().unwrap();
    assert_eq!(reader.damaged().unwrap(), Vec::<String>::new());
    let path = segment_file(dir.path(), "fast");
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 0xFF;
    fs::write(&path, bytes).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(reader.damaged().unwrap(), [name]);
}

#[test]
fn files_that_are_not_the_index_are_left_alone() {
    let dir = committed();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    fs::write(dir.path().join("meta.json"), "{").unwrap();
    let (_, opened) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    assert!(matches!(opened, Opened::Rebuild(_)));
    assert_eq!(
        fs::read_to_string(dir.path().join("notes.txt")).unwrap(),
        "mine"
    );
}

#[test]
fn two_writers_are_refused() {
    let dir = committed();
    let (_writer, _) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
    assert!(IndexWriter::open(dir.path(), BUDGET, ARCHIVE).is_err());
}
