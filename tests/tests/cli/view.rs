//! `view`: a session's entries, and the bytes behind them.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use sessions_tests::tree::Tree;
use sessions_tests::wait_for;

use crate::{FLAKY, PARSER, Samples};

/// Every kind but `note`, which no client writes.
const KINDS: [&str; 13] = [
    "answer",
    "api-error",
    "command",
    "compaction",
    "interrupt",
    "prompt",
    "summary",
    "system",
    "thinking",
    "title",
    "tool-call",
    "tool-result",
    "unknown",
];

/// How long a row may wait: for its newline two quiet seconds, and for a busy machine.
const FOUND_MAX: Duration = Duration::from_secs(30);

#[test]
fn the_samples_show_every_kind_of_entry() {
    let samples = Samples::archived();
    let list = samples.home.json(&["list", "--json"]).unwrap();
    let mut kinds = BTreeSet::new();
    for session in list.as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        let entries = samples.home.json(&["view", "--json", id]).unwrap();
        for entry in entries.as_array().unwrap() {
            kinds.insert(entry["kind"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), KINDS);
    samples.daemon.stop().unwrap();
}

#[test]
fn raw_is_what_is_on_disk() {
    let samples = Samples::archived();
    let root = samples.home.config_root();
    let transcript = root.join(format!("projects/-src-lantern/{PARSER}.jsonl"));
    let raw = samples.home.bytes(&["view", PARSER, "--raw"]).unwrap();
    assert_eq!(raw, fs::read(transcript).unwrap());
    let tree = Tree::read(root).unwrap();
    assert_eq!(tree.files.len(), 23, "{:?}", tree.files.keys());
    let differences = samples.home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    samples.daemon.stop().unwrap();
}

#[test]
fn subagents_stand_after_the_call_that_started_them() {
    let samples = Samples::archived();
    let entries = samples.home.json(&["view", "--json", FLAKY]).unwrap();
    let entries = entries.as_array().unwrap();
    let position = |words: &str| {
        let has = |text: &serde_json::Value| text.as_str().is_some_and(|t| t.contains(words));
        let found = entries.iter().position(|entry| has(&entry["text"]));
        found.unwrap_or_else(|| panic!("no entry says {words}"))
    };
    let inside = position("expects two events");
    assert!(entries[inside]["agent"].is_string(), "{}", entries[inside]);
    assert!(inside < position("Both agents are at work"));
    samples.daemon.stop().unwrap();
}

#[test]
fn long_results_are_folded_unless_asked_for() {
    let samples = Samples::archived();
    let print = |args: &[&str]| String::from_utf8(samples.home.bytes(args).unwrap()).unwrap();
    let folded = print(&["view", PARSER, "--plain"]);
    assert!(folded.contains("is_escaped"), "{folded}");
    assert!(!folded.contains("needle-in-spilled-output"));
    let full = print(&["view", PARSER, "--plain", "--full"]);
    assert!(full.contains("needle-in-spilled-output"));
    samples.daemon.stop().unwrap();
}

#[test]
fn what_a_killed_client_wrote_last_is_found_and_shown_once() {
    let samples = Samples::archived();
    let id = "5d2b7c1e-08a4-4f6b-9a73-6f1f0f7f9b11";
    let transcript = samples
        .home
        .config_root()
        .join(format!("projects/-src-lantern/{id}.jsonl"));
    let row = format!(
        r#"{{"type":"user","uuid":"k1","sessionId":"{id}","message":{{"role":"user","content":"a kestrel hovers"}}}}"#
    );
    let prompts = || {
        let entries = samples.home.json(&["view", "--json", id]).unwrap();
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|entry| entry["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let total = || samples.home.search("kestrel").unwrap()["total"].as_u64();
    fs::write(&transcript, &row).unwrap();
    let found = || Ok((total() == Some(1)).then_some(()));
    wait_for("a row without its newline", FOUND_MAX, found).unwrap();
    assert_eq!(prompts(), ["a kestrel hovers"]);
    // Whoever resumes it ends the line first.
    let next = row.replace("k1", "k2").replace("hovers", "dives");
    fs::write(&transcript, format!("{row}\n{next}\n")).unwrap();
    let found = || Ok((total() == Some(2)).then_some(()));
    wait_for("the row after it", FOUND_MAX, found).unwrap();
    assert_eq!(prompts(), ["a kestrel hovers", "a kestrel dives"]);
    samples.daemon.stop().unwrap();
}
