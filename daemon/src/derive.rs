//! Brings the derived pair forward: one thread follows the archive's log and owns catalog and index.
//!
//! ```text
//! heads moved ─► rows of the live lane, then of the backlog ─► records ─► catalog + index
//!                 commit when asked, or after a short quiet, or after so many bytes ─► visible
//! ```
//! Invariant: replay is idempotent; the pair remembers what it applied of each lane.

mod apply;
mod checkpoint;
mod echo;
mod error;
mod event;
mod folder;
mod moved;
mod pair;
mod queued;
mod serving;
mod sources;
mod thread;
mod title;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sessions_archive::{ArchiveReader, Heads};
use sessions_catalog::Applied;
use sessions_model::{ArchiveId, Fault, Seq, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use error::DeriveError;
pub(crate) use serving::Serving;
pub(crate) use thread::contiguous;

use crate::clock::Clock;
use crate::suspicion::Suspicion;

/// Orders that wait for the thread.
const ORDERS_MAX: usize = 64;

/// What the thread is asked to do.
#[derive(Debug)]
enum Order {
    /// Make everything of the live lane up to here searchable, then answer.
    Show {
        live: Seq,
        shown: oneshot::Sender<Applied>,
    },
    /// Build a new pair beside the old; answer once it has taken over.
    Rebuild { switched: oneshot::Sender<Applied> },
    /// Commit and end.
    Stop,
}

/// What the thread works with.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Reads the archive; reopened for those who ask.
    pub(crate) archive: ArchiveReader,
    /// The archive's name.
    pub(crate) archive_id: ArchiveId,
    /// Where the pairs are.
    pub(crate) derived: PathBuf,
    /// Free bytes below which indexing waits: what is left is for archiving.
    pub(crate) free_bytes_min: u64,
    /// The archive's positions, as they move.
    pub(crate) heads: watch::Receiver<Heads>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// When the daemon started.
    pub(crate) started_at: Timestamp,
    /// Raised when something of the archive does not read back.
    pub(crate) suspicion: Suspicion,
}

/// What the thread tells everybody.
#[derive(Debug)]
struct Board {
    visible: watch::Sender<Applied>,
    serving: watch::Sender<Option<Arc<Serving>>>,
    fault: Mutex<Option<Fault>>,
    /// Bytes of sources applied, committed or not; for progress alone.
    bytes: AtomicU64,
}

impl Board {
    fn new() -> Self {
        Self {
            visible: watch::Sender::new(Applied::default()),
            serving: watch::Sender::new(None),
            fault: Mutex::new(None),
            bytes: AtomicU64::new(0),
        }
    }

    fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

/// The deriver, as the rest of the daemon sees it.
#[derive(Debug)]
pub(crate) struct Deriver {
    orders: mpsc::Sender<Order>,
    board: Arc<Board>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Deriver {
    /// Starts the thread; it opens or begins a pair by itself.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(crate) fn start(parts: Parts, runtime: Handle) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel(ORDERS_MAX);
        let board = Arc::new(Board::new());
        let worker = thread::Worker::new(parts, runtime, inbox, Arc::clone(&board));
        let thread = std::thread::Builder::new()
            .name("derive".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            orders,
            board,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Makes everything of the live lane up to `live` searchable; returns what is searchable then.
    /// None if that takes longer than `wait`.
    pub(crate) async fn show(&self, live: Seq, wait: Duration) -> Option<Applied> {
        let (shown, answer) = oneshot::channel();
        self.orders.send(Order::Show { live, shown }).await.ok()?;
        tokio::time::timeout(wait, answer).await.ok()?.ok()
    }

    /// Builds a new pair; returns what is searchable in it once it has taken over. None if the daemon
    /// stops before that.
    pub(crate) async fn rebuild(&self) -> Option<Applied> {
        let (switched, answer) = oneshot::channel();
        self.orders.send(Order::Rebuild { switched }).await.ok()?;
        answer.await.ok()
    }

    /// Has a new pair built, which takes over by itself.
    pub(crate) async fn begin_rebuild(&self) {
        let (switched, _nobody) = oneshot::channel();
        // A deriver that is gone needs no order: the next one opens what it finds.
        let _gone = self.orders.send(Order::Rebuild { switched }).await;
    }

    /// Returns what is searchable, as it moves.
    pub(crate) fn visible(&self) -> watch::Receiver<Applied> {
        self.board.visible.subscribe()
    }

    /// Returns the pair that answers; none until there is one.
    pub(crate) fn serving(&self) -> Option<Arc<Serving>> {
        self.board.serving.borrow().clone()
    }

    /// Waits until a pair answers.
    pub(crate) async fn opened(&self) {
        let mut serving = self.board.serving.subscribe();
        // The board, which sends, is as old as this.
        drop(serving.wait_for(Option::is_some).await);
    }

    /// Returns how many bytes of sources were applied, for progress alone.
    pub(crate) fn bytes_indexed(&self) -> u64 {
        self.board.bytes.load(Ordering::Relaxed)
    }

    /// Returns what is wrong.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.board
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Commits and joins the thread. Blocks.
    pub(crate) fn stop(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(thread) = thread else { return };
        // A full inbox still drains: the thread takes orders between any two batches.
        if self.orders.blocking_send(Order::Stop).is_err() {
            tracing::debug!("the deriver had ended already");
        }
        if thread.join().is_err() {
            tracing::error!("the deriver panicked");
        }
    }
}
