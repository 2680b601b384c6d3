//! Events of hooks, and what they are answered.

use sessions_model::{
    CheckpointId, GitState, HookEvent, HookReply, HookReport, Silence, SlashCommand, Timestamp,
};
use sessions_proto as wire;

use super::checkpoint::git_to_wire;

pub(crate) fn report(report: &HookReport) -> wire::ReportRequest {
    wire::ReportRequest {
        id: report.id.0.to_vec(),
        event: event(report.event).into(),
        at_ms: report.at.millis(),
        root: report.root.clone(),
        session: report.session.as_str().to_owned(),
        transcript_path: report.transcript.clone(),
        transcript_bytes: report.transcript_bytes,
        cwd: report.cwd.clone(),
        reason: report.reason.clone(),
        last_assistant_message: report.last_message.clone(),
        command: report
            .command
            .as_ref()
            .map(|asked| command(asked, report.is_of_plugin)),
        pid: report.pid,
        prompt: report.prompt.clone(),
        agent: report.agent.as_ref().map(|agent| agent.as_str().to_owned()),
        utc_offset_ms: report.utc_offset_ms,
    }
}

pub(crate) fn reply(reply: wire::ReportResponse) -> HookReply {
    HookReply {
        block: reply.block,
        context: reply.context,
        notice: reply.notice,
        silence: reply.silence.map(|silence| Silence {
            fault: silence.fault,
            since: silence.since_ms.map(Timestamp),
        }),
        is_checkpoint: reply.is_checkpoint,
    }
}

pub(crate) fn spooled_report(report: &HookReport) -> wire::Spooled {
    wire::Spooled {
        item: Some(wire::spooled::Item::Report(self::report(report))),
    }
}

pub(crate) fn spooled_git(id: CheckpointId, git: &GitState) -> wire::Spooled {
    let describe = wire::DescribeCheckpointRequest {
        id: id.0.to_vec(),
        git: Some(git_to_wire(git)),
    };
    wire::Spooled {
        item: Some(wire::spooled::Item::Describe(describe)),
    }
}

fn command(command: &SlashCommand, is_of_plugin: bool) -> wire::Command {
    let (kind, arguments) = match command {
        SlashCommand::Checkpoint(name) => (wire::CommandKind::Checkpoint, name),
        SlashCommand::Recall(query) => (wire::CommandKind::Recall, query),
    };
    wire::Command {
        kind: kind.into(),
        arguments: arguments.clone(),
        is_of_plugin,
    }
}

fn event(event: HookEvent) -> wire::HookEvent {
    match event {
        HookEvent::SessionStart => wire::HookEvent::SessionStart,
        HookEvent::SessionEnd => wire::HookEvent::SessionEnd,
        HookEvent::Stop => wire::HookEvent::Stop,
        HookEvent::SubagentStop => wire::HookEvent::SubagentStop,
        HookEvent::PreCompact => wire::HookEvent::PreCompact,
        HookEvent::PostCompact => wire::HookEvent::PostCompact,
        HookEvent::UserPromptSubmit => wire::HookEvent::UserPromptSubmit,
        HookEvent::UserPromptExpansion => wire::HookEvent::UserPromptExpansion,
    }
}
