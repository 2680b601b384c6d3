//! Sessions, projects, sources and entries.

use sessions_model::{
    AgentId, Branch, Entry, EntryId, EntryKind, GenerationId, OnDisk, Project, ProjectKey, Session,
    SessionId, SourceId, Timestamp, Tokens, Tool, Usage,
};
use sessions_proto as wire;

use super::time;
use crate::ClientError;
use crate::calls::{Generation, Source};

pub(crate) fn session(session: wire::Session) -> Result<Session, ClientError> {
    let on_disk = on_disk(session.on_disk())?;
    Ok(Session {
        id: SessionId::parse(&session.id).map_err(|_| ClientError::Malformed {
            what: "a session whose id is none",
        })?,
        title: session.title,
        project: session.project,
        project_key: ProjectKey(session.project_key),
        cwds: session.cwds,
        branch: session.branch,
        started_at: time(session.started_at_ms),
        ended_at: time(session.ended_at_ms),
        entries: session.entries,
        prompts: session.prompts,
        models: session.models,
        tokens: session.tokens.map(tokens).unwrap_or_default(),
        bytes: session.bytes,
        on_disk,
        is_live: session.is_live,
        entrypoint: session.entrypoint,
        is_automated: session.is_automated,
        root: session.root,
        last_prompt: session.last_prompt,
        subagents: session.subagents,
        checkpoints: session.checkpoints,
        tags: session.tags,
        ended_by: session.ended_by,
        gone_since: session.gone_since_ms.map(Timestamp),
    })
}

fn on_disk(on_disk: wire::OnDisk) -> Result<OnDisk, ClientError> {
    match on_disk {
        wire::OnDisk::Whole => Ok(OnDisk::Whole),
        wire::OnDisk::Partly => Ok(OnDisk::Partly),
        wire::OnDisk::Gone => Ok(OnDisk::Gone),
        wire::OnDisk::Unspecified => Err(ClientError::Malformed {
            what: "a session that is neither on disk nor gone",
        }),
    }
}

fn tokens(tokens: wire::Tokens) -> Tokens {
    Tokens {
        input: tokens.input,
        output: tokens.output,
        cache_read: tokens.cache_read,
        cache_creation: tokens.cache_creation,
    }
}

/// A kind this version does not know is shown as what it is: unknown.
pub(crate) fn entry_kind(kind: wire::EntryKind) -> EntryKind {
    match kind {
        wire::EntryKind::Prompt => EntryKind::Prompt,
        wire::EntryKind::Answer => EntryKind::Answer,
        wire::EntryKind::Thinking => EntryKind::Thinking,
        wire::EntryKind::ToolCall => EntryKind::ToolCall,
        wire::EntryKind::ToolResult => EntryKind::ToolResult,
        wire::EntryKind::Summary => EntryKind::Summary,
        wire::EntryKind::Title => EntryKind::Title,
        wire::EntryKind::Note => EntryKind::Note,
        wire::EntryKind::Command => EntryKind::Command,
        wire::EntryKind::System => EntryKind::System,
        wire::EntryKind::Compaction => EntryKind::Compaction,
        wire::EntryKind::Interrupt => EntryKind::Interrupt,
        wire::EntryKind::ApiError => EntryKind::ApiError,
        wire::EntryKind::Checkpoint => EntryKind::Checkpoint,
        wire::EntryKind::Unknown | wire::EntryKind::Unspecified => EntryKind::Unknown,
    }
}

pub(crate) fn entry(entry: wire::Entry) -> Result<Entry, ClientError> {
    Ok(Entry {
        kind: entry_kind(entry.kind()),
        id: EntryId(entry.id),
        time: time(entry.time_ms),
        text: entry.text,
        tool: entry.tool.map(|tool| Tool {
            name: tool.name,
            call: tool.call,
            files: tool.files,
        }),
        is_error: entry.is_error,
        agent: entry.agent.as_deref().map(agent).transpose()?,
        started: entry.started.as_deref().map(agent).transpose()?,
        branch: if entry.is_abandoned {
            Branch::Abandoned
        } else {
            Branch::Current
        },
        is_withdrawn: entry.is_withdrawn,
        model: entry.model,
        usage: entry.usage.map(usage),
        images: entry.images,
        record_type: entry.record_type,
    })
}

fn agent(text: &str) -> Result<AgentId, ClientError> {
    AgentId::parse(text).map_err(|_| ClientError::Malformed {
        what: "a subagent whose id is none",
    })
}

fn usage(tokens: wire::Tokens) -> Usage {
    Usage {
        input: tokens.input,
        output: tokens.output,
        cache_read: tokens.cache_read,
        cache_creation: tokens.cache_creation,
    }
}

pub(crate) fn project(project: wire::Project) -> Project {
    Project {
        key: ProjectKey(project.key),
        name: project.name,
        sessions: project.sessions,
        automated: project.automated,
        bytes: project.bytes,
        last_at: time(project.last_at_ms),
        cwds: project.cwds,
    }
}

pub(crate) fn source(source: wire::Source) -> Source {
    Source {
        id: SourceId(source.id),
        path: source.path,
        root: source.root,
        kind: source.kind,
        generations: source.generations.into_iter().map(generation).collect(),
        is_gone: source.is_gone,
    }
}

fn generation(generation: wire::Generation) -> Generation {
    Generation {
        id: GenerationId(generation.id),
        length: generation.length,
        opened_at: Timestamp(generation.opened_at_ms),
        is_current: generation.is_current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_without_an_id_is_refused() {
        let nameless = wire::Session {
            on_disk: wire::OnDisk::Gone.into(),
            ..wire::Session::default()
        };
        assert!(session(nameless).is_err());
    }

    #[test]
    fn kind_of_a_newer_daemon_is_unknown() {
        let newer = wire::Entry {
            kind: 99,
            ..wire::Entry::default()
        };
        assert_eq!(entry(newer).unwrap().kind, EntryKind::Unknown);
    }
}
