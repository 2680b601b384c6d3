//! Folding changes what lies on disk, never what is read.

use std::sync::mpsc::sync_channel;
use std::thread;

use proptest::prelude::*;
use sessions_archive::{Lane, NewOperation};
use sessions_model::{ByteOffset, GenerationId};

use crate::support::{NOW, Scene, lines};

fn fold_all(scene: &mut Scene, generation: GenerationId) {
    while !scene.archive.fold(generation).unwrap().is_done {}
}

#[test]
fn folding_keeps_every_byte_and_takes_less() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let first = scene.open(main, None);
    let bytes = lines("a", 600_000);
    for part in bytes.chunks(3_000) {
        scene.append_unchecked(main, first, part);
    }
    let base = ByteOffset(400_001);
    let second = scene.open(main, Some((first, base)));
    let tail = lines("b", 300_000);
    scene.append(main, second, &tail);
    scene.archive.rest().unwrap();
    let before = scene.database_bytes();
    fold_all(&mut scene, first);
    fold_all(&mut scene, second);
    scene.archive.rest().unwrap();
    assert!(
        scene.database_bytes() * 10 < before * 9,
        "{} of {before}",
        scene.database_bytes()
    );
    assert_eq!(scene.read(first), bytes);
    assert_eq!(scene.read(second), [&bytes[..400_001], &tail].concat());
    // What came after folding is folded too, and the last frame goes on growing.
    scene.append(main, second, b"later\n");
    fold_all(&mut scene, second);
    assert_eq!(
        scene.read(second),
        [&bytes[..400_001], &tail, b"later\n"].concat()
    );
    assert_eq!(scene.archive.fold(second).unwrap().bytes, 0);
}

#[test]
fn equal_prefixes_share_their_frames_once_folded() {
    let mut scene = Scene::new();
    let shared = lines("shared", 1_000_000);
    let (one, two) = (scene.source("p/a.jsonl"), scene.source("p/b.jsonl"));
    let first = scene.open(one, None);
    let second = scene.open(two, None);
    for part in shared.chunks(70_000) {
        scene.append_unchecked(one, first, part);
    }
    for part in shared.chunks(31_000) {
        scene.append_unchecked(two, second, part);
    }
    fold_all(&mut scene, first);
    let (alone, _) = scene.blobs_of(first);
    fold_all(&mut scene, second);
    scene.append(two, second, b"the fork goes on\n");
    let (own, shared_frames) = scene.blobs_of(second);
    assert_eq!(shared_frames, alone, "{own} of its own");
    assert_eq!(scene.orphans(), 0);
    assert_eq!(scene.read(first), shared);
}

#[test]
fn a_long_generation_is_folded_in_several_calls() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    let bytes = lines("long", 9_000_000);
    for part in bytes.chunks(1_000_000) {
        scene.append_unchecked(main, generation, part);
    }
    assert!(!scene.archive.fold(generation).unwrap().is_done);
    assert_eq!(scene.read(generation), bytes);
    scene.reopen();
    fold_all(&mut scene, generation);
    assert_eq!(scene.read(generation), bytes);
    assert_eq!(scene.orphans(), 0);
}

#[test]
fn readers_see_whole_bytes_while_the_writer_appends_and_folds() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let generation = scene.open(main, None);
    let bytes = lines("a", 1_500_000);
    let mut readers = Vec::new();
    for _ in 0..2 {
        let reader = scene.archive.reader().unwrap();
        let (send, receive) = sync_channel::<usize>(64);
        let expect = bytes.clone();
        let handle = thread::spawn(move || {
            let mut reads = 0;
            for length in receive {
                let range = ByteOffset(0)..ByteOffset(length as u64);
                assert_eq!(reader.bytes(generation, range).unwrap(), &expect[..length]);
                reads += 1;
            }
            reads
        });
        readers.push((send, handle));
    }
    let mut length = 0;
    for part in bytes.chunks(50_000) {
        scene.append_unchecked(main, generation, part);
        length += part.len();
        for (send, _) in &readers {
            send.send(length).unwrap();
        }
        scene.archive.fold(generation).unwrap();
    }
    for (send, handle) in readers {
        drop(send);
        assert_eq!(handle.join().unwrap(), bytes.chunks(50_000).len());
    }
}

#[test]
fn annotations_and_bytes_share_one_order() {
    let mut scene = Scene::new();
    let main = scene.source("p/a.jsonl");
    let mut transaction = scene.archive.begin(NOW).unwrap();
    let operation = NewOperation {
        subject: "s".to_owned(),
        field: "f".to_owned(),
        value: "v".to_owned(),
    };
    let live = transaction.operate(&operation).unwrap();
    transaction
        .open_generation(main, None, Lane::Backlog)
        .unwrap();
    let heads = transaction.commit().unwrap();
    assert_eq!(
        (heads.live, heads.backlog.0, heads.head().0),
        (live, live.0 + 1, live.0 + 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_split_reads_back_the_same(
        bytes in proptest::collection::vec(prop_oneof![4 => 32u8..127, 1 => Just(b'\n'), 1 => any::<u8>()], 1..4_000),
        repeat in 1usize..120,
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        asked in any::<(prop::sample::Index, prop::sample::Index)>(),
        fold_after in any::<prop::sample::Index>(),
    ) {
        let bytes = bytes.repeat(repeat);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.dedup();
        let mut scene = Scene::new();
        let main = scene.source("p/a.jsonl");
        let generation = scene.open(main, None);
        let fold_at = fold_after.index(places.len());
        for (n, pair) in places.windows(2).enumerate() {
            scene.append_unchecked(main, generation, &bytes[pair[0]..pair[1]]);
            if n == fold_at {
                fold_all(&mut scene, generation);
            }
        }
        prop_assert_eq!(&scene.read(generation), &bytes);
        let (one, other) = (asked.0.index(bytes.len() + 1), asked.1.index(bytes.len() + 1));
        let (start, end) = (one.min(other), one.max(other));
        let range = ByteOffset(start as u64)..ByteOffset(end as u64);
        let reader = scene.archive.reader().unwrap();
        prop_assert_eq!(reader.bytes(generation, range).unwrap(), &bytes[start..end]);
        let line: Vec<u8> = bytes[start..].iter().copied().take_while(|it| *it != b'\n').collect();
        prop_assert_eq!(reader.frame_line(generation, ByteOffset(start as u64)).unwrap(), line);
    }
}
