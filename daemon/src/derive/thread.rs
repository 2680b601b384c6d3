//! The deriver's thread: orders first, then the live lane, then the backlog.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sessions_archive::{Heads, Lane, LogRow};
use sessions_catalog::Applied;
use sessions_model::{Fault, FaultKind, Seq};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

mod opening;

use super::apply::Applier;
use super::pair::Pair;
use super::{Board, DeriveError, Order, Parts, folder};
use crate::causes::chain;

/// Rows of the log taken at a time.
const ROWS_MAX: usize = 256;

/// Bytes applied between two looks at the inbox.
const BATCH_BYTES_MAX: u64 = 8 << 20;

/// Bytes applied between two commits.
const COMMIT_BYTES_MAX: u64 = 192 << 20;

/// How long applied rows may stay invisible while rows keep coming.
const COMMIT_AFTER: Duration = Duration::from_secs(5);

/// How long it must be quiet before applied rows are made visible unasked.
const QUIET: Duration = Duration::from_millis(400);

/// How long it must be quiet before the pair is put to rest.
const REST: Duration = Duration::from_secs(3);

/// How long to wait after a failure before trying again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why the loop over one pair ended.
enum End {
    Stopped,
    Replace { reply: oneshot::Sender<Applied> },
}

/// What the thread turns to next.
enum Event {
    Order(Order),
    Rows,
    Quiet,
    Rest,
    Closed,
}

/// The thread's own state.
#[derive(Debug)]
pub(super) struct Worker {
    parts: Parts,
    runtime: Handle,
    inbox: mpsc::Receiver<Order>,
    board: Arc<Board>,
    boot: String,
    /// The archive's positions before anything was added to it, until a pair is open.
    heads_before: Option<Heads>,
}

impl Worker {
    pub(super) fn new(
        parts: Parts,
        runtime: Handle,
        inbox: mpsc::Receiver<Order>,
        board: Arc<Board>,
    ) -> Self {
        let boot = folder::boot_id(parts.started_at);
        let heads_before = Some(*parts.heads.borrow());
        Self {
            parts,
            runtime,
            inbox,
            board,
            boot,
            heads_before,
        }
    }

    /// Runs until it is stopped; a failure is reported, and tried again.
    pub(super) fn run(mut self) {
        let mut pending = None;
        loop {
            match self.work(&mut pending) {
                Ok(End::Stopped) => return,
                Ok(End::Replace { reply }) => pending = Some(reply),
                Err(error) => {
                    self.report(&error);
                    if !self.wait_to_retry() {
                        return;
                    }
                }
            }
        }
    }

    /// Opens the pair, or begins the next, and follows the log with it.
    fn work(&mut self, wanted: &mut Option<oneshot::Sender<Applied>>) -> Result<End, DeriveError> {
        let pair = match wanted.take() {
            None => Some(self.open()?),
            Some(reply) => self.build_beside(reply)?,
        };
        let Some(pair) = pair else {
            return Ok(End::Stopped);
        };
        self.board.set_fault(None);
        self.follow(pair)
    }

    fn follow(&mut self, mut pair: Pair) -> Result<End, DeriveError> {
        let mut uncommitted = Uncommitted::default();
        loop {
            match self.next_event(&pair, &uncommitted) {
                Event::Rows => {
                    self.check_space()?;
                    uncommitted.add(self.apply_some(&mut pair)?);
                    if uncommitted.is_due() || pair.is_full() {
                        self.show(&mut pair, &mut uncommitted)?;
                    }
                }
                Event::Quiet => self.show(&mut pair, &mut uncommitted)?,
                Event::Rest => pair.rest()?,
                Event::Order(Order::Show { live, shown }) => {
                    if pair.applied().live < live {
                        self.check_space()?;
                    }
                    while pair.applied().live < live && self.apply_lane(&mut pair, Lane::Live)? > 0
                    {
                    }
                    self.show(&mut pair, &mut uncommitted)?;
                    let _gone = shown.send(pair.applied());
                }
                Event::Order(Order::Rebuild { switched }) => {
                    self.show(&mut pair, &mut uncommitted)?;
                    return Ok(End::Replace { reply: switched });
                }
                Event::Order(Order::Stop) | Event::Closed => {
                    let shown = self.show(&mut pair, &mut uncommitted);
                    if let Err(error) = shown.and_then(|()| pair.close()) {
                        // The next start applies it again: nothing to stay for.
                        self.report(&error);
                    }
                    return Ok(End::Stopped);
                }
            }
        }
    }

    /// Fails while so little space is left that archiving needs all of it.
    fn check_space(&self) -> Result<(), DeriveError> {
        let dir = &self.parts.derived;
        let wanted = self.parts.free_bytes_min;
        let stat = rustix::fs::statvfs(dir).map_err(|error| DeriveError::Folder {
            dir: dir.clone(),
            source: error.into(),
        })?;
        let free = stat.f_bavail * stat.f_frsize;
        if free < wanted {
            return Err(DeriveError::NoSpace {
                dir: dir.clone(),
                wanted,
            });
        }
        Ok(())
    }

    /// Returns what comes next: an order before rows, rows before quiet.
    fn next_event(&mut self, pair: &Pair, uncommitted: &Uncommitted) -> Event {
        match self.inbox.try_recv() {
            Ok(order) => return Event::Order(order),
            Err(TryRecvError::Disconnected) => return Event::Closed,
            Err(TryRecvError::Empty) => {}
        }
        let heads = *self.parts.heads.borrow_and_update();
        let applied = pair.applied();
        if applied.live < heads.live || applied.backlog < heads.backlog {
            return Event::Rows;
        }
        let Self {
            runtime,
            inbox,
            parts,
            ..
        } = self;
        let (pause, then) = if uncommitted.since.is_some() {
            (QUIET, Event::Quiet)
        } else {
            (REST, Event::Rest)
        };
        runtime.block_on(async {
            tokio::select! {
                biased;
                order = inbox.recv() => order.map_or(Event::Closed, Event::Order),
                moved = parts.heads.changed() => moved.map_or(Event::Closed, |()| Event::Rows),
                () = tokio::time::sleep(pause), if !pair.is_resting() => then,
            }
        })
    }

    fn show(&self, pair: &mut Pair, uncommitted: &mut Uncommitted) -> Result<(), DeriveError> {
        pair.commit()?;
        *uncommitted = Uncommitted::default();
        let applied = pair.applied();
        self.board.visible.send_if_modified(|visible| {
            let moved = *visible != applied;
            *visible = applied;
            moved
        });
        Ok(())
    }

    /// Applies a batch of the live lane, or of the backlog when that is through; returns its rows.
    fn apply_some(&mut self, pair: &mut Pair) -> Result<u64, DeriveError> {
        match self.apply_lane(pair, Lane::Live)? {
            0 => self.apply_lane(pair, Lane::Backlog),
            rows => Ok(rows),
        }
    }

    /// Applies a batch of one lane; returns the bytes applied, at least one for each row.
    pub(super) fn apply_lane(&mut self, pair: &mut Pair, lane: Lane) -> Result<u64, DeriveError> {
        let after = match lane {
            Lane::Live => pair.applied().live,
            Lane::Backlog => pair.applied().backlog,
        };
        let rows = self.parts.archive.log_after(lane, after, ROWS_MAX)?;
        let mut bytes = 0;
        for row in rows {
            bytes += 1 + self.apply_row(pair, &row)?;
            pair.set_applied(lane, row.seq);
            if bytes >= BATCH_BYTES_MAX {
                break;
            }
        }
        Ok(bytes)
    }

    fn apply_row(&mut self, pair: &mut Pair, row: &LogRow) -> Result<u64, DeriveError> {
        let indexes = !pair.is_indexed(row.lane, row.seq);
        let mut lost = Vec::new();
        let applied = Applier {
            pair,
            archive: &self.parts.archive,
            indexes,
            lost: &mut lost,
        }
        .apply(row);
        let bytes = match applied {
            // What a salvage left without a path was given to another since, which the log says behind.
            Err(DeriveError::NoSource(source)) => {
                tracing::info!(source = source.0, "a source is part of another now");
                0
            }
            applied => applied?,
        };
        if !lost.is_empty() {
            // What is lost is lost; the rest goes on, and a check of the archive says so.
            tracing::error!(?lost, "deriving went on without what does not read back");
            self.parts.suspicion.raise_for(&lost, &self.parts.archive);
        }
        self.board.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(bytes)
    }

    fn report(&self, error: &DeriveError) {
        let message = chain(error);
        tracing::error!(%message, "deriving failed");
        if let DeriveError::Archive(error) = error {
            self.parts.suspicion.raise_on(error, &self.parts.archive);
        }
        let hint = match error {
            DeriveError::NoSpace { .. } => {
                "free some space, or lower min_free_mb; archiving goes on meanwhile, searching what is \
                 indexed too"
            }
            DeriveError::Folder { source, .. } if source.kind() == ErrorKind::StorageFull => {
                "free some space; it is tried again in 30 s"
            }
            DeriveError::Folder { .. } => {
                "see that the directory is yours and can be written; it is tried again in 30 s"
            }
            DeriveError::Archive(_) => "run \"sessions verify\" to see what the archive has lost",
            _ => "it is tried again in 30 s; \"sessions rebuild\" builds catalog and index anew",
        };
        let since = self.parts.clock.now();
        let kind = match error {
            DeriveError::Archive(_) => FaultKind::Archive,
            DeriveError::NoSpace { .. } => FaultKind::Disk,
            _ => FaultKind::Derived,
        };
        self.board.set_fault(Some(Fault {
            kind,
            message,
            hint: hint.into(),
            since,
        }));
    }

    /// Waits before the next try; false if the daemon stops meanwhile.
    fn wait_to_retry(&mut self) -> bool {
        let until = Instant::now() + RETRY_AFTER;
        let Self { runtime, inbox, .. } = self;
        runtime.block_on(async {
            loop {
                match tokio::time::timeout_at(until.into(), inbox.recv()).await {
                    // A rebuild is the very thing to try now.
                    Err(_) | Ok(Some(Order::Rebuild { .. })) => return true,
                    Ok(None | Some(Order::Stop)) => return false,
                    Ok(Some(Order::Show { .. })) => {}
                }
            }
        })
    }
}

/// What was applied and cannot be found yet.
#[derive(Debug, Default)]
struct Uncommitted {
    bytes: u64,
    since: Option<Instant>,
}

impl Uncommitted {
    fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        if bytes > 0 {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    fn is_due(&self) -> bool {
        let waited = self
            .since
            .is_some_and(|since| since.elapsed() >= COMMIT_AFTER);
        waited || self.bytes >= COMMIT_BYTES_MAX
    }
}

/// Returns the position up to which both lanes are applied without a gap.
pub(crate) fn contiguous(applied: Applied, heads: sessions_archive::Heads) -> Seq {
    let behind = |applied: Seq, head: Seq| (applied < head).then_some(applied);
    let gaps = [
        behind(applied.backlog, heads.backlog),
        behind(applied.live, heads.live),
    ];
    gaps.into_iter()
        .flatten()
        .min()
        .unwrap_or(heads.backlog.max(heads.live))
}
