//! One parsed line of a transcript.
//!
//! A record borrows from its line wherever the JSON string holds no escape. It keeps what the
//! catalog, the index and the reader need; the bytes themselves stay in the archive.

use std::borrow::Cow;

use crate::{EntryKind, Timestamp};

/// What became of a line.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every line is a record: a box would cost an allocation a line"
)]
pub enum Parsed<'a> {
    /// A record, known or unknown.
    Record(Record<'a>),
    /// A line that is no record.
    Defect(Defect),
    /// An empty line or one of NULs alone: nothing was written, nothing is wrong.
    Blank,
}

/// A line that did not parse as expected. Its bytes are in the archive all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What was wrong.
    pub kind: DefectKind,
    /// The byte in the line at which it was noticed.
    pub at: usize,
}

/// What was wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefectKind {
    /// Not UTF-8.
    Encoding,
    /// Not a JSON value, a torn line for example.
    Json,
    /// JSON, but no object, or an object without `type`.
    Shape,
    /// Longer than the named limit.
    TooLong,
}

impl DefectKind {
    /// Returns the word used in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encoding => "encoding",
            Self::Json => "json",
            Self::Shape => "shape",
            Self::TooLong => "too-long",
        }
    }
}

/// What identifies a record within its session: 64 bits of a hash of its `uuid` and of what it shows, or
/// of the whole line where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey(pub u64);

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// `user`: a prompt, tool results, or text the client put in the user's mouth.
    User,
    /// `assistant`: one content block of one API message.
    Assistant,
    /// `attachment`: context that the client added, or a prompt queued in mid-turn.
    Attachment,
    /// `system`: boundaries, notices, hook summaries.
    System,
    /// `queue-operation`: a prompt typed while the model worked.
    QueueOperation,
    /// `summary`, `custom-title`, `ai-title`, `agent-name`: names of a session.
    Title,
    /// Known, kept, and of no interest to a reader: request captures, state rows, file history.
    Noise,
    /// `progress` and its like in old versions: in the parent chain, not shown.
    Progress,
    /// `worktree-state`, `relocated`, `continued-in`, `pr-link` and other rows with a fact of use.
    State,
    /// A type this version does not know: kept, shown raw, searchable, counted.
    Unknown,
}

/// One parsed line.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: RecordKind,
    /// `type`, or `type/subtype` for `system` and `attachment` rows, as the file says it.
    pub type_name: Cow<'a, str>,
    /// Identity within the session.
    pub key: RecordKey,
    /// `uuid`, where the record has one.
    pub uuid: Option<Cow<'a, str>>,
    /// `parentUuid`; where it is null, as at a compaction boundary, the `logicalParentUuid`.
    pub parent: Option<Cow<'a, str>>,
    /// `sessionId`.
    pub session: Option<Cow<'a, str>>,
    /// `agentId`.
    pub agent: Option<Cow<'a, str>>,
    /// `timestamp`.
    pub time: Option<Timestamp>,
    /// `cwd`.
    pub cwd: Option<Cow<'a, str>>,
    /// `gitBranch`, without the empty string and `HEAD`.
    pub branch: Option<Cow<'a, str>>,
    /// `entrypoint`.
    pub entrypoint: Option<Cow<'a, str>>,
    /// `version` of the client.
    pub version: Option<Cow<'a, str>>,
    /// `isSidechain`.
    pub is_sidechain: bool,
    /// Whether this row is a prompt that a person or a script sent (never a tool result, never text the
    /// client wrote).
    pub is_prompt: bool,
    /// The API message that an assistant row is a part of.
    pub message: Option<Message<'a>>,
    /// What can be shown and searched, in order.
    pub blocks: Vec<Block<'a>>,
    /// A name for the session, where the row gives one.
    pub title: Option<Title<'a>>,
    /// The session and record this row was copied from (`forkedFrom`).
    pub forked_from: Option<Cow<'a, str>>,
    /// For `worktree-state`: the working directory the worktree was made from.
    pub worktree_of: Option<Cow<'a, str>>,
}

/// The API message of an assistant row.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// `message.id`.
    pub id: Option<Cow<'a, str>>,
    /// `requestId`.
    pub request: Option<Cow<'a, str>>,
    /// `message.model`, without `<synthetic>`.
    pub model: Option<Cow<'a, str>>,
    /// `message.stop_reason`.
    pub stop_reason: Option<Cow<'a, str>>,
    /// `message.usage`.
    pub usage: Option<Usage>,
}

/// Tokens of one API message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens read fresh.
    pub input: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Tokens read from the cache.
    pub cache_read: u64,
    /// Tokens written to the cache.
    pub cache_creation: u64,
}

impl Usage {
    /// Returns the larger of each count: early lines of a message hold partial ones.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cache_read: self.cache_read.max(other.cache_read),
            cache_creation: self.cache_creation.max(other.cache_creation),
        }
    }
}

/// A piece of a record that can be shown and searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Block<'a> {
    /// Position among the record's content blocks.
    pub index: u32,
    /// What it is.
    pub kind: BlockKind,
    /// What is shown and searched. Of a tool call: its arguments as text.
    pub text: Cow<'a, str>,
    /// The tool's name, of a call.
    pub tool: Option<Cow<'a, str>>,
    /// `tool_use.id`, of a call and of its result.
    pub call: Option<Cow<'a, str>>,
    /// Files named by a tool call or its result, as written.
    pub files: Vec<Cow<'a, str>>,
    /// Whether a result, or an answer made up by the client, reports an error.
    pub is_error: bool,
    /// Images in the block: noted, not indexed.
    pub images: u32,
    /// Of the result of an `Agent` or `Task` call: the subagent it started.
    pub agent: Option<Cow<'a, str>>,
    /// Of a result that was spilled: the path where the client wrote it, as the client names it.
    pub spilled: Option<Cow<'a, str>>,
}

/// What a block is to a reader.
pub type BlockKind = EntryKind;

/// A name for a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Title<'a> {
    /// Who gave it.
    pub kind: TitleKind,
    /// The name.
    pub text: Cow<'a, str>,
}

/// Who named a session; the greater one wins, then the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TitleKind {
    /// The first prompt stands in for a name.
    FirstPrompt,
    /// `summary` rows of old versions.
    Summary,
    /// `ai-title`: the model named it.
    Ai,
    /// `custom-title`, `agent-name`: the user named it.
    Custom,
}
