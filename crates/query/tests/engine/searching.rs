//! What a search finds, shows and suggests.

use sessions_model::{EntryId, EntryKind, Facet, Facets, SessionId};
use sessions_query::{QueryError, SearchRequest};

use crate::world::{World, call, prompt, request, result};

const ALPHA: &str = "projects/-w-alpha/alpha.jsonl";
const BETA: &str = "projects/-w-beta/beta.jsonl";

fn two_sessions() -> World {
    let mut world = World::new();
    world.append(
        ALPHA,
        &prompt("alpha", "a1", "", "fix the parser of fooBar"),
    );
    world.append(ALPHA, &call("alpha", "a2", "a1", "toolu_1", "cargo test"));
    world.append(
        ALPHA,
        &result(
            "alpha",
            "a3",
            "a2",
            "toolu_1",
            "7 tests passed, parser slow",
        ),
    );
    world.append(BETA, &prompt("beta", "b1", "", "a grid for the page"));
    world
}

#[test]
fn hits_carry_entry_kind_tool_and_snippet() {
    let world = two_sessions();
    let check = |query: &str, session: &str, entry: &str, kind, tool: Option<&str>, text: &str| {
        let answer = world.search(query);
        let hit = answer
            .hits
            .first()
            .unwrap_or_else(|| panic!("{query} finds something"));
        assert_eq!(hit.session.id.as_str(), session, "{query}");
        assert_eq!(hit.entry, EntryId(entry.to_owned()), "{query}");
        assert_eq!((hit.kind, hit.tool.as_deref()), (kind, tool), "{query}");
        assert!(hit.snippet.contains(text), "{query}: {}", hit.snippet);
    };
    check(
        "foo_bar",
        "alpha",
        "a1",
        EntryKind::Prompt,
        None,
        "fix the parser of fooBar",
    );
    check(
        "cargo",
        "alpha",
        "a2",
        EntryKind::ToolCall,
        Some("Bash"),
        "cargo test",
    );
    check(
        "\"tests passed\"",
        "alpha",
        "a3",
        EntryKind::ToolResult,
        Some("Bash"),
        "7 tests passed",
    );
    check(
        "project:beta gri*",
        "beta",
        "b1",
        EntryKind::Prompt,
        None,
        "a grid for the page",
    );
    check(
        "pars~ kind:prompt OR parsr~",
        "alpha",
        "a1",
        EntryKind::Prompt,
        None,
        "parser",
    );
    check(
        "kind:prompt page OR zebra",
        "beta",
        "b1",
        EntryKind::Prompt,
        None,
        "page",
    );
}

#[test]
fn one_hit_a_session_counts_the_others() {
    let answer = two_sessions().search("parser");
    assert_eq!(
        (answer.hits.len(), answer.total, answer.sessions),
        (1, 2, 1)
    );
    let hit = &answer.hits[0];
    assert_eq!(
        (hit.more_in_session, hit.session.title.as_str()),
        (1, "fix the parser of fooBar")
    );
    let highlight = hit.highlights[0];
    let range = highlight.start as usize..highlight.end as usize;
    assert_eq!(hit.snippet.get(range), Some("parser"));
    assert_eq!(answer.suggestions, []);
}

#[test]
fn conditions_on_sessions_stand_anywhere() {
    let world = two_sessions();
    let check = |query: &str, expect: u64| assert_eq!(world.search(query).total, expect, "{query}");
    check("project:alpha kind:prompt OR project:beta page", 2);
    check("the -project:alpha", 1);
    check("project:none the", 0);
    check("session:alp kind:prompt", 1);
    check("is:automated", 0);
    check("on:2026-05-01 kind:prompt", 2);
    check("after:3d", 0);
}

#[test]
fn spilled_output_is_found_under_its_result() {
    let mut world = two_sessions();
    let preview = "<persisted-output>\\nOutput too large (40KB). Full output saved to: \
         /home/u/.claude/projects/-w-alpha/alpha/tool-results/big1.txt\\n</persisted-output>";
    world.append(
        ALPHA,
        &call("alpha", "a4", "a3", "toolu_2", "make everything"),
    );
    world.append(ALPHA, &result("alpha", "a5", "a4", "toolu_2", preview));
    let spilled = format!("{}the needle lies here\n", "line of output\n".repeat(6_000));
    world.append("projects/-w-alpha/alpha/tool-results/big1.txt", &spilled);
    let answer = world.search("needle");
    let hit = answer.hits.first().expect("the passage is found");
    assert_eq!(hit.entry, EntryId("a5".to_owned()));
    assert_eq!(
        (hit.kind, hit.tool.as_deref()),
        (EntryKind::ToolResult, Some("Bash"))
    );
    assert!(
        hit.snippet.contains("the needle lies here"),
        "{}",
        hit.snippet
    );
    assert!(hit.snippet.len() < 400, "{}", hit.snippet);
}

#[test]
fn a_line_too_long_to_be_read_at_once_shows_what_matched() {
    let mut world = two_sessions();
    let filler = "filler text\\n".repeat(1_500_000);
    let text = format!("{filler}before the quokka\\nand behind it\\n{filler}");
    let path = "projects/-w-gamma/gamma.jsonl";
    world.append(path, &prompt("gamma", "g1", "", &text));
    let shown = |query: &str| {
        let answer = world.search(query);
        let hit = answer.hits.into_iter().next().expect("the line is found");
        assert_eq!(hit.kind, EntryKind::Prompt);
        assert!(hit.snippet.len() < 400, "{}", hit.snippet);
        hit.snippet
    };
    let snippet = shown("quokka");
    assert!(
        snippet.contains("before the quokka and behind it"),
        "{snippet}"
    );
    let unsaid = "(a line that is too long to be shown here)";
    assert_eq!(shown("kind:prompt session:gamma"), unsaid);
}

#[test]
fn nothing_found_offers_what_might_have_been_meant_and_a_looser_query() {
    let world = two_sessions();
    let check = |query: &str, expect: &[(&str, u64)]| {
        let answer = world.search(query);
        let offered: Vec<_> = answer
            .suggestions
            .iter()
            .map(|offer| (offer.query.as_str(), offer.total))
            .collect();
        assert_eq!((answer.total, &*offered), (0, expect), "{query}");
    };
    check("\"parser the fix\"", &[("parser the fix", 1)]);
    check("parsre", &[("parser", 2), ("parsre~", 2)]);
    check("parser kind:thinking", &[("parser", 2)]);
    check("zebra parser", &[("zebra OR parser", 2)]);
    check("zebracrossing", &[]);
    check("kind:thinking", &[]);
}

#[test]
fn the_session_that_asks_is_left_out_unless_it_is_named() {
    let world = two_sessions();
    let asked = |query: &str| {
        let request = SearchRequest {
            asking: Some(SessionId::parse("alpha").unwrap()),
            ..request(query)
        };
        let answer = world.ask(&request).unwrap();
        (answer.total, answer.left_out)
    };
    assert_eq!(asked("parser"), (0, 2));
    assert_eq!(asked("page"), (1, 0));
    assert_eq!(asked("parser session:alpha"), (2, 0));
}

#[test]
fn more_of_a_session_is_shown_where_it_is_wanted() {
    let world = two_sessions();
    let request = SearchRequest {
        per_session: 5,
        with_reasons: true,
        ..request("parser")
    };
    let answer = world.ask(&request).unwrap();
    assert_eq!(answer.understood.as_deref(), Some("parser"));
    let more: Vec<_> = answer.hits.iter().map(|hit| hit.more_in_session).collect();
    assert_eq!(more, [0, 0]);
    assert!(answer.hits.iter().all(|hit| hit.parts.is_some()));
}

#[test]
fn facets_count_what_matched() {
    let world = two_sessions();
    let counted = |query: &str| {
        let request = SearchRequest {
            with_facets: true,
            ..request(query)
        };
        world.ask(&request).unwrap().facets.unwrap()
    };
    let facets = counted("kind:prompt");
    let shown = |facets: &[Facet]| -> Vec<_> {
        let facets = facets.iter();
        facets
            .map(|facet| format!("{} {}", facet.name, facet.count))
            .collect()
    };
    assert_eq!(shown(&facets.kinds), ["prompt 2"]);
    assert_eq!(shown(&facets.projects), ["alpha 1", "beta 1"]);
    assert_eq!(shown(&facets.months), ["2026-05 2"]);
    assert_eq!(counted("tag:none"), Facets::default());
}

#[test]
fn a_malformed_query_points_at_the_character() {
    let error = two_sessions()
        .try_search("parser knd:x")
        .expect_err("there is no knd:");
    let QueryError::Syntax {
        span,
        message,
        hint,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(span, 7..11);
    assert!(message.contains("knd:"), "{message}");
    assert!(hint.is_some_and(|hint| hint.contains("kind:")));
}

#[test]
fn exact_texts_and_expressions_stand_anywhere_in_a_query() {
    let mut world = World::new();
    let texts = [
        "call fooBar(x) now",
        "call foo_bar(x) now",
        "has foobar, x",
        "nothing at all",
    ];
    for (number, text) in texts.iter().enumerate() {
        let session = format!("s{number}");
        let path = format!("projects/p/{session}.jsonl");
        world.append(&path, &prompt(&session, &format!("u{number}"), "", text));
    }
    let check = |query: &str, expect: &[&str]| {
        let answer = world.search(query);
        let mut found: Vec<_> = answer
            .hits
            .iter()
            .map(|hit| hit.session.id.as_str())
            .collect();
        found.sort_unstable();
        assert_eq!(found, expect, "{query}");
        answer
    };
    let answer = check("'fooBar(x)'", &["s0"]);
    let hit = &answer.hits[0];
    let mark = hit.highlights[0];
    let range = usize::try_from(mark.start).unwrap()..usize::try_from(mark.end).unwrap();
    assert_eq!(hit.snippet.get(range), Some("fooBar(x)"));
    check("/foo_?bar/i", &["s0", "s1", "s2"]);
    check("/foo_?bar/", &["s1", "s2"]);
    check("call -'foo_bar'", &["s0"]);
    check("'fooBar' OR nothing", &["s0", "s3"]);
    check("-/foo/i", &["s3"]);
    check("now /o_B/i", &["s1"]);
    check("'absent text'", &[]);
}
