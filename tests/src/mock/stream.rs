//! Writes a message as the API streams it: server-sent events, block by block.
//!
//! Knows the event names; must not know why the message was chosen.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::board::{Board, WAIT_MAX};
use super::script::{Block, Failure, Message};

/// How often a held stream shows the client that it is alive.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Characters of text in one event.
const DELTA_CHARS: usize = 2_048;

/// The numbers around a message.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Unique among all messages.
    pub(super) id: String,
    /// The model that was asked for.
    pub(super) model: String,
    /// Tokens of the request, unless the message says otherwise.
    pub(super) input_tokens: u64,
}

impl Envelope {
    fn usage(&self, message: &Message, output: u64) -> Value {
        json!({
            "input_tokens": message.input_tokens.unwrap_or(self.input_tokens),
            "cache_creation_input_tokens": 7, "cache_read_input_tokens": 11,
            "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output, "service_tier": "standard",
        })
    }
}

/// Returns the message as one JSON value, for a request that is not streamed.
pub(super) fn whole(envelope: &Envelope, message: &Message) -> Value {
    let numbered = message.blocks.iter().enumerate();
    let blocks: Vec<Value> = numbered
        .filter_map(|(index, block)| content(envelope, index, block))
        .collect();
    json!({
        "id": envelope.id, "type": "message", "role": "assistant", "model": envelope.model,
        "content": blocks, "stop_reason": message.stop_reason(), "stop_sequence": null,
        "usage": envelope.usage(message, 20),
    })
}

/// Streams the message; `failure` cuts it short after its blocks.
pub(super) fn stream(
    out: &mut impl Write,
    envelope: &Envelope,
    message: &Message,
    failure: Option<&Failure>,
    board: &Board,
) -> io::Result<()> {
    let start = json!({
        "id": envelope.id, "type": "message", "role": "assistant", "model": envelope.model,
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": envelope.usage(message, 1),
    });
    event(out, "message_start", json!({"message": start}))?;
    let mut index = 0;
    for block in &message.blocks {
        if let Block::Gate(name) = block {
            hold(out, name, board)?;
        } else if let Some(content) = content(envelope, index, block) {
            send_block(out, index, &content)?;
            index += 1;
        }
    }
    match failure {
        Some(Failure::Event(words)) => {
            let error = json!({"type": "overloaded_error", "message": words});
            event(out, "error", json!({"error": error}))
        }
        Some(_) => Ok(()),
        None => {
            let delta = json!({"stop_reason": message.stop_reason(), "stop_sequence": null});
            let usage = envelope.usage(message, 20);
            event(
                out,
                "message_delta",
                json!({"delta": delta, "usage": usage}),
            )?;
            event(out, "message_stop", json!({}))
        }
    }
}

/// Waits at a gate, with a ping now and then so that a client that left is noticed.
fn hold(out: &mut impl Write, gate: &str, board: &Board) -> io::Result<()> {
    let deadline = Instant::now() + WAIT_MAX;
    while Instant::now() < deadline && !board.wait_at(gate, PING_EVERY) {
        event(out, "ping", json!({}))?;
    }
    Ok(())
}

fn content(envelope: &Envelope, index: usize, block: &Block) -> Option<Value> {
    Some(match block {
        Block::Text(words) => json!({"type": "text", "text": words}),
        Block::Thinking(words) => {
            let signature = format!("scripted-{}-{index}", envelope.id);
            json!({"type": "thinking", "thinking": words, "signature": signature})
        }
        Block::Tool { name, input } => {
            let id = format!("toolu_{}_{index}", envelope.id);
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
        Block::Gate(_) => return None,
    })
}

fn send_block(out: &mut impl Write, index: usize, content: &Value) -> io::Result<()> {
    let (empty, deltas) = match content["type"].as_str() {
        Some("text") => (json!({"type": "text", "text": ""}), text_deltas(content)),
        Some("thinking") => {
            let deltas = vec![
                json!({"type": "thinking_delta", "thinking": content["thinking"]}),
                json!({"type": "signature_delta", "signature": content["signature"]}),
            ];
            let empty = json!({"type": "thinking", "thinking": "", "signature": ""});
            (empty, deltas)
        }
        _ => {
            let input = content["input"].to_string();
            let delta = json!({"type": "input_json_delta", "partial_json": input});
            let mut empty = content.clone();
            empty["input"] = json!({});
            (empty, vec![delta])
        }
    };
    let start = json!({"index": index, "content_block": empty});
    event(out, "content_block_start", start)?;
    for delta in deltas {
        event(
            out,
            "content_block_delta",
            json!({"index": index, "delta": delta}),
        )?;
    }
    event(out, "content_block_stop", json!({"index": index}))
}

fn text_deltas(content: &Value) -> Vec<Value> {
    let chars: Vec<char> = content["text"]
        .as_str()
        .unwrap_or_default()
        .chars()
        .collect();
    let pieces = chars.chunks(DELTA_CHARS).map(String::from_iter);
    pieces
        .map(|piece| json!({"type": "text_delta", "text": piece}))
        .collect()
}

fn event(out: &mut impl Write, name: &str, mut data: Value) -> io::Result<()> {
    data["type"] = json!(name);
    write!(out, "event: {name}\ndata: {data}\n\n")?;
    out.flush()
}
