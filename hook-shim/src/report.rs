//! From what the client said to what the daemon is told.
//!
//! Knows both sides' words; must not know how it gets there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use sessions_model::{AgentId, EventId, HookEvent, HookReport, SessionId, SlashCommand};
use sessions_paths::read_regular;

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

/// What each of our commands says of itself.
const OURS: &[u8] = b"Claude Sessions";

/// The longest file of a command that may be one of ours, in bytes.
const COMMAND_BYTES_MAX: u64 = 16 << 10;

/// Returns what the daemon is told; none where there is nothing to tell.
pub(crate) fn build(payload: Payload, context: &Context, now: Now) -> Option<HookReport> {
    let event = HookEvent::from_name(&payload.event)?;
    let root = context.root().unwrap_or_default();
    let is_expansion = event == HookEvent::UserPromptExpansion;
    let command = is_expansion.then(|| command(&payload, &root)).flatten();
    if is_expansion && command.is_none() {
        return None;
    }
    let transcript_bytes = fs::metadata(&payload.transcript).ok();
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
        is_of_plugin: command.is_some() && payload.command.starts_with(PLUGIN),
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

/// Returns which of our commands the user ran; none where it is another's, also one that is called the same.
fn command(payload: &Payload, root: &Path) -> Option<SlashCommand> {
    let name = payload.command.strip_prefix(PLUGIN);
    let name = name.unwrap_or(&payload.command);
    let file = match name {
        "checkpoint" => "commands/checkpoint.md",
        "recall" => "commands/recall.md",
        _ => return None,
    };
    match &*payload.command_source {
        "plugin" | "" => {}
        "userSettings" if is_ours(&root.join(file)) => {}
        _ => return None,
    }
    let arguments = cut(&payload.arguments, ARGUMENTS_BYTES_MAX).trim();
    Some(match name {
        "checkpoint" => SlashCommand::Checkpoint(arguments.to_owned()),
        _ => SlashCommand::Recall(arguments.to_owned()),
    })
}

/// Tells whether the file of a command is one that setup wrote. One that cannot be read stands elsewhere, and is
/// not known to be another's.
fn is_ours(file: &Path) -> bool {
    match read_regular(file, COMMAND_BYTES_MAX) {
        Ok(text) => text.windows(OURS.len()).any(|words| words == OURS),
        Err(error) => error.kind() != ErrorKind::FileTooLarge,
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
