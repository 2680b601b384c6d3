//! What happens when the database is damaged, foreign or newer, and when it is copied.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::Connection;
use sessions_archive::{Archive, ArchiveError, Damage, ErrorKind, Lane, NewOperation, Salvaged};
use sessions_model::{ByteOffset, GenerationId, Seq, SourceId};

use crate::support::{NOW, Scene, lines};

/// Lets a salvage go on.
pub(crate) fn go_on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_statement_that_fails_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    drop(Archive::open(folder.path(), NOW).unwrap());
    let path = folder.path().join("archive.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let error = Archive::open(folder.path(), NOW).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "table losses already exists");
}

/// Three sources of a few frames each, and an annotation.
pub(crate) fn full_scene() -> (Scene, Vec<(SourceId, GenerationId, Vec<u8>)>) {
    let mut scene = Scene::new();
    let mut held = Vec::new();
    for name in ["a", "b", "c"] {
        let source = scene.source(&format!("p/{name}.jsonl"));
        let generation = scene.open(source, None);
        let bytes = lines(name, 1_200_000);
        for part in bytes.chunks(300_000) {
            scene.append(source, generation, part);
        }
        held.push((source, generation, bytes));
    }
    let operation = NewOperation {
        subject: "session:a".to_owned(),
        field: "title".to_owned(),
        value: "kept".to_owned(),
    };
    let mut transaction = scene.archive.begin(NOW).unwrap();
    transaction.operate(&operation).unwrap();
    transaction.commit().unwrap();
    scene.archive.set_setting("paused", "no").unwrap();
    scene.archive.rest().unwrap();
    (scene, held)
}

pub(crate) fn verify(archive: &Archive) -> Vec<sessions_archive::Loss> {
    archive
        .reader()
        .unwrap()
        .verify(&mut |_, _| ControlFlow::Continue(()))
        .unwrap()
}

/// Changes one byte in the middle of a blob's data, past `SQLite`'s back.
pub(crate) fn flip_byte_of_blob(
    database: &Path,
    generation: GenerationId,
    start: u64,
) -> (u64, u64) {
    let connection = Connection::open(database).unwrap();
    let (blob, from, until): (i64, u64, u64) = connection
        .query_row(
            "SELECT blob, start, until FROM segments WHERE generation = ?1 AND start >= ?2 \
             ORDER BY start LIMIT 1",
            [generation.0, start],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let data: Vec<u8> = connection
        .query_row("SELECT data FROM blobs WHERE id = ?1", [blob], |row| {
            row.get(0)
        })
        .unwrap();
    drop(connection);
    let mut file = fs::read(database).unwrap();
    // Pages of a long value are filled to their end: what stands in the middle is on one page.
    let middle = &data[data.len() / 2..data.len() / 2 + 64];
    let at = file
        .windows(64)
        .position(|window| window == middle)
        .unwrap();
    file[at + 32] ^= 1;
    fs::write(database, file).unwrap();
    (from, until)
}

#[test]
fn one_flipped_bit_is_named_and_costs_its_frame_alone() {
    let (mut scene, held) = full_scene();
    assert_eq!(verify(&scene.archive), []);
    let (source, generation, bytes) = &held[1];
    let database = scene.database();
    let (from, until) = flip_byte_of_blob(&database, *generation, 300_000);
    scene.reopen();
    let losses = verify(&scene.archive);
    let told: Vec<_> = losses
        .iter()
        .map(|loss| {
            (
                loss.source,
                loss.generation,
                loss.start.0,
                loss.end.0,
                loss.damage,
            )
        })
        .collect();
    assert_eq!(told, [(*source, *generation, from, until, Damage::Hash)]);
    let reader = scene.archive.reader().unwrap();
    let before = reader
        .bytes(*generation, ByteOffset(0)..ByteOffset(from))
        .unwrap();
    assert_eq!(before, &bytes[..usize::try_from(from).unwrap()]);
    let error = reader
        .bytes(*generation, ByteOffset(0)..ByteOffset(until))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let ArchiveError::Damaged { start, end, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((start.0, end.0), (from, until));
    assert_eq!(
        scene.archive.fold(*generation).unwrap_err().kind(),
        ErrorKind::Damaged
    );
}

/// Returns the bytes of a database whose first page of the table or index `name` is rubbish.
pub(crate) fn spoiled(database: &Path, name: &str) -> Vec<u8> {
    let page: u64 = Connection::open(database)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_master WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .unwrap();
    let mut file = fs::read(database).unwrap();
    let start = usize::try_from((page - 1) * 4096).unwrap();
    file[start..start + 4096].fill(0xa5);
    file
}

/// Salvages an archive of these bytes, and opens what was saved.
fn salvage(scene: &Scene, broken: Vec<u8>) -> (Salvaged, Archive) {
    let file = scene.dir.join("broken.db");
    fs::write(&file, broken).unwrap();
    let saved = scene.dir.join("saved");
    let salvaged = Archive::salvage(&file, &saved.join("archive.db"), NOW, &mut go_on).unwrap();
    (salvaged, Archive::open(&saved, NOW).unwrap())
}

#[test]
fn salvage_finds_the_source_of_generations_whose_rows_are_lost() {
    let (scene, held) = full_scene();
    let (salvaged, saved) = salvage(&scene, spoiled(&scene.database(), "generations"));
    assert_eq!(salvaged.losses, []);
    let reader = saved.reader().unwrap();
    for (source, generation, bytes) in held {
        let generations = reader.generations(source).unwrap();
        assert_eq!(generations[0].id, generation);
        let end = ByteOffset(bytes.len() as u64);
        let read = reader.bytes(generation, ByteOffset(0)..end).unwrap();
        assert!(read == bytes, "{source}");
    }
}

#[test]
fn a_spoiled_index_is_told_though_every_frame_reads_back() {
    let (mut scene, _) = full_scene();
    let database = scene.database();
    let check = |scene: &Scene| scene.archive.reader().unwrap().check_structure().unwrap();
    assert_eq!(check(&scene), Vec::<String>::new());
    fs::write(&database, spoiled(&database, "segments_blob")).unwrap();
    scene.reopen();
    assert_eq!(verify(&scene.archive), []);
    assert!(!check(&scene).is_empty());
}

#[test]
fn salvage_keeps_everything_but_the_damaged_frame() {
    let (mut scene, held) = full_scene();
    let (_, generation, bytes) = &held[1];
    let database = scene.database();
    let (from, until) = flip_byte_of_blob(&database, *generation, 300_000);
    let saved_dir = scene.dir.join("saved");
    let saved_file = saved_dir.join("archive.db");
    let salvaged = Archive::salvage(&database, &saved_file, NOW, &mut go_on).unwrap();
    assert_eq!(salvaged.blobs_lost, 1);
    assert_eq!(salvaged.losses.len(), 1);
    assert_eq!(
        (salvaged.losses[0].start.0, salvaged.losses[0].end.0),
        (from, until)
    );
    let (old_id, old_device) = (scene.archive.id(), scene.archive.device());
    scene.archive = Archive::open(&saved_dir, NOW).unwrap();
    assert_ne!(scene.archive.id(), old_id);
    assert_eq!(scene.archive.device(), old_device);
    assert_eq!(scene.read(held[0].1), held[0].2);
    assert_eq!(scene.read(held[2].1), held[2].2);
    let reader = scene.archive.reader().unwrap();
    let (lost_end, end) = (usize::try_from(until).unwrap(), bytes.len() as u64);
    let after = reader
        .bytes(*generation, ByteOffset(until)..ByteOffset(end))
        .unwrap();
    assert_eq!(after, &bytes[lost_end..]);
    assert_eq!(reader.operations().unwrap()[0].value, "kept");
    assert_eq!(reader.setting("paused").unwrap().as_deref(), Some("no"));
    let cursors: Vec<bool> = reader
        .sources()
        .unwrap()
        .iter()
        .map(|source| source.cursor.is_some())
        .collect();
    assert_eq!(cursors, [true, false, true]);
    assert_eq!(reader.log_after(Lane::Live, Seq(0), 9).unwrap().len(), 1);
    assert!(reader.log_after(Lane::Backlog, Seq(0), 99).unwrap().len() >= 6);
    let again = Archive::salvage(&database, &saved_file, NOW, &mut go_on).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Refused);
}

#[test]
fn salvage_survives_whole_pages_of_rubbish() {
    let (scene, held) = full_scene();
    scene.archive.copy_notes(NOW).unwrap().unwrap();
    let database = scene.database();
    let mut file = fs::read(&database).unwrap();
    let pages = file.len() / 4096;
    for page in (pages / 2)..(pages / 2 + 4) {
        file[page * 4096..(page + 1) * 4096].fill(0x5a);
    }
    let (salvaged, saved) = salvage(&scene, file);
    assert!(salvaged.blobs_kept > 0);
    assert!(!salvaged.losses.is_empty());
    assert_eq!(verify(&saved), salvaged.losses);
    let lost: u64 = salvaged
        .losses
        .iter()
        .map(|loss| loss.end.0 - loss.start.0)
        .sum();
    let total: usize = held.iter().map(|(_, _, bytes)| bytes.len()).sum();
    assert!(lost < total as u64, "{lost} of {total} bytes are lost");
    assert_eq!(saved.reader().unwrap().operations().unwrap().len(), 1);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let (mut scene, _) = full_scene();
    let database = scene.database();
    Connection::open(&database)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Archive::open(&scene.dir, NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert!(error.to_string().contains("schema 99"), "{error}");
    Connection::open(&database)
        .unwrap()
        .pragma_update(None, "user_version", 3)
        .unwrap();
    scene.reopen();
}

#[test]
fn what_is_no_archive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE other (x)")
        .unwrap();
    let error = Archive::open(folder.path(), NOW).unwrap_err();
    assert!(matches!(error, ArchiveError::Foreign { .. }), "{error}");
    fs::write(&path, "this is a letter, not a database. ".repeat(200)).unwrap();
    assert_eq!(
        Archive::open(folder.path(), NOW).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
}

#[test]
fn a_backup_reads_the_same_and_overwrites_nothing() {
    let (mut scene, held) = full_scene();
    let target = scene.dir.join("copy/archive.db");
    fs::create_dir(target.parent().unwrap()).unwrap();
    let receipt = scene.archive.backup(&target, NOW).unwrap();
    assert_eq!(
        receipt.head,
        scene.archive.reader().unwrap().heads().unwrap().head()
    );
    assert_eq!(receipt.bytes, fs::metadata(&target).unwrap().len());
    let error = scene.archive.backup(&target, NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let names: Vec<_> = fs::read_dir(target.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let (id, sources) = (scene.archive.id(), scene.archive.sources().unwrap());
    scene.archive = Archive::open(target.parent().unwrap(), NOW).unwrap();
    assert_eq!(
        (scene.archive.id(), scene.archive.sources().unwrap()),
        (id, sources)
    );
    for (_, generation, bytes) in &held {
        assert_eq!(&scene.read(*generation), bytes);
    }
}

#[test]
fn three_copies_of_the_notes_are_kept() {
    let (scene, _) = full_scene();
    let day = |n: i64| sessions_model::Timestamp(NOW.0 + n * 86_400_000);
    for n in 0..5 {
        assert!(scene.archive.copy_notes(day(n)).unwrap().is_some());
        assert_eq!(scene.archive.copy_notes(day(n)).unwrap(), None);
    }
    let mut copies: Vec<_> = fs::read_dir(&scene.dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("archive-notes-")
        })
        .collect();
    copies.sort();
    assert_eq!(copies.len(), 3, "{copies:?}");
    let value: String = Connection::open(&copies[2])
        .unwrap()
        .query_row("SELECT value FROM operations", [], |row| row.get(0))
        .unwrap();
    assert_eq!(value, "kept");
}
