//! Databases of older versions, as they lie on users' disks.

use std::fs;

use sessions_archive::{Archive, Lane, Logged};
use sessions_model::{ByteOffset, Seq};

use crate::support::{NOW, lines};

/// Written by the program of that version: none later can make it.
const VERSION_1: &str = "tests/fixtures/archive-v1.db";

#[test]
fn an_archive_of_version_1_opens_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(VERSION_1, folder.path().join("archive.db")).unwrap();
    let archive = Archive::open(folder.path(), NOW).unwrap();
    let reader = archive.reader().unwrap();
    let sources = reader.sources().unwrap();
    assert_eq!(sources.len(), 1);
    assert!(sources[0].is_gone);
    let generations = reader.generations(sources[0].id).unwrap();
    let read = |n: usize| {
        let row = generations[n];
        reader.bytes(row.id, ByteOffset(0)..row.length).unwrap()
    };
    let first = [&lines("fixture", 3_000)[..], b"{\"half\":"].concat();
    assert_eq!(read(0), first);
    assert_eq!(read(1), [&first[..1_000], b"rewritten\n"].concat());
    assert_eq!(reader.operations().unwrap()[0].value, "a name");
    assert_eq!(reader.setting("paused").unwrap().as_deref(), Some("yes"));
    let gone = reader.log_after(Lane::Backlog, Seq(0), 9).unwrap();
    assert_eq!(
        gone[0].change,
        Logged::Gone {
            source: sources[0].id
        }
    );
    assert_eq!(reader.log_after(Lane::Live, Seq(0), 99).unwrap().len(), 6);
}
