//! What all rows have in common, and lines that are no rows.

use sessions_model::{Defect, DefectKind, EntryKind, Parsed, RecordKind};
use sessions_transcript::{LINE_BYTES_MAX, parse, rows};

use crate::{check, record};

#[test]
fn unknown_types_are_kept_raw() {
    let line = r#"{"type":"novel","text":"a needle"}"#;
    check(
        line,
        RecordKind::Unknown,
        "novel",
        &[(EntryKind::Unknown, line)],
    );
}

#[test]
fn common_fields_are_read() {
    let line = r#"{"type":"user","uuid":"u","parentUuid":"p","sessionId":"s","agentId":"a","cwd":"/w",
        "gitBranch":"main","entrypoint":"cli","version":"2.1.330","isSidechain":true,
        "timestamp":"1970-01-01T00:00:01.500Z","forkedFrom":{"sessionId":"f","messageUuid":"u"}}"#;
    let record = record(line);
    let fields = [
        record.uuid,
        record.parent,
        record.session,
        record.agent,
        record.cwd,
        record.branch,
        record.entrypoint,
        record.version,
        record.forked_from,
    ];
    let fields = fields.map(|field| field.unwrap().into_owned());
    assert_eq!(
        fields,
        ["u", "p", "s", "a", "/w", "main", "cli", "2.1.330", "f"]
    );
    assert_eq!(record.time.unwrap().millis(), 1500);
    assert!(record.is_sidechain);
}

#[test]
fn branch_and_parent_have_their_exceptions() {
    let head = r#"{"type":"user","gitBranch":"HEAD","cwd":""}"#;
    assert_eq!((record(head).branch, record(head).cwd), (None, None));
    let boundary = r#"{"type":"system","subtype":"compact_boundary","parentUuid":null,"logicalParentUuid":"l"}"#;
    assert_eq!(record(boundary).parent.as_deref(), Some("l"));
    let forked = r#"{"type":"system","subtype":"compact_boundary","parentUuid":"p","logicalParentUuid":"l"}"#;
    assert_eq!(record(forked).parent.as_deref(), Some("p"));
    let worktree = r#"{"type":"worktree-state","worktreeSession":{"originalCwd":"/repo"}}"#;
    assert_eq!(record(worktree).worktree_of.as_deref(), Some("/repo"));
}

#[test]
fn fields_of_the_wrong_type_read_as_absent() {
    let line = r#"{"type":"user","uuid":[{}],"timestamp":{"a":1},"isMeta":"yes","message":{"content":
        [7,null,"x",{"type":"text","text":3},{"type":"text","text":"here"}],"usage":[]},
        "origin":"human","attachment":[],"forkedFrom":1,"agentId":-1,"version":1.5}"#;
    let record = record(line);
    assert_eq!((record.uuid, record.time), (None, None));
    assert!(record.blocks.iter().any(|block| block.text == "here"));
}

#[test]
fn half_an_emoji_does_not_cost_the_line() {
    let line = r#"{"type":"user","uuid":"u","message":{"content":"cut \ud83d"}}"#;
    check(
        line,
        RecordKind::User,
        "user",
        &[(EntryKind::Prompt, "cut \u{fffd}")],
    );
    assert_eq!(record(line).uuid.as_deref(), Some("u"));
}

#[test]
fn what_is_no_record_is_a_defect() {
    let check_defect = |line: &[u8], kind: DefectKind, at: usize| match parse(line) {
        Parsed::Defect(defect) => assert_eq!((defect.kind, defect.at), (kind, at), "{line:?}"),
        other => panic!("{line:?}: {other:?}"),
    };
    check_defect(b"{\"type\":\"us", DefectKind::Json, 10);
    check_defect(b"\0\0 {\"a\":x}", DefectKind::Json, 8);
    check_defect(b"{\"a\":\"\xff\"}", DefectKind::Encoding, 6);
    check_defect(b"[1]", DefectKind::Shape, 0);
    check_defect(b"\0{\"uuid\":\"u\"}", DefectKind::Shape, 1);
    check_defect(b"{\"type\":5}", DefectKind::Shape, 0);
    check_defect(
        &vec![b'x'; LINE_BYTES_MAX + 1],
        DefectKind::TooLong,
        LINE_BYTES_MAX,
    );
}

#[test]
fn nothing_written_is_blank() {
    for line in ["", "\0\0\0", " \r", "\0 "] {
        assert_eq!(parse(line.as_bytes()), Parsed::Blank, "{line:?}");
    }
}

#[test]
fn what_stands_around_a_record_does_not_change_it() {
    let line = r#"{"type":"tag","tag":"x"}"#;
    for padded in [
        format!("\0\0{line}\r"),
        format!("\u{feff}{line}"),
        format!("\0\u{feff} {line} "),
    ] {
        assert_eq!(parse(padded.as_bytes()), parse(line.as_bytes()));
    }
}

#[test]
fn no_nesting_is_too_deep() {
    let deep = format!("{}\"needle\"{}", "[".repeat(100_000), "]".repeat(100_000));
    let line = format!(
        r#"{{"type":"user","x":{deep},"message":{{"content":[{{"type":"tool_result","content":[{deep}]}}]}}}}"#
    );
    check(
        &line,
        RecordKind::User,
        "user",
        &[(EntryKind::ToolResult, "needle")],
    );
    let line = format!(
        r#"{{"type":"user","message":{{"content":"x"}},"isMeta":{deep},"toolUseResult":{deep}}}"#
    );
    check(&line, RecordKind::User, "user", &[(EntryKind::Prompt, "x")]);
}

#[test]
fn a_row_stays_what_it_is_whatever_stands_behind_it() {
    let one = r#"{"type":"tag","tag":"x"}"#;
    let check = |behind: &[u8], expect: &[(u64, Parsed<'_>)]| {
        let line = [one.as_bytes(), behind].concat();
        let mut found = rows(&line);
        assert_eq!(found.next(), Some((0, parse(one.as_bytes()))), "{behind:?}");
        assert_eq!(parse(&line), parse(one.as_bytes()));
        assert_eq!(found.collect::<Vec<_>>(), expect, "{behind:?}");
    };
    let defect = |kind, at| Parsed::Defect(Defect { kind, at });
    let behind = one.len() as u64;
    check(b" \r", &[]);
    check(one.as_bytes(), &[(behind, parse(one.as_bytes()))]);
    check(b"{\"type", &[(behind, defect(DefectKind::Json, 5))]);
    check(b"\xff", &[(behind, defect(DefectKind::Encoding, 0))]);
}

#[test]
fn any_number_of_rows_on_a_line_is_read_in_one_pass() {
    // Looked at to its end for each row, it would take hours.
    let line = b"{\"type\":\"tag\"}".repeat(1 << 17);
    assert_eq!(rows(&line).count(), 1 << 17);
}
