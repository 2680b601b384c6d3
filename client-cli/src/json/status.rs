//! How the daemon is doing, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use sessions_model::{Fault, FaultKind, Progress, RootStatus, Status, Timestamp};

use super::{SCHEMA, time};
use crate::moment::rfc3339;

/// How the daemon is doing.
#[derive(Debug, Serialize)]
pub(crate) struct StatusJson<'a> {
    schema: u32,
    version: &'a str,
    pid: u32,
    started_at: String,
    archive_seq: u64,
    indexed_seq: u64,
    complete: bool,
    reason: Option<&'a str>,
    paused: bool,
    sessions: u64,
    sources: u64,
    bytes: u64,
    roots: Vec<RootJson<'a>>,
    progress: Option<ProgressJson>,
    /// Lines by what was wrong with them, and records by unknown type.
    defects: BTreeMap<&'a str, u64>,
    disk: DiskJson,
    growth_per_month: u64,
    months_until_full: Option<u64>,
    faults: Vec<FaultJson<'a>>,
    sandbox: &'a [String],
}

#[derive(Debug, Serialize)]
struct RootJson<'a> {
    path: &'a str,
    watched_by: &'a str,
    last_archived_at: Option<String>,
    last_event_at: Option<String>,
    last_archived_age_s: Option<i64>,
    sources: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct ProgressJson {
    sources_done: u64,
    sources_total: u64,
    bytes_archived: u64,
    bytes_indexed: u64,
    bytes_total: u64,
    bytes_per_second: u64,
    seconds_left: Option<u64>,
}

#[derive(Debug, Serialize)]
struct DiskJson {
    archive: u64,
    catalog: u64,
    index: u64,
    logs: u64,
    free: u64,
}

#[derive(Debug, Serialize)]
struct FaultJson<'a> {
    kind: &'static str,
    message: &'a str,
    hint: &'a str,
    since: String,
}

impl<'a> StatusJson<'a> {
    /// Converts a status, whose ages are as of `now`.
    pub(crate) fn new(status: &'a Status, now: Timestamp) -> Self {
        let defects = status.defects.iter();
        Self {
            schema: SCHEMA,
            version: &status.version,
            pid: status.pid,
            started_at: rfc3339(status.started_at),
            archive_seq: status.coverage.archive_seq.0,
            indexed_seq: status.coverage.indexed_seq.0,
            complete: status.coverage.complete,
            reason: status.coverage.reason.as_deref(),
            paused: status.is_paused,
            sessions: status.sessions,
            sources: status.sources,
            bytes: status.bytes,
            roots: status
                .roots
                .iter()
                .map(|root| RootJson::new(root, now))
                .collect(),
            progress: status.progress.map(ProgressJson::new),
            defects: defects
                .map(|defect| (defect.name.as_str(), defect.count))
                .collect(),
            disk: DiskJson::new(status),
            growth_per_month: status.disk.growth_per_month,
            months_until_full: status.disk.months_until_full,
            faults: status.faults.iter().map(FaultJson::new).collect(),
            sandbox: &status.sandbox,
        }
    }
}

impl<'a> RootJson<'a> {
    fn new(root: &'a RootStatus, now: Timestamp) -> Self {
        let age = |then| now.millis_since(then) / 1000;
        Self {
            path: &root.path,
            watched_by: &root.watched_by,
            last_archived_at: time(root.last_archived_at),
            last_event_at: time(root.last_event_at),
            last_archived_age_s: root.last_archived_at.map(age),
            sources: root.sources,
            bytes: root.bytes,
        }
    }
}

impl ProgressJson {
    fn new(progress: Progress) -> Self {
        Self {
            sources_done: progress.sources_done,
            sources_total: progress.sources_total,
            bytes_archived: progress.bytes_archived,
            bytes_indexed: progress.bytes_indexed,
            bytes_total: progress.bytes_total,
            bytes_per_second: progress.bytes_per_second,
            seconds_left: progress.seconds_left,
        }
    }
}

impl DiskJson {
    fn new(status: &Status) -> Self {
        Self {
            archive: status.disk.archive,
            catalog: status.disk.catalog,
            index: status.disk.index,
            logs: status.disk.logs,
            free: status.disk.free,
        }
    }
}

impl<'a> FaultJson<'a> {
    fn new(fault: &'a Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Root => "root",
            FaultKind::Source => "source",
            FaultKind::Archive => "archive",
            FaultKind::Derived => "derived",
            FaultKind::Watch => "watch",
            FaultKind::Disk => "disk",
            FaultKind::Config => "config",
            FaultKind::Daemon => "daemon",
        };
        Self {
            kind,
            message: &fault.message,
            hint: &fault.hint,
            since: rfc3339(fault.since),
        }
    }
}
