//! What holds for any input whatever.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sessions_model::{AgentId, ByteOffset, Entry, GenerationId, Parsed};
use sessions_transcript::{
    Conversation, LINE_BYTES_MAX, Lines, PASSAGE_BYTES_MAX, Piece, classify, parse, project_folder,
    registry, rows, spilled_passages,
};

const TYPES: &[&str] = &[
    "user",
    "assistant",
    "attachment",
    "system",
    "queue-operation",
    "summary",
    "custom-title",
    "progress",
    "worktree-state",
    "text",
    "thinking",
    "tool_use",
    "tool_result",
    "image",
    "queued_command",
    "hook_blocking_error",
    "compact_boundary",
    "api_error",
    "local_command",
    "web_search_tool_result",
    "novel",
];
const FIELDS: &[&str] = &[
    "type",
    "subtype",
    "uuid",
    "parentUuid",
    "logicalParentUuid",
    "sessionId",
    "agentId",
    "timestamp",
    "isSidechain",
    "isMeta",
    "message",
    "content",
    "toolUseResult",
    "attachment",
    "prompt",
    "id",
    "name",
    "input",
    "tool_use_id",
    "text",
    "thinking",
    "usage",
    "model",
    "customTitle",
    "summary",
    "operation",
    "worktreeSession",
    "commandRun",
    "error",
    "persistedOutputPath",
    "origin",
    "file_path",
];
const TEXTS: &[&str] = &[
    "a",
    "b",
    "<persisted-output>\nsaved to: /x",
    "<command-name>/x</command-name>",
    "<synthetic>",
    "[Request interrupted by user]",
    "2026-05-01T09:00:00.000Z",
    "enqueue",
    "\u{fffd}",
    "",
];

fn any_text() -> impl Strategy<Value = String> {
    let known =
        |words: &'static [&'static str]| prop::sample::select(words).prop_map(str::to_owned);
    prop_oneof![3 => known(TYPES), 2 => known(TEXTS), 1 => any::<String>()]
}

/// JSON that looks like a transcript's, with every value possible in every place.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        let field = prop::sample::select(FIELDS).prop_map(str::to_owned);
        let object = vec((field, inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

fn any_row() -> impl Strategy<Value = Value> {
    let fields = vec((prop::sample::select(FIELDS), any_json()), 0..8);
    (prop::sample::select(TYPES), fields, any_json()).prop_map(|(kind, fields, content)| {
        let mut row = json!({"message": {"content": content}});
        for (field, value) in fields {
            row[field] = value;
        }
        row["type"] = kind.into();
        row
    })
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any_row().prop_map(|row| row.to_string().into_bytes()),
        1 => any_json().prop_map(|json| json.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..40),
        1 => any_row().prop_map(|row| [b"\0\0".as_slice(), row.to_string().as_bytes()].concat()),
    ]
}

/// Lines, some of which another writer went on with before their newlines.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![5 => Just("\n"), 1 => Just("")];
    vec((any_line(), end), 0..12).prop_map(|lines| {
        let lines = lines.into_iter();
        let mut file: Vec<u8> = lines
            .flat_map(|(line, end)| [line, end.into()].concat())
            .collect();
        file.push(b'\n');
        file
    })
}

/// Reads a file as a tail does: what is not yet a line waits for the next append.
fn read_in_appends(file: &[u8], cuts: &[usize]) -> Vec<(ByteOffset, Vec<u8>)> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (file.len() + 1)).collect();
    ends.push(file.len());
    ends.sort_unstable();
    let (mut start, mut waiting_at) = (0, ByteOffset(0));
    let mut waiting: Vec<u8> = Vec::new();
    let mut found = Vec::new();
    for end in ends {
        waiting.extend_from_slice(&file[start..end]);
        start = end;
        let mut lines = Lines::new(&waiting, waiting_at);
        found.extend(lines.by_ref().map(|(at, line)| (at, line.to_vec())));
        (waiting_at, waiting) = (lines.offset(), lines.rest().to_vec());
    }
    found
}

fn entries(lines: &[(ByteOffset, Vec<u8>)]) -> Vec<Entry> {
    let mut conversation = Conversation::default();
    for (offset, line) in lines {
        let generation = GenerationId(1);
        let piece = Piece {
            agent: None,
            generation,
            offset: *offset,
            is_withdrawn: false,
            line,
        };
        conversation.push(&piece);
    }
    conversation.into_entries(&|_| None)
}

/// What the rows of all lines read as, and where they stand.
fn parsed(lines: &[(ByteOffset, Vec<u8>)]) -> Vec<(u64, String)> {
    let rows = lines
        .iter()
        .flat_map(|(at, line)| rows(line).map(move |(within, row)| (at.0 + within, row)));
    rows.filter(|(_, row)| *row != Parsed::Blank)
        .map(|(at, row)| (at, format!("{row:?}")))
        .collect()
}

/// A call, or a result that says that the call before it started a subagent.
fn tree_row(at: usize, starts: usize, parent: usize, is_call: bool) -> Value {
    let (uuid, parent) = (format!("u{at}"), format!("u{parent}"));
    if is_call {
        let content =
            json!([{"type": "tool_use", "id": format!("t{at}"), "name": "Agent", "input": {}}]);
        json!({"type": "assistant", "uuid": uuid, "parentUuid": parent, "message": {"content": content}})
    } else {
        let call = format!("t{}", at.saturating_sub(1));
        let content = json!([{"type": "tool_result", "tool_use_id": call, "content": "x"}]);
        json!({"type": "user", "uuid": uuid, "parentUuid": parent, "message": {"content": content},
            "toolUseResult": {"agentId": format!("a{starts}")}})
    }
}

proptest! {
    #[test]
    fn any_split_into_appends_gives_the_same(file in any_file(), cuts in vec(any::<usize>(), 0..6)) {
        let whole = read_in_appends(&file, &[]);
        let split = read_in_appends(&file, &cuts);
        prop_assert_eq!(parsed(&whole), parsed(&split));
        prop_assert_eq!(entries(&whole), entries(&split));
        for (offset, line) in &whole {
            let at = usize::try_from(offset.0).unwrap();
            prop_assert_eq!(&file[at..at + line.len()], line.as_slice());
        }
    }

    #[test]
    fn rows_of_any_content_are_records(row in any_row()) {
        let line = row.to_string();
        prop_assert!(matches!(parse(line.as_bytes()), Parsed::Record(_)), "{}", line);
    }

    #[test]
    fn copies_of_a_row_show_nothing_new(row in any_row()) {
        let line = json!(row).to_string().into_bytes();
        let once = entries(&[(ByteOffset(0), line.clone())]);
        let twice = entries(&[(ByteOffset(0), line.clone()), (ByteOffset(line.len() as u64 + 1), line)]);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn every_string_of_a_call_is_in_its_text(name in any_text(), input in any_json()) {
        let row = json!({"type": "assistant", "message": {"content": [
            {"type": "tool_use", "id": "t", "name": name, "input": input}]}});
        let line = row.to_string();
        let Parsed::Record(record) = parse(line.as_bytes()) else {
            return Err(TestCaseError::fail(line));
        };
        let text = record.blocks[0].text.as_ref();
        let mut open = vec![&input];
        while let Some(value) = open.pop() {
            match value {
                Value::String(string) => prop_assert!(text.contains(string.trim_end()), "{string:?} {text:?}"),
                Value::Array(items) => open.extend(items),
                Value::Object(fields) => open.extend(fields.values()),
                _ => {}
            }
        }
    }

    #[test]
    fn no_bytes_make_anything_panic(bytes in vec(any::<u8>(), 0..400), text in any::<String>()) {
        drop((parse(&bytes), registry::parse(&bytes), classify(&text), project_folder(&text)));
        let agent = AgentId::parse("a").unwrap();
        let mut conversation = Conversation::default();
        conversation.describe_agent(&agent, &bytes);
        prop_assert!(conversation.into_entries(&|_| None).is_empty());
    }

    #[test]
    fn no_entry_is_lost_or_doubled_among_subagents(
        rows in vec((0_usize..4, 0_usize..4, 0_usize..20, any::<bool>()), 0..20),
    ) {
        let mut conversation = Conversation::default();
        for (at, (home, starts, parent, is_call)) in rows.iter().enumerate() {
            let agent = AgentId::parse(&format!("a{home}")).ok().filter(|_| *home > 0);
            let line = tree_row(at, *starts, *parent, *is_call).to_string();
            conversation.push(&Piece {
                agent: agent.as_ref(),
                generation: GenerationId(1),
                offset: ByteOffset(0),
                is_withdrawn: false,
                line: line.as_bytes(),
            });
        }
        let entries = conversation.into_entries(&|_| None);
        let mut ids: Vec<String> = entries.into_iter().map(|entry| entry.id.0).collect();
        ids.sort();
        let mut expect: Vec<String> = (0..rows.len()).map(|at| format!("u{at}")).collect();
        expect.sort();
        prop_assert_eq!(ids, expect);
    }

    #[test]
    fn passages_hold_every_byte_in_order(piece in vec(any::<u8>(), 1..50), copies in 1_usize..6000) {
        let bytes = piece.repeat(copies);
        let mut next = 0;
        for (at, _) in spilled_passages(&bytes) {
            prop_assert_eq!(at.0, next);
            let rest = &bytes[usize::try_from(at.0).unwrap()..];
            let end = spilled_passages(rest).nth(1).map_or(rest.len() as u64, |(at, _)| at.0);
            prop_assert!(end > 0 && end <= PASSAGE_BYTES_MAX as u64);
            next = at.0 + end;
        }
        prop_assert_eq!(next, bytes.len() as u64);
    }
}

#[test]
fn lines_of_a_megabyte_are_read_whole() {
    let text = "word ".repeat(1 << 18);
    let line = json!({"type": "user", "uuid": "u", "message": {"content": text}}).to_string();
    assert!(line.len() > 1 << 20 && line.len() < LINE_BYTES_MAX);
    let Parsed::Record(record) = parse(line.as_bytes()) else {
        panic!("no record");
    };
    assert_eq!(record.blocks[0].text.len(), text.len());
}
