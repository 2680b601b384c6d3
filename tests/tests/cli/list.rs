//! `list`, `project` and the names that sessions go by.

use serde_json::Value;

use crate::{BRANCH, PARSER, Samples};

const FIELDS: [&str; 16] = [
    "id",
    "title",
    "project",
    "cwds",
    "branch",
    "started_at",
    "ended_at",
    "entries",
    "prompts",
    "models",
    "tokens",
    "bytes",
    "on_disk",
    "live",
    "entrypoint",
    "automated",
];

fn find<'a>(sessions: &'a [Value], id: &str) -> &'a Value {
    let session = sessions.iter().find(|session| session["id"] == id);
    session.unwrap_or_else(|| panic!("{id} is not listed"))
}

#[test]
fn the_list_has_every_session_with_every_field() {
    let samples = Samples::archived();
    let list = samples.home.json(&["list", "--json"]).unwrap();
    let sessions = list.as_array().unwrap();
    assert_eq!(sessions.len(), 13);
    for field in FIELDS.iter().chain(&["root"]) {
        for session in sessions {
            assert!(session.get(field).is_some(), "no {field} in {session}");
        }
    }
    let parser = find(sessions, PARSER);
    assert_eq!(parser["title"], "Escapes at the end of a line");
    assert_eq!(parser["project"], "lantern");
    assert_eq!(parser["branch"], "fix/escapes");
    assert_eq!(parser["on_disk"], "whole");
    assert_eq!(parser["automated"], false);
    assert_eq!(find(sessions, BRANCH)["title"], "Escapes: single pass");
    // What the fork copied counts for its parent, whichever was archived first.
    assert_eq!(parser["tokens"]["input"], 29_756);
    assert_eq!(find(sessions, BRANCH)["tokens"]["input"], 4_131);
    let automated = sessions
        .iter()
        .filter(|session| session["automated"] == true);
    assert_eq!(automated.count(), 5);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_list_counts_the_entries_that_view_shows() {
    let samples = Samples::archived();
    let list = samples.home.json(&["list", "--json"]).unwrap();
    for session in list.as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        let entries = samples.home.json(&["view", "--json", id]).unwrap();
        let entries = entries.as_array().unwrap().iter();
        let shown = entries.filter(|entry| entry["kind"] != "title").count();
        assert_eq!(session["entries"].as_u64(), Some(shown as u64), "{id}");
    }
    samples.daemon.stop().unwrap();
}

#[test]
fn filters_narrow_the_list() {
    let samples = Samples::archived();
    let count = |args: &[&str]| {
        let args = [&["list", "--json"], args].concat();
        let output = samples.home.sessions(&args).unwrap();
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!(count(&["--project", "ledger"]), 3);
    assert_eq!(count(&["--limit", "4"]), 4);
    assert_eq!(count(&["--since", "2026-11-19"]), 1);
    assert_eq!(count(&["--until", "2026-01-01"]), 2);
    assert_eq!(count(&["--live"]), 0);
    samples.daemon.stop().unwrap();
}

#[test]
fn people_see_scripts_as_one_line() {
    let samples = Samples::archived();
    let lines = |args: &[&str]| String::from_utf8(samples.home.bytes(args).unwrap()).unwrap();
    let folded = lines(&["list", "--plain"]);
    assert!(folded.contains("Escapes at the end of a line"), "{folded}");
    assert!(
        !folded.contains("commit message for the staged"),
        "{folded}"
    );
    let whole = lines(&["list", "--plain", "--automated"]);
    assert_eq!(
        whole.matches("commit message for the staged").count(),
        2,
        "{whole}"
    );
    samples.daemon.stop().unwrap();
}

#[test]
fn names_resolve_or_say_what_they_could_mean() {
    let samples = Samples::archived();
    samples.check_exit(&["view", "9aaa74c8", "--json"], 0);
    samples.check_exit(&["view", "Race in the watcher test", "--json"], 0);
    samples.check_exit(&["view", "9", "--json"], 2);
    let ambiguous = samples.check_exit(&["view", "Escapes", "--json"], 2);
    assert!(ambiguous.contains("fix/escapes"), "{ambiguous}");
    let missing = samples.home.sessions(&["view", "no-such-session"]).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    samples.daemon.stop().unwrap();
}

#[test]
fn a_worktree_belongs_to_its_repository_once_moved() {
    let samples = Samples::archived();
    let in_project = |name: &str| {
        let args = ["list", "--json", "--project", name];
        let output = samples.home.sessions(&args).unwrap();
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list.as_array().unwrap().len()
    };
    assert_eq!(in_project("orchard-web"), 2);
    samples
        .home
        .bytes(&["project", "move", "/src/orchard-web", "/src/garden"])
        .unwrap();
    assert_eq!(in_project("garden"), 2);
    assert_eq!(in_project("orchard-web"), 0);
    samples.daemon.stop().unwrap();
}

#[test]
fn projects_are_merged_by_the_names_people_see() {
    let samples = Samples::archived();
    let lines = || {
        let output = samples.home.bytes(&["project", "list", "--json"]).unwrap();
        let projects: Value = serde_json::from_slice(&output).unwrap();
        let name = |project: &Value| project["name"].as_str().unwrap().to_owned();
        projects
            .as_array()
            .unwrap()
            .iter()
            .map(name)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines().len(), 3);
    samples
        .home
        .bytes(&["project", "merge", "lantern", "ledger"])
        .unwrap();
    let mut merged = lines();
    merged.sort();
    assert_eq!(merged, ["ledger", "orchard-web"]);
    samples.check_exit(&["project", "move", "no-such-project", "x"], 2);
    let args = ["project", "merge", "orchard-web", "leger"];
    let refused = samples.home.sessions(&args).unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    let expect = "error: no project is called leger\nhint: did you mean ledger? (\"sessions project move\" gives a \
        project a new name)\n";
    assert_eq!((refused.status.code(), &*said), (Some(1), expect));
    samples
        .home
        .bytes(&["project", "move", "orchard-web", "Orchard"])
        .unwrap();
    samples
        .home
        .bytes(&["project", "merge", "ledger", "ORCHARD"])
        .unwrap();
    assert_eq!(lines(), ["Orchard"]);
    samples.daemon.stop().unwrap();
}

#[test]
fn a_list_of_an_unknown_project_names_the_nearest() {
    let samples = Samples::archived();
    let args = ["list", "--project", "lantren"];
    let output = samples.home.sessions(&args).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    let expect = "error: no project is called lantren\nhint: did you mean lantern?\n";
    assert_eq!(said, expect);
    let args = ["list", "--project", "lantern", "--until", "2001-01-01"];
    let output = samples.home.sessions(&args).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("no session is like that\n"), "{said}");
    samples.daemon.stop().unwrap();
}
