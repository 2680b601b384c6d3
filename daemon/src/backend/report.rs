//! How the daemon is doing: status and progress.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sessions_archive::{ArchiveError, Heads, RootRow};
use sessions_catalog::Applied;
use sessions_model::{DiskUse, Fault, FaultKind, Progress, RootStatus, Status, Timestamp};
use sessions_watch::RootWatch;

use super::{Backend, Refusal};
use crate::causes::chain;
use crate::salvage;

/// How far back a rate looks.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Measurements a rate keeps.
const SAMPLES_MAX: usize = 64;

/// Months that are worth foreseeing.
const MONTHS_MAX: u64 = 120;

/// Days over which growth is measured.
const GROWTH_DAYS: u64 = 30;

/// How long a status waits for catalog and index to be opened: it has little to say before.
const OPENING_MAX: Duration = Duration::from_secs(1);

/// What is said of a root that the settings leave alone.
const EXCLUDED: &str = "excluded";

/// Bytes a second over the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Takes in that `bytes` are done now; returns the rate.
    fn measure(&mut self, now: Instant, bytes: u64) -> u64 {
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now - *at > RATE_WINDOW)
        {
            self.0.pop_front();
        }
        if self.0.len() < SAMPLES_MAX {
            self.0.push_back((now, bytes));
        }
        let Some((since, before)) = self.0.front() else {
            return 0;
        };
        let millis = u64::try_from((now - *since).as_millis()).unwrap_or(u64::MAX);
        (bytes.saturating_sub(*before) * 1_000)
            .checked_div(millis)
            .unwrap_or(0)
    }
}

impl Backend {
    /// Says how the daemon is doing.
    pub(crate) async fn status(self: &Arc<Self>) -> Result<Status, Refusal> {
        if self.deriver.fault().is_none() {
            // It has only just started.
            let _too_long = tokio::time::timeout(OPENING_MAX, self.deriver.opened()).await;
        }
        let backend = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || backend.look()).await;
        let looked = looked.map_err(|_| Refusal::Failed("looking ended in a panic".into()))?;
        // Before the first pair there is nothing to count, and nothing wrong with that.
        let counted = self
            .ask(|engine| Ok((engine.totals()?, engine.defects()?)))
            .await;
        let (totals, defects) = counted.unwrap_or_default();
        Ok(Status {
            sessions: totals.sessions,
            defects,
            ..looked
        })
    }

    /// Says what can be said without catalog and index. Blocks.
    fn look(&self) -> Status {
        let now = self.clock.now();
        let (mut coverage, progress) = self.position();
        let mut faults = self.faults();
        let read = self.archive.open().and_then(|reader| {
            let lost = reader.known_losses().map_or(0, |known| known.len());
            Ok((reader.usage(now)?, reader.roots()?, lost))
        });
        let (usage, rows, lost) = read.unwrap_or_else(|error| {
            let fault = unreadable(&error, now);
            coverage.complete = false;
            coverage.reason = Some(fault.message.clone());
            faults.push(fault);
            // It may have been removed.
            self.archivist.look();
            Default::default()
        });
        faults.extend(self.kept_damaged(lost));
        Status {
            coverage,
            is_paused: self.archivist.is_paused(),
            sources: usage.sources,
            bytes: usage.source_bytes,
            roots: self.root_statuses(&rows),
            progress,
            disk: self.disk(usage.appended_last_30_days),
            faults,
            sandbox: self.facts.sandbox.clone(),
            ..self.facts.introduction()
        }
    }

    /// Returns how far an import or a rebuild is; none when there is none.
    pub(super) fn progress(&self, applied: Applied, heads: Heads) -> Option<Progress> {
        let scan = self.archivist.progress();
        let is_listed = scan.is_listed || self.archivist.is_paused();
        let archived = is_listed && scan.sources_done >= scan.sources_total;
        if archived && applied.backlog >= heads.backlog {
            return None;
        }
        let indexed = self.deriver.bytes_indexed().min(scan.bytes_total);
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let per_second = rate.measure(Instant::now(), indexed);
        let left = scan.bytes_total.saturating_sub(indexed);
        Some(Progress {
            sources_done: scan.sources_done,
            sources_total: scan.sources_total,
            bytes_archived: scan.bytes_done,
            bytes_indexed: indexed,
            bytes_total: scan.bytes_total,
            bytes_per_second: per_second,
            seconds_left: left.checked_div(per_second),
        })
    }

    fn root_statuses(&self, rows: &[RootRow]) -> Vec<RootStatus> {
        let watches = self.archivist.root_watches();
        let events = self.event_sums();
        let status = |(path, watch): (std::path::PathBuf, RootWatch)| {
            let path = path.to_string_lossy().into_owned();
            let row = rows.iter().find(|row| row.path == path);
            let reported = events.iter().find(|sum| sum.root == path);
            RootStatus {
                last_event_at: reported.map(|sum| sum.last_at),
                watched_by: watched_by(&watch, Path::new(&path)),
                last_archived_at: row.and_then(|row| row.last_archived_at),
                sources: row.map_or(0, |row| row.sources),
                bytes: row.map_or(0, |row| row.bytes),
                path,
            }
        };
        let excluded = self.roots.excluded().iter().map(|path| {
            let mut excluded = status((path.clone(), RootWatch::Missing));
            excluded.watched_by = EXCLUDED.into();
            excluded
        });
        let excluded: Vec<RootStatus> = excluded.collect();
        watches.into_iter().map(status).chain(excluded).collect()
    }

    fn disk(&self, appended: u64) -> DiskUse {
        let paths = &self.facts.paths;
        let free = free_bytes(&paths.data);
        let archive = tree_bytes(&paths.archive_dir());
        let derived = paths.derived_dir();
        let pairs = fs::read_dir(&derived).into_iter().flatten().flatten();
        let (mut catalog, mut index) = (0, 0);
        for pair in pairs {
            catalog += tree_bytes(&pair.path().join("catalog"));
            index += tree_bytes(&pair.path().join("index"));
        }
        let growth_per_month = appended * 30 / GROWTH_DAYS;
        DiskUse {
            archive,
            catalog,
            index,
            logs: tree_bytes(&paths.log_dir()),
            free,
            growth_per_month,
            months_until_full: free
                .checked_div(growth_per_month)
                .filter(|months| *months <= MONTHS_MAX),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.facts.faults.clone();
        faults.extend(self.archivist.faults());
        faults.extend(self.deriver.fault());
        let damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        faults.extend(damage.clone());
        faults
    }

    /// Says what the archive lacks of what it held before it was damaged, until the user removes what was
    /// put aside.
    pub(super) fn missing(&self) -> Option<String> {
        let kept = salvage::kept(&self.facts.paths.archive_dir());
        if kept.is_empty() {
            return None;
        }
        let held = self.archive.lend().and_then(|reader| reader.held());
        // What cannot be read is said by whoever asks for it.
        let held = held.ok()?;
        kept.iter().rev().find_map(|kept| kept.missing(&held))
    }

    /// Says of each damaged archive that was put aside what became of it, until the user removes it.
    fn kept_damaged(&self, lost: usize) -> Vec<Fault> {
        let kept = salvage::kept(&self.facts.paths.archive_dir());
        let fault = |kept: salvage::Kept| Fault {
            kind: FaultKind::Archive,
            message: kept.message(lost),
            hint: kept.hint(),
            since: kept.since,
        };
        kept.into_iter().map(fault).collect()
    }
}

/// Says that the archive's own facts cannot be read, which is no reason to say nothing at all.
fn unreadable(error: &ArchiveError, since: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Archive,
        message: format!("could not read the archive: {}", chain(error)),
        hint: "run \"sessions verify\" to see what is damaged".into(),
        since,
    }
}

fn watched_by(watch: &RootWatch, root: &Path) -> String {
    match watch {
        RootWatch::Events => "events".into(),
        RootWatch::Polling(reason) => format!("polling: {reason}"),
        // The daemon has only just started.
        RootWatch::Missing if root.is_dir() => "not yet".into(),
        RootWatch::Missing if root.exists() => "not a directory".into(),
        RootWatch::Missing => "missing".into(),
    }
}

/// Returns the bytes of all files below `path`; what cannot be read counts nothing.
fn tree_bytes(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => tree_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Returns what is free for this user on the file system of `path`; 0 if the system does not say.
fn free_bytes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(0, |stat| stat.f_bavail * stat.f_frsize)
}

/// Makes a fault of a wrong setting.
pub(crate) fn setting_fault(fault: crate::config::SettingFault, since: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Config,
        message: fault.message,
        hint: fault.hint,
        since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_looks_at_the_last_seconds_alone() {
        let start = Instant::now();
        let mut rate = Rate::default();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(rate.measure(at(0), 0), 0);
        assert_eq!(rate.measure(at(2), 2_000), 1_000);
        assert_eq!(rate.measure(at(20), 2_000), 0);
        assert_eq!(rate.measure(at(21), 2_500), 500);
    }
}
