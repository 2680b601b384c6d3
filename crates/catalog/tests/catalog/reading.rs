//! Lists, names, projects and sets of sessions.

use std::collections::HashSet;

use sessions_catalog::{CheckpointWord, SessionFacts, SessionPredicate};
use sessions_model::{
    CheckpointId, RootId, SessionFilter, SessionOrdinal, SourceId, SourceKind, Timestamp,
};

use crate::told::{Told, id, ids};

#[test]
fn lists_are_filtered_and_latest_first() {
    let mut told = Told::new();
    told.prompt("aa-1", 10, "/w/alpha", "one");
    told.prompt("aa-2", 20, "/w/beta", "two");
    told.prompt("ab-3", 30, "/w/beta/sub", "three");
    told.catalog.root(RootId(1), "/root");
    told.source("aa-1", 1, |facts| facts.bytes = Some(1));
    told.source("sidecar-only", 9, |facts| {
        facts.kind = SourceKind::FileHistory;
    });
    let reader = told.reader();
    let live = HashSet::from([id("aa-2")]);
    let check = |change: &dyn Fn(&mut SessionFilter), expect: &[&str]| {
        let mut filter = SessionFilter::default();
        change(&mut filter);
        assert_eq!(
            ids(&reader.sessions(&filter, &live).unwrap()),
            expect,
            "{filter:?}"
        );
    };
    check(&|_| (), &["ab-3", "aa-2", "aa-1"]);
    check(&|filter| filter.limit = 2, &["ab-3", "aa-2"]);
    check(&|filter| filter.live_only = true, &["aa-2"]);
    check(
        &|filter| filter.since = Some(Timestamp(20_000)),
        &["ab-3", "aa-2"],
    );
    check(&|filter| filter.until = Some(Timestamp(20_000)), &["aa-1"]);
    check(&|filter| filter.project = Some("Beta".into()), &["aa-2"]);
    check(
        &|filter| filter.project = Some("/w/beta/sub".into()),
        &["ab-3"],
    );
    check(&|filter| filter.project = Some("none".into()), &[]);
    check(&|filter| filter.root = Some("/root".into()), &["aa-1"]);
    assert!(reader.sessions(&SessionFilter::default(), &live).unwrap()[1].is_live);
}

#[test]
fn names_resolve_to_ids_then_titles_then_parts_of_titles() {
    let mut told = Told::new();
    told.prompt("aa-1", 10, "/w", "Fix the Parser");
    told.prompt("aa-2", 20, "/w", "fix the tests");
    told.prompt("b", 30, "/w", "aa-1 again");
    told.catalog.root(RootId(1), "/root");
    told.source("aa-2", 1, |facts| facts.bytes = Some(1));
    for files_only in ["aa-3", "cc-1"] {
        told.source(files_only, 2, |facts| facts.kind = SourceKind::ToolResult);
    }
    let reader = told.reader();
    let live = HashSet::new();
    let check = |name, root, expect: &[&str]| {
        let found = reader.resolve(name, root, &live).unwrap();
        assert_eq!(ids(&found), expect, "{name}");
    };
    check("aa-1", None, &["aa-1"]);
    check("aa", None, &["aa-2", "aa-1"]);
    check("aa", Some("/root"), &["aa-2"]);
    check("Fix the Parser", None, &["aa-1"]);
    check("fix the", None, &["aa-2", "aa-1"]);
    check("PARSER", None, &["aa-1"]);
    check("nothing", None, &[]);
    // What has no conversation gives way to what has.
    check("aa-3", None, &["aa-3"]);
    check("cc", None, &["cc-1"]);
    check(" ", None, &[]);
}

#[test]
fn the_latest_of_a_directory_is_one_that_a_person_ran() {
    let mut told = Told::new();
    told.prompt("person", 10, "/w", "hello");
    let script = SessionFacts {
        cwd: Some("/w"),
        entrypoint: Some("sdk-cli"),
        prompts: 1,
        ..SessionFacts::default()
    };
    told.row("script", 20, script);
    told.row(
        "other",
        30,
        SessionFacts {
            cwd: Some("/script"),
            ..script
        },
    );
    let reader = told.reader();
    let check = |cwd, expect: Option<&str>| {
        let found = reader.latest_in(cwd, None, &HashSet::new()).unwrap();
        assert_eq!(
            found.as_ref().map(|session| session.id.as_str()),
            expect,
            "{cwd}"
        );
    };
    check("/w", Some("person"));
    check("/script", Some("other"));
    check("/nowhere", None);
}

#[test]
fn projects_gather_directories_of_one_repository() {
    let mut told = Told::new();
    told.prompt("one", 10, "/w/tree", "a");
    told.prompt("two", 20, "/w/main", "b");
    told.prompt("three", 30, "/elsewhere", "c");
    let reader = told.reader();
    assert_eq!(reader.projects(None).unwrap().len(), 3);
    assert_eq!(
        reader.unresolved_cwds(2).unwrap(),
        ["/elsewhere", "/w/main"]
    );

    told.catalog.directory(
        "/w/tree",
        "/w/main/.git",
        "https://u:secret@host/o/repo.git",
    );
    told.catalog
        .directory("/w/main", "/w/main/.git", "git@host:o/repo.git");
    told.catalog.directory("/elsewhere", "", "");
    let reader = told.reader();
    assert!(reader.unresolved_cwds(9).unwrap().is_empty());
    let projects = reader.projects(None).unwrap();
    let names: Vec<_> = projects
        .iter()
        .map(|p| (&*p.name, &*p.key.0, p.sessions))
        .collect();
    assert_eq!(
        names,
        [("elsewhere", "/elsewhere", 1), ("repo", "host/o/repo", 2)]
    );
    assert_eq!(projects[1].cwds, ["/w/main", "/w/tree"]);

    told.catalog.move_project("host/o/repo", "/elsewhere");
    let projects = told.reader().projects(None).unwrap();
    assert_eq!((projects.len(), projects[0].sessions), (1, 3));
    told.catalog.move_project("/elsewhere", "host/o/repo");
    let projects = told.reader().projects(None).unwrap();
    assert_eq!(
        (&*projects[0].key.0, projects[0].sessions),
        ("host/o/repo", 3)
    );
}

#[test]
fn a_move_undoes_no_other_but_the_one_it_leads_back_from() {
    let mut told = Told::new();
    told.prompt("one", 10, "/src/lantern", "a");
    told.prompt("two", 20, "/src/ledger", "b");
    let mut check = |from: &str, to: &str, expect: &[&str]| {
        told.catalog.move_project(from, to);
        let projects = told.reader().projects(None).unwrap();
        let mut keys: Vec<_> = projects.iter().map(|project| &*project.key.0).collect();
        keys.sort_unstable();
        assert_eq!(keys, expect, "{from} -> {to}");
    };
    check("lantern", "LANT", &["/src/ledger", "LANT"]);
    // Who says "lantern" means what it is called now.
    check("ledger", "lantern", &["LANT"]);
    check("ledger", "/src/ledger", &["/src/ledger", "LANT"]);
    check("LANT", "/src/lantern", &["/src/lantern", "/src/ledger"]);
    check(
        "lantern",
        "https://u:secret@host/o/new.git",
        &["/src/ledger", "host/o/new"],
    );
}

#[test]
fn projects_are_found_by_whatever_means_them() {
    let mut told = Told::new();
    told.prompt("one", 10, "/w/repo", "a");
    told.prompt("two", 20, "/w/other", "b");
    told.catalog
        .directory("/w/repo", "", "git@host:owner/repo.git");
    let reader = told.reader();
    let check = |wanted: &str, expect: &[&str]| {
        let projects = reader.projects_meant(wanted).unwrap();
        let keys: Vec<_> = projects.iter().map(|project| &*project.key.0).collect();
        assert_eq!(keys, expect, "{wanted}");
    };
    check("owner/repo", &["host/owner/repo"]);
    check("REPO", &["host/owner/repo"]);
    check("/w/other/below", &[]);
    check("/w", &["/w/other", "host/owner/repo"]);
    check("w", &[]);
}

#[test]
fn sets_of_sessions_are_found_by_what_holds_of_them() {
    let mut told = Told::new();
    told.prompt("aa-1", 10, "/w/alpha", "fix the parser");
    told.prompt("bb-2", 20, "/w/beta", "other");
    told.row(
        "cc-3",
        30,
        SessionFacts {
            entrypoint: Some("sdk-cli"),
            ..SessionFacts::default()
        },
    );
    told.catalog.root(RootId(1), "/root");
    told.source("bb-2", 1, |facts| facts.bytes = Some(1));
    told.source("cc-3", 2, |facts| {
        facts.gone_since = Some(Some(Timestamp(5)));
    });
    told.catalog.tag([1; 16], SessionOrdinal(0), "Later");
    let word = CheckpointWord::Made {
        name: String::new(),
        note: String::new(),
        session: id("bb-2"),
        at: Timestamp(1),
        cwd: String::new(),
        operation: 1,
    };
    told.catalog.checkpoint(CheckpointId([1; 16]), word);
    let reader = told.reader();
    let check = |predicate: SessionPredicate, expect: &[u64]| {
        let found = reader.matching(&predicate).unwrap();
        let found: Vec<_> = found.into_iter().map(|ordinal| ordinal.0).collect();
        assert_eq!(found, expect, "{predicate:?}");
    };
    check(SessionPredicate::Project("alpha".into()), &[0]);
    check(SessionPredicate::Project("/w/beta".into()), &[1]);
    check(SessionPredicate::Session("aa".into()), &[0]);
    check(SessionPredicate::Session("Parser".into()), &[0]);
    check(SessionPredicate::Session("a%".into()), &[]);
    check(SessionPredicate::Root("/root".into()), &[1, 2]);
    check(SessionPredicate::Automated, &[2]);
    check(SessionPredicate::Deleted, &[2]);
    check(SessionPredicate::Tagged("later".into()), &[0]);
    check(SessionPredicate::Checkpointed, &[1]);
    check(SessionPredicate::OneOf(vec![id("bb-2"), id("none")]), &[1]);
    assert_eq!(reader.ordinals_end().unwrap(), SessionOrdinal(3));
    assert_eq!(reader.sources_of(&id("bb-2")).unwrap(), [SourceId(1)]);
    let totals = reader.totals().unwrap();
    assert_eq!(
        (
            totals.sessions,
            totals.entries,
            totals.prompts,
            totals.bytes
        ),
        (3, 3, 2, 1)
    );
}

#[test]
fn a_tag_is_there_until_all_that_gave_it_are_taken_back_in_any_order() {
    let mut told = Told::new();
    told.prompt("aa-1", 10, "/w/alpha", "x");
    let session = SessionOrdinal(0);
    let (first, second, third) = ([1; 16], [2; 16], [3; 16]);
    told.catalog.tag(first, session, "Later");
    told.catalog.tag(second, session, "later");
    // Taken back before it is known.
    told.catalog.untag(vec![third]);
    told.catalog.tag(third, session, "other");
    let reader = told.reader();
    assert_eq!(reader.tags(session).unwrap(), ["Later"]);
    assert_eq!(reader.tagged_by(session, "LATER").unwrap(), [first, second]);
    told.catalog.untag(vec![first]);
    assert_eq!(told.reader().tags(session).unwrap(), ["later"]);
    told.catalog.untag(vec![second]);
    assert!(told.reader().tags(session).unwrap().is_empty());
}
