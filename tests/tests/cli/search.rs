//! `search`: what is found as what, and how a wrong query is answered.

use serde_json::Value;

use crate::{FLAKY, PARSER, Samples};

#[test]
fn every_kind_of_entry_is_found_as_what_it_is() {
    let samples = Samples::archived();
    let check = |query: &str, kind: &str| {
        let answer = samples.home.search(query).unwrap();
        let first = &answer["hits"][0];
        assert_eq!(first["kind"], kind, "{query}: {answer}");
        assert_eq!(answer["coverage"]["complete"], true, "{query}");
    };
    check("\"drops the last character when\"", "prompt");
    check(
        "\"three backslashes before the quote\" kind:prompt",
        "prompt",
    );
    check("\"grows afterwards\"", "answer");
    check("\"must count the run\" kind:thinking", "thinking");
    check("\"psql ledger\" kind:tool-call", "tool-call");
    check("\"needle-in-spilled-output\"", "tool-result");
    check(
        "\"cannot run inside a transaction block\" is:error",
        "tool-result",
    );
    check("kind:summary \"empty file\"", "summary");
    check("kind:title \"single pass\"", "title");
    check("kind:command \"git diff\"", "command");
    check("kind:api-error overloaded", "api-error");
    check("\"no version knows\"", "unknown");
    check("フォーカスの枠", "prompt");
    check("\"two separate events\" is:subagent", "answer");
    samples.daemon.stop().unwrap();
}

#[test]
fn a_hit_says_where_it_is_and_marks_what_matched() {
    let samples = Samples::archived();
    let answer = samples.home.search("is_escaped kind:answer").unwrap();
    let hit = &answer["hits"][0];
    for field in [
        "session",
        "entry",
        "kind",
        "project",
        "time",
        "score",
        "more_in_session",
    ] {
        assert!(!hit[field].is_null(), "no {field} in {hit}");
    }
    let snippet = hit["snippet"].as_str().unwrap();
    let marked = hit["highlights"].as_array().unwrap();
    assert!(!marked.is_empty(), "{hit}");
    for mark in marked {
        let word = marked_word(snippet, mark);
        assert!(word.contains("escaped"), "{word:?} in {hit}");
    }
    samples.daemon.stop().unwrap();
}

fn marked_word<'a>(snippet: &'a str, mark: &Value) -> &'a str {
    let end = |at: usize| usize::try_from(mark[at].as_u64().unwrap()).unwrap();
    snippet.get(end(0)..end(1)).unwrap()
}

#[test]
fn nothing_found_and_wrong_queries_are_told_apart() {
    let samples = Samples::archived();
    samples.check_exit(&["search", "zyzzyva"], 1);
    let wrong = samples.check_exit(&["search", "lexer (parser"], 2);
    assert!(wrong.contains('^'), "no mark at the character: {wrong}");
    samples.check_exit(&["search", "kind:nonsense x"], 2);
    samples.check_exit(&["search"], 2);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_search_sees_the_last_line_on_disk() {
    let samples = Samples::archived();
    let path = samples.home.config_root().join("projects/-src-lantern");
    let path = path.join(format!("{FLAKY}.jsonl"));
    for round in 0..20 {
        let row = format!(
            "\n{{\"type\":\"user\",\"uuid\":\"00000000-0000-4000-8000-{round:012}\",\"sessionId\":\
             \"{FLAKY}\",\"message\":{{\"role\":\"user\",\"content\":\"lateword{round} here\"}}}}\n"
        );
        append(&path, row.as_bytes());
        let answer = samples.home.search(&format!("lateword{round}")).unwrap();
        assert_eq!(
            answer["hits"][0]["session"], FLAKY,
            "round {round}: {answer}"
        );
    }
    samples.daemon.stop().unwrap();
}

#[test]
fn a_row_changed_in_its_place_is_found_and_shown_as_it_was_and_as_it_is() {
    let samples = Samples::archived();
    let path = samples.home.config_root().join("projects/-src-lantern");
    let path = path.join(format!("{FLAKY}.jsonl"));
    let row = |text: &str| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"00000000-0000-4000-8000-00000000cafe\",\"sessionId\":\
             \"{FLAKY}\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
        )
    };
    // The sample ends in a torn line.
    let first = format!("\n{}", row("the wordbefore stood here"));
    append(&path, first.as_bytes());
    assert_eq!(samples.home.search("wordbefore").unwrap()["total"], 1);
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace("wordbefore stood", "wordafter stands");
    std::fs::write(&path, changed).unwrap();
    let found = samples.home.search("wordafter").unwrap();
    assert_eq!(found["total"], 1, "{found}");
    let id = &found["hits"][0]["entry"];
    assert_eq!(samples.home.search("wordbefore").unwrap()["total"], 1);
    let entries = samples.home.json(&["view", "--json", FLAKY]).unwrap();
    let entries = entries.as_array().unwrap();
    let last: Vec<_> = entries[entries.len() - 2..]
        .iter()
        .map(|entry| (entry["text"].as_str().unwrap(), &entry["withdrawn"]))
        .collect();
    let expect = [
        ("the wordbefore stood here", &true.into()),
        ("the wordafter stands here", &false.into()),
    ];
    assert_eq!(last, expect);
    assert_eq!(&entries[entries.len() - 1]["id"], id);
    samples.daemon.stop().unwrap();
}

fn append(path: &std::path::Path, bytes: &[u8]) {
    use std::io::Write;
    let file = std::fs::OpenOptions::new().append(true).open(path);
    file.unwrap().write_all(bytes).unwrap();
}

#[test]
fn copied_rows_are_counted_once() {
    let samples = Samples::archived();
    let answer = samples
        .home
        .search("\"drops the last character when\"")
        .unwrap();
    assert_eq!(answer["total"], 1, "{answer}");
    let sessions: Vec<_> = answer["hits"].as_array().unwrap().iter().collect();
    assert_eq!(sessions.len(), 1, "{answer}");
    assert!(sessions[0]["session"].is_string());
    let only_here = samples.home.search("session:9aaa74c8 scanner").unwrap();
    assert_eq!(only_here["hits"][0]["session"], PARSER, "{only_here}");
    samples.daemon.stop().unwrap();
}
