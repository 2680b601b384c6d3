//! A session and a project as JSON.

use serde::Serialize;
use sessions_model::{Project, Session, Tokens};

use super::time;

/// A session.
#[derive(Debug, Serialize)]
pub(crate) struct SessionJson<'a> {
    id: &'a str,
    title: &'a str,
    project: &'a str,
    cwds: &'a [String],
    branch: Option<&'a str>,
    started_at: Option<String>,
    ended_at: Option<String>,
    entries: u64,
    prompts: u64,
    models: &'a [String],
    tokens: TokensJson,
    bytes: u64,
    on_disk: &'static str,
    live: bool,
    entrypoint: Option<&'a str>,
    automated: bool,
    root: &'a str,
    project_key: &'a str,
    last_prompt: Option<&'a str>,
    subagents: u64,
    checkpoints: u64,
    tags: &'a [String],
    ended_by: Option<&'a str>,
    gone_since: Option<String>,
}

/// Tokens of a session.
#[derive(Debug, Serialize)]
pub(crate) struct TokensJson {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_creation: u64,
}

impl<'a> SessionJson<'a> {
    /// Converts a session.
    pub(crate) fn new(session: &'a Session) -> Self {
        Self {
            id: session.id.as_str(),
            title: &session.title,
            project: &session.project,
            cwds: &session.cwds,
            branch: session.branch.as_deref(),
            started_at: time(session.started_at),
            ended_at: time(session.ended_at),
            entries: session.entries,
            prompts: session.prompts,
            models: &session.models,
            tokens: TokensJson::new(session.tokens),
            bytes: session.bytes,
            on_disk: session.on_disk.as_str(),
            live: session.is_live,
            entrypoint: session.entrypoint.as_deref(),
            automated: session.is_automated,
            root: &session.root,
            project_key: &session.project_key.0,
            last_prompt: session.last_prompt.as_deref(),
            subagents: session.subagents,
            checkpoints: session.checkpoints,
            tags: &session.tags,
            ended_by: session.ended_by.as_deref(),
            gone_since: time(session.gone_since),
        }
    }
}

impl TokensJson {
    fn new(tokens: Tokens) -> Self {
        Self {
            input: tokens.input,
            output: tokens.output,
            cache_read: tokens.cache_read,
            cache_creation: tokens.cache_creation,
        }
    }
}

/// A project.
#[derive(Debug, Serialize)]
pub(crate) struct ProjectJson<'a> {
    name: &'a str,
    key: &'a str,
    sessions: u64,
    automated: u64,
    bytes: u64,
    last_at: Option<String>,
    cwds: &'a [String],
}

impl<'a> ProjectJson<'a> {
    /// Converts a project.
    pub(crate) fn new(project: &'a Project) -> Self {
        Self {
            name: &project.name,
            key: &project.key.0,
            sessions: project.sessions,
            automated: project.automated,
            bytes: project.bytes,
            last_at: time(project.last_at),
            cwds: &project.cwds,
        }
    }
}
