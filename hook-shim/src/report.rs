//! From what the client said to what the daemon is told.
//!
//! Knows both sides' words; must not know how it gets there.

use std::fs;

use sessions_model::{AgentId, EventId, HookEvent, HookReport, SessionId, SlashCommand};

use crate::clock::Now;
use crate::context::Context;
use crate::payload::Payload;

/// The longest last message that is told, in bytes: the transcript has the whole of it in a moment.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// The longest text behind a command, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 8 << 10;

/// The longest other text, in bytes: no path is longer.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// What the names of our commands begin with where a plugin brought them.
const PLUGIN: &str = "sessions:";

/// Returns what the daemon is told; none where there is nothing to tell.
pub(crate) fn build(payload: Payload, context: &Context, now: Now) -> Option<HookReport> {
    let event = HookEvent::from_name(&payload.event)?;
    let command = command(event, &payload.command, &payload.arguments);
    if event == HookEvent::UserPromptExpansion && command.is_none() {
        return None;
    }
    let transcript_bytes = fs::metadata(&payload.transcript).ok();
    let root = context.root().unwrap_or_default();
    Some(HookReport {
        id: random_id()?,
        event,
        at: now.at,
        root: bounded(&root.to_string_lossy()),
        session: SessionId::parse(&payload.session).ok()?,
        transcript_bytes: transcript_bytes.map(|metadata| metadata.len()),
        transcript: bounded(&payload.transcript),
        cwd: bounded(&payload.cwd),
        reason: bounded(&payload.reason),
        last_message: payload
            .last_message
            .map(|message| cut(&message, MESSAGE_BYTES_MAX).to_owned()),
        utc_offset_ms: command.as_ref().map_or(0, |_| now.utc_offset_ms()),
        command,
        pid: context.client,
        prompt: payload.prompt_id.as_deref().map(bounded),
        agent: payload.agent.and_then(|agent| AgentId::parse(&agent).ok()),
    })
}

/// Returns 128 random bits.
pub(crate) fn random_id() -> Option<EventId> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).ok()?;
    Some(EventId(id))
}

fn command(event: HookEvent, name: &str, arguments: &str) -> Option<SlashCommand> {
    if event != HookEvent::UserPromptExpansion {
        return None;
    }
    let arguments = cut(arguments, ARGUMENTS_BYTES_MAX).trim().to_owned();
    match name.strip_prefix(PLUGIN).unwrap_or(name) {
        "checkpoint" => Some(SlashCommand::Checkpoint(arguments)),
        "recall" => Some(SlashCommand::Recall(arguments)),
        _ => None,
    }
}

/// Returns the text, unless it is longer than any such text can be: a part of a path is another path.
fn bounded(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        text.to_owned()
    } else {
        String::new()
    }
}

/// Returns the beginning of `text`, of at most so many bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max))
        .unwrap_or(text)
}
