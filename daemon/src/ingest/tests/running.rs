//! The archivist at work: waits, pauses, commands, roots without events, and an archive that is busy.

use std::fs;
use std::time::Duration;

use sessions_archive::NewOperation;
use sessions_model::{Seq, Timestamp};
use sessions_watch::{Method, RootWatch};

use super::bench::{Bench, MAIN, PATIENCE, rows};
use crate::ingest::Archiving;

/// Enough for whatever is not waited for.
const SOON: Duration = Duration::from_millis(100);

#[test]
fn a_wait_sees_every_append_made_before_it() {
    let bench = Bench::started();
    let mut expect = String::new();
    for round in 0..1000 {
        let row = rows(round, 1, 80);
        bench.append(MAIN, &row);
        expect.push_str(&row);
        let settled = bench.settle();
        assert!(settled.complete, "round {round}: {:?}", settled.reason);
        assert_eq!(settled.heads, bench.reader().heads().unwrap());
        let length = bench.source(MAIN).unwrap().cursor.unwrap().offset.0;
        assert_eq!(length, expect.len() as u64, "round {round}");
    }
    bench.holds(MAIN, 1);
}

#[test]
fn a_wait_that_is_over_too_early_says_so() {
    let bench = Bench::started();
    bench.write(MAIN, rows(0, 100_000, 400));
    let settled = bench.wait(bench.handle().settle(Duration::ZERO));
    assert!(!settled.complete && settled.reason.is_some());
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn nothing_is_read_before_a_change_of_the_settings_is_looked_at() {
    let check = |beside: Duration, is_read: bool| {
        let mut bench = Bench::new();
        bench.pace.beside = beside;
        let settings = bench.home().join("config.toml");
        bench.beside = vec![settings.clone()];
        bench.start();
        bench.settled();
        fs::write(settings, "exclude = []").unwrap();
        bench.write(MAIN, rows(0, 1, 100));
        let patience = if is_read { PATIENCE } else { SOON };
        let settled = bench.wait(bench.handle().settle(patience));
        assert_eq!(settled.complete, is_read, "{beside:?}");
        assert_eq!(bench.archived(MAIN).is_empty(), !is_read, "{beside:?}");
    };
    check(Duration::from_hours(1), false);
    check(Duration::from_millis(1), true);
}

#[test]
fn a_pause_holds_before_reading_and_survives_a_restart() {
    let mut bench = Bench::started();
    bench.append(MAIN, rows(0, 1, 100));
    bench.settled();
    bench
        .wait(bench.handle().set_archiving(Archiving::Paused))
        .unwrap();
    bench.append(MAIN, rows(1, 1, 100));
    let settled = bench.settle();
    assert_eq!(settled.reason.as_deref(), Some("archiving is paused"));
    bench.restart();
    assert!(bench.handle().is_paused());
    bench.settle();
    assert_eq!(bench.archived(MAIN), rows(0, 1, 100).as_bytes());
    bench
        .wait(bench.handle().set_archiving(Archiving::GoesOn))
        .unwrap();
    bench.until(|bench| bench.settle().complete);
    bench.holds(MAIN, 1);
}

#[test]
fn what_the_user_has_to_mend_first_holds_whatever_else_is_wished() {
    let mut bench = Bench::new();
    bench.hold = Some("config.toml:1: what is this".into());
    bench.start();
    bench.append(MAIN, rows(0, 1, 100));
    bench
        .wait(bench.handle().set_archiving(Archiving::GoesOn))
        .unwrap();
    let settled = bench.settle();
    assert_eq!(
        settled.reason.as_deref(),
        Some("archiving is paused: config.toml:1: what is this")
    );
    assert_eq!(settled.reason, bench.handle().shortfall());
    assert!(bench.handle().is_paused());
    assert_eq!(bench.reader().sources().unwrap(), []);
    bench.hold = None;
    bench.restart();
    bench.until(|bench| bench.settle().complete);
    bench.holds(MAIN, 1);
}

#[test]
fn a_root_without_events_is_archived_and_a_wait_says_what_it_is_worth() {
    let mut bench = Bench::new();
    bench.method = Method::Polling;
    bench.start();
    bench.settle();
    assert!(matches!(
        bench.handle().root_watches()[0].1,
        RootWatch::Polling(_)
    ));
    bench.write(MAIN, rows(0, 1, 100));
    bench.until(|bench| !bench.archived(MAIN).is_empty());
    for round in 1..20 {
        // A source written recently is looked at without waiting for the next round of polling.
        bench.append(MAIN, rows(round, 1, 100));
        let settled = bench.settle();
        assert!(
            settled
                .reason
                .is_some_and(|reason| reason.contains("polled"))
        );
        bench.holds(MAIN, 1);
    }
}

#[test]
fn what_the_user_wrote_is_recorded_even_when_paused() {
    let bench = Bench::started();
    bench
        .wait(bench.handle().set_archiving(Archiving::Paused))
        .unwrap();
    let operation = NewOperation {
        subject: "s".into(),
        field: "title".into(),
        value: "a name".into(),
    };
    let seq = bench.wait(bench.handle().operate(operation)).unwrap();
    assert_eq!((seq, bench.handle().heads().live), (Seq(1), Seq(1)));
    assert_eq!(bench.reader().operations().unwrap().len(), 1);
}

#[test]
fn an_archive_that_cannot_be_written_is_a_fault_and_nothing_is_lost() {
    let mut bench = Bench::started();
    let mut other = bench.open_archive();
    let lock = other.begin(Timestamp(0)).unwrap();
    bench.append(MAIN, rows(0, 10, 100));
    bench.until(|bench| !bench.handle().faults().is_empty());
    assert!(
        bench.handle().faults()[0]
            .message
            .contains("could not write the archive")
    );
    drop(lock);
    bench.until(|bench| bench.handle().faults().is_empty());
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn quiet_sources_are_folded_and_read_the_same() {
    let mut bench = Bench::new();
    bench.pace.fold = Duration::from_millis(30);
    bench.pace.checkpoint = Duration::from_millis(10);
    bench.start();
    bench.write(MAIN, rows(0, 3000, 400));
    bench.settled();
    bench.until(|bench| {
        bench
            .generations(MAIN)
            .iter()
            .all(|row| row.folded == row.length)
    });
    bench.holds(MAIN, 1);
    bench.append(MAIN, rows(3000, 10, 400));
    bench.settled();
    bench.holds(MAIN, 1);
}

#[test]
fn an_archive_at_rest_is_one_file() {
    let mut bench = Bench::started();
    bench.append(MAIN, rows(0, 10, 100));
    bench.settled();
    bench.handle().stop();
    let log = bench.home().join("archive/archive.db-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
    bench.stop();
}

#[test]
fn an_audit_finds_what_no_event_told() {
    let mut bench = Bench::new();
    bench.method = Method::Polling;
    // No look between the first and the audit.
    bench.pace.poll = Duration::from_hours(1);
    bench.pace.audit = Duration::from_millis(30);
    bench.start();
    bench.settle();
    bench.write(MAIN, rows(0, 3, 100));
    bench.until(|bench| bench.archived(MAIN) == rows(0, 3, 100).as_bytes());
}

#[test]
fn an_idle_archivist_does_nothing() {
    let bench = Bench::started();
    bench.append(MAIN, rows(0, 3, 100));
    bench.settled();
    let before = bench.reader().heads().unwrap();
    bench.settled();
    bench.settled();
    assert_eq!(bench.reader().heads().unwrap(), before);
}
