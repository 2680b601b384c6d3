//! Archived bytes that decayed: put back from the file, or noted as lost and archived as the file has them now.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use sessions_archive::{Lane, LogRow, Logged, Loss};
use sessions_model::{Origin, Seq, SourceKind, Timestamp};

use super::bench::{Bench, MAIN, rows};
use crate::ingest::Archiving;

/// Lines that no compression makes smaller, so that the archive holds them as they are.
fn noise() -> Vec<u8> {
    let mut bytes = vec![0; 300_000];
    blake3::Hasher::new_derive_key("noise for a test")
        .finalize_xof()
        .fill(&mut bytes);
    bytes.extend_from_slice(b"\n");
    bytes
}

/// A bench that has archived `bytes`, of which one byte has decayed since, and what is lost by that.
fn decayed(bytes: &[u8]) -> (Bench, Vec<Loss>) {
    let mut bench = Bench::started();
    bench.write(MAIN, bytes);
    bench.settled();
    bench.stop();
    let database = bench.home().join("archive/archive.db");
    let mut file = fs::read(&database).unwrap();
    let window = &bytes[150_000..150_032];
    let at = file.windows(32).position(|found| found == window).unwrap();
    file[at + 16] ^= 1;
    fs::write(&database, file).unwrap();
    bench.start();
    let verified = bench.reader().verify(&mut |_, _| ControlFlow::Continue(()));
    (bench, verified.unwrap())
}

#[test]
fn bytes_that_the_file_still_has_are_put_back_in_their_place() {
    let (bench, losses) = decayed(&noise());
    assert_eq!(losses.len(), 1);
    let left = bench.wait(bench.handle().mend(losses)).unwrap();
    assert_eq!(left, []);
    bench.settled();
    bench.holds(MAIN, 1);
    assert_eq!(bench.reader().known_losses().unwrap(), []);
}

#[test]
fn bytes_that_the_file_has_no_more_are_noted_and_the_file_is_archived_anew() {
    let mut bytes = noise();
    let (mut bench, losses) = decayed(&bytes);
    // One byte of the same frame was changed by whoever writes the file.
    bytes[1_000] ^= 1;
    let mut file = bench.open_to_edit(MAIN);
    file.write_all(&bytes).unwrap();
    let left = bench.wait(bench.handle().mend(losses.clone())).unwrap();
    assert_eq!(left, losses);
    assert!(bench.reader().known_losses().unwrap()[0].covers(&losses[0]));
    bench.until(|bench| bench.generations(MAIN).len() == 2);
    bench.holds(MAIN, 2);
}

#[test]
fn while_archiving_is_paused_nothing_is_read_and_nothing_given_up() {
    let (bench, losses) = decayed(&noise());
    bench
        .wait(bench.handle().set_archiving(Archiving::Paused))
        .unwrap();
    let left = bench.wait(bench.handle().mend(losses.clone())).unwrap();
    assert_eq!(left, losses);
    assert_eq!(bench.reader().known_losses().unwrap(), []);
}

#[test]
fn a_source_whose_path_was_lost_is_the_one_whose_file_begins_so() {
    let mut bench = Bench::started();
    bench.write(MAIN, rows(0, 100, 200));
    bench.settled();
    let source = bench.source(MAIN).unwrap();
    bench.stop();
    let mut archive = bench.open_archive();
    let mut transaction = archive.begin(Timestamp(0)).unwrap();
    let lost = Origin {
        path: "lost/1".into(),
        kind: SourceKind::Sidecar,
        session: None,
        agent: None,
    };
    transaction
        .adopt_source(source.id, source.root, &lost)
        .unwrap();
    transaction.commit().unwrap();
    drop(archive);
    bench.append(MAIN, rows(100, 1, 200));
    bench.start();
    bench.settled();
    bench.holds(MAIN, 1);
    let found = bench.source(MAIN).unwrap();
    assert_eq!((found.id, found.origin), (source.id, source.origin));
    assert_eq!(bench.reader().sources().unwrap().len(), 1);
    let rows = bench.reader().log_after(Lane::Backlog, Seq(0), 99).unwrap();
    let again = |row: &LogRow| matches!(row.change, Logged::Mended { start, .. } if start.0 == 0);
    assert!(
        rows.iter().any(again),
        "what it is was not known before: {rows:?}"
    );
}

#[test]
fn what_a_salvage_left_without_a_path_is_given_to_the_source_that_lost_it() {
    let mut bench = Bench::started();
    bench.write(MAIN, rows(0, 100, 200));
    bench.settled();
    let source = bench.source(MAIN).unwrap();
    bench.stop();
    let mut archive = bench.open_archive();
    let mut transaction = archive.begin(Timestamp(0)).unwrap();
    let lost = Origin {
        path: "lost/generation-1".into(),
        kind: SourceKind::Sidecar,
        session: None,
        agent: None,
    };
    transaction
        .adopt_source(source.id, source.root, &lost)
        .unwrap();
    let named = transaction.source(source.root, &source.origin).unwrap();
    transaction.commit().unwrap();
    archive.note_held().unwrap();
    drop(archive);
    bench.pace.checkpoint = Duration::ZERO;
    bench.start();
    bench.settled();
    bench.restart();
    bench.settled();
    assert!(bench.handle().faults().is_empty());
    bench.holds(MAIN, 1);
    let sources = bench.reader().sources().unwrap();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert_eq!((sources[0].id, &sources[0].origin), (named, &source.origin));
}

#[test]
fn an_archive_that_holds_less_than_it_did_says_so_until_that_is_accepted() {
    let mut bench = Bench::started();
    bench.write(MAIN, rows(0, 10, 200));
    bench.settled();
    bench.stop();
    let archive = bench.home().join("archive");
    let database = archive.join("archive.db");
    let backup = fs::read(&database).unwrap();
    bench.start();
    bench.append(MAIN, rows(10, 10, 200));
    bench.settled();
    bench.stop();
    // The client deletes, the archive is lost, and a backup takes its place.
    bench.remove(MAIN);
    fs::write(&database, backup).unwrap();
    bench.pace.checkpoint = Duration::ZERO;
    let says_so = |bench: &Bench| {
        let faults = bench.handle().faults();
        let held = "the archive holds 1 kB less than it did: 1 session in 1 file (3 kB) before, 1 session in 1 file (1 kB) now";
        faults.iter().any(|fault| fault.message.starts_with(held))
    };
    for _ in 0..2 {
        bench.start();
        bench.until(says_so);
        bench.stop();
    }
    fs::remove_file(archive.join("identity")).unwrap();
    bench.start();
    bench.until(|bench| bench.settle().complete && archive.join("identity").exists());
    assert!(bench.handle().faults().is_empty());
}
