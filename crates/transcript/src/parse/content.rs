//! The content blocks of a message. Knows the API's types of block, not who speaks.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::value::RawValue;
use sessions_model::{Block, BlockKind};

use super::block;
use super::call::call_text;
use super::result::{strings, tool_result};
use crate::row::{BlockRow, List, Object, RawMessageRow};

/// Makes the blocks of the message in the line `json`. `text_kind` says what a text is, and may make it
/// readable. A message of more blocks than the named limit is shown raw.
pub(super) fn blocks<'a>(
    content: List<'a, Object<BlockRow<'a>>>,
    json: &'a str,
    text_kind: impl Fn(Cow<'a, str>) -> (BlockKind, Cow<'a, str>),
) -> Vec<Block<'a>> {
    let reader = Reader {
        json,
        raw: OnceCell::new(),
        text_kind,
    };
    let items = match content {
        List::Nothing => Vec::new(),
        List::Text(text) => vec![reader.text_block(0, text)],
        List::Skipped => vec![block(0, BlockKind::Unknown, json.into())],
        List::Items(items) => {
            let rows = (0_u32..).zip(items);
            rows.filter_map(|(index, Object(row))| reader.block(index, row.unwrap_or_default()))
                .collect()
        }
    };
    fold_images(items)
}

struct Reader<'a, F> {
    json: &'a str,
    /// The blocks as they stand in the line: read when the first is asked for.
    raw: OnceCell<Vec<&'a RawValue>>,
    text_kind: F,
}

impl<'a, F: Fn(Cow<'a, str>) -> (BlockKind, Cow<'a, str>)> Reader<'a, F> {
    fn text_block(&self, index: u32, text: Cow<'a, str>) -> Block<'a> {
        let (kind, text) = (self.text_kind)(text);
        block(index, kind, text)
    }

    fn block(&self, index: u32, row: BlockRow<'a>) -> Option<Block<'a>> {
        let text = |kind: BlockKind, text: Cow<'a, str>| block(index, kind, text);
        match row.kind.as_text().unwrap_or_default() {
            "text" => Some(match row.text.text() {
                Some(text) => self.text_block(index, text),
                None => self.unknown(index),
            }),
            "thinking" => Some(match row.thinking.text() {
                Some(thought) => text(BlockKind::Thinking, thought),
                None => self.unknown(index),
            }),
            "redacted_thinking" => None,
            "tool_use" | "server_tool_use" | "mcp_tool_use" => Some(self.call_block(index, row)),
            kind if kind == "tool_result" || kind.ends_with("_tool_result") => {
                Some(self.result_block(index, row))
            }
            "document" if row.is_text_document() => {
                let text = strings(self.raw_item(index));
                Some(self.text_block(index, Cow::Owned(text)))
            }
            "image" | "document" => Some(Block {
                images: 1,
                ..self.text_block(index, Cow::Borrowed(""))
            }),
            _ => Some(self.unknown(index)),
        }
    }

    fn unknown(&self, index: u32) -> Block<'a> {
        block(index, BlockKind::Unknown, self.raw_item(index).into())
    }

    fn call_block(&self, index: u32, row: BlockRow<'a>) -> Block<'a> {
        let tool = row.name.name();
        // Without an input, whatever there is beside it is what was asked.
        let input = row.input.map(RawValue::get);
        let input = input.unwrap_or_else(|| self.raw_item(index));
        let call = call_text(tool.as_deref().unwrap_or_default(), input);
        Block {
            tool,
            call: row.id.name(),
            files: call.files,
            ..block(index, BlockKind::ToolCall, Cow::Owned(call.text))
        }
    }

    /// Makes the block of a result. Tools that run at the API have shapes of their own: of those, every
    /// string is kept.
    fn result_block(&self, index: u32, row: BlockRow<'a>) -> Block<'a> {
        let is_plain = match row.content {
            List::Nothing => row.kind.as_text() == Some("tool_result"),
            List::Skipped => false,
            List::Text(_) | List::Items(_) => true,
        };
        let result = tool_result(index, row);
        if is_plain {
            return result;
        }
        Block {
            text: Cow::Owned(strings(self.raw_item(index))),
            ..result
        }
    }

    fn raw_item(&self, index: u32) -> &'a str {
        let items = self.raw.get_or_init(|| raw_items(self.json));
        let item = usize::try_from(index)
            .ok()
            .and_then(|index| items.get(index));
        item.map(|raw| raw.get()).unwrap_or_default()
    }
}

fn raw_items(json: &str) -> Vec<&RawValue> {
    let row = serde_json::from_str::<RawMessageRow<'_>>(json).unwrap_or_default();
    match row.message.0.map(|message| message.content) {
        Some(List::Items(items)) => items,
        _ => Vec::new(),
    }
}

/// Notes images on the first text beside them, and drops what says nothing.
fn fold_images(mut blocks: Vec<Block<'_>>) -> Vec<Block<'_>> {
    let is_image = |block: &Block<'_>| is_text(block) && block.text.is_empty();
    let images: u32 = blocks
        .iter()
        .filter(|block| is_image(block))
        .map(|block| block.images)
        .sum();
    let text = blocks
        .iter()
        .position(|block| is_text(block) && !block.text.trim().is_empty());
    if let Some(text) = text.and_then(|at| blocks.get_mut(at)) {
        text.images += images;
    }
    blocks.retain(|block| {
        let is_lone_image = block.images > 0 && text.is_none();
        !is_text(block) || is_lone_image || !block.text.trim().is_empty()
    });
    blocks
}

fn is_text(block: &Block<'_>) -> bool {
    !matches!(
        block.kind,
        BlockKind::ToolCall | BlockKind::ToolResult | BlockKind::Unknown
    )
}
