//! The archivist as others see it: what it is started with, and what it can be asked.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sessions_archive::{Archive, Event, Heads, Loss, NewOperation};
use sessions_model::{Fault, Seq, SessionId, Timestamp};
use sessions_watch::{Method, RootWatch, Watcher};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::{Excludes, IngestError};
use crate::clock::Clock;
use crate::suspicion::Suspicion;

/// How much longer than asked a caller waits for an answer that the archivist owes it by then.
const ANSWER_GRACE: Duration = Duration::from_millis(250);

/// What an archivist is started with.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The archive, which the archivist owns from now on.
    pub(crate) archive: Archive,
    /// Config roots; they need not exist.
    pub(crate) roots: Vec<PathBuf>,
    /// What is left alone.
    pub(crate) excludes: Excludes,
    /// Why nothing may be read until the user has mended something.
    pub(crate) hold: Option<String>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// A directory of ours, for cookie files; it must exist.
    pub(crate) cookie_dir: PathBuf,
    /// A directory on the file system that holds the archive.
    pub(crate) data_dir: PathBuf,
    /// Is told when the archive's position moves.
    pub(crate) heads: watch::Sender<Heads>,
    /// Free bytes below which folding waits.
    pub(crate) free_bytes_min: u64,
    /// How long things are waited for.
    pub(crate) pace: Pace,
    /// How changes come to be known.
    pub(crate) method: Method,
    /// Files besides the roots' that are watched for others' sake.
    pub(crate) beside: Vec<PathBuf>,
    /// Is told when something happened to these files, or to what stands in the place of a root or of a
    /// folder of its own.
    pub(crate) stir: mpsc::Sender<()>,
    /// Raised when something of the archive does not read back.
    pub(crate) suspicion: Suspicion,
}

/// How long the archivist waits, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How long a line may stay without an end before it is archived as it is.
    pub(crate) line: Duration,
    /// The first pause before looking again at a file that was changing; doubles from there.
    pub(crate) steady: Duration,
    /// The longest such pause, and the longest before the archive is tried again.
    pub(crate) steady_max: Duration,
    /// Pause before trying again what could not be read.
    pub(crate) unreadable: Duration,
    /// Quiet before all of a source is compared with what is archived of it.
    pub(crate) compare: Duration,
    /// Quiet before a source is packed more densely.
    pub(crate) fold: Duration,
    /// Rest after the last source of a backlog before any is packed: it is being indexed still.
    pub(crate) rest: Duration,
    /// Time between two walks that look for what events missed.
    pub(crate) audit: Duration,
    /// Idle time before the write-ahead log is emptied.
    pub(crate) checkpoint: Duration,
    /// Time between two looks at a root without events.
    pub(crate) poll: Duration,
    /// How long nothing is read after something happened to a file beside the roots: settings may exclude what
    /// would be, and who looks after them ends the daemon meanwhile.
    pub(crate) beside: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            line: Duration::from_secs(2),
            steady: Duration::from_millis(20),
            steady_max: Duration::from_secs(30),
            unreadable: Duration::from_secs(30),
            compare: Duration::from_mins(1),
            fold: Duration::from_mins(15),
            rest: Duration::from_secs(10),
            audit: Duration::from_mins(10),
            checkpoint: Duration::from_secs(5),
            poll: Duration::from_secs(2),
            beside: Duration::from_millis(500),
        }
    }
}

/// What a wait for everything on disk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The archive's position.
    pub(crate) heads: Heads,
    /// Whether everything that was on disk when it was asked for is in the archive.
    pub(crate) complete: bool,
    /// Why not, for a person.
    pub(crate) reason: Option<String>,
}

/// How far the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ScanProgress {
    /// Whether the roots were listed: before that, nothing found does not mean that there is nothing.
    pub(crate) is_listed: bool,
    /// Sources that are archived.
    pub(crate) sources_done: u64,
    /// Sources that were found.
    pub(crate) sources_total: u64,
    /// Bytes that are archived.
    pub(crate) bytes_done: u64,
    /// Bytes that were found.
    pub(crate) bytes_total: u64,
}

/// What the archivist is asked.
#[derive(Debug)]
pub(crate) enum Command {
    Settle {
        deadline: Instant,
        settled: oneshot::Sender<Settled>,
    },
    Operate {
        operation: NewOperation,
        recorded: oneshot::Sender<Result<Seq, IngestError>>,
    },
    NoteEvent {
        event: Event,
        said: Option<NewOperation>,
        noted: oneshot::Sender<Result<Option<Seq>, IngestError>>,
    },
    ForgetMessages {
        session: SessionId,
        until: Timestamp,
    },
    Mend {
        losses: Vec<Loss>,
        left: oneshot::Sender<Result<Vec<Loss>, IngestError>>,
    },
    SetArchiving {
        archiving: Archiving,
        set: oneshot::Sender<Result<(), IngestError>>,
    },
}

/// Whether the user lets the archive grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archiving {
    /// What comes is archived.
    GoesOn,
    /// Nothing is read until the user says so.
    Paused,
}

/// What the archivist shows without being asked.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) progress: ScanProgress,
    pub(crate) faults: Vec<Fault>,
    pub(crate) shortfall: Option<String>,
    pub(crate) is_paused: bool,
}

/// The board, shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedBoard(Arc<Mutex<Board>>);

impl SharedBoard {
    // Every field is replaced whole, so a panic elsewhere leaves nothing half done.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the archivist.
pub(crate) struct ArchivistHandle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) watcher: Watcher,
    pub(crate) board: SharedBoard,
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) heads: watch::Receiver<Heads>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for ArchivistHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchivistHandle")
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl ArchivistHandle {
    /// Waits, at most so long, until everything that is on disk now is in the archive.
    pub(crate) async fn settle(&self, wait: Duration) -> Settled {
        let deadline = self.clock.monotonic() + wait;
        let (settled, answer) = oneshot::channel();
        let asked = async {
            self.ask(Command::Settle { deadline, settled }).await?;
            answer.await.map_err(|_| IngestError::Silent)
        };
        match timeout(wait + ANSWER_GRACE, asked).await {
            Ok(Ok(settled)) => settled,
            Ok(Err(_)) => self.unsettled("the archivist has ended"),
            Err(_) => self.unsettled("the archivist is busy"),
        }
    }

    /// Records what the user wrote.
    pub(crate) async fn operate(&self, operation: NewOperation) -> Result<Seq, IngestError> {
        let (recorded, answer) = oneshot::channel();
        self.ask(Command::Operate {
            operation,
            recorded,
        })
        .await?;
        answer.await.map_err(|_| IngestError::Silent)?
    }

    /// Records what a hook reported, and with it what the user said thereby; neither if the event is known, and
    /// then returns none.
    pub(crate) async fn note_event(
        &self,
        event: Event,
        said: Option<NewOperation>,
    ) -> Result<Option<Seq>, IngestError> {
        let (noted, answer) = oneshot::channel();
        self.ask(Command::NoteEvent { event, said, noted }).await?;
        answer.await.map_err(|_| IngestError::Silent)?
    }

    /// Forgets what a hook told of the model's words in a session up to `until`: its transcript has them.
    pub(crate) async fn forget_messages(&self, session: SessionId, until: Timestamp) {
        // Whoever ends forgets nothing, and the next one is told again.
        let _ending = self.ask(Command::ForgetMessages { session, until }).await;
    }

    /// Stops archiving, or goes on with it. Survives restarts.
    pub(crate) async fn set_archiving(&self, archiving: Archiving) -> Result<(), IngestError> {
        let (set, answer) = oneshot::channel();
        self.ask(Command::SetArchiving { archiving, set }).await?;
        answer.await.map_err(|_| IngestError::Silent)?
    }

    /// Puts back, from the files on disk, what of the archive does not read back; returns what stays
    /// lost.
    pub(crate) async fn mend(&self, losses: Vec<Loss>) -> Result<Vec<Loss>, IngestError> {
        let (left, answer) = oneshot::channel();
        self.ask(Command::Mend { losses, left }).await?;
        answer.await.map_err(|_| IngestError::Silent)?
    }

    /// Has the archivist look at what it stands on; it does so at every turn.
    pub(crate) fn look(&self) {
        self.watcher.wake();
    }

    /// Returns how far the scan is.
    pub(crate) fn progress(&self) -> ScanProgress {
        self.board.lock().progress
    }

    /// Returns what is wrong now.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.board.lock().faults.clone()
    }

    /// Returns why not all that is on disk is archived, or can be.
    pub(crate) fn shortfall(&self) -> Option<String> {
        self.board.lock().shortfall.clone()
    }

    /// Tells whether archiving is paused.
    pub(crate) fn is_paused(&self) -> bool {
        self.board.lock().is_paused
    }

    /// Returns how each root is watched.
    pub(crate) fn root_watches(&self) -> Vec<(PathBuf, RootWatch)> {
        self.roots
            .iter()
            .cloned()
            .zip(self.watcher.root_watches())
            .collect()
    }

    /// Returns the archive's position.
    pub(crate) fn heads(&self) -> Heads {
        *self.heads.borrow()
    }

    /// Tells the archivist to end after its current step.
    pub(crate) fn close(&self) {
        self.watcher.close();
    }

    /// Ends the archivist after its current step, and joins it. What it had not read stays on disk; what is
    /// there no more, and held open alone, is read first.
    pub(crate) fn stop(&self) {
        self.close();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the archivist panicked");
        }
    }

    async fn ask(&self, command: Command) -> Result<(), IngestError> {
        self.commands
            .send(command)
            .await
            .map_err(|_| IngestError::Silent)?;
        self.watcher.wake();
        Ok(())
    }

    fn unsettled(&self, reason: &str) -> Settled {
        Settled {
            heads: self.heads(),
            complete: false,
            reason: Some(reason.to_owned()),
        }
    }
}

impl Drop for ArchivistHandle {
    fn drop(&mut self) {
        self.stop();
    }
}
