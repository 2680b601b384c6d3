//! Each way in which a file can change under us.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use sessions_model::ByteOffset;

use super::bench::{Bench, MAIN, rows};
use super::disks::Hooked;

#[test]
fn appended_lines_are_archived() {
    let bench = Bench::started();
    for round in 0..20 {
        bench.append(MAIN, rows(round, 1, 300));
        bench.settled();
        bench.holds(MAIN, 1);
    }
}

#[test]
fn a_torn_line_waits_for_its_newline() {
    let bench = Bench::started();
    bench.append(MAIN, "{\"a\":1}\n{\"b\":");
    bench.settled();
    assert_eq!(bench.archived(MAIN), b"{\"a\":1}\n");
    bench.append(MAIN, "2}\n");
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn a_torn_line_whose_writer_was_killed_is_archived_and_gone_on_with() {
    let mut bench = Bench::new();
    bench.pace.line = Duration::from_millis(30);
    bench.start();
    bench.append(MAIN, "{\"a\":1}\n{\"b\":");
    bench.until(|bench| bench.archived(MAIN) == b"{\"a\":1}\n{\"b\":");
    let cursor = bench.source(MAIN).unwrap().cursor.unwrap();
    assert_eq!(
        (cursor.offset, cursor.line_start),
        (ByteOffset(13), ByteOffset(8))
    );
    // The client, resumed, ends the bad line and goes on.
    bench.append(MAIN, "\n{\"c\":3}\n");
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn a_row_spliced_out_of_the_end_leaves_both_versions() {
    let mut bench = Bench::new();
    // What was read between the two steps is longer: then the end of its writer is waited for.
    bench.pace.line = Duration::from_millis(20);
    bench.start();
    let before = rows(0, 700, 300);
    bench.write(MAIN, &before);
    bench.settled();
    let row = rows(0, 1, 300).len();
    // The client moves what follows the row over it, then truncates.
    let at = before.match_indices('\n').nth(689).unwrap().0 + 1;
    let (kept, rest) = before.split_at(at);
    let (_, moved) = rest.split_at(rest.find('\n').unwrap() + 1);
    let mut file = bench.open_to_edit(MAIN);
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(moved.as_bytes()).unwrap();
    file.set_len((kept.len() + moved.len()) as u64).unwrap();
    bench.until(|bench| bench.archived(MAIN) == format!("{kept}{moved}").as_bytes());
    let generations = bench.generations(MAIN);
    let newest = generations.last().unwrap();
    assert_eq!(bench.bytes_of(&generations[0]), before.as_bytes());
    assert!(
        newest.parent.is_some() && newest.base.0 >= (kept.len() - row) as u64,
        "{newest:?}"
    );
}

#[test]
fn a_file_rewritten_by_rename_keeps_what_it_lost() {
    let bench = Bench::started();
    let before = rows(0, 2000, 1000);
    bench.write(MAIN, &before);
    bench.settled();
    let after = rows(1990, 10, 1000);
    bench.replace(MAIN, &after);
    bench.append(MAIN, rows(2000, 1, 50));
    bench.settled();
    bench.holds(MAIN, 2);
    assert_eq!(
        bench.bytes_of(&bench.generations(MAIN)[0]),
        before.as_bytes()
    );
}

#[test]
fn a_file_rewritten_by_rename_as_it_was_goes_on_in_its_generation() {
    let bench = Bench::started();
    let before = rows(0, 2000, 1000);
    bench.write(MAIN, &before);
    bench.settled();
    bench.replace(MAIN, format!("{before}{}", rows(2000, 1, 50)));
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn a_file_unlinked_and_made_again_with_new_rows_keeps_the_old_ones() {
    let bench = Bench::started();
    bench.write(MAIN, rows(0, 100, 200));
    bench.settled();
    bench.remove(MAIN);
    bench.append(MAIN, rows(100, 3, 200));
    bench.settled();
    bench.holds(MAIN, 2);
    assert_eq!(
        bench.bytes_of(&bench.generations(MAIN)[0]),
        rows(0, 100, 200).as_bytes()
    );
}

#[test]
fn a_file_that_went_and_came_back_goes_on_in_its_generation() {
    let bench = Bench::started();
    bench.write(MAIN, rows(0, 100, 200));
    bench.settled();
    bench.remove(MAIN);
    bench.settled();
    assert!(bench.source(MAIN).unwrap().is_gone);
    assert_eq!(bench.archived(MAIN), rows(0, 100, 200).as_bytes());
    bench.write(MAIN, rows(0, 101, 200));
    bench.settled();
    assert!(!bench.source(MAIN).unwrap().is_gone);
    bench.holds(MAIN, 1);
}

#[test]
fn lines_appended_just_before_the_file_is_unlinked_are_archived() {
    let bench = Bench::started();
    let mut expect = String::new();
    for round in 0..50 {
        bench.append(MAIN, rows(round, 1, 100));
        expect.push_str(&rows(round, 1, 100));
        bench.settled();
        // Nobody has seen these when their file has no name any more.
        bench.append(MAIN, "{\"last\":true}\n{\"torn");
        expect.push_str("{\"last\":true}\n{\"torn");
        bench.remove(MAIN);
        bench.settled();
        assert_eq!(bench.archived(MAIN), expect.as_bytes(), "round {round}");
        bench.write(MAIN, &expect);
    }
}

#[test]
fn two_writers_are_both_archived() {
    let bench = Bench::started();
    bench.write(MAIN, "");
    let path = bench.path(MAIN);
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let path = path.clone();
            thread::spawn(move || {
                let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
                for row in 0..500 {
                    file.write_all(rows(writer * 1000 + row, 1, 400).as_bytes())
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn a_truncation_between_stat_and_read_loses_nothing() {
    let mut bench = Bench::new();
    bench.pace.line = Duration::from_millis(30);
    let before = rows(0, 200, 500);
    bench.write(MAIN, &before);
    let (path, is_armed) = (bench.path(MAIN), Arc::new(AtomicBool::new(false)));
    let armed = Arc::clone(&is_armed);
    bench.start_on(Box::new(Hooked(Arc::new(
        move |opened: &std::path::Path| {
            if opened == path && armed.swap(false, Ordering::SeqCst) {
                let file = fs::OpenOptions::new().write(true).open(opened).unwrap();
                file.set_len(1000).unwrap();
            }
        },
    ))));
    bench.until(|bench| bench.archived(MAIN) == before.as_bytes());
    is_armed.store(true, Ordering::SeqCst);
    bench.append(MAIN, rows(200, 1, 500));
    bench.until(|bench| bench.generations(MAIN).len() == 2);
    assert_eq!(
        bench.bytes_of(&bench.generations(MAIN)[0]),
        before.as_bytes()
    );
    // 1000 bytes are two rows, or nearly: the last one is torn and waits.
    let file = fs::read(bench.path(MAIN)).unwrap();
    assert!(file.starts_with(&bench.archived(MAIN)));
    assert!(!is_armed.load(Ordering::SeqCst));
}

#[test]
fn a_file_that_begins_anew_as_it_was_is_waited_for() {
    let bench = Bench::started();
    let before = rows(0, 100, 200);
    bench.write(MAIN, &before);
    bench.settled();
    // A copy back is seen at each stage of being written.
    for bytes in [0, 10, 5000, before.len()] {
        bench.write(MAIN, before.split_at(bytes).0);
        bench.settled();
    }
    bench.append(MAIN, rows(100, 1, 200));
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn a_file_that_stays_shorter_is_a_new_generation() {
    let mut bench = Bench::new();
    bench.pace.line = Duration::from_millis(30);
    bench.start();
    let before = rows(0, 100, 200);
    bench.write(MAIN, &before);
    bench.settled();
    bench.write(MAIN, before.split_at(10_000).0);
    bench.until(|bench| bench.generations(MAIN).len() == 2);
    bench.until(|bench| bench.archived(MAIN).len() == 10_000);
    bench.holds(MAIN, 2);
}

#[test]
fn an_edit_deep_in_the_file_is_found_once_it_is_quiet() {
    let mut bench = Bench::new();
    bench.pace.compare = Duration::from_millis(30);
    bench.start();
    let before = rows(0, 1000, 300);
    bench.write(MAIN, &before);
    bench.settled();
    let file = bench.open_to_edit(MAIN);
    let stamp = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"y", 100_000).unwrap();
    file.set_modified(stamp).unwrap();
    bench.until(|bench| bench.generations(MAIN).len() == 2);
    bench.settled();
    bench.holds(MAIN, 2);
    assert_eq!(
        bench.bytes_of(&bench.generations(MAIN)[0]),
        before.as_bytes()
    );
    let base = bench.generations(MAIN)[1].base.0;
    assert!((99_000..100_001).contains(&base), "{base}");
}

#[test]
fn a_line_of_forty_megabytes_goes_in_pieces() {
    let bench = Bench::started();
    let mut line = vec![b'a'; 40_000_000];
    line.push(b'\n');
    bench.append(MAIN, rows(0, 1, 100));
    bench.append(MAIN, &line);
    bench.append(MAIN, rows(1, 1, 100));
    bench.settled();
    bench.holds(MAIN, 1);
    let cursor = bench.source(MAIN).unwrap().cursor.unwrap();
    assert_eq!(cursor.line_start, cursor.offset);
}

#[test]
fn each_version_of_a_snapshot_is_whole() {
    let bench = Bench::started();
    let title = "projects/-p/015937b6-1112-4e12-b9d9-295c89e5b1ba/custom-title.json";
    let versions = [
        "{\"customTitle\":\"one\"}",
        "{\"customTitle\":\"two\"}",
        "{}",
    ];
    for version in versions {
        bench.write(title, version);
        bench.settled();
    }
    let generations = bench.generations(title);
    let found: Vec<_> = generations.iter().map(|row| bench.bytes_of(row)).collect();
    assert_eq!(found, versions.map(|version| version.as_bytes().to_vec()));
    assert!(generations.iter().all(|row| row.base == ByteOffset(0)));
}
