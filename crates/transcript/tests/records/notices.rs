//! Rows that the client writes of its own accord.

use sessions_model::{EntryKind, RecordKind, TitleKind};

use crate::{check, record};

#[test]
fn attachments_are_noise_but_for_prompts_and_hook_notices() {
    let check_attachment = |fields: &str, kind, expect: &[(EntryKind, &str)]| {
        let line = format!(r#"{{"type":"attachment","attachment":{{"type":{fields}}}}}"#);
        let name = fields.split('"').nth(1).unwrap();
        check(&line, kind, &format!("attachment/{name}"), expect);
        let is_prompt = expect
            .first()
            .is_some_and(|(kind, _)| *kind == EntryKind::Prompt);
        assert_eq!(record(&line).is_prompt, is_prompt, "{line}");
    };
    let (shown, quiet) = (RecordKind::Attachment, RecordKind::Noise);
    check_attachment(
        r#""queued_command","prompt":"and this","humanTurn":true"#,
        shown,
        &[(EntryKind::Prompt, "and this")],
    );
    check_attachment(
        r#""queued_command","prompt":[{"type":"text","text":"a"},{"type":"image"}]"#,
        shown,
        &[(EntryKind::Prompt, "a")],
    );
    check_attachment(
        r#""queued_command","prompt":"<task-notification>x""#,
        shown,
        &[(EntryKind::System, "<task-notification>x")],
    );
    check_attachment(
        r#""hook_system_message","content":"careful","hookName":"Stop""#,
        shown,
        &[(EntryKind::System, "Stop\ncareful")],
    );
    let blocking = r#""hook_blocking_error","blockingError":{"blockingError":"no","command":"c"}"#;
    check_attachment(blocking, shown, &[(EntryKind::System, "no\nc")]);
    let failed =
        r#""hook_non_blocking_error","hookName":"Stop","stderr":"e","stdout":"","exitCode":127"#;
    check_attachment(failed, shown, &[(EntryKind::System, "Stop\ne")]);
    for noise in [
        "prompt_snapshot",
        "skill_listing",
        "environment",
        "hook_success",
        "novel",
    ] {
        check_attachment(
            &format!(r#""{noise}","content":"x","prompt":["y"]"#),
            quiet,
            &[],
        );
    }
}

#[test]
fn system_rows_show_what_a_reader_needs() {
    use EntryKind::{ApiError, Command, Compaction, System};
    let check_system = |subtype: &str, fields: &str, expect: &[(EntryKind, &str)]| {
        let line = format!(r#"{{"type":"system","subtype":"{subtype}"{fields}}}"#);
        check(
            &line,
            RecordKind::System,
            &format!("system/{subtype}"),
            expect,
        );
    };
    let compacted = "Conversation compacted";
    check_system(
        "compact_boundary",
        r#","content":"Conversation compacted""#,
        &[(Compaction, compacted)],
    );
    check_system("compact_boundary", "", &[(Compaction, compacted)]);
    check_system("informational", r#","content":"note""#, &[(System, "note")]);
    check_system(
        "away_summary",
        r#","content":"you did x""#,
        &[(System, "you did x")],
    );
    let output = r#","content":"<local-command-stdout>ok</local-command-stdout>""#;
    check_system("local_command", output, &[(Command, "ok")]);
    let run = r#","commandRun":{"command":"/cost","args":"all"}"#;
    check_system("local_command", run, &[(Command, "/cost all")]);
    check_system(
        "api_error",
        r#","error":{"status":529,"message":"overloaded"}"#,
        &[(ApiError, "overloaded")],
    );
    check_system("api_error", "", &[(ApiError, "API error")]);
    check_system(
        "stop_hook_summary",
        r#","hookInfos":[{"command":"c"}],"hookErrors":[]"#,
        &[],
    );
    check_system(
        "stop_hook_summary",
        r#","hookErrors":["exit 1"]"#,
        &[(System, "exit 1")],
    );
    check_system("turn_duration", r#","durationMs":1"#, &[]);
    let novel = r#"{"type":"system","subtype":"novel","x":1}"#;
    check(
        novel,
        RecordKind::Unknown,
        "system/novel",
        &[(EntryKind::Unknown, novel)],
    );
}

#[test]
fn queue_operations_show_what_was_typed() {
    let line = |operation: &str, content: &str| {
        format!(r#"{{"type":"queue-operation","operation":"{operation}","content":{content}}}"#)
    };
    let name = "queue-operation";
    let prompt = [(EntryKind::Prompt, "next")];
    check(
        &line("enqueue", r#""next""#),
        RecordKind::QueueOperation,
        name,
        &prompt,
    );
    check(
        &line("enqueue", r#"[{"type":"text","text":"next"}]"#),
        RecordKind::QueueOperation,
        name,
        &prompt,
    );
    check(
        &line("remove", r#""next""#),
        RecordKind::QueueOperation,
        name,
        &[],
    );
    let many = format!("[{}1]", r#""next","#.repeat(5000));
    assert!(
        record(&line("enqueue", &many)).blocks[0]
            .text
            .starts_with("next\nnext")
    );
    assert!(!record(&line("enqueue", r#""next""#)).is_prompt);
}

#[test]
fn titles_say_who_gave_them() {
    let check_title = |line: &str, kind: TitleKind, shown_as: EntryKind| {
        let record = record(line);
        assert_eq!(record.kind, RecordKind::Title);
        let title = record.title.unwrap();
        assert_eq!((title.kind, title.text.as_ref()), (kind, "Billing"));
        assert_eq!(
            (record.blocks[0].kind, record.blocks[0].text.as_ref()),
            (shown_as, "Billing")
        );
    };
    check_title(
        r#"{"type":"custom-title","customTitle":"Billing"}"#,
        TitleKind::Custom,
        EntryKind::Title,
    );
    check_title(
        r#"{"type":"agent-name","agentName":"Billing"}"#,
        TitleKind::Custom,
        EntryKind::Title,
    );
    check_title(
        r#"{"type":"ai-title","aiTitle":"Billing"}"#,
        TitleKind::Ai,
        EntryKind::Title,
    );
    check_title(
        r#"{"type":"summary","summary":"Billing","leafUuid":"u"}"#,
        TitleKind::Summary,
        EntryKind::Summary,
    );
    assert_eq!(
        record(r#"{"type":"custom-title","customTitle":" "}"#).title,
        None
    );
}

#[test]
fn every_known_type_is_classified() {
    let check_kind = |kind, names: &str| {
        for name in names.split_whitespace() {
            check(
                &format!(r#"{{"type":"{name}","content":"x"}}"#),
                kind,
                name,
                &[],
            );
        }
    };
    check_kind(
        RecordKind::State,
        "last-prompt mode permission-mode cost-state worktree-state tag pr-link agent-color \
         agent-setting relocated continued-in ended-by-model fork-context-ref session-owner derived-from",
    );
    check_kind(
        RecordKind::Noise,
        "atis-latch tools-used file-history-snapshot file-history-delta api-request api-request-shape \
         api-request-blob api-request-resumed content-replacement frame-link bridge-session \
         history-suppression attribution-snapshot isolation-latch dev-mods memory-mode \
         data-flow-records data-flow-incomplete observer-ref resume-head-vouch artifact-version \
         repl-mode hybrid-organization host-row",
    );
    check_kind(RecordKind::Progress, "progress");
}
