//! `grep`: the lines that a plain regular expression finds in the same texts, and how a wrong one is answered.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use crate::{PARSER, Samples};

/// What `sessions grep --json` printed, a value a line; the last are the sums.
fn grep(samples: &Samples, args: &[&str]) -> (Vec<Value>, Value) {
    let args = [&["grep", "--json"], args].concat();
    let output = samples.home.sessions(&args).unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{args:?}: {words}"
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut values: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sums = values.pop().unwrap();
    assert_eq!(sums["type"], "summary", "{printed}");
    assert_eq!(sums["coverage"]["complete"], true, "{sums}");
    (values, sums)
}

/// The lines that match, each once.
fn matching(found: &[Value]) -> BTreeSet<String> {
    let lines = found
        .iter()
        .flat_map(|entry| entry["lines"].as_array().unwrap());
    let matching = lines.filter(|line| line["matches"] == true);
    matching
        .map(|line| line["text"].as_str().unwrap().to_owned())
        .collect()
}

/// Every text that is shown of any session.
fn texts(samples: &Samples) -> Vec<String> {
    let mut texts = Vec::new();
    for session in samples.home.listed(&[]).unwrap() {
        let id = session["id"].as_str().unwrap();
        let entries = samples.home.json(&["view", id, "--json"]).unwrap();
        let entries = entries.as_array().unwrap().iter();
        texts.extend(entries.map(|entry| entry["text"].as_str().unwrap().to_owned()));
    }
    texts
}

#[test]
fn the_lines_that_a_regular_expression_finds_are_found() {
    let samples = Samples::archived();
    let texts = texts(&samples);
    for pattern in [
        "parser",
        "(?i)PARSER",
        "is_escaped",
        "needle-in-spilled-output",
        r"fn \w+\(",
        r"^\s*}$",
        r"\bthe\b.*\bof\b",
        "[0-9]{3,}",
        "フォーカス",
        "esca|quote",
        r"[^a-z ]{4}",
        "e",
    ] {
        let plain = Regex::new(pattern).unwrap();
        let lines = texts.iter().flat_map(|text| text.lines());
        let expect: BTreeSet<String> = lines
            .filter(|line| plain.is_match(line))
            .map(str::to_owned)
            .collect();
        assert!(!expect.is_empty(), "{pattern}");
        let (found, sums) = grep(&samples, &[pattern]);
        let missing: Vec<_> = expect.difference(&matching(&found)).cloned().collect();
        assert_eq!(missing, Vec::<String>::new(), "{pattern}: {sums}");
        for line in matching(&found) {
            assert!(plain.is_match(&line), "{pattern}: {line}");
        }
    }
    samples.daemon.stop().unwrap();
}

#[test]
fn flags_mean_what_people_know() {
    let samples = Samples::archived();
    let count = |args: &[&str]| grep(&samples, args).1["lines"].as_u64().unwrap();
    let all = count(&["-i", "escape"]);
    assert!(count(&["escape"]) < all);
    assert!(count(&["-w", "-i", "escape"]) < all);
    assert_eq!(count(&["-F", "fn (", "kind:prompt"]), 0);
    let (found, sums) = grep(&samples, &["-i", "-c", "escape"]);
    let counted: u64 = found
        .iter()
        .map(|session| session["lines"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, all);
    assert_eq!(found.len() as u64, sums["sessions"].as_u64().unwrap());
    let (listed, _) = grep(&samples, &["-i", "-l", "escape"]);
    assert_eq!(listed.len(), found.len());
    assert!(
        listed.iter().all(|session| session["lines"].is_null()),
        "{listed:?}"
    );
    let (limited, sums) = grep(&samples, &["-i", "-m", "1", "escape"]);
    assert_eq!(matching(&limited).len(), 1);
    assert_eq!(sums["limited"], true);
    let (around, _) = grep(&samples, &["-C", "2", "-i", "escape"]);
    let lines = around
        .iter()
        .flat_map(|entry| entry["lines"].as_array().unwrap());
    assert!(lines.filter(|line| line["matches"] == false).count() > 0);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_query_says_which_entries_are_looked_at() {
    let samples = Samples::archived();
    let session = format!("session:{PARSER}");
    let (found, _) = grep(&samples, &["-i", "parser", &session, "kind:prompt"]);
    assert!(!found.is_empty());
    for entry in &found {
        assert_eq!(
            (&entry["session"], &entry["kind"]),
            (&PARSER.into(), &"prompt".into())
        );
    }
    let (raw, sums) = grep(
        &samples,
        &["--raw", "\"sessionId\":\"[0-9a-f-]+\"", &session],
    );
    assert!(!sums["scan"].is_null());
    for entry in &raw {
        assert!(entry["file"].as_str().unwrap().contains(PARSER), "{entry}");
    }
    assert!(!raw.is_empty());
    samples.daemon.stop().unwrap();
}

#[test]
fn what_cannot_be_matched_is_refused_with_a_reason() {
    let samples = Samples::archived();
    let check = |args: &[&str], code: i32, reason: &str| {
        let words = samples.check_exit(&[&["grep"], args].concat(), code);
        assert!(words.contains(reason), "{args:?}: {words}");
    };
    check(&["a(b"], 2, "unclosed group\n  a(b\n   ^");
    check(&["x{1000000}"], 2, "once it is compiled");
    check(&[&"x".repeat(100_000)], 2, "longer than 65536 bytes");
    check(&["parser", "after:nonsense"], 2, "nonsense");
    check(&["(a*)*b{3}nothing-has-this"], 1, "");
    samples.daemon.stop().unwrap();
}
