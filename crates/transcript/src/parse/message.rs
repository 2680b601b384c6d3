//! User and assistant rows: who speaks, and for which API message.

use std::borrow::Cow;
use std::mem::take;

use sessions_model::{BlockKind, Message, RecordKind, Usage};

use super::Content;
use super::client_text::classify;
use super::content::blocks;
use super::result::add_client_copy;
use crate::row::{List, MessageRow, Row, Scalar, UsageRow};

/// Tokens that one message may count: what claims more counts none.
const TOKENS_MAX: u64 = 1 << 40;
/// The model's name in rows that the client made up.
const SYNTHETIC: &str = "<synthetic>";
/// What the client answers in the model's place where none was wanted.
const NO_ANSWER: &str = "No response requested.";

/// Reads a `user` row.
pub(super) fn user<'a>(type_name: Cow<'a, str>, row: &mut Row<'a>, json: &'a str) -> Content<'a> {
    let Some(message) = message(row) else {
        return Content::unknown(type_name, json);
    };
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

/// Takes the message, where it has content that can be read.
fn message<'a>(row: &mut Row<'a>) -> Option<MessageRow<'a>> {
    let message = take(&mut row.message).0?;
    (!matches!(message.content, List::Nothing)).then_some(message)
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
    let Some(mut message) = message(row) else {
        return Content::unknown(type_name, json);
    };
    let is_synthetic = message.model.as_text() == Some(SYNTHETIC);
    let writer = match (row.is_api_error_message.is_true(), is_synthetic) {
        (true, _) => Writer::ApiError,
        (false, true) => Writer::Client,
        (false, false) => Writer::Model,
    };
    let content = take(&mut message.content);
    let mut blocks = blocks(content, json, |text| (writer.kind(&text), text));
    for block in &mut blocks {
        block.is_error |= block.kind == BlockKind::ApiError;
    }
    let message = api_message(message, take(&mut row.request_id).name());
    Content {
        message: Some(message),
        ..Content::new(RecordKind::Assistant, type_name, blocks)
    }
}

/// Who wrote what stands in the place of an answer.
#[derive(Clone, Copy)]
enum Writer {
    Model,
    /// The client, in the model's name.
    Client,
    /// The client, to say that the API failed.
    ApiError,
}

impl Writer {
    fn kind(self, text: &str) -> BlockKind {
        match self {
            Self::Model => BlockKind::Answer,
            Self::Client if text.trim() == NO_ANSWER => BlockKind::System,
            Self::Client | Self::ApiError => BlockKind::ApiError,
        }
    }
}

fn api_message<'a>(row: MessageRow<'a>, request: Option<Cow<'a, str>>) -> Message<'a> {
    Message {
        id: row.id.name(),
        request,
        model: row.model.name().filter(|model| model != SYNTHETIC),
        stop_reason: row.stop_reason.name(),
        usage: row.usage.0.as_ref().map(usage),
    }
}

fn usage(row: &UsageRow<'_>) -> Usage {
    Usage {
        input: tokens(&row.input),
        output: tokens(&row.output),
        cache_read: tokens(&row.cache_read),
        cache_creation: tokens(&row.cache_creation),
    }
}

fn tokens(count: &Scalar<'_>) -> u64 {
    count.count().filter(|&n| n <= TOKENS_MAX).unwrap_or(0)
}
