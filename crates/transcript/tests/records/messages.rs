//! User and assistant rows.

use sessions_model::{EntryKind, RecordKind, Usage};

use crate::{check, record};

fn check_user(message: &str, expect: &[(EntryKind, &str)]) {
    let line = format!(r#"{{"type":"user","message":{{"role":"user","content":{message}}}}}"#);
    check(&line, RecordKind::User, "user", expect);
}

fn check_assistant(content: &str, expect: &[(EntryKind, &str)]) {
    let line = format!(r#"{{"type":"assistant","message":{{"id":"m","content":{content}}}}}"#);
    check(&line, RecordKind::Assistant, "assistant", expect);
}

#[test]
fn user_rows_tell_people_from_the_client() {
    use EntryKind::{Command, Interrupt, Prompt, System};
    check_user(r#""fix it""#, &[(Prompt, "fix it")]);
    check_user(
        r#"[{"type":"text","text":"fix"},{"type":"text","text":"it"}]"#,
        &[(Prompt, "fix"), (Prompt, "it")],
    );
    check_user(
        r#""<command-name>/model</command-name>\n<command-args>opus</command-args>""#,
        &[(Command, "/model opus")],
    );
    check_user(r#""<bash-input>ls</bash-input>""#, &[(Command, "! ls")]);
    check_user(
        r#""<bash-stdout>a</bash-stdout><bash-stderr>b</bash-stderr>""#,
        &[(Command, "a\nb")],
    );
    check_user(
        r#"[{"type":"text","text":"[Request interrupted by user]"}]"#,
        &[(Interrupt, "[Request interrupted by user]")],
    );
    check_user(
        r#""<task-notification>done</task-notification>""#,
        &[(System, "<task-notification>done</task-notification>")],
    );
    check_user(r#""  ""#, &[]);
}

#[test]
fn rows_that_cannot_be_read_are_shown_as_they_stand() {
    for message in [
        r#""a string""#,
        "17",
        r#"{"role":"user","content":17}"#,
        r#"{"role":"user","text":"elsewhere"}"#,
    ] {
        for kind in ["user", "assistant"] {
            let line = format!(r#"{{"type":"{kind}","message":{message}}}"#);
            let shown = [(EntryKind::Unknown, &*line)];
            check(&line, RecordKind::Unknown, kind, &shown);
        }
    }
    let object = r#"{"type":"text","text":"no list"}"#;
    let line = format!(r#"{{"type":"user","message":{{"role":"user","content":{object}}}}}"#);
    check_user(object, &[(EntryKind::Unknown, &line)]);
    let block = r#"{"type":"text","body":"said"}"#;
    check_assistant(&format!("[{block}]"), &[(EntryKind::Unknown, block)]);
    check_assistant(
        r#"[{"type":"tool_use","id":"t","name":"X","arguments":{"a":"asked"}}]"#,
        &[(
            EntryKind::ToolCall,
            "type: tool_use\nid: t\nname: X\narguments: a: asked",
        )],
    );
    check_user(
        r#"[{"type":"tool_result","tool_use_id":"t","content":{"x":"returned"}}]"#,
        &[(EntryKind::ToolResult, "tool_result\nt\nreturned")],
    );
    check_user(
        r#"[{"type":"document","title":"notes","source":{"type":"text","data":"written"}}]"#,
        &[(EntryKind::Prompt, "document\nnotes\ntext\nwritten")],
    );
}

#[test]
fn what_is_longer_than_a_name_can_be_names_nothing() {
    let long = "x".repeat(5_000);
    let names =
        format!(r#""cwd":"/{long}","gitBranch":"{long}","uuid":"{long}","version":"{long}""#);
    let line = format!(r#"{{"type":"user",{names},"message":{{"content":"said"}}}}"#);
    let found = record(&line);
    assert_eq!(
        (&found.cwd, &found.branch, &found.uuid),
        (&None, &None, &None)
    );
    let said = [(EntryKind::Prompt, "said")];
    check(&line, RecordKind::User, "user", &said);
}

#[test]
fn flags_of_user_rows_win_over_their_text() {
    let row = |flag: &str| format!(r#"{{"type":"user",{flag},"message":{{"content":"text"}}}}"#);
    let check_flag = |flag: &str, kind| {
        check(&row(flag), RecordKind::User, "user", &[(kind, "text")]);
        assert!(!record(&row(flag)).is_prompt, "{flag}");
    };
    check_flag(r#""isMeta":true"#, EntryKind::System);
    check_flag(r#""isVisibleInTranscriptOnly":true"#, EntryKind::System);
    check_flag(r#""promptSource":"system""#, EntryKind::System);
    check_flag(r#""isCompactSummary":true"#, EntryKind::Summary);
}

#[test]
fn prompts_are_what_people_and_scripts_sent() {
    let check_prompt = |fields: &str, content: &str, expect: bool| {
        let line = format!(r#"{{"type":"user",{fields}"message":{{"content":{content}}}}}"#);
        assert_eq!(record(&line).is_prompt, expect, "{line}");
    };
    check_prompt("", r#""old versions say nothing""#, true);
    check_prompt(
        r#""origin":{"kind":"human"},"promptSource":"typed","#,
        r#""p""#,
        true,
    );
    check_prompt(
        r#""turnOrigin":"sdk","promptSource":"sdk","#,
        r#""p""#,
        true,
    );
    check_prompt(r#""origin":{"kind":"task-notification"},"#, r#""p""#, false);
    check_prompt(r#""turnOrigin":"task_notification","#, r#""p""#, false);
    check_prompt(r#""isSidechain":true,"#, r#""p""#, false);
    check_prompt("", r#""<command-name>/clear</command-name>""#, false);
    check_prompt("", r#""[Request interrupted by user]""#, false);
    check_prompt(
        "",
        r#"[{"type":"tool_result","tool_use_id":"t","content":"x"}]"#,
        false,
    );
    check_prompt("", r#"[{"type":"image","source":{}}]"#, true);
    check_prompt(
        "",
        r#"[{"type":"text","text":"<ide_selection>x</ide_selection>"}]"#,
        false,
    );
}

#[test]
fn tool_results_read_from_strings_and_parts() {
    let result = |content: &str| {
        format!(
            r#"[{{"type":"tool_result","tool_use_id":"t","is_error":true,"content":{content}}}]"#
        )
    };
    check_user(&result(r#""a\nb""#), &[(EntryKind::ToolResult, "a\nb")]);
    let parts = r#"[{"type":"text","text":"a"},{"type":"image","source":{"data":"iVBO"}},
        {"type":"tool_reference","tool_name":"Grep"}]"#;
    check_user(
        &result(parts),
        &[(EntryKind::ToolResult, "a\ntool_reference\nGrep")],
    );
    check_user(&result("null"), &[(EntryKind::ToolResult, "")]);
    let line = format!(
        r#"{{"type":"user","message":{{"content":{}}}}}"#,
        result(parts)
    );
    let record = record(&line);
    assert_eq!(record.blocks[0].call.as_deref(), Some("t"));
    assert!(record.blocks[0].is_error);
    assert_eq!(record.blocks[0].images, 1);
}

#[test]
fn a_spilled_result_keeps_its_preview_and_names_its_file() {
    let preview =
        "<persisted-output>\\nOutput too large (58KB). Full output saved to: /r/t.txt\\n\\nhead";
    let line = |copy: &str| {
        format!(
            r#"{{"type":"user","toolUseResult":{copy},"message":{{"content":[{{"type":"tool_result",
            "tool_use_id":"t","content":"{preview}\n</persisted-output>"}}]}}}}"#
        )
        .replace('\n', " ")
    };
    let check_path = |copy: &str, path: &str| {
        let line = line(copy);
        let record = record(&line);
        assert_eq!(record.blocks[0].spilled.as_deref(), Some(path));
        assert!(record.blocks[0].text.contains("head"));
    };
    check_path(
        r#"{"stdout":"…","persistedOutputPath":"/q/t.txt"}"#,
        "/q/t.txt",
    );
    check_path(r#"{"stdout":"…"}"#, "/r/t.txt");
    check_path(r#""Error: \"persistedOutputPath\": x""#, "/r/t.txt");
}

#[test]
fn a_result_names_the_subagent_it_started() {
    let line = r#"{"type":"user","toolUseResult":{"isAsync":true,"agentId":"a1"},"message":{"content":
        [{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"launched"}]}]}}"#;
    assert_eq!(record(line).blocks[0].agent.as_deref(), Some("a1"));
}

#[test]
fn images_are_noted_on_the_text_beside_them() {
    let line = r#"{"type":"user","message":{"content":[{"type":"image","source":{"data":"iVBO"}},
        {"type":"text","text":"what is this"},{"type":"image"}]}}"#;
    let record = record(line);
    assert_eq!(record.blocks.len(), 1);
    assert_eq!((record.blocks[0].images, record.blocks[0].index), (2, 1));
}

#[test]
fn assistant_rows_read_block_by_block() {
    use EntryKind::{Answer, Thinking, ToolCall, ToolResult, Unknown};
    check_assistant(r#"[{"type":"text","text":"done"}]"#, &[(Answer, "done")]);
    check_assistant(
        r#"[{"type":"thinking","thinking":"hm","signature":"x"}]"#,
        &[(Thinking, "hm")],
    );
    check_assistant(
        r#"[{"type":"thinking","thinking":"","signature":"x"}]"#,
        &[],
    );
    check_assistant(r#"[{"type":"redacted_thinking","data":"x"}]"#, &[]);
    let call = r#"[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"ls","description":"d"}}]"#;
    check_assistant(call, &[(ToolCall, "ls\n# d")]);
    let found = r#"[{"type":"web_search_tool_result","tool_use_id":"t","content":[{"url":"u","title":"v"}]}]"#;
    check_assistant(found, &[(ToolResult, "u\nv")]);
    let failed =
        r#"[{"type":"web_search_tool_result","tool_use_id":"t","content":{"error_code":"e"}}]"#;
    check_assistant(failed, &[(ToolResult, "web_search_tool_result\nt\ne")]);
    check_assistant(
        r#"[{"type":"text","text":"a"},{"type":"novel","x":[1]}]"#,
        &[(Answer, "a"), (Unknown, r#"{"type":"novel","x":[1]}"#)],
    );
}

#[test]
fn a_call_keeps_its_tool_id_and_files() {
    let line = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Edit",
        "input":{"file_path":"/a.rs","old_string":"x","new_string":"y"}}]}}"#;
    let record = record(line);
    let call = &record.blocks[0];
    assert_eq!(
        (call.tool.as_deref(), call.call.as_deref()),
        (Some("Edit"), Some("t"))
    );
    assert_eq!(call.files, ["/a.rs"]);
}

#[test]
fn answers_made_up_by_the_client_are_errors_or_notices() {
    let check_synthetic = |fields: &str, model: &str, text: &str, kind: EntryKind| {
        let line = format!(
            r#"{{"type":"assistant",{fields}"message":{{"model":"{model}","content":[{{"type":"text","text":"{text}"}}]}}}}"#
        );
        let record = record(&line);
        assert_eq!(record.blocks[0].kind, kind, "{line}");
        assert_eq!(record.blocks[0].is_error, kind == EntryKind::ApiError);
        assert_eq!(
            record.message.unwrap().model.is_some(),
            model != "<synthetic>"
        );
    };
    let error = "API Error: 400";
    check_synthetic(
        r#""isApiErrorMessage":true,"#,
        "<synthetic>",
        error,
        EntryKind::ApiError,
    );
    check_synthetic("", "<synthetic>", error, EntryKind::ApiError);
    check_synthetic(
        "",
        "<synthetic>",
        "No response requested.",
        EntryKind::System,
    );
    check_synthetic("", "opus", error, EntryKind::Answer);
}

#[test]
fn a_message_carries_its_ids_model_and_tokens() {
    let line = r#"{"type":"assistant","requestId":"r","message":{"id":"m","model":"opus",
        "stop_reason":"end_turn","content":[],"usage":{"input_tokens":1,"output_tokens":2,
        "cache_read_input_tokens":3,"cache_creation_input_tokens":4,"cache_creation":{"x":9}}}}"#;
    let message = record(line).message.unwrap();
    let ids = [
        message.id,
        message.request,
        message.model,
        message.stop_reason,
    ];
    assert_eq!(
        ids.map(|id| id.unwrap().into_owned()),
        ["m", "r", "opus", "end_turn"]
    );
    let usage = Usage {
        input: 1,
        output: 2,
        cache_read: 3,
        cache_creation: 4,
    };
    assert_eq!(message.usage, Some(usage));
}

#[test]
fn more_tokens_than_any_message_has_are_none() {
    let line = r#"{"type":"assistant","message":{"id":"m","content":[],"usage":{"input_tokens":7,
        "output_tokens":18446744073709551615,"cache_read_input_tokens":9223372036854775807}}}"#;
    let usage = Usage {
        input: 7,
        ..Usage::default()
    };
    assert_eq!(record(line).message.unwrap().usage, Some(usage));
}

#[test]
fn a_message_of_too_many_blocks_is_shown_raw() {
    let content = format!("[{}1]", r#"{"type":"text","text":"a"},"#.repeat(5000));
    let line = format!(r#"{{"type":"assistant","message":{{"content":{content}}}}}"#);
    check(
        &line,
        RecordKind::Assistant,
        "assistant",
        &[(EntryKind::Unknown, &line)],
    );
    let result = format!(r#"[{{"type":"tool_result","tool_use_id":"t","content":{content}}}]"#);
    let line = format!(r#"{{"type":"user","message":{{"content":{result}}}}}"#);
    assert!(record(&line).blocks[0].text.ends_with("text\na\ntext\na"));
}
