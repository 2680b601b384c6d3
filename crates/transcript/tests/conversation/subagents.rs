//! Subagents in the place where they were started.

use sessions_model::{AgentId, Branch, Entry};
use sessions_transcript::Conversation;

use crate::{Source, answer, call, entries, lines, prompt, result};

fn texts(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.text.as_str()).collect()
}

fn started(entries: &[Entry]) -> Vec<(&str, &str)> {
    let started = entries.iter().map(|entry| (entry, &entry.started));
    started
        .filter_map(|(call, agent)| Some((call.text.as_str(), agent.as_ref()?.as_str())))
        .collect()
}

#[test]
fn results_name_the_agents_their_calls_started() {
    let main = lines(&[
        call("1", "", "m", "first"),
        call("2", "1", "m", "second"),
        result("3", "1", "done 1", r#"{"agentId":"a1"}"#),
        result("4", "2", "done 2", r#"{"agentId":"a2"}"#),
    ]);
    let a1 = lines(&[prompt("11", "", "p1"), answer("12", "11", "q1")]);
    let a2 = lines(&[prompt("21", "", "p2")]);
    let sources = [
        Source::main(&main),
        Source::agent("a2", &a2),
        Source::agent("a1", &a1),
    ];
    let entries = entries(&sources);
    assert_eq!(
        texts(&entries),
        ["first", "p1", "q1", "second", "p2", "done 1", "done 2"]
    );
    assert_eq!(started(&entries), [("first", "a1"), ("second", "a2")]);
    assert_eq!(entries[1].agent.as_ref().map(AgentId::as_str), Some("a1"));
}

#[test]
fn prompts_tell_where_nothing_else_does() {
    let main = lines(&[
        call("1", "", "m", "count"),
        call("2", "1", "m", "sort"),
        answer("3", "2", "ok"),
    ]);
    let agent = lines(&[prompt("11", "", "sort")]);
    let entries = entries(&[Source::main(&main), Source::agent("a", &agent)]);
    assert_eq!(texts(&entries), ["count", "sort", "sort", "ok"]);
    assert_eq!(started(&entries), [("sort", "a")]);
}

#[test]
fn meta_files_tell_too() {
    let mut conversation = Conversation::default();
    Source::main(&lines(&[call("1", "", "m", "x"), answer("2", "1", "y")]))
        .push_to(&mut conversation);
    Source::agent("a", &lines(&[answer("11", "", "inner")])).push_to(&mut conversation);
    let agent = AgentId::parse("a").unwrap();
    conversation.describe_agent(&agent, br#"{"agentType":"x","toolUseId":"t-1"}"#);
    conversation.describe_agent(&agent, b"{half");
    let entries = conversation.into_entries(&|_| None);
    assert_eq!(texts(&entries), ["x", "inner", "y"]);
}

#[test]
fn agents_nest() {
    let main = lines(&[call("1", "", "m", "outer"), answer("2", "1", "end")]);
    let outer = lines(&[prompt("11", "", "outer"), call("12", "11", "n", "inner")]);
    let inner = lines(&[prompt("21", "", "inner")]);
    let sources = [
        Source::main(&main),
        Source::agent("i", &inner),
        Source::agent("o", &outer),
    ];
    assert_eq!(
        texts(&entries(&sources)),
        ["outer", "outer", "inner", "inner", "end"]
    );
}

#[test]
fn agents_without_a_call_come_last_and_none_is_lost() {
    let main = lines(&[prompt("1", "", "a")]);
    let lonely = lines(&[prompt("11", "", "lonely")]);
    let left = lines(&[
        call("21", "", "m", "to right"),
        result("22", "21", "r", r#"{"agentId":"right"}"#),
    ]);
    let right = lines(&[
        call("31", "", "n", "to left"),
        result("32", "31", "l", r#"{"agentId":"left"}"#),
    ]);
    let sources = [
        Source::agent("lonely", &lonely),
        Source::agent("left", &left),
        Source::agent("right", &right),
        Source::main(&main),
    ];
    assert_eq!(
        texts(&entries(&sources)),
        ["a", "lonely", "to right", "to left", "l", "r"]
    );
}

#[test]
fn what_an_abandoned_call_started_is_abandoned() {
    let main = lines(&[
        prompt("1", "", "a"),
        call("2", "1", "m", "x"),
        prompt("3", "1", "b"),
    ]);
    let agent = lines(&[prompt("11", "", "x")]);
    let entries = entries(&[Source::main(&main), Source::agent("a", &agent)]);
    let branches: Vec<_> = entries.iter().map(|entry| entry.branch).collect();
    let (current, abandoned) = (Branch::Current, Branch::Abandoned);
    assert_eq!(branches, [current, abandoned, abandoned, current]);
}
