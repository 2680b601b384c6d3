//! `sessions tag`.

use crate::{FLAKY, PARSER, Samples};

#[test]
fn a_tag_is_listed_found_outlives_a_rebuild_and_is_taken_away() {
    let samples = Samples::archived();
    let home = &samples.home;
    let tags = |args: &[&str]| String::from_utf8(home.bytes(args).unwrap()).unwrap();
    let tagged = tags(&["tag", PARSER, "later", "#parsing"]);
    assert_eq!(tagged, "later\nparsing\n");
    assert_eq!(tags(&["tag", PARSER, "Later"]), tagged, "it has it already");
    tags(&["tag", FLAKY, "later"]);

    let found = |query: &str| -> Vec<String> {
        let output = home
            .sessions(&["search", "--json", "--automated", query])
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let hits = answer["hits"].as_array().unwrap().iter();
        let mut found: Vec<String> = hits
            .map(|hit| hit["session"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found
    };
    let check = || {
        assert_eq!(found("tag:LATER"), [FLAKY, PARSER]);
        assert_eq!(found("tag:later -tag:parsing"), [FLAKY]);
        let list = home.json(&["list", "--json"]).unwrap();
        let sessions = list.as_array().unwrap();
        let session = sessions.iter().find(|one| one["id"] == PARSER).unwrap();
        assert_eq!(session["tags"], serde_json::json!(["later", "parsing"]));
    };
    check();
    home.bytes(&["rebuild"]).unwrap();
    check();

    assert_eq!(tags(&["tag", "--remove", PARSER, "LATER"]), "parsing\n");
    assert_eq!(found("tag:later"), [FLAKY]);
    samples.check_exit(&["tag", PARSER, "two words"], 2);
    samples.check_exit(&["tag", "--remove", PARSER, "parsing"], 0);
    samples.check_exit(&["tag", PARSER], 1);
}
