//! `HookService`.

use sessions_model as model;
use sessions_proto as wire;
use sessions_proto::hook_service_server::HookService;
use tonic::{Request, Response, Status};

use super::{Rpc, convert, refusal};

#[tonic::async_trait]
impl HookService for Rpc {
    async fn report(
        &self,
        request: Request<wire::ReportRequest>,
    ) -> Result<Response<wire::ReportResponse>, Status> {
        let report = report(request.into_inner())?;
        let reply = self.backend()?.report(report).await;
        let reply = reply.map_err(refusal::status)?;
        Ok(Response::new(wire::ReportResponse {
            block: reply.block,
            context: reply.context,
            notice: reply.notice,
            silence: reply.silence.map(|silence| wire::Silence {
                fault: silence.fault,
                since_ms: silence.since.map(model::Timestamp::millis),
            }),
            is_checkpoint: reply.is_checkpoint,
        }))
    }
}

/// Reads an event.
pub(super) fn report(request: wire::ReportRequest) -> Result<model::HookReport, Status> {
    let event = event(request.event())
        .ok_or_else(|| Status::invalid_argument("the event is none that this version knows"))?;
    let id = request.id.as_slice().try_into();
    let id = id.map_err(|_| Status::invalid_argument("an event's id has 16 bytes"))?;
    let agent = request.agent.as_deref().map(model::AgentId::parse);
    Ok(model::HookReport {
        id: model::EventId(id),
        event,
        at: model::Timestamp(request.at_ms),
        root: request.root,
        session: convert::session_id(&request.session)?,
        transcript: request.transcript_path,
        transcript_bytes: request.transcript_bytes,
        cwd: request.cwd,
        reason: request.reason,
        last_message: request.last_assistant_message,
        is_of_plugin: request
            .command
            .as_ref()
            .is_some_and(|command| command.is_of_plugin),
        command: request.command.map(command).transpose()?,
        pid: request.pid,
        prompt: request.prompt,
        agent: agent
            .transpose()
            .map_err(|error| Status::invalid_argument(format!("the subagent's id: {error}")))?,
        utc_offset_ms: request.utc_offset_ms,
    })
}

fn command(command: wire::Command) -> Result<model::SlashCommand, Status> {
    match command.kind() {
        wire::CommandKind::Checkpoint => Ok(model::SlashCommand::Checkpoint(command.arguments)),
        wire::CommandKind::Recall => Ok(model::SlashCommand::Recall(command.arguments)),
        wire::CommandKind::Unspecified => Err(Status::invalid_argument(
            "the command is none that this version knows",
        )),
    }
}

fn event(event: wire::HookEvent) -> Option<model::HookEvent> {
    match event {
        wire::HookEvent::SessionStart => Some(model::HookEvent::SessionStart),
        wire::HookEvent::SessionEnd => Some(model::HookEvent::SessionEnd),
        wire::HookEvent::Stop => Some(model::HookEvent::Stop),
        wire::HookEvent::SubagentStop => Some(model::HookEvent::SubagentStop),
        wire::HookEvent::PreCompact => Some(model::HookEvent::PreCompact),
        wire::HookEvent::PostCompact => Some(model::HookEvent::PostCompact),
        wire::HookEvent::UserPromptSubmit => Some(model::HookEvent::UserPromptSubmit),
        wire::HookEvent::UserPromptExpansion => Some(model::HookEvent::UserPromptExpansion),
        wire::HookEvent::Unspecified => None,
    }
}
