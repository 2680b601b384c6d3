//! Rows that the client writes of its own accord: attachments, system notices, queued prompts.

use std::borrow::Cow;
use std::mem::take;

use serde_json::value::RawValue;
use sessions_model::{Block, BlockKind, RecordKind};

use super::client_text::{classify, command_text};
use super::result::{parts_text, strings};
use super::{Content, block};
use crate::json_tokens::string;
use crate::row::{AttachmentRow, List, Row};

/// Reads an `attachment` row.
pub(super) fn attachment<'a>(row: &mut Row<'a>) -> Content<'a> {
    let mut attachment = take(&mut row.attachment).0.unwrap_or_default();
    let name = take(&mut attachment.kind).name().unwrap_or_default();
    let type_name = Cow::Owned(format!("attachment/{name}"));
    match name.as_ref() {
        "queued_command" => queued_command(type_name, row, &attachment),
        "hook_system_message" => hook_notice(type_name, &attachment, Severity::Notice),
        "hook_cancelled" | "hook_stopped_continuation" => {
            hook_notice(type_name, &attachment, Severity::Notice)
        }
        "hook_non_blocking_error" | "hook_blocking_error" | "hook_error_during_execution" => {
            hook_notice(type_name, &attachment, Severity::Error)
        }
        _ => Content::new(RecordKind::Noise, type_name, Vec::new()),
    }
}

fn queued_command<'a>(
    type_name: Cow<'a, str>,
    row: &Row<'a>,
    attachment: &AttachmentRow<'a>,
) -> Content<'a> {
    let prompt = attachment.prompt.and_then(prompt_block);
    let is_human = attachment.human_turn.flag() != Some(false) && !attachment.is_meta.is_true();
    let is_prompt = is_human
        && !row.is_sidechain.is_true()
        && prompt
            .as_ref()
            .is_some_and(|block| block.kind == BlockKind::Prompt);
    let blocks = prompt.into_iter().collect();
    Content {
        is_prompt,
        ..Content::new(RecordKind::Attachment, type_name, blocks)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    Notice,
    Error,
}

fn hook_notice<'a>(
    type_name: Cow<'a, str>,
    attachment: &AttachmentRow<'a>,
    severity: Severity,
) -> Content<'a> {
    let said = [
        attachment.content,
        attachment.message,
        attachment.blocking_error,
        attachment.stdout,
        attachment.stderr,
    ];
    let said = said.into_iter().flatten().map(|raw| strings(raw.get()));
    let hook = attachment.hook_name.as_text().map(str::to_owned);
    let mut lines: Vec<String> = hook.into_iter().chain(said).collect();
    lines.retain(|line| !line.trim().is_empty());
    let mut blocks = text_blocks(BlockKind::System, Cow::Owned(lines.join("\n")));
    for block in &mut blocks {
        block.is_error = severity == Severity::Error;
    }
    Content::new(RecordKind::Attachment, type_name, blocks)
}

/// Reads a `queue-operation` row. It is no prompt of its own: the same text comes again when the model
/// gets to it.
pub(super) fn queue_operation<'a>(type_name: Cow<'a, str>, row: &Row<'a>) -> Content<'a> {
    let is_enqueue = row.operation.as_text() == Some("enqueue");
    let prompt = row.content.filter(|_| is_enqueue).and_then(prompt_block);
    Content::new(
        RecordKind::QueueOperation,
        type_name,
        prompt.into_iter().collect(),
    )
}

/// Makes the block of a prompt that stands in a field of its own: a string, or content parts.
fn prompt_block(raw: &RawValue) -> Option<Block<'_>> {
    let (text, images) = match serde_json::from_str(raw.get()).unwrap_or_default() {
        List::Nothing => return None,
        List::Text(text) => (text, 0),
        List::Items(parts) => parts_text(parts.into_iter().map(RawValue::get)),
        List::Skipped => (Cow::Owned(strings(raw.get())), 0),
    };
    let (kind, text) = classify(text);
    let is_empty = text.trim().is_empty() && images == 0;
    (!is_empty).then(|| Block {
        images,
        ..block(0, kind, text)
    })
}

/// Reads a `system` row.
pub(super) fn system<'a>(row: &mut Row<'a>, json: &'a str) -> Content<'a> {
    let subtype = take(&mut row.subtype).name().unwrap_or_default();
    let type_name = Cow::Owned(format!("system/{subtype}"));
    let text = row.content.and_then(|raw| string(raw.get()));
    let blocks = match subtype.as_ref() {
        "compact_boundary" | "microcompact_boundary" => {
            let text = text.unwrap_or(Cow::Borrowed("Conversation compacted"));
            vec![block(0, BlockKind::Compaction, text)]
        }
        "local_command" => local_command(text, row),
        "api_error" => api_error(text, row),
        "stop_hook_summary" => hook_errors(row),
        quiet if is_quiet(quiet) => Vec::new(),
        _ => match text {
            Some(text) => text_blocks(BlockKind::System, text),
            None => return Content::unknown(type_name, json),
        },
    };
    Content::new(RecordKind::System, type_name, blocks)
}

/// Tells notices that only the client's own bookkeeping needs.
fn is_quiet(subtype: &str) -> bool {
    matches!(
        subtype,
        "turn_duration" | "file_snapshot" | "memory_saved" | "agents_killed"
    )
}

fn local_command<'a>(text: Option<Cow<'a, str>>, row: &mut Row<'a>) -> Vec<Block<'a>> {
    let run = take(&mut row.command_run).0.unwrap_or_default();
    let text = text.filter(|text| !text.trim().is_empty()).map_or_else(
        || {
            let words = [run.command.text(), run.args.text()].into_iter().flatten();
            Cow::Owned(words.collect::<Vec<_>>().join(" "))
        },
        command_text,
    );
    text_blocks(BlockKind::Command, text)
}

fn api_error<'a>(text: Option<Cow<'a, str>>, row: &Row<'a>) -> Vec<Block<'a>> {
    let text = text.or_else(|| row.error.map(|raw| Cow::Owned(strings(raw.get()))));
    let text = text
        .filter(|text| !text.trim().is_empty())
        .unwrap_or(Cow::Borrowed("API error"));
    vec![Block {
        is_error: true,
        ..block(0, BlockKind::ApiError, text)
    }]
}

fn hook_errors<'a>(row: &Row<'a>) -> Vec<Block<'a>> {
    let text = row
        .hook_errors
        .map(|raw| strings(raw.get()))
        .unwrap_or_default();
    let mut blocks = text_blocks(BlockKind::System, Cow::Owned(text));
    for block in &mut blocks {
        block.is_error = true;
    }
    blocks
}

fn text_blocks(kind: BlockKind, text: Cow<'_, str>) -> Vec<Block<'_>> {
    if text.trim().is_empty() {
        Vec::new()
    } else {
        vec![block(0, kind, text)]
    }
}
