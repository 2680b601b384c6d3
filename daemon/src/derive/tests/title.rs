//! A session's name in a file beside its transcript.

use sessions_archive::Lane;

use super::moved::file;
use super::{SESSION, World, prompt};

/// Checks the title, and how often its words are found, whichever of the two files came first.
fn check(rows: &[&str], name: &str, expect: (&str, u64)) {
    let transcript = format!("projects/-x/{SESSION}.jsonl");
    let beside = format!("projects/-x/{SESSION}/custom-title.json");
    let rows = format!("{}{}", prompt(1, "go"), rows.concat());
    let files = [(&*transcript, &*rows), (&*beside, name)];
    for order in [[0, 1], [1, 0]] {
        let mut world = World::new();
        for (path, text) in order.map(|at| files[at]) {
            file(&mut world, path, text);
        }
        for lanes in [[Lane::Live, Lane::Backlog], [Lane::Backlog, Lane::Live]] {
            let mut pair = world.create();
            world.apply(&mut pair, lanes);
            pair.commit().unwrap();
            let (sessions, total) = world.answers(&pair, "quartz");
            assert_eq!((&*sessions[0].title, total), expect, "{rows:?} {name:?}");
        }
    }
}

#[test]
fn a_name_in_a_file_counts_where_no_row_says_one_and_is_found_once() {
    let file = r#"{"customTitle":"quartz ledger"}"#;
    let row = |title: &str| format!("{{\"type\":\"custom-title\",\"customTitle\":\"{title}\"}}\n");
    check(&[], file, ("quartz ledger", 1));
    check(&[&row("quartz ledger")], file, ("quartz ledger", 1));
    check(&[&row("quartz journal")], file, ("quartz journal", 2));
    let made = "{\"type\":\"ai-title\",\"aiTitle\":\"Books\"}\n";
    check(&[made], file, ("quartz ledger", 1));
    check(&[], "{\n  \"customTitle\": \"quartz\"\n}\n", ("quartz", 1));
    check(&[], "{\"customTitle\":7}", ("go", 0));
    check(&[], &prompt(2, "quartz"), ("go", 0));
}
