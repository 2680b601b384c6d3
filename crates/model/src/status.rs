//! How the daemon is doing.

use crate::{Coverage, Timestamp};

/// What `status` says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// Archive and index positions.
    pub coverage: Coverage,
    /// Whether archiving is paused.
    pub is_paused: bool,
    /// Sessions, all of them.
    pub sessions: u64,
    /// Sources.
    pub sources: u64,
    /// Bytes archived, as they were on disk.
    pub bytes: u64,
    /// Each config root.
    pub roots: Vec<RootStatus>,
    /// The import or rebuild that is going on.
    pub progress: Option<Progress>,
    /// Lines that did not parse, and records of unknown types, by name.
    pub defects: Vec<DefectCount>,
    /// What we take on disk.
    pub disk: DiskUse,
    /// What is wrong now.
    pub faults: Vec<Fault>,
    /// What the sandbox denies, for a person; empty if there is none.
    pub sandbox: Vec<String>,
}

/// One config root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RootStatus {
    /// Its path.
    pub path: String,
    /// `events`, `polling: ` and why, `not yet`, `missing` or `not a directory`.
    pub watched_by: String,
    /// When its last byte was archived.
    pub last_archived_at: Option<Timestamp>,
    /// Its sources.
    pub sources: u64,
    /// Bytes archived from it.
    pub bytes: u64,
    /// When a hook of its clients last reported something.
    pub last_event_at: Option<Timestamp>,
}

/// How far an import or a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Sources archived and indexed.
    pub sources_done: u64,
    /// Sources there are.
    pub sources_total: u64,
    /// Bytes archived.
    pub bytes_archived: u64,
    /// Bytes searchable.
    pub bytes_indexed: u64,
    /// Bytes there are.
    pub bytes_total: u64,
    /// Bytes a second, over the last seconds.
    pub bytes_per_second: u64,
    /// Seconds left at that rate.
    pub seconds_left: Option<u64>,
}

/// How often a kind of line was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefectCount {
    /// `json`, `encoding`, `shape`, `too-long`, `damaged`, or `unknown:<type>`.
    pub name: String,
    /// Lines.
    pub count: u64,
}

/// What we take on disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUse {
    /// The archive.
    pub archive: u64,
    /// The catalog.
    pub catalog: u64,
    /// The index.
    pub index: u64,
    /// Logs.
    pub logs: u64,
    /// Free on the file system that holds the archive.
    pub free: u64,
    /// Growth of the archive over the last 30 days, projected to a month.
    pub growth_per_month: u64,
    /// Months until the file system is full at that rate.
    pub months_until_full: Option<u64>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which part failed.
    pub kind: FaultKind,
    /// What failed, on what.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Since when.
    pub since: Timestamp,
}

/// Which part a fault is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// A config root is missing or unreadable.
    Root,
    /// A source cannot be read.
    Source,
    /// The archive cannot be written.
    Archive,
    /// The catalog or the index failed.
    Derived,
    /// Events do not arrive.
    Watch,
    /// The disk is nearly full.
    Disk,
    /// A setting is wrong.
    Config,
    /// The daemon's own process, or the one that is to take its place.
    Daemon,
}
