//! Every byte that was ever on disk is in some generation: random scripts of edits.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::bench::{Bench, MAIN, rows};

/// Something that happens to a file.
#[derive(Debug, Clone)]
enum Edit {
    Append { rows: usize, bytes: usize },
    Tear(usize),
    Truncate(usize),
    Splice { at: usize, count: usize },
    Overwrite { at: usize },
    Replace { keep: usize, rows: usize },
    Remove,
}

fn edit() -> impl Strategy<Value = Edit> {
    let percent = 0..100_usize;
    prop_oneof![
        4 => (1..40_usize, 1..3000_usize).prop_map(|(rows, bytes)| Edit::Append { rows, bytes }),
        2 => (1..200_usize).prop_map(Edit::Tear),
        1 => percent.clone().prop_map(Edit::Truncate),
        2 => (percent.clone(), 1..500_usize).prop_map(|(at, count)| Edit::Splice { at, count }),
        1 => percent.clone().prop_map(|at| Edit::Overwrite { at }),
        1 => (percent, 0..20_usize).prop_map(|(keep, rows)| Edit::Replace { keep, rows }),
        1 => Just(Edit::Remove),
    ]
}

/// Returns the file's bytes after `edit`; none if it is gone.
fn apply(bench: &Bench, edit: &Edit, step: usize) -> Option<Vec<u8>> {
    let before = fs::read(bench.path(MAIN)).unwrap_or_default();
    let share = |percent: usize| before.len() * percent / 100;
    match edit {
        Edit::Append { rows: count, bytes } => bench.append(MAIN, rows(step * 100, *count, *bytes)),
        Edit::Tear(bytes) => bench.append(MAIN, format!("{{\"torn{step}").repeat(*bytes)),
        Edit::Truncate(percent) => bench.write(MAIN, before.split_at(share(*percent)).0),
        Edit::Splice { at, count } => {
            let (kept, rest) = before.split_at(share(*at));
            bench.write(
                MAIN,
                [kept, rest.split_at((*count).min(rest.len())).1].concat(),
            );
        }
        Edit::Overwrite { at } => {
            let mut after = before.clone();
            if let Some(byte) = after.get_mut(share(*at)) {
                *byte = b'!' + u8::try_from(step % 90).unwrap();
            }
            bench.replace(MAIN, after);
        }
        Edit::Replace { keep, rows: count } => {
            let kept = before.split_at(share(*keep)).0.to_vec();
            bench.replace(
                MAIN,
                [kept, rows(step * 100, *count, 200).into_bytes()].concat(),
            );
        }
        Edit::Remove => drop(fs::remove_file(bench.path(MAIN))),
    }
    fs::read(bench.path(MAIN)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_ever_on_disk_is_in_some_generation(
        script in prop::collection::vec((edit(), any::<bool>()), 1..14),
    ) {
        let mut bench = Bench::new();
        // Whatever is on disk counts as left behind at once.
        bench.pace.line = Duration::ZERO;
        bench.start();
        let mut versions = Vec::new();
        for (step, (edit, restarts)) in script.iter().enumerate() {
            versions.extend(apply(&bench, edit, step));
            bench.settled();
            if *restarts {
                bench.restart();
                bench.until(|bench| bench.settle().complete);
            }
        }
        let generations = bench.generations(MAIN);
        let archived: Vec<_> = generations.iter().map(|row| bench.bytes_of(row)).collect();
        for (step, version) in versions.iter().enumerate() {
            prop_assert!(
                version.is_empty() || archived.iter().any(|bytes| bytes.starts_with(version)),
                "the version after step {} is lost", step
            );
        }
    }
}
