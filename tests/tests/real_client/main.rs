//! The real client works while the daemon runs; afterwards every byte it left must be in the archive,
//! and everything that was said must be found.
//!
//! All scenes are played once, in one home; each test looks at the evidence of that one play.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod evidence;
mod play;
mod resuming;
mod scenes;

use evidence::Evidence;

#[test]
fn every_byte_the_client_left_is_archived() {
    let sources = &Evidence::get().sources;
    assert!(sources.checked >= 15, "only {} sources", sources.checked);
    assert!(sources.faults.is_empty(), "{:#?}", sources.faults);
}

#[test]
fn everything_that_was_said_is_found() {
    let told = &Evidence::get().told;
    assert!(told.checked > 40, "only {} things were said", told.checked);
    assert!(told.faults.is_empty(), "{:#?}", told.faults);
}

#[test]
fn what_the_client_rewrote_or_lost_is_kept() {
    let lived = &Evidence::get().lived;
    assert_eq!(lived.checked, 3);
    assert!(lived.faults.is_empty(), "{:#?}", lived.faults);
}

#[test]
fn rows_copied_by_a_fork_are_one_hit() {
    let evidence = Evidence::get();
    assert_eq!(evidence.copied_rows_total, 1);
}

#[test]
fn every_session_is_listed_once() {
    let evidence = Evidence::get();
    assert_eq!(evidence.listed, evidence.sessions);
}

#[test]
fn the_daemon_outlived_the_play_and_stopped_in_time() {
    assert_eq!(Evidence::get().stopped, Ok(()));
}
