//! Rows that repeat, messages of many rows, and one rich session as a whole.

use sessions_model::{Branch, Entry, EntryKind, Usage};
use sessions_transcript::Conversation;

use crate::{Source, answer, check, entries, lines, prompt};

#[test]
fn repeated_rows_are_shown_once() {
    let rows = [
        prompt("1", "", "a"),
        answer("2", "1", "b"),
        prompt("1", "", "a"),
    ];
    check(&rows, &["a", "b"]);
}

#[test]
fn a_row_in_the_newest_file_is_not_withdrawn() {
    let old = lines(&[prompt("1", "", "a"), answer("2", "1", "b")]);
    let new = lines(&[answer("2", "1", "b")]);
    let gone = Source {
        is_withdrawn: true,
        ..Source::main(&old)
    };
    let entries = entries(&[
        gone,
        Source {
            generation: 2,
            ..Source::main(&new)
        },
    ]);
    let withdrawn: Vec<_> = entries.iter().map(|entry| entry.is_withdrawn).collect();
    assert_eq!(withdrawn, [true, false]);
}

/// Returns what each entry says, under which id, and whether the newest file has it.
fn standing(entries: &[Entry]) -> Vec<(&str, &str, bool)> {
    entries
        .iter()
        .map(|entry| {
            (
                entry.text.as_str(),
                entry.id.0.as_str(),
                !entry.is_withdrawn,
            )
        })
        .collect()
}

#[test]
fn a_row_that_was_changed_in_its_place_stands_behind_what_it_replaced() {
    let old = lines(&[prompt("1", "", "a"), answer("2", "1", "b")]);
    let new = lines(&[prompt("1", "", "changed"), answer("2", "1", "b")]);
    let withdrawn = |generation, text| Source {
        generation,
        is_withdrawn: true,
        ..Source::main(text)
    };
    let newest = |generation, text| Source {
        generation,
        ..Source::main(text)
    };
    let changed = entries(&[withdrawn(1, &old), newest(2, &new)]);
    let expect = [
        ("a", "g1-0", false),
        ("changed", "1", true),
        ("b", "2", true),
    ];
    assert_eq!(standing(&changed), expect);
    assert!(changed.iter().all(|entry| entry.branch == Branch::Current));
    let undone = entries(&[withdrawn(1, &old), withdrawn(2, &new), newest(3, &old)]);
    let expect = [
        ("changed", "g2-0", false),
        ("a", "1", true),
        ("b", "2", true),
    ];
    assert_eq!(standing(&undone), expect);
    let lost = entries(&[withdrawn(1, &old), withdrawn(2, &new)]);
    let expect = [
        ("a", "g1-0", false),
        ("changed", "1", false),
        ("b", "2", false),
    ];
    assert_eq!(standing(&lost), expect);
}

#[test]
fn tokens_of_a_message_are_counted_once() {
    let row = |uuid: &str, output: u64| {
        format!(
            r#"{{"type":"assistant","uuid":"{uuid}","requestId":"r","message":{{"id":"m","content":
            [{{"type":"text","text":"{uuid}"}}],"usage":{{"input_tokens":3,"output_tokens":{output}}}}}}}"#
        )
        .replace('\n', " ")
    };
    let entries = entries(&[Source::main(&lines(&[
        row("1", 1),
        row("2", 40),
        row("3", 40),
    ]))]);
    let usages: Vec<_> = entries.iter().map(|entry| entry.usage).collect();
    let usage = Usage {
        input: 3,
        output: 40,
        ..Usage::default()
    };
    assert_eq!(usages, [Some(usage), None, None]);
}

#[test]
fn queued_prompts_are_shown_once_and_never_lost() {
    let queued = |text: &str| {
        format!(
            r#"{{"type":"queue-operation","operation":"enqueue","timestamp":"t{text}","content":"{text}"}}"#
        )
    };
    let steering = r#"{"type":"attachment","uuid":"3","parentUuid":"1","attachment":
        {"type":"queued_command","prompt":"steer"}}"#
        .replace('\n', " ");
    let rows = [
        prompt("1", "", "a"),
        queued("steer"),
        queued("b"),
        queued("c"),
        queued("never"),
        steering,
        prompt("4", "3", r"b\nc"),
        queued("a"),
    ];
    check(&rows, &["a", "never", "steer", "b\nc", "a"]);
}

#[test]
fn a_title_is_shown_when_it_changes() {
    let title =
        |kind: &str, field: &str, name: &str| format!(r#"{{"type":"{kind}","{field}":"{name}"}}"#);
    let custom = |name: &str| title("custom-title", "customTitle", name);
    let agent_name = |name: &str| title("agent-name", "agentName", name);
    let rows = [
        custom("a"),
        agent_name("a"),
        custom("a"),
        custom("b"),
        agent_name("b"),
        title("ai-title", "aiTitle", "b"),
        custom("a"),
    ];
    check(&rows, &["a", "b", "b", "a"]);
}

#[test]
fn a_rewritten_file_repeats_no_titles() {
    let text = "{\"type\":\"custom-title\",\"customTitle\":\"a\"}\n{\"type\":\"custom-title\",\"customTitle\":\"b\"}\n";
    let again = Source {
        generation: 2,
        ..Source::main(text)
    };
    assert_eq!(entries(&[Source::main(text), again]).len(), 2);
}

#[test]
fn entries_without_uuid_are_named_by_their_place() {
    let entries = entries(&[Source::main(
        "\n{\"type\":\"ai-title\",\"aiTitle\":\"a\"}\n",
    )]);
    assert_eq!(entries[0].id.0, "g1-1");
}

#[test]
fn a_rich_session_reads_in_order() {
    let mut conversation = Conversation::default();
    Source::main(include_str!("rich/main.jsonl")).push_to(&mut conversation);
    Source::agent("a7", include_str!("rich/agent.jsonl")).push_to(&mut conversation);
    let spilled = |path: &str| {
        path.ends_with("/spilled.txt")
            .then(|| "whole output".to_owned())
    };
    let entries = conversation.into_entries(&spilled);
    let outline: String = entries.iter().map(outline).collect();
    insta::assert_snapshot!(outline);
}

/// Renders an entry as one line of everything but its time.
fn outline(entry: &Entry) -> String {
    let flag = |is_set: bool, flag: &str| is_set.then(|| flag.to_owned());
    let tool = entry.tool.as_ref();
    let parts = [
        Some(format!(
            "{:<10} {:<11} {:?}",
            entry.id.0,
            entry.kind.as_str(),
            entry.text
        )),
        tool.map(|tool| format!("tool={}/{}{:?}", tool.name, tool.call, tool.files)),
        entry.agent.as_ref().map(|agent| format!("agent={agent}")),
        entry
            .started
            .as_ref()
            .map(|agent| format!("started={agent}")),
        entry
            .usage
            .map(|usage| format!("tokens={}+{}", usage.input, usage.output)),
        entry.model.as_ref().map(|model| format!("model={model}")),
        flag(entry.is_error, "error"),
        flag(entry.branch == Branch::Abandoned, "abandoned"),
        flag(entry.images > 0, "images"),
        flag(entry.kind == EntryKind::Unknown, &entry.record_type),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ") + "\n"
}
