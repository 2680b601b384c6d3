//! The archive from outside: what is appended reads back, whatever happens in between.

#[cfg(test)]
mod breaking_off;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod folding;
mod mending;
#[cfg(test)]
mod place;
#[cfg(test)]
mod support;

use sessions_archive::{Archive, ArchiveError, ErrorKind, Lane, Logged, NewOperation, Refusal};
use sessions_model::{ByteOffset, Seq, SessionId};

use support::{NOW, Scene, origin};

#[test]
fn appended_bytes_read_back_and_are_logged() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    scene.append(main, generation, b"{\"a\":1}\n{\"b\"");
    scene.append(main, generation, b":2}\n");
    let reader = scene.archive.reader().unwrap();
    assert_eq!(scene.read(generation), b"{\"a\":1}\n{\"b\":2}\n");
    let rows = reader.log_after(Lane::Live, Seq(0), 10).unwrap();
    assert_eq!(
        rows.iter().map(|row| row.seq.0).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let Logged::Append {
        start,
        end,
        line_start,
        ..
    } = rows[2].change
    else {
        panic!("{:?}", rows[2]);
    };
    assert_eq!((start.0, end.0, line_start.0), (12, 16, 8));
    assert_eq!(reader.log_after(Lane::Live, Seq(2), 10).unwrap().len(), 1);
    assert_eq!(reader.log_after(Lane::Backlog, Seq(0), 10).unwrap(), []);
    assert_eq!(reader.heads().unwrap().head(), Seq(3));
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    scene.append(main, generation, b"one\n");
    let cursor = scene.cursor(main, generation, b"two\n");
    let mut transaction = scene.archive.begin(NOW).unwrap();
    transaction.append(&cursor, b"two\n", Lane::Live).unwrap();
    drop(transaction);
    scene.reopen();
    assert_eq!(scene.read(generation), b"one\n");
    assert_eq!(
        scene.archive.sources().unwrap()[0].cursor.unwrap().offset,
        ByteOffset(4)
    );
    assert_eq!(
        scene.archive.reader().unwrap().heads().unwrap().head(),
        Seq(2)
    );
}

#[test]
fn a_generation_goes_on_where_it_left_its_parents() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let first = scene.open(main, None);
    scene.append(main, first, b"aaaa\nbbbb\ncccc\n");
    let second = scene.open(main, Some((first, ByteOffset(10))));
    scene.append(main, second, b"dddd\neeee\n");
    // The base lies within the part that the parent has from its own parent.
    let third = scene.open(main, Some((second, ByteOffset(7))));
    scene.append(main, third, b"xx\nyy\n");
    let fourth = scene.open(main, Some((second, ByteOffset(17))));
    scene.append(main, fourth, b"!\n");
    for (generation, expect) in [
        (first, "aaaa\nbbbb\ncccc\n"),
        (second, "aaaa\nbbbb\ndddd\neeee\n"),
        (third, "aaaa\nbbxx\nyy\n"),
        (fourth, "aaaa\nbbbb\ndddd\nee!\n"),
    ] {
        assert_eq!(String::from_utf8(scene.read(generation)).unwrap(), expect);
    }
    let reader = scene.archive.reader().unwrap();
    let line = |generation, at| {
        String::from_utf8(reader.frame_line(generation, ByteOffset(at)).unwrap()).unwrap()
    };
    assert_eq!(line(third, 5), "bbxx");
    assert_eq!(line(fourth, 15), "ee!");
    assert_eq!(line(second, 0), "aaaa");
    let rows = reader.log_after(Lane::Live, Seq(0), 100).unwrap();
    let starts: Vec<u64> = rows
        .iter()
        .filter_map(|row| match row.change {
            Logged::Append { line_start, .. } => Some(line_start.0),
            _ => None,
        })
        .collect();
    assert_eq!(starts, [0, 10, 5, 15]);
    let current: Vec<bool> = reader
        .generations(main)
        .unwrap()
        .iter()
        .map(|row| row.is_current)
        .collect();
    assert_eq!(current, [false, false, false, true]);
}

#[test]
fn what_would_break_an_invariant_is_refused() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let other = scene.source("p/b.jsonl");
    let first = scene.open(main, None);
    scene.append(main, first, b"one\n");
    let second = scene.open(main, Some((first, ByteOffset(4))));
    let good = scene.cursor(main, second, b"two\n");
    let refusal = |cursor, bytes: &[u8], scene: &mut Scene| {
        let mut transaction = scene.archive.begin(NOW).unwrap();
        match transaction.append(&cursor, bytes, Lane::Live) {
            Err(ArchiveError::Refused { refusal, .. }) => refusal,
            other => panic!("{other:?}"),
        }
    };
    let mut cursor = good;
    cursor.generation = first;
    assert_eq!(refusal(cursor, b"two\n", &mut scene), Refusal::NotCurrent);
    let mut cursor = good;
    cursor.source = other;
    assert_eq!(refusal(cursor, b"two\n", &mut scene), Refusal::NotCurrent);
    let mut cursor = good;
    cursor.offset = ByteOffset(9);
    let not_at_end = Refusal::NotAtEnd {
        length: ByteOffset(4),
    };
    assert_eq!(refusal(cursor, b"two\n", &mut scene), not_at_end);
    let mut cursor = good;
    cursor.line_start = ByteOffset(9);
    assert_eq!(refusal(cursor, b"two\n", &mut scene), Refusal::BadCursor);
    assert_eq!(refusal(good, b"", &mut scene), Refusal::Empty);
    let too_long = scene.archive.begin(NOW).unwrap().open_generation(
        main,
        Some((first, ByteOffset(5))),
        Lane::Live,
    );
    assert_eq!(too_long.unwrap_err().kind(), ErrorKind::Refused);
    let beyond = scene
        .archive
        .reader()
        .unwrap()
        .bytes(first, ByteOffset(2)..ByteOffset(5));
    assert_eq!(beyond.unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn a_path_is_one_source_and_is_found_by_its_session() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    assert_eq!(scene.source("p/a.jsonl"), main);
    scene.source("p/b.jsonl");
    let reader = scene.archive.reader().unwrap();
    let found = reader.sources_of(&SessionId::parse("a").unwrap()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].origin, origin("p/a.jsonl"));
    assert_eq!(found[0].id, main);
    let mut transaction = scene.archive.begin(NOW).unwrap();
    transaction.mark_gone(main, Lane::Live).unwrap();
    transaction.commit().unwrap();
    assert!(reader.source(main).unwrap().unwrap().is_gone);
}

#[test]
fn what_the_user_wrote_is_kept_in_order() {
    let mut scene = Scene::new();
    for value in ["one", "two"] {
        let operation = NewOperation {
            subject: "session:a".to_owned(),
            field: "title".to_owned(),
            value: value.to_owned(),
        };
        let mut transaction = scene.archive.begin(NOW).unwrap();
        transaction.operate(&operation).unwrap();
        transaction.commit().unwrap();
    }
    scene.archive.set_setting("paused", "yes").unwrap();
    scene.reopen();
    let reader = scene.archive.reader().unwrap();
    let operations = reader.operations().unwrap();
    let told: Vec<_> = operations
        .iter()
        .map(|it| (it.number, it.lamport, it.value.as_str()))
        .collect();
    assert_eq!(told, [(1, 1, "one"), (2, 2, "two")]);
    assert_eq!(reader.operation(2).unwrap().as_ref(), operations.last());
    assert!(reader.operation(3).unwrap().is_none());
    assert_eq!(operations[0].device, scene.archive.device());
    assert_eq!(reader.setting("paused").unwrap().as_deref(), Some("yes"));
    assert_eq!(reader.log_after(Lane::Live, Seq(0), 9).unwrap().len(), 2);
}

#[test]
fn opening_writes_nothing() {
    let mut scene = Scene::new();
    assert!(!scene.archive.meet_machine([1; 32]).unwrap());
    let path = scene.dir.join("archive.db-wal");
    let length = || std::fs::metadata(&path).map_or(0, |log| log.len());
    let before = length();
    let mut again = Archive::open(&scene.dir, NOW).unwrap();
    again.meet_machine([1; 32]).unwrap();
    assert_eq!(
        length(),
        before,
        "a start must not fail for a disk that is full"
    );
}

#[test]
fn a_cloned_disk_is_another_device_and_the_archive_the_same() {
    let mut scene = Scene::new();
    let (archive, device) = (scene.archive.id(), scene.archive.device());
    assert!(
        !scene.archive.meet_machine([1; 32]).unwrap(),
        "the first one met is its own"
    );
    assert!(!scene.archive.meet_machine([1; 32]).unwrap());
    assert_eq!(scene.archive.device(), device);
    assert!(scene.archive.meet_machine([2; 32]).unwrap());
    let renewed = scene.archive.device();
    assert_ne!(renewed, device);
    scene.reopen();
    assert_eq!(
        (scene.archive.id(), scene.archive.device()),
        (archive, renewed)
    );
}
