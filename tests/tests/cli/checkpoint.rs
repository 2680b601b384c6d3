//! `sessions checkpoint`.

use serde_json::Value;

use crate::{PARSER, Samples};

#[test]
fn a_checkpoint_is_bound_shown_found_and_kept_until_it_is_deleted() {
    let samples = Samples::archived();
    let home = &samples.home;
    let create = [
        "checkpoint",
        "create",
        "zebrafish",
        "--session",
        PARSER,
        "--note",
        "all green",
    ];
    let said = String::from_utf8(home.bytes(&create).unwrap()).unwrap();
    assert!(said.starts_with("saved checkpoint "), "{said}");

    let list = || {
        home.json(&["checkpoint", "list", "--session", PARSER, "--json"])
            .unwrap()
    };
    let bound = sessions_tests::wait_for("a bound checkpoint", crate::BOUND_MAX, || {
        let list = list();
        Ok(list[0]["place"].is_object().then_some(list))
    });
    let bound = bound.unwrap();
    assert_eq!(
        (&bound[0]["name"], &bound[0]["session"]),
        (&"zebrafish".into(), &PARSER.into())
    );
    let record = bound[0]["place"]["record"].as_str().unwrap();

    let entries = home.json(&["view", "--json", PARSER]).unwrap();
    let kinds = |entries: &Value| -> Vec<String> {
        let kind = |entry: &Value| entry["kind"].as_str().unwrap().to_owned();
        entries.as_array().unwrap().iter().map(kind).collect()
    };
    let at = kinds(&entries)
        .iter()
        .position(|kind| kind == "checkpoint")
        .unwrap();
    let before = entries[at - 1]["id"].as_str().unwrap();
    let is_behind = before.starts_with(record) || !entries[at - 1]["agent"].is_null();
    assert!(is_behind, "{before} {record}");
    let session = home.json(&["list", "--json"]).unwrap();
    let session = session
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["id"] == PARSER);
    assert_eq!(session.unwrap()["checkpoints"], 1);

    let check_hits = |expect: usize| {
        let answer = home.search("zebrafish green").unwrap();
        let hits = answer["hits"].as_array().unwrap();
        assert_eq!(hits.len(), expect, "{answer}");
        if let Some(hit) = hits.first() {
            assert_eq!(
                (&hit["kind"], &hit["session"]),
                (&"checkpoint".into(), &PARSER.into())
            );
            assert_eq!(hit["entry"], entries[at]["id"]);
        }
    };
    check_hits(1);
    home.bytes(&["rebuild"]).unwrap();
    check_hits(1);
    assert_eq!(list(), bound);

    home.bytes(&["checkpoint", "delete", "ZEBRAFISH"]).unwrap();
    check_hits(0);
    let shown = home.sessions(&["checkpoint", "show", "zebrafish"]).unwrap();
    assert_eq!(shown.status.code(), Some(1));
    let kinds = kinds(&home.json(&["view", "--json", PARSER]).unwrap());
    assert!(!kinds.iter().any(|kind| kind == "checkpoint"));
}

#[test]
fn what_no_checkpoint_can_be_called_is_refused() {
    let samples = Samples::archived();
    let long = "x".repeat(300);
    let words = samples.check_exit(&["checkpoint", "create", &long, "-s", PARSER], 2);
    assert!(words.contains("at most 200 bytes"), "{words}");
    samples.check_exit(&["checkpoint", "list"], 1);
}
