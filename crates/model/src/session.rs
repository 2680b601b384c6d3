//! What a list shows of a session.

use crate::{SessionId, Timestamp};

/// What a project is known by: a remote's address, a git common directory, or a working directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProjectKey(pub String);

/// How much of a session the client's directory still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnDisk {
    /// Every source.
    Whole,
    /// The main transcript or another source is missing, or rows are.
    Partly,
    /// Nothing.
    Gone,
}

impl OnDisk {
    /// Returns the word for this in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partly => "partly",
            Self::Gone => "gone",
        }
    }
}

/// Tokens of a session, each API message counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Read fresh.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Written to the cache.
    pub cache_creation: u64,
}

/// The facts of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its name: the user's, the model's, or the first prompt's first line; may be empty.
    pub title: String,
    /// The project's name for people: a repository's or a directory's last part.
    pub project: String,
    /// What the project is known by.
    pub project_key: ProjectKey,
    /// Working directories, in the order they were first seen.
    pub cwds: Vec<String>,
    /// The last branch.
    pub branch: Option<String>,
    /// The first record's time.
    pub started_at: Option<Timestamp>,
    /// The last record's time.
    pub ended_at: Option<Timestamp>,
    /// Entries, subagents' included.
    pub entries: u64,
    /// Prompts in the main conversation.
    pub prompts: u64,
    /// Models, in the order they were first seen.
    pub models: Vec<String>,
    /// Tokens, subagents' included.
    pub tokens: Tokens,
    /// Bytes of all its sources, as they were on disk.
    pub bytes: u64,
    /// What the client's directory still holds.
    pub on_disk: OnDisk,
    /// Whether a running client has it open.
    pub is_live: bool,
    /// How the client was started (`cli`, `sdk-ts`, …).
    pub entrypoint: Option<String>,
    /// Whether a script ran it: not a terminal, unnamed, one prompt.
    pub is_automated: bool,
    /// Since when a file of it is gone from disk, the last of them that went; none where all are there.
    pub gone_since: Option<Timestamp>,
    /// The config root it was last seen in.
    pub root: String,
    /// The last prompt's first line.
    pub last_prompt: Option<String>,
    /// Subagents it started.
    pub subagents: u64,
    /// Its checkpoints.
    pub checkpoints: u64,
    /// The user's tags, in order.
    pub tags: Vec<String>,
    /// Why its last client left it, in the client's word (`clear`, `resume`, `logout`, `prompt_input_exit`,
    /// `other`), or `killed` where it left without one. None while one has it open, and where no hook
    /// reported.
    pub ended_by: Option<String>,
}

/// Which sessions to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFilter {
    /// Of this project: a name, a key, or a directory.
    pub project: Option<String>,
    /// Ended at or after.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// At most so many; 0 for the daemon's limit.
    pub limit: u32,
    /// Open in a running client alone.
    pub live_only: bool,
    /// In this config root alone.
    pub root: Option<String>,
}

/// One project: the sessions that ran in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// What it is known by.
    pub key: ProjectKey,
    /// Its name for people.
    pub name: String,
    /// Sessions, automated ones included.
    pub sessions: u64,
    /// Sessions that scripts ran.
    pub automated: u64,
    /// Bytes of all their sources, as they were on disk.
    pub bytes: u64,
    /// The last record's time.
    pub last_at: Option<Timestamp>,
    /// Working directories, in the order of their names.
    pub cwds: Vec<String>,
}
