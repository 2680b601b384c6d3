//! What a path below a config root means. Reads names alone, never a file.

use sessions_model::{AgentId, Origin, SessionId, SourceKind};

/// Returns what the file at `path`, `/`-separated and relative to its config root, is to us.
///
/// None for what belongs to no session (settings, the live registry, memory, plugins) and for what
/// lives for a moment (locks, the temporary file of a rewrite).
pub fn classify(path: &str) -> Option<Origin> {
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return None;
    }
    let found = match parts.as_slice() {
        ["history.jsonl"] => Some((SourceKind::History, None, None)),
        ["file-history", session, .., _] => in_session(SourceKind::FileHistory, session),
        ["projects", _, file] => beside_transcript(file),
        ["projects", _, "memory", ..] => None,
        ["projects", _, session, inside @ ..] => inside_session(session, inside),
        _ => None,
    };
    found.map(|(kind, session, agent)| Origin {
        path: path.to_owned(),
        kind,
        session,
        agent,
    })
}

/// Whether this is the file that holds the name which the user gave a session: a title's row without its type.
pub fn is_title_file(origin: &Origin) -> bool {
    let (kind, agent) = (origin.kind, &origin.agent);
    kind == SourceKind::Sidecar && agent.is_none() && origin.path.ends_with("/custom-title.json")
}

type Found = (SourceKind, Option<SessionId>, Option<AgentId>);

fn in_session(kind: SourceKind, session: &str) -> Option<Found> {
    Some((kind, Some(SessionId::parse(session).ok()?), None))
}

fn beside_transcript(file: &str) -> Option<Found> {
    if is_fleeting(file) {
        return None;
    }
    if let Some(stem) = file.strip_suffix(".jsonl") {
        return match stem.strip_prefix("agent-") {
            Some(agent) => Some((
                SourceKind::Subagent,
                None,
                Some(AgentId::parse(agent).ok()?),
            )),
            None => in_session(SourceKind::Transcript, stem),
        };
    }
    let named = file.strip_prefix("orphaned-").unwrap_or(file);
    let (session, rest) = named.split_once('.')?;
    let is_sidecar = is_uuid(session) && !rest.is_empty();
    is_sidecar
        .then(|| in_session(SourceKind::Sidecar, session))
        .flatten()
}

fn inside_session(session: &str, inside: &[&str]) -> Option<Found> {
    let session = SessionId::parse(session).ok()?;
    let (file, folders) = inside.split_last()?;
    if folders.contains(&"tool-results") {
        return Some((SourceKind::ToolResult, Some(session), None));
    }
    if is_fleeting(file) {
        return None;
    }
    let agent_file = file
        .strip_prefix("agent-")
        .filter(|_| folders.contains(&"subagents"));
    let found = |name: &str, kind| (kind, Some(session.clone()), AgentId::parse(name).ok());
    if let Some(name) = agent_file.and_then(|name| name.strip_suffix(".jsonl")) {
        return Some(found(name, SourceKind::Subagent)).filter(|(.., agent)| agent.is_some());
    }
    if let Some(name) = agent_file.and_then(|name| name.strip_suffix(".meta.json")) {
        return Some(found(name, SourceKind::Sidecar));
    }
    Some((SourceKind::Sidecar, Some(session), None))
}

/// Tells files that the client removes again within moments of making them.
fn is_fleeting(file: &str) -> bool {
    let ends = |suffix: &str| file.len() > suffix.len() && file.ends_with(suffix);
    file.contains(".compact.tmp.") || file.contains(".tmp.") || ends(".tmp") || ends(".lock")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "015937b6-1112-4e12-b9d9-295c89e5b1ba";

    fn check(path: &str, expect: Option<(SourceKind, Option<&str>, Option<&str>)>) {
        let path = path.replace("SID", SID);
        let origin = classify(&path);
        let found = origin.as_ref().map(|origin| {
            let session = origin.session.as_ref().map(SessionId::as_str);
            (
                origin.kind,
                session,
                origin.agent.as_ref().map(AgentId::as_str),
            )
        });
        assert_eq!(found, expect, "{path}");
        assert!(origin.is_none_or(|origin| origin.path == path));
    }

    #[test]
    fn every_file_of_a_session_is_a_source() {
        let sid = Some(SID);
        check(
            "projects/-p/SID.jsonl",
            Some((SourceKind::Transcript, sid, None)),
        );
        check(
            "projects/-p/SID/subagents/agent-a1.jsonl",
            Some((SourceKind::Subagent, sid, Some("a1"))),
        );
        check(
            "projects/-p/SID/subagents/agent-a1.meta.json",
            Some((SourceKind::Sidecar, sid, Some("a1"))),
        );
        let nested = "projects/-p/SID/subagents/workflows/wf/agent-acompact-e1.jsonl";
        check(
            nested,
            Some((SourceKind::Subagent, sid, Some("acompact-e1"))),
        );
        let journal = "projects/-p/SID/subagents/workflows/wf/journal.jsonl";
        check(journal, Some((SourceKind::Sidecar, sid, None)));
        check(
            "projects/-p/SID/tool-results/x.txt",
            Some((SourceKind::ToolResult, sid, None)),
        );
        check(
            "projects/-p/SID/tool-results/deep/x.tmp",
            Some((SourceKind::ToolResult, sid, None)),
        );
        check(
            "projects/-p/SID/custom-title.json",
            Some((SourceKind::Sidecar, sid, None)),
        );
        check(
            "projects/-p/SID/remote-agents/r/state.json",
            Some((SourceKind::Sidecar, sid, None)),
        );
        check(
            "projects/-p/SID.precompact.json",
            Some((SourceKind::Sidecar, sid, None)),
        );
        check(
            "projects/-p/SID.jsonl.superseded-17",
            Some((SourceKind::Sidecar, sid, None)),
        );
        check(
            "projects/-p/orphaned-SID.jsonl.17",
            Some((SourceKind::Sidecar, sid, None)),
        );
        check(
            "file-history/SID/9d08143c5a286eda@v4",
            Some((SourceKind::FileHistory, sid, None)),
        );
        check("history.jsonl", Some((SourceKind::History, None, None)));
    }

    #[test]
    fn old_subagent_files_name_no_session() {
        check(
            "projects/-p/agent-a2898e3.jsonl",
            Some((SourceKind::Subagent, None, Some("a2898e3"))),
        );
    }

    #[test]
    fn what_belongs_to_no_session_is_no_source() {
        for path in [
            "",
            "settings.json",
            "sessions/4711.json",
            "projects/-p",
            "projects/-p/sessions-index.json",
            "projects/-p/memory/MEMORY.md",
            "projects/-p/SID.jsonl.compact.tmp.0a1b2c3d",
            "projects/-p/SID.jsonl.lock",
            "projects/-p/SID/custom-title.json.tmp.12",
            "projects/-p/SID/subagents/agent-.jsonl",
            "projects/-p/../x.jsonl",
            "projects//x.jsonl",
            "/projects/-p/x.jsonl",
            "plugins/data/history.jsonl",
            "todos/SID.json",
            "file-history/SID",
        ] {
            check(path, None);
        }
    }
}
