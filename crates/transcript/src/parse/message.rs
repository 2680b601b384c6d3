//! User and assistant rows: the content blocks of API messages.

use std::borrow::Cow;
use std::mem::take;

use serde_json::value::RawValue;
use sessions_model::{Block, BlockKind, Message, RecordKind, Usage};

use super::call::call_text;
use super::client_text::classify;
use super::result::{add_client_copy, strings, tool_result};
use super::{Content, block};
use crate::row::{BlockRow, List, MessageRow, Object, RawMessageRow, Row, UsageRow};

/// The model's name in rows that the client made up.
const SYNTHETIC: &str = "<synthetic>";
/// What the client answers in the model's place where none was wanted.
const NO_ANSWER: &str = "No response requested.";

/// Reads a `user` row.
pub(super) fn user<'a>(type_name: Cow<'a, str>, row: &mut Row<'a>, json: &'a str) -> Content<'a> {
    let message = take(&mut row.message).0.unwrap_or_default();
    let voice = voice(row);
    let mut blocks = blocks(message.content, json, |text| match voice {
        Some(kind) => (kind, text),
        None => classify(text),
    });
    add_client_copy(&mut blocks, row.tool_use_result);
    let has = |kind| blocks.iter().any(|block| block.kind == kind);
    let is_prompt = has(BlockKind::Prompt)
        && !has(BlockKind::ToolResult)
        && !row.is_sidechain.is_true()
        && is_from_user(row);
    Content {
        is_prompt,
        ..Content::new(RecordKind::User, type_name, blocks)
    }
}

/// Returns what the text of a user row is where its flags alone tell.
fn voice(row: &Row<'_>) -> Option<BlockKind> {
    if row.is_compact_summary.is_true() {
        return Some(BlockKind::Summary);
    }
    let is_client = row.is_meta.is_true()
        || row.is_visible_in_transcript_only.is_true()
        || row.prompt_source.as_text() == Some("system");
    is_client.then_some(BlockKind::System)
}

/// Tells rows of a person or a script; versions that did not say are believed.
fn is_from_user(row: &Row<'_>) -> bool {
    let origin = row
        .origin
        .0
        .as_ref()
        .and_then(|origin| origin.kind.as_text());
    let origin = origin.or(row.turn_origin.as_text());
    let is_sdk = row.prompt_source.as_text() == Some("sdk");
    origin.is_none_or(|origin| matches!(origin, "human" | "sdk")) || is_sdk
}

/// Reads an `assistant` row.
pub(super) fn assistant<'a>(
    type_name: Cow<'a, str>,
    row: &mut Row<'a>,
    json: &'a str,
) -> Content<'a> {
    let mut message = take(&mut row.message).0.unwrap_or_default();
    let is_synthetic = message.model.as_text() == Some(SYNTHETIC);
    let is_error = row.is_api_error_message.is_true();
    let content = take(&mut message.content);
    let mut blocks = blocks(content, json, |text| {
        (answer_kind(&text, is_synthetic, is_error), text)
    });
    for block in &mut blocks {
        block.is_error |= block.kind == BlockKind::ApiError;
    }
    let message = api_message(message, take(&mut row.request_id).text());
    Content {
        message: Some(message),
        ..Content::new(RecordKind::Assistant, type_name, blocks)
    }
}

fn answer_kind(text: &str, is_synthetic: bool, is_error: bool) -> BlockKind {
    if is_synthetic && !is_error && text.trim() == NO_ANSWER {
        BlockKind::System
    } else if is_synthetic || is_error {
        BlockKind::ApiError
    } else {
        BlockKind::Answer
    }
}

fn api_message<'a>(row: MessageRow<'a>, request: Option<Cow<'a, str>>) -> Message<'a> {
    Message {
        id: row.id.text(),
        request,
        model: row.model.text().filter(|model| model != SYNTHETIC),
        stop_reason: row.stop_reason.text(),
        usage: row.usage.0.as_ref().map(usage),
    }
}

fn usage(row: &UsageRow<'_>) -> Usage {
    Usage {
        input: row.input.count().unwrap_or(0),
        output: row.output.count().unwrap_or(0),
        cache_read: row.cache_read.count().unwrap_or(0),
        cache_creation: row.cache_creation.count().unwrap_or(0),
    }
}

/// Makes the blocks of a message. `text_kind` says what a text is, and may make it readable.
fn blocks<'a>(
    content: List<'a, Object<BlockRow<'a>>>,
    json: &'a str,
    text_kind: impl Fn(Cow<'a, str>) -> (BlockKind, Cow<'a, str>),
) -> Vec<Block<'a>> {
    let text_block = |index, text| {
        let (kind, text) = text_kind(text);
        block(index, kind, text)
    };
    let items = match content {
        List::Nothing => return Vec::new(),
        List::Text(text) => vec![text_block(0, text)],
        List::Items(items) => {
            let rows = (0_u32..).zip(items);
            rows.filter_map(|(index, Object(row))| row_block(index, row, json, &text_block))
                .collect()
        }
    };
    fold_images(items)
}

fn row_block<'a>(
    index: u32,
    row: Option<BlockRow<'a>>,
    json: &'a str,
    text_block: &impl Fn(u32, Cow<'a, str>) -> Block<'a>,
) -> Option<Block<'a>> {
    let row = row.unwrap_or_default();
    match row.kind.as_text().unwrap_or_default() {
        "text" => row.text.text().map(|text| text_block(index, text)),
        "thinking" => row
            .thinking
            .text()
            .map(|text| block(index, BlockKind::Thinking, text)),
        "redacted_thinking" => None,
        "tool_use" | "server_tool_use" | "mcp_tool_use" => Some(call_block(index, row)),
        "tool_result" => Some(tool_result(index, row)),
        kind if kind.ends_with("_tool_result") => Some(server_result(index, row, json)),
        "image" | "document" => Some(Block {
            images: 1,
            ..text_block(index, Cow::Borrowed(""))
        }),
        _ => Some(block(
            index,
            BlockKind::Unknown,
            raw_item(json, index)?.into(),
        )),
    }
}

fn call_block(index: u32, row: BlockRow<'_>) -> Block<'_> {
    let tool = row.name.text();
    let input = row.input.map(RawValue::get).unwrap_or_default();
    let call = call_text(tool.as_deref().unwrap_or_default(), input);
    Block {
        tool,
        call: row.id.text(),
        files: call.files,
        ..block(index, BlockKind::ToolCall, Cow::Owned(call.text))
    }
}

/// Makes the block of a tool that ran at the API: its results have shapes of their own.
fn server_result<'a>(index: u32, row: BlockRow<'a>, json: &str) -> Block<'a> {
    if !matches!(row.content, List::Nothing) {
        return tool_result(index, row);
    }
    let text = raw_item(json, index).map(strings).unwrap_or_default();
    Block {
        text: Cow::Owned(text),
        ..tool_result(index, row)
    }
}

/// Returns a content block as it stands in the line.
fn raw_item(json: &str, index: u32) -> Option<&str> {
    let row: RawMessageRow<'_> = serde_json::from_str(json).ok()?;
    match row.message.0?.content {
        List::Items(items) => items.get(usize::try_from(index).ok()?).map(|raw| raw.get()),
        List::Nothing | List::Text(_) => None,
    }
}

/// Notes images on the first text of the same kind, and drops what says nothing.
fn fold_images(mut blocks: Vec<Block<'_>>) -> Vec<Block<'_>> {
    let is_image = |block: &Block<'_>| block.images > 0 && block.text.is_empty();
    let images: u32 = blocks
        .iter()
        .filter(|block| is_folded(block))
        .map(|block| block.images)
        .sum();
    let text = blocks
        .iter()
        .position(|block| !block.text.trim().is_empty() && is_text(block.kind));
    if let Some(text) = text
        .filter(|_| images > 0)
        .and_then(|at| blocks.get_mut(at))
    {
        text.images += images;
    }
    blocks.retain(|block| match block.kind {
        BlockKind::ToolCall | BlockKind::ToolResult => true,
        _ if is_image(block) => text.is_none(),
        _ => !block.text.trim().is_empty(),
    });
    blocks
}

fn is_folded(block: &Block<'_>) -> bool {
    is_text(block.kind) && block.text.is_empty()
}

fn is_text(kind: BlockKind) -> bool {
    !matches!(
        kind,
        BlockKind::ToolCall | BlockKind::ToolResult | BlockKind::Unknown
    )
}
