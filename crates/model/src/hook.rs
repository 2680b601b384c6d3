//! What the client's hooks report, and what they are answered.

use crate::{AgentId, EventId, SessionId, Timestamp};

/// What happened in the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookEvent {
    /// A session began, or was taken up again.
    SessionStart,
    /// A client left a session.
    SessionEnd,
    /// The model ended its turn.
    Stop,
    /// A subagent ended its work.
    SubagentStop,
    /// The conversation is about to be compacted.
    PreCompact,
    /// It was.
    PostCompact,
    /// The user sent a prompt.
    UserPromptSubmit,
    /// The user sent a slash command.
    UserPromptExpansion,
}

impl HookEvent {
    /// Every event, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::SessionStart,
        Self::SessionEnd,
        Self::Stop,
        Self::SubagentStop,
        Self::PreCompact,
        Self::PostCompact,
        Self::UserPromptSubmit,
        Self::UserPromptExpansion,
    ];

    /// Returns the client's name for it (`hook_event_name`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionStart => "SessionStart",
            Self::SessionEnd => "SessionEnd",
            Self::Stop => "Stop",
            Self::SubagentStop => "SubagentStop",
            Self::PreCompact => "PreCompact",
            Self::PostCompact => "PostCompact",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::UserPromptExpansion => "UserPromptExpansion",
        }
    }

    /// Returns the event that the client calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }

    /// Returns the number of this event on disk; stable, never reused.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the event whose number is `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// A slash command that the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlashCommand {
    /// `/checkpoint [name]`
    Checkpoint(String),
    /// `/recall query`, or the number of a hit.
    Recall(String),
}

/// One event, as a hook reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookReport {
    /// Its id: it counts once, however often it comes. Of a checkpoint's command also the checkpoint's.
    pub id: EventId,
    /// What happened.
    pub event: HookEvent,
    /// When.
    pub at: Timestamp,
    /// The client's config root.
    pub root: String,
    /// The session.
    pub session: SessionId,
    /// Its transcript, which need not be there yet.
    pub transcript: String,
    /// How long that was; none where it was not there.
    pub transcript_bytes: Option<u64>,
    /// The session's working directory.
    pub cwd: String,
    /// The source of a start, the reason of an end, the trigger of a compaction.
    pub reason: String,
    /// What the model said last, which may not be in the transcript yet.
    pub last_message: Option<String>,
    /// The command, if it is one of ours.
    pub command: Option<SlashCommand>,
    /// Whether the plugin brought that, by whose name it goes: `/sessions:recall`.
    pub is_of_plugin: bool,
    /// The client's process.
    pub pid: Option<u32>,
    /// Tells the events of one prompt from those of another.
    pub prompt: Option<String>,
    /// The subagent that stopped.
    pub agent: Option<AgentId>,
    /// How far local time is ahead of UTC, in milliseconds.
    pub utc_offset_ms: i32,
}

/// Why nothing is archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// What is wrong.
    pub fault: String,
    /// When something was archived last, where that is known.
    pub since: Option<Timestamp>,
}

/// What a hook is answered. Mostly nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookReply {
    /// The command is answered with this, and goes no further.
    pub block: Option<String>,
    /// The model gets this with the prompt.
    pub context: Option<String>,
    /// A line for the user.
    pub notice: Option<String>,
    /// What keeps the archive from growing: the user is told of it.
    pub silence: Option<Silence>,
    /// Whether a checkpoint was made, to which the state of the repository is to be added.
    pub is_checkpoint: bool,
}
