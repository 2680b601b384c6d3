//! The types of record that Claude Code writes or once wrote. Knows names alone.

use sessions_model::RecordKind;

/// Returns what a record whose `type` is `name` is.
pub(super) fn kind_of(name: &str) -> RecordKind {
    match name {
        "user" => RecordKind::User,
        "assistant" => RecordKind::Assistant,
        "attachment" => RecordKind::Attachment,
        "system" => RecordKind::System,
        "queue-operation" => RecordKind::QueueOperation,
        "summary" | "custom-title" | "ai-title" | "agent-name" => RecordKind::Title,
        "progress" => RecordKind::Progress,
        _ if is_state(name) => RecordKind::State,
        _ if is_noise(name) => RecordKind::Noise,
        _ => RecordKind::Unknown,
    }
}

fn is_state(name: &str) -> bool {
    matches!(
        name,
        "agent-color"
            | "agent-setting"
            | "continued-in"
            | "cost-state"
            | "derived-from"
            | "ended-by-model"
            | "fork-context-ref"
            | "last-prompt"
            | "mode"
            | "permission-mode"
            | "pr-link"
            | "relocated"
            | "session-owner"
            | "tag"
            | "worktree-state"
    )
}

fn is_noise(name: &str) -> bool {
    let families = ["api-request", "artifact-", "data-flow-", "file-history-"];
    families.iter().any(|family| name.starts_with(family))
        || matches!(
            name,
            "atis-latch"
                | "attribution-snapshot"
                | "bridge-session"
                | "content-replacement"
                | "dev-mods"
                | "frame-link"
                | "history-suppression"
                | "host-row"
                | "hybrid-organization"
                | "isolation-latch"
                | "memory-mode"
                | "observer-ref"
                | "repl-mode"
                | "resume-head-vouch"
                | "tools-used"
        )
}
