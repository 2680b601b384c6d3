//! What a tool returned, as text. Knows the shapes of results, not the tools.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::value::RawValue;
use sessions_model::{Block, BlockKind};

use super::block;
use crate::json_tokens::{Token, tokens};
use crate::row::{BlockRow, List, Object, ToolUseResult};

/// How the client marks a result that it wrote to a file.
const SPILLED_MARK: &str = "<persisted-output>";
/// What stands before the file's path in such a result.
const SPILLED_PATH_MARK: &str = "saved to: ";

/// Makes the block of a `tool_result`.
pub(super) fn tool_result(index: u32, row: BlockRow<'_>) -> Block<'_> {
    let (text, images) = result_text(row.content);
    let spilled = text
        .trim_start()
        .starts_with(SPILLED_MARK)
        .then(|| spilled_path(&text))
        .flatten();
    Block {
        call: row.tool_use_id.name(),
        is_error: row.is_error.is_true(),
        images,
        spilled: spilled.map(Cow::Owned),
        ..block(index, BlockKind::ToolResult, text)
    }
}

/// Adds what only `toolUseResult`, the client's own copy of the result, says: it is of one call, so a
/// row with several results tells nothing.
pub(super) fn add_client_copy<'a>(blocks: &mut [Block<'a>], copy: Option<&'a RawValue>) {
    let mut results = blocks
        .iter_mut()
        .filter(|block| block.kind == BlockKind::ToolResult);
    let (Some(result), None, Some(copy)) = (results.next(), results.next(), copy) else {
        return;
    };
    let json = copy.get();
    let has = |field: &str| memmem::find(json.as_bytes(), field.as_bytes()).is_some();
    if !has("\"agentId\":") && !has("\"persistedOutputPath\":") {
        return;
    }
    let Ok(Object(Some(copy))) = serde_json::from_str::<Object<ToolUseResult<'a>>>(json) else {
        return;
    };
    result.agent = copy.agent_id.name();
    if result.text.trim_start().starts_with(SPILLED_MARK) {
        result.spilled = copy.persisted_output_path.name().or(result.spilled.take());
    }
}

fn spilled_path(preview: &str) -> Option<String> {
    let (_, after) = preview.split_once(SPILLED_PATH_MARK)?;
    let path = after.lines().next()?.trim();
    (!path.is_empty()).then(|| path.to_owned())
}

fn result_text<'a>(content: List<'a, &'a RawValue>) -> (Cow<'a, str>, u32) {
    match content {
        List::Nothing | List::Skipped => (Cow::Borrowed(""), 0),
        List::Text(text) => (text, 0),
        List::Items(parts) => parts_text(parts.into_iter().map(RawValue::get)),
    }
}

/// Joins the texts of content parts and counts their images; of parts that are neither, every string.
pub(super) fn parts_text<'a>(parts: impl Iterator<Item = &'a str>) -> (Cow<'a, str>, u32) {
    let mut texts: Vec<Cow<'a, str>> = Vec::new();
    let mut images = 0;
    for part in parts {
        let Ok(Object(row)) = serde_json::from_str::<Object<BlockRow<'a>>>(part) else {
            texts.push(Cow::Owned(strings(part)));
            continue;
        };
        let row = row.unwrap_or_default();
        let is_text = row.is_text_document();
        match (row.kind.as_text(), row.text.text()) {
            (Some("text"), Some(text)) => texts.push(text),
            (Some("image"), _) => images += 1,
            (Some("document"), _) if !is_text => images += 1,
            _ => texts.push(Cow::Owned(strings(part))),
        }
    }
    let text = match texts.len() {
        1 => texts.swap_remove(0),
        _ => Cow::Owned(texts.join("\n")),
    };
    (text, images)
}

/// Returns every string of a JSON text, a line each.
pub(super) fn strings(json: &str) -> String {
    let mut text = String::new();
    for (_, token) in tokens(json) {
        if let Token::Text(string) = token {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&string);
        }
    }
    text
}
