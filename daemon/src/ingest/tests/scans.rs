//! Scans: the first import, restarts, sweeps, excludes, and what is not to be followed or read.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sessions_archive::{Lane, Logged};
use sessions_model::Seq;

use super::bench::{Bench, MAIN, rows};
use super::disks::{Counting, Hooked, Locked};
use crate::ingest::Excludes;

const DAY: Duration = Duration::from_hours(24);

fn session(number: usize) -> String {
    format!(
        "projects/-p{}/{number:08x}-1112-4e12-b9d9-295c89e5b1ba.jsonl",
        number % 5
    )
}

/// Sets a file's age, counted from a moment that the test needs no clock for: a file just written.
fn set_age(bench: &Bench, below: &str, days: u32) {
    let file = bench.open_to_edit(below);
    let written: SystemTime = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - DAY * days).unwrap();
}

#[test]
fn the_first_scan_is_a_backlog_and_what_comes_later_is_live() {
    let mut bench = Bench::new();
    for number in 0..20 {
        bench.write(&session(number), rows(0, 10, 100));
    }
    bench.start();
    bench.until(|bench| bench.settle().complete);
    let progress = bench.handle().progress();
    assert_eq!((progress.sources_done, progress.sources_total), (20, 20));
    assert_eq!(progress.bytes_done, progress.bytes_total);
    bench.append(&session(3), rows(10, 1, 100));
    bench.settled();
    let appends = |lane| {
        let log = bench.reader().log_after(lane, Seq(0), 1000).unwrap();
        log.iter()
            .filter(|row| matches!(row.change, Logged::Append { .. }))
            .count()
    };
    assert_eq!((appends(Lane::Backlog), appends(Lane::Live)), (20, 1));
}

#[test]
fn what_was_quiet_when_it_was_imported_is_packed_soon() {
    let mut bench = Bench::new();
    bench.pace.fold = DAY;
    bench.write(&session(0), rows(0, 10, 100));
    bench.write(&session(1), rows(1, 10, 100));
    set_age(&bench, &session(0), 2);
    bench.start();
    let is_packed = |bench: &Bench, number| {
        let rows = bench.generations(&session(number));
        !rows.is_empty() && rows.iter().all(|row| row.folded == row.length)
    };
    bench.until(|bench| is_packed(bench, 0));
    assert!(!is_packed(&bench, 1), "it was written a moment ago");
    bench.holds(&session(0), 1);
}

#[test]
fn what_a_daemon_left_unpacked_the_next_packs_soon() {
    let mut bench = Bench::new();
    bench.pace.fold = DAY;
    // The first one ends before its rest does.
    bench.pace.rest = DAY;
    bench.write(&session(0), rows(0, 10, 100));
    set_age(&bench, &session(0), 2);
    bench.start();
    bench.until(|bench| bench.settle().complete);
    let unpacked = |bench: &Bench| bench.reader().unfolded_sources().unwrap().len();
    assert_eq!(unpacked(&bench), 1);
    bench.pace.rest = Duration::ZERO;
    bench.restart();
    bench.until(|bench| unpacked(bench) == 0);
    bench.holds(&session(0), 1);
}

#[test]
fn what_is_about_to_be_swept_is_archived_first_then_the_newest() {
    let mut bench = Bench::new();
    for (number, days) in [(0, 1), (1, 29), (2, 5), (3, 45), (4, 0)] {
        bench.write(&session(number), rows(number, 1, 100));
        set_age(&bench, &session(number), days);
    }
    bench.start();
    bench.until(|bench| bench.settle().complete);
    let order: Vec<_> = bench
        .reader()
        .sources()
        .unwrap()
        .into_iter()
        .map(|source| source.origin.path)
        .collect();
    assert_eq!(order, [3, 1, 4, 0, 2].map(session));
}

#[test]
fn a_sweep_in_the_middle_of_the_first_import_loses_nothing() {
    let mut bench = Bench::new();
    let count = 120;
    for number in 0..count {
        bench.write(&session(number), rows(number, 50, 400));
        set_age(&bench, &session(number), 31);
    }
    // The client sweeps while the third file is being read.
    let reads = AtomicUsize::new(0);
    let files: Vec<_> = (0..count)
        .map(|number| bench.path(&session(number)))
        .collect();
    bench.start_on(Box::new(Hooked(Arc::new(move |_: &std::path::Path| {
        if reads.fetch_add(1, Ordering::SeqCst) == 2 {
            for file in &files {
                fs::remove_file(file).unwrap();
            }
        }
    }))));
    bench.until(|bench| bench.settle().complete);
    for number in 0..count {
        assert_eq!(
            bench.archived(&session(number)),
            rows(number, 50, 400).as_bytes()
        );
        assert!(bench.source(&session(number)).unwrap().is_gone, "{number}");
    }
}

#[test]
fn what_was_swept_before_its_turn_outlives_the_daemon_that_holds_it() {
    let mut bench = Bench::new();
    // More than go in one batch.
    let count = 600;
    for number in 0..count {
        bench.write(&session(number), rows(number, 2, 100));
        set_age(&bench, &session(number), 31);
    }
    let files: Vec<_> = (0..count)
        .map(|number| bench.path(&session(number)))
        .collect();
    // The daemon is told to end in the middle of the first of them, when all are gone already.
    let (swept, hear_swept) = sync_channel(1);
    let (go_on, wait_to_go_on) = sync_channel(1);
    let wait_to_go_on = Mutex::new(wait_to_go_on);
    let reads = AtomicUsize::new(0);
    bench.start_on(Box::new(Hooked(Arc::new(move |_: &std::path::Path| {
        if reads.fetch_add(1, Ordering::SeqCst) == 0 {
            for file in &files {
                fs::remove_file(file).unwrap();
            }
            swept.send(()).unwrap();
            wait_to_go_on.lock().unwrap().recv().unwrap();
        }
    }))));
    hear_swept.recv().unwrap();
    bench.handle().close();
    go_on.send(()).unwrap();
    bench.stop();
    bench.start();
    for number in 0..count {
        assert_eq!(
            bench.archived(&session(number)),
            rows(number, 2, 100).as_bytes(),
            "{number}"
        );
    }
}

#[test]
fn an_unchanged_restart_opens_nothing() {
    let mut bench = Bench::new();
    for number in 0..50 {
        bench.write(&session(number), rows(number, 5, 100));
    }
    bench.write(&session(50), "");
    bench.start();
    bench.until(|bench| bench.settle().complete);
    bench.stop();
    let opened = Counting::default();
    bench.start_on(Box::new(opened.clone()));
    bench.settled();
    assert_eq!(opened.0.load(Ordering::SeqCst), 0);
    assert_eq!(bench.handle().progress().sources_done, 51);
}

#[test]
fn a_restart_finds_what_happened_meanwhile() {
    let mut bench = Bench::started();
    for number in 0..4 {
        bench.write(&session(number), rows(number, 5, 100));
    }
    bench.settled();
    bench.stop();
    bench.append(&session(0), rows(9, 1, 100));
    bench.write(&session(1), rows(9, 5, 100));
    bench.remove(&session(2));
    bench.start();
    // Whoever asks first waits for it.
    bench.settled();
    bench.holds(&session(0), 1);
    bench.holds(&session(1), 2);
    assert!(bench.source(&session(2)).unwrap().is_gone);
    bench.holds(&session(3), 1);
}

#[test]
fn an_import_cut_short_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.write(MAIN, rows(0, 60_000, 500));
    bench.start();
    bench.until(|bench| !bench.archived(MAIN).is_empty());
    bench.restart();
    bench.until(|bench| bench.settle().complete);
    bench.holds(MAIN, 1);
}

#[test]
fn what_is_excluded_is_not_read() {
    let mut bench = Bench::new();
    bench.write(&session(1), rows(0, 1, 50));
    bench.excludes = Excludes::new(Vec::new(), &["projects/-p1/**".to_owned()]).unwrap();
    bench.start();
    bench.write(&session(6), rows(0, 1, 50));
    bench.write(&session(2), rows(0, 1, 50));
    bench.until(|bench| bench.settle().complete);
    let sources: Vec<_> = bench
        .reader()
        .sources()
        .unwrap()
        .into_iter()
        .map(|source| source.origin.path)
        .collect();
    assert_eq!(sources, [session(2)]);
}

#[test]
fn an_unreadable_file_is_a_fault_and_the_rest_goes_on() {
    let mut bench = Bench::new();
    bench.pace.unreadable = Duration::from_millis(20);
    bench.write(&session(1), rows(0, 1, 50));
    bench.write(&session(2), rows(0, 1, 50));
    let is_locked = Arc::new(AtomicBool::new(true));
    let ending = "00000001-1112-4e12-b9d9-295c89e5b1ba.jsonl";
    bench.start_on(Box::new(Locked {
        ending,
        is_locked: Arc::clone(&is_locked),
    }));
    bench.until(|bench| !bench.archived(&session(2)).is_empty());
    bench.until(|bench| !bench.handle().faults().is_empty());
    let fault = bench.handle().faults().remove(0);
    assert!(
        fault.message.contains(ending) && fault.message.contains("permission denied"),
        "{fault:?}"
    );
    assert!(!bench.settle().complete);
    is_locked.store(false, Ordering::SeqCst);
    bench.until(|bench| bench.handle().faults().is_empty());
    bench.settled();
    bench.holds(&session(1), 1);
}

#[test]
fn a_link_out_of_the_root_is_not_followed_and_is_said() {
    let mut bench = Bench::new();
    let outside = bench.home().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(
        outside.join("015937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl"),
        "{}\n",
    )
    .unwrap();
    symlink(&outside, bench.path("projects/out")).unwrap();
    let file = outside.join("015937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl");
    symlink(file, bench.path(&session(1)).with_file_name("out.jsonl")).unwrap_err();
    bench.start();
    bench.until(|bench| !bench.handle().faults().is_empty());
    assert!(bench.handle().faults()[0].message.contains("is a link"));
    assert_eq!(bench.reader().sources().unwrap(), []);
    fs::create_dir_all(bench.path("projects/-p1")).unwrap();
    symlink(outside.join("x"), bench.path(&session(1))).unwrap();
    bench.settle();
    assert_eq!(bench.reader().sources().unwrap(), []);
}

#[test]
fn a_folder_that_is_a_link_is_archived_where_it_leads() {
    let mut bench = Bench::new();
    let disk = bench.home().join("disk");
    fs::remove_dir_all(bench.path("projects")).unwrap();
    symlink(&disk, bench.path("projects")).unwrap();
    bench.start();
    bench.until(|bench| !bench.handle().faults().is_empty());
    let fault = bench.handle().faults().remove(0);
    assert!(fault.message.ends_with("which is missing"), "{fault:?}");
    fs::create_dir_all(disk.join("-p1")).unwrap();
    bench.until(|bench| bench.handle().faults().is_empty());
    bench.write(&session(1), rows(0, 5, 100));
    bench.settled();
    bench.holds(&session(1), 1);
    // What it leads to may be on a disk that is taken out: nothing of it is deleted.
    fs::rename(&disk, bench.home().join("unmounted")).unwrap();
    bench.until(|bench| !bench.handle().faults().is_empty());
    assert!(!bench.source(&session(1)).unwrap().is_gone);
    bench.restart();
    bench.until(|bench| !bench.handle().faults().is_empty());
    assert!(!bench.source(&session(1)).unwrap().is_gone);
    let other = bench.home().join("other");
    fs::create_dir_all(other.join("-p2")).unwrap();
    fs::remove_file(bench.path("projects")).unwrap();
    symlink(&other, bench.path("projects")).unwrap();
    bench.write(&session(2), rows(0, 5, 100));
    bench.settled();
    bench.holds(&session(2), 1);
}

#[test]
fn what_could_not_be_listed_is_tried_again() {
    let mut bench = Bench::new();
    bench.pace.unreadable = Duration::from_millis(20);
    // A link that leads to itself cannot be looked at, by whomever.
    let projects = bench.path("projects");
    fs::remove_dir_all(&projects).unwrap();
    symlink(bench.home().join("loop"), bench.home().join("loop")).unwrap();
    symlink(bench.home().join("loop"), &projects).unwrap();
    bench.start();
    bench.until(|bench| !bench.handle().faults().is_empty());
    let since = bench.handle().faults()[0].since;
    fs::remove_file(bench.home().join("loop")).unwrap();
    fs::create_dir_all(bench.home().join("loop/-p1")).unwrap();
    bench.until(|bench| {
        let faults = bench.handle().faults();
        faults.iter().all(|fault| fault.since == since) && faults.is_empty()
    });
    bench.write(&session(1), rows(0, 1, 50));
    bench.until(|bench| !bench.archived(&session(1)).is_empty());
}

#[test]
fn a_root_that_is_a_file_is_said_to_be_one() {
    let mut bench = Bench::new();
    fs::remove_dir_all(bench.path("")).unwrap();
    fs::write(bench.home().join("root"), "").unwrap();
    bench.start();
    bench.until(|bench| !bench.handle().faults().is_empty());
    let fault = bench.handle().faults().remove(0);
    assert!(fault.message.ends_with("is not a directory"), "{fault:?}");
}

#[test]
fn a_folder_removed_and_made_again_is_archived_again() {
    let bench = Bench::started();
    let deep = "projects/-q/015937b6-1112-4e12-b9d9-295c89e5b1ba/subagents/agent-a1.jsonl";
    for round in 0..10 {
        bench.write(deep, rows(round, 5, 100));
        bench.settled();
        assert_eq!(
            bench.archived(deep),
            rows(round, 5, 100).as_bytes(),
            "round {round}"
        );
        fs::remove_dir_all(bench.path("projects/-q")).unwrap();
        bench.settled();
        assert!(bench.source(deep).unwrap().is_gone);
    }
}

#[test]
fn a_folder_moved_away_takes_its_sources_with_it() {
    let bench = Bench::started();
    bench.write(&session(1), rows(0, 5, 100));
    bench.settled();
    fs::rename(bench.path("projects/-p1"), bench.path("projects/-moved")).unwrap();
    bench.settled();
    assert!(bench.source(&session(1)).unwrap().is_gone);
    let moved = session(1).replace("-p1", "-moved");
    assert_eq!(bench.archived(&moved), rows(0, 5, 100).as_bytes());
}

#[test]
fn a_missing_root_is_a_fault_until_it_appears() {
    let mut bench = Bench::new();
    fs::remove_dir_all(bench.path("")).unwrap();
    bench.start();
    bench.until(|bench| !bench.handle().faults().is_empty());
    bench.write(&session(1), rows(0, 5, 100));
    bench.until(|bench| !bench.archived(&session(1)).is_empty());
    bench.until(|bench| bench.handle().faults().is_empty());
    bench.holds(&session(1), 1);
}
