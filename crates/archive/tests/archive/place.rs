//! The archive's file is removed or replaced while it is open.

use std::fs;

use sessions_archive::{Archive, Place};
use sessions_model::GenerationId;

use crate::support::{NOW, Scene};

/// An archive with a row in the database and another in the log.
fn scene() -> (Scene, GenerationId) {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    scene.append_unchecked(main, generation, b"one\n");
    scene.archive.rest().unwrap();
    scene.append_unchecked(main, generation, b"two\n");
    assert_eq!(scene.archive.place(), Place::Kept);
    (scene, generation)
}

fn check_put_back(remove: impl Fn(&Scene)) {
    let (mut scene, generation) = scene();
    let id = scene.archive.id();
    remove(&scene);
    assert_eq!(scene.archive.place(), Place::Lost);
    let main = scene.archive.sources().unwrap()[0].id;
    scene.archive.put_back().unwrap();
    assert_eq!(scene.archive.place(), Place::Taken, "it is another file");
    scene.reopen();
    assert_eq!(scene.archive.place(), Place::Kept);
    assert_eq!(scene.archive.id(), id);
    assert_eq!(scene.read(generation), b"one\ntwo\n");
    scene.append_unchecked(main, generation, b"three\n");
    assert_eq!(scene.read(generation), b"one\ntwo\nthree\n");
    let whole = scene.archive.reader().unwrap();
    assert_eq!(whole.check_structure().unwrap(), Vec::<String>::new());
}

#[test]
fn a_file_that_was_removed_is_put_back_with_all_that_was_written() {
    check_put_back(|scene| fs::remove_file(scene.database()).unwrap());
    check_put_back(|scene| fs::remove_dir_all(&scene.dir).unwrap());
    check_put_back(|scene| {
        for file in ["archive.db", "archive.db-wal", "archive.db-shm"] {
            fs::remove_file(scene.dir.join(file)).unwrap();
        }
    });
}

#[test]
fn a_file_that_was_replaced_is_kept_beside_the_other() {
    let (scene, generation) = scene();
    let other = Scene::new();
    let copy = scene.dir.join("copy.db");
    other.archive.backup(&copy, NOW).unwrap();
    fs::rename(copy, scene.database()).unwrap();
    assert_eq!(scene.archive.place(), Place::Taken);
    assert!(scene.archive.put_back().is_err(), "nothing is written over");
    let kept = scene.archive.put_beside(NOW).unwrap();
    let apart = tempfile::tempdir().unwrap();
    fs::rename(kept, apart.path().join("archive.db")).unwrap();
    let archive = Archive::open(apart.path(), NOW).unwrap();
    assert_eq!(archive.id(), scene.archive.id());
    let range = sessions_model::ByteOffset(0)..sessions_model::ByteOffset(8);
    let read = archive.reader().unwrap().bytes(generation, range);
    assert_eq!(read.unwrap(), b"one\ntwo\n");
}
