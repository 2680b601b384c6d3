//! How the daemon is doing.

use sessions_model::{
    DefectCount, DiskUse, Fault, FaultKind, Progress, RootStatus, Status, Timestamp,
};
use sessions_proto as wire;

use super::{each, search, time};
use crate::ClientError;

pub(crate) fn status(status: wire::StatusResponse) -> Result<Status, ClientError> {
    Ok(Status {
        version: status.version,
        pid: status.pid,
        started_at: Timestamp(status.started_at_ms),
        coverage: status.coverage.map(search::coverage).unwrap_or_default(),
        is_paused: status.is_paused,
        sessions: status.sessions,
        sources: status.sources,
        bytes: status.bytes,
        roots: status.roots.into_iter().map(root).collect(),
        progress: status.progress.map(progress),
        defects: status.defects.into_iter().map(defect).collect(),
        disk: status.disk.map(disk).unwrap_or_default(),
        faults: each(status.faults, fault)?,
        sandbox: status.sandbox,
    })
}

pub(crate) fn progress(progress: wire::Progress) -> Progress {
    Progress {
        sources_done: progress.sources_done,
        sources_total: progress.sources_total,
        bytes_archived: progress.bytes_archived,
        bytes_indexed: progress.bytes_indexed,
        bytes_total: progress.bytes_total,
        bytes_per_second: progress.bytes_per_second,
        seconds_left: progress.seconds_left,
    }
}

fn root(root: wire::RootStatus) -> RootStatus {
    RootStatus {
        path: root.path,
        watched_by: root.watched_by,
        last_archived_at: time(root.last_archived_at_ms),
        last_event_at: time(root.last_event_at_ms),
        sources: root.sources,
        bytes: root.bytes,
    }
}

fn defect(defect: wire::DefectCount) -> DefectCount {
    DefectCount {
        name: defect.name,
        count: defect.count,
    }
}

fn disk(disk: wire::DiskUse) -> DiskUse {
    DiskUse {
        archive: disk.archive,
        catalog: disk.catalog,
        index: disk.index,
        logs: disk.logs,
        free: disk.free,
        growth_per_month: disk.growth_per_month,
        months_until_full: disk.months_until_full,
    }
}

fn fault(fault: wire::Fault) -> Result<Fault, ClientError> {
    let kind = match fault.kind() {
        wire::FaultKind::Root => FaultKind::Root,
        wire::FaultKind::Source => FaultKind::Source,
        wire::FaultKind::Archive => FaultKind::Archive,
        wire::FaultKind::Derived => FaultKind::Derived,
        wire::FaultKind::Watch => FaultKind::Watch,
        wire::FaultKind::Disk => FaultKind::Disk,
        wire::FaultKind::Config => FaultKind::Config,
        wire::FaultKind::Daemon => FaultKind::Daemon,
        wire::FaultKind::Unspecified => {
            return Err(ClientError::Malformed {
                what: "a fault of no kind",
            });
        }
    };
    Ok(Fault {
        kind,
        message: fault.message,
        hint: fault.hint,
        since: Timestamp(fault.since_ms),
    })
}
