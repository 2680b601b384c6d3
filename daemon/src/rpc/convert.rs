//! Model types to wire types, field by field, and totally.

mod grep;
mod search;

use sessions_model as model;
use sessions_proto as wire;

pub(super) use grep::{grep_event, grep_request};
pub(super) use search::{answer, hit};
use sessions_query::{GenerationListing, SourceListing};

use tonic::Status;

use crate::backend::{BackupPiece, Findings, SourcePiece, VerifyStep};

pub(super) fn source_piece(piece: SourcePiece) -> wire::BytesResponse {
    let (data, loss) = match piece {
        SourcePiece::Bytes(data) => (data, String::new()),
        SourcePiece::Lost(loss) => (Vec::new(), loss),
    };
    wire::BytesResponse {
        data,
        loss,
        blake3: String::new(),
    }
}

pub(super) fn verify_step(step: VerifyStep) -> wire::VerifyResponse {
    wire::VerifyResponse {
        bytes_checked: step.bytes_checked,
        bytes_total: step.bytes_total,
        ..wire::VerifyResponse::default()
    }
}

pub(super) fn findings(found: Findings) -> wire::VerifyResponse {
    wire::VerifyResponse {
        bytes_checked: found.bytes_checked,
        bytes_total: found.bytes_checked,
        is_done: true,
        losses: found.losses,
        mended: found.mended,
        known: found.known,
        structure: found.structure,
    }
}

pub(super) fn backup_piece(piece: BackupPiece) -> wire::BackupResponse {
    wire::BackupResponse {
        data: piece.data,
        bytes_total: piece.bytes_total,
        sources: piece.sources,
        blake3: piece.blake3,
        losses: piece.losses,
        known: piece.known,
    }
}

pub(super) fn session(session: model::Session) -> wire::Session {
    wire::Session {
        id: session.id.as_str().to_owned(),
        title: session.title,
        project: session.project,
        project_key: session.project_key.0,
        cwds: session.cwds,
        branch: session.branch,
        started_at_ms: session.started_at.map(model::Timestamp::millis),
        ended_at_ms: session.ended_at.map(model::Timestamp::millis),
        entries: session.entries,
        prompts: session.prompts,
        models: session.models,
        tokens: Some(tokens(session.tokens)),
        bytes: session.bytes,
        on_disk: on_disk(session.on_disk).into(),
        is_live: session.is_live,
        entrypoint: session.entrypoint,
        is_automated: session.is_automated,
        root: session.root,
        last_prompt: session.last_prompt,
        subagents: session.subagents,
        checkpoints: session.checkpoints,
        tags: session.tags,
        ended_by: session.ended_by,
        gone_since_ms: session.gone_since.map(model::Timestamp::millis),
    }
}

fn tokens(tokens: model::Tokens) -> wire::Tokens {
    wire::Tokens {
        input: tokens.input,
        output: tokens.output,
        cache_read: tokens.cache_read,
        cache_creation: tokens.cache_creation,
    }
}

fn on_disk(on_disk: model::OnDisk) -> wire::OnDisk {
    match on_disk {
        model::OnDisk::Whole => wire::OnDisk::Whole,
        model::OnDisk::Partly => wire::OnDisk::Partly,
        model::OnDisk::Gone => wire::OnDisk::Gone,
    }
}

fn kind(kind: model::EntryKind) -> wire::EntryKind {
    match kind {
        model::EntryKind::Prompt => wire::EntryKind::Prompt,
        model::EntryKind::Answer => wire::EntryKind::Answer,
        model::EntryKind::Thinking => wire::EntryKind::Thinking,
        model::EntryKind::ToolCall => wire::EntryKind::ToolCall,
        model::EntryKind::ToolResult => wire::EntryKind::ToolResult,
        model::EntryKind::Summary => wire::EntryKind::Summary,
        model::EntryKind::Title => wire::EntryKind::Title,
        model::EntryKind::Note => wire::EntryKind::Note,
        model::EntryKind::Command => wire::EntryKind::Command,
        model::EntryKind::System => wire::EntryKind::System,
        model::EntryKind::Compaction => wire::EntryKind::Compaction,
        model::EntryKind::Interrupt => wire::EntryKind::Interrupt,
        model::EntryKind::ApiError => wire::EntryKind::ApiError,
        model::EntryKind::Unknown => wire::EntryKind::Unknown,
        model::EntryKind::Checkpoint => wire::EntryKind::Checkpoint,
    }
}

pub(super) fn entry(entry: model::Entry) -> wire::Entry {
    wire::Entry {
        id: entry.id.0,
        kind: kind(entry.kind).into(),
        time_ms: entry.time.map(model::Timestamp::millis),
        text: entry.text,
        tool: entry.tool.map(|tool| wire::Tool {
            name: tool.name,
            call: tool.call,
            files: tool.files,
        }),
        is_error: entry.is_error,
        agent: entry.agent.map(|agent| agent.as_str().to_owned()),
        started: entry.started.map(|agent| agent.as_str().to_owned()),
        is_abandoned: entry.branch == model::Branch::Abandoned,
        is_withdrawn: entry.is_withdrawn,
        model: entry.model,
        usage: entry.usage.map(|usage| wire::Tokens {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_creation: usage.cache_creation,
        }),
        images: entry.images,
        record_type: entry.record_type,
        continues: false,
    }
}

pub(super) fn coverage(coverage: model::Coverage) -> wire::Coverage {
    wire::Coverage {
        indexed_seq: coverage.indexed_seq.0,
        archive_seq: coverage.archive_seq.0,
        complete: coverage.complete,
        reason: coverage.reason,
    }
}

fn highlight(run: model::Highlight) -> wire::Highlight {
    wire::Highlight {
        start: run.start,
        end: run.end,
    }
}

pub(super) fn progress(progress: model::Progress) -> wire::Progress {
    wire::Progress {
        sources_done: progress.sources_done,
        sources_total: progress.sources_total,
        bytes_archived: progress.bytes_archived,
        bytes_indexed: progress.bytes_indexed,
        bytes_total: progress.bytes_total,
        bytes_per_second: progress.bytes_per_second,
        seconds_left: progress.seconds_left,
    }
}

pub(super) fn status(status: model::Status) -> wire::StatusResponse {
    wire::StatusResponse {
        version: status.version,
        pid: status.pid,
        started_at_ms: status.started_at.millis(),
        coverage: Some(coverage(status.coverage)),
        is_paused: status.is_paused,
        sessions: status.sessions,
        sources: status.sources,
        bytes: status.bytes,
        roots: status.roots.into_iter().map(root).collect(),
        progress: status.progress.map(progress),
        defects: status.defects.into_iter().map(defect).collect(),
        disk: Some(disk(status.disk)),
        faults: status.faults.into_iter().map(fault).collect(),
        sandbox: status.sandbox,
        restarting: false,
    }
}

fn root(root: model::RootStatus) -> wire::RootStatus {
    wire::RootStatus {
        path: root.path,
        watched_by: root.watched_by,
        last_event_at_ms: root.last_event_at.map(model::Timestamp::millis),
        last_archived_at_ms: root.last_archived_at.map(model::Timestamp::millis),
        sources: root.sources,
        bytes: root.bytes,
    }
}

fn defect(defect: model::DefectCount) -> wire::DefectCount {
    wire::DefectCount {
        name: defect.name,
        count: defect.count,
    }
}

fn disk(disk: model::DiskUse) -> wire::DiskUse {
    wire::DiskUse {
        archive: disk.archive,
        catalog: disk.catalog,
        index: disk.index,
        logs: disk.logs,
        free: disk.free,
        growth_per_month: disk.growth_per_month,
        months_until_full: disk.months_until_full,
    }
}

fn fault(fault: model::Fault) -> wire::Fault {
    let kind = match fault.kind {
        model::FaultKind::Root => wire::FaultKind::Root,
        model::FaultKind::Source => wire::FaultKind::Source,
        model::FaultKind::Archive => wire::FaultKind::Archive,
        model::FaultKind::Derived => wire::FaultKind::Derived,
        model::FaultKind::Watch => wire::FaultKind::Watch,
        model::FaultKind::Disk => wire::FaultKind::Disk,
        model::FaultKind::Config => wire::FaultKind::Config,
        model::FaultKind::Daemon => wire::FaultKind::Daemon,
    };
    wire::Fault {
        kind: kind.into(),
        message: fault.message,
        hint: fault.hint,
        since_ms: fault.since.millis(),
    }
}

pub(super) fn project(project: model::Project) -> wire::Project {
    wire::Project {
        name: project.name,
        key: project.key.0,
        sessions: project.sessions,
        automated: project.automated,
        bytes: project.bytes,
        last_at_ms: project.last_at.map(model::Timestamp::millis),
        cwds: project.cwds,
    }
}

pub(super) fn source(listing: SourceListing) -> wire::Source {
    wire::Source {
        id: listing.id.0,
        path: listing.path,
        root: listing.root,
        kind: listing.kind.as_str().into(),
        generations: listing.generations.into_iter().map(generation).collect(),
        is_gone: listing.is_gone,
    }
}

fn generation(generation: GenerationListing) -> wire::Generation {
    wire::Generation {
        id: generation.id.0,
        length: generation.length,
        opened_at_ms: generation.opened_at.millis(),
        is_current: generation.is_current,
    }
}

/// Reads a session's id.
pub(super) fn session_id(text: &str) -> Result<model::SessionId, Status> {
    model::SessionId::parse(text)
        .map_err(|error| Status::invalid_argument(format!("\"{text}\" is no session id: {error}")))
}

pub(super) fn checkpoint(checkpoint: model::Checkpoint) -> wire::Checkpoint {
    wire::Checkpoint {
        id: checkpoint.id.0.to_vec(),
        name: checkpoint.name,
        note: checkpoint.note,
        session: checkpoint.session.as_str().to_owned(),
        at_ms: checkpoint.at.millis(),
        cwd: checkpoint.cwd,
        place: checkpoint.place.map(|place| wire::CheckpointPlace {
            record: place.record,
            source: place.source.0,
            generation: place.generation.0,
            end: place.end.0,
        }),
        git: checkpoint.git.map(|git| wire::GitState {
            head: git.head,
            branch: git.branch,
            is_dirty: git.is_dirty,
            diff: git.diff,
            is_too_long: git.is_too_long,
        }),
    }
}

/// Reads the state of a repository.
pub(super) fn git(git: wire::GitState) -> model::GitState {
    model::GitState {
        head: git.head,
        branch: git.branch,
        is_dirty: git.is_dirty,
        diff: git.diff,
        is_too_long: git.is_too_long,
    }
}
