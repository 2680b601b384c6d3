//! Sessions whose files lie in another folder now.

use sessions_model::OnDisk;

use super::*;

/// Archives a file of `bytes` at `path`; returns its source.
pub(super) fn file(world: &mut World, path: &str, bytes: &str) -> SourceId {
    let origin = sessions_transcript::classify(path).unwrap();
    let mut transaction = world.archive.begin(NOW).unwrap();
    let root = transaction.root("/home/dev/.claude").unwrap();
    let source = transaction.source(root, &origin).unwrap();
    let generation = transaction
        .open_generation(source, None, Lane::Live)
        .unwrap();
    let length = bytes.len() as u64;
    let hash = *blake3::hash(bytes.as_bytes()).as_bytes();
    let length_of_hash = u32::try_from(length).unwrap();
    let cursor = Cursor {
        source,
        generation,
        offset: ByteOffset(length),
        line_start: ByteOffset(length),
        fingerprint: Fingerprint {
            head: hash,
            head_len: length_of_hash,
            tail: hash,
            tail_len: length_of_hash,
        },
        stamp: FileStamp {
            device: 1,
            inode: 1,
            size: length,
            modified_ns: 0,
        },
    };
    transaction
        .append(&cursor, bytes.as_bytes(), Lane::Live)
        .unwrap();
    transaction.commit().unwrap();
    source
}

fn lose(world: &mut World, source: SourceId) {
    let mut transaction = world.archive.begin(NOW).unwrap();
    transaction.mark_gone(source, Lane::Live).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_session_that_moved_to_another_folder_is_whole_and_counts_once() {
    let had = prompt(1, "moved");
    let grown = format!("{had}{}", prompt(2, "and went on"));
    let check = |there: &str, is_first: bool, expect: (OnDisk, usize)| {
        let mut world = World::new();
        let path = |folder| format!("projects/{folder}/{SESSION}.jsonl");
        let before = file(&mut world, &path("-before"), &had);
        if is_first {
            file(&mut world, &path("-after"), there);
            lose(&mut world, before);
        } else {
            lose(&mut world, before);
            file(&mut world, &path("-after"), there);
        }
        let mut pair = world.create();
        world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
        pair.commit().unwrap();
        let (sessions, _) = world.answers(&pair, "moved");
        let bytes = usize::try_from(sessions[0].bytes).unwrap();
        assert_eq!((sessions[0].on_disk, bytes), expect, "{there}");
    };
    let other = prompt(3, "something else, and longer than what was here before");
    for is_first in [true, false] {
        check(&had, is_first, (OnDisk::Whole, had.len()));
        check(&grown, is_first, (OnDisk::Whole, grown.len()));
        check(&other, is_first, (OnDisk::Partly, had.len() + other.len()));
    }
}
