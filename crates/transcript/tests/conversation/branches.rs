//! Which rows the conversation went on from.

use sessions_model::Branch;

use crate::{Source, answer, boundary, call, check, entries, lines, notice, prompt, result};

#[test]
fn what_a_rewind_left_is_abandoned() {
    let rows = [
        prompt("1", "", "a"),
        answer("2", "1", "b"),
        prompt("3", "2", "old"),
        answer("4", "3", "old answer"),
        notice("5", "4", "old notice"),
        prompt("6", "2", "new"),
        answer("7", "6", "c"),
    ];
    check(
        &rows,
        &["a", "b", "-old", "-old answer", "-old notice", "new", "c"],
    );
}

#[test]
fn a_rewind_to_the_start_leaves_everything() {
    check(
        &[
            prompt("1", "", "a"),
            answer("2", "1", "b"),
            prompt("3", "", "c"),
        ],
        &["-a", "-b", "c"],
    );
}

#[test]
fn parallel_results_stay_though_the_walk_passes_one() {
    let rows = [
        prompt("1", "", "go"),
        call("2", "1", "m", "x"),
        result("3", "2", "rx", "{}"),
        call("4", "2", "m", "y"),
        call("5", "4", "m", "z"),
        result("6", "4", "ry", "{}"),
        result("7", "5", "rz", "{}"),
        answer("8", "6", "done"),
    ];
    check(&rows, &["go", "x", "y", "z", "rx", "ry", "rz", "done"]);
}

#[test]
fn a_compaction_goes_on_from_what_it_compacted() {
    let rows = [
        prompt("1", "", "a"),
        boundary("2", "1"),
        answer("3", "2", "b"),
    ];
    check(&rows, &["a", "Conversation compacted", "b"]);
    let lost = [
        prompt("1", "", "a"),
        boundary("2", "gone"),
        answer("3", "2", "b"),
    ];
    check(&lost, &["a", "Conversation compacted", "b"]);
}

#[test]
fn a_loop_of_parents_ends_and_goes_on_before_it() {
    let rows = [
        prompt("1", "", "a"),
        boundary("2", "4"),
        answer("3", "2", "b"),
        notice("4", "3", "n"),
        prompt("5", "4", "c"),
    ];
    check(&rows, &["a", "Conversation compacted", "b", "n", "c"]);
    check(&[prompt("1", "1", "a")], &["a"]);
}

#[test]
fn a_lost_parent_is_taken_to_be_the_row_before() {
    let rows = [
        prompt("1", "", "a"),
        answer("2", "1", "b"),
        prompt("9", "8", "c"),
    ];
    check(&rows, &["a", "b", "c"]);
}

#[test]
fn the_last_of_two_writers_wins() {
    let rows = [
        prompt("1", "", "a"),
        prompt("2", "1", "left"),
        prompt("3", "1", "right"),
        answer("4", "2", "to left"),
        answer("5", "3", "to right"),
    ];
    check(&rows, &["a", "-left", "right", "-to left", "to right"]);
}

#[test]
fn subagents_of_old_versions_are_no_branches() {
    let aside = prompt("2", "", "inner").replace("\"type\"", "\"isSidechain\":true,\"type\"");
    check(
        &[prompt("1", "", "a"), aside, answer("3", "1", "b")],
        &["a", "inner", "b"],
    );
}

#[test]
fn rows_of_old_subagents_are_of_the_one_their_chain_begins() {
    let aside = |row: String| {
        row.replace(
            "\"type\":\"user\"",
            "\"isSidechain\":true,\"type\":\"user\"",
        )
    };
    let rows = [
        prompt("1", "", "a"),
        aside(prompt("2abcdefg-1112", "", "one")),
        aside(prompt("5", "", "two")),
        aside(prompt("6", "2abcdefg-1112", "of one")),
        aside(prompt("7", "5", "of two")),
        answer("3", "1", "b"),
    ];
    let text = lines(&rows);
    let entries = entries(&[Source::main(&text)]);
    let agents: Vec<_> = entries
        .iter()
        .map(|entry| entry.agent.as_ref().map(sessions_model::AgentId::as_str))
        .collect();
    assert_eq!(
        agents,
        [
            None,
            Some("2abcdefg"),
            Some("5"),
            Some("2abcdefg"),
            Some("5"),
            None
        ]
    );
}

#[test]
fn a_withdrawn_row_is_not_what_the_conversation_ended_on() {
    let kept = lines(&[prompt("1", "", "a"), answer("2", "1", "b")]);
    let spliced = lines(&[answer("3", "1", "attempt")]);
    let gone = Source {
        is_withdrawn: true,
        ..Source::main(&spliced)
    };
    let entries = entries(&[Source::main(&kept), gone]);
    let seen: Vec<_> = entries.iter().map(|e| (e.branch, e.is_withdrawn)).collect();
    let current = (Branch::Current, false);
    assert_eq!(seen, [current, current, (Branch::Abandoned, true)]);
}
