//! The wiring: what is opened, started and joined, in which order. The only place that knows all parts.

mod ground;
mod keeping;

use std::io;
use std::os::unix::net::UnixListener as Passed;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sessions_archive::{Archive, ArchiveError, ErrorKind, Heads};
use sessions_paths::{Environment, PathsError, create_private};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::backend::{Backend, Front, Hooks, Limits, Readers, Salvaging, go_on_while};
use crate::causes::chain;
use crate::derive::{Deriver, Parts as DeriverParts};
use crate::ingest::{
    Archivist, ArchivistHandle, Excludes, IngestError, Pace, Parts as ArchivistParts,
};
use crate::salvage::{self, SalvageError};
use crate::succession::Succession;
use crate::suspicion::Suspicion;
use crate::{rpc, socket};

pub use ground::check_sandbox;
use ground::{Ground, prepare};
use keeping::Keeping;

/// Threads for questions and copies.
const BLOCKING_THREADS_MAX: usize = 12;

/// How long calls under way may go on once the daemon is told to end.
const GRACE: Duration = Duration::from_secs(3);

/// Why the daemon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A directory of ours cannot be had.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// Another daemon has this data directory.
    #[error("another sessionsd has {}", data.display())]
    Locked {
        /// The data directory.
        data: PathBuf,
    },
    /// A daemon of other data listens where this one would.
    #[error("another sessionsd, of other data, listens on {}", socket.display())]
    Listening {
        /// The socket.
        socket: PathBuf,
    },
    /// A file of ours cannot be used.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The archive cannot be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive cannot be opened, or is damaged and cannot be salvaged.
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    /// The archivist cannot start.
    #[error("could not start archiving")]
    Ingest(#[from] IngestError),
    /// The system refuses a thread, a runtime or a signal handler.
    #[error("could not start {what}")]
    Start {
        /// What was started.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The socket failed while it was served.
    #[error("could not serve the socket")]
    Serve(#[from] tonic::transport::Error),
}

impl AppError {
    fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }

    /// Whether a salvage may mend it.
    fn is_damage(&self) -> bool {
        self.of_archive() == Some(ErrorKind::Corrupt)
    }

    fn of_archive(&self) -> Option<ErrorKind> {
        match self {
            Self::Archive(error)
            | Self::Salvage(SalvageError::Archive(error))
            | Self::Ingest(IngestError::Archive(error)) => Some(error.kind()),
            _ => None,
        }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        match (self, self.of_archive()) {
            (Self::Locked { .. }, _) => "\"sessions daemon stop\" ends it",
            (Self::Listening { .. }, _) => {
                "end it, or set SESSIONS_HOME, which gives each its own directories"
            }
            (_, Some(ErrorKind::NewerSchema)) => "install the newest version of Claude Sessions",
            (_, Some(ErrorKind::Corrupt)) => {
                "put a backup in its place, or move the archive's directory away to begin anew"
            }
            (_, Some(ErrorKind::DiskFull)) => "free some space on its disk, then try again",
            _ => "see that the directory exists, is yours, can be written, and has space",
        }
    }

    fn start(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Start { what, source }
    }
}

/// What started the daemon, and thereby who takes its place when it calls.
#[derive(Debug)]
pub enum Origin {
    /// A client, or the daemon before, after so many successions in a row: a process of ours is to follow.
    Process {
        /// How many.
        in_a_row: u32,
    },
    /// A service manager, which starts it again.
    Service {
        /// The socket that it listens on for the daemon, if it does.
        socket: Option<Passed>,
    },
}

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Until somebody starts it.
    ForNow,
    /// To be started again: who started it is to see to that.
    ToStartAgain,
}

/// Runs the daemon until it is told to end.
///
/// # Errors
/// When it cannot start; what goes wrong later is a fault in `status`.
pub fn run(environment: &Environment, origin: Origin) -> Result<Ended, AppError> {
    let ground = Arc::new(prepare(environment, &origin)?);
    let (passed, is_service) = match origin {
        Origin::Process { .. } => (None, false),
        Origin::Service { socket } => (socket, true),
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(AppError::start("the runtime"))?;
    let ended = runtime.block_on(serve(&ground, passed));
    // Whoever reads for a client that has gone, or in the middle of one statement, writes nothing.
    runtime.shutdown_timeout(GRACE);
    ground.reserve.hold();
    tracing::info!("ended");
    ground.succession.conclude(ground.lived());
    ended?;
    if is_service && ground.succession.is_called() {
        Ok(Ended::ToStartAgain)
    } else {
        Ok(Ended::ForNow)
    }
}

/// Opens and starts the parts, serves, and ends them in reverse order.
async fn serve(ground: &Arc<Ground>, passed: Option<Passed>) -> Result<(), AppError> {
    let signals = Signals::hear(&ground.succession)?;
    let stop = watch::Sender::new(false);
    let front = Arc::new(Front::new(
        ground.facts.clone(),
        ground.roots.clone(),
        Arc::clone(&ground.footing),
        (ground.succession.clone(), stop.clone()),
    ));
    let (stir, stirred) = mpsc::channel(1);
    let mut signals = pin!(signals.end(stop.clone(), ground));
    let mut opening = Opening::begin(ground, &front, stir.clone());
    // Nobody is answered before there is something to say: the archive is open, or takes its time.
    tokio::select! {
        opened = opening.done() => opened?,
        () = front.salvaging() => {}
        never = &mut signals => match never {},
    }
    let socket = ground.paths.socket();
    let (listener, bound) =
        socket::take_or_bind(passed, &socket).map_err(AppError::file("listen on", socket))?;
    let first = bound.clone();
    let (listeners, replacements) = mpsc::channel(1);
    let connections = socket::OwnConnections::new(listener, replacements);
    let keeping = Keeping {
        ground: Arc::clone(ground),
        front: Arc::clone(&front),
        bound,
        listeners,
        stop: stop.clone(),
    };
    let mut serving = pin!(rpc::serve(
        Arc::clone(&front),
        connections,
        stop.subscribe()
    ));
    let mut checks = pin!(front.check_when_suspected(&stir));
    let mut reports = Box::pin(front.take_reports(rpc::spool::read));
    let mut kept = pin!(keeping.keep(stirred));
    let mut grace = pin!(end_of_grace(stop.subscribe()));
    let served = loop {
        tokio::select! {
            served = &mut serving => break served.map_err(AppError::from),
            opened = opening.done(), if opening.is_under_way() => if let Err(error) = opened {
                break Err(error);
            },
            never = &mut signals => match never {},
            never = &mut checks => match never {},
            never = &mut reports => match never {},
            never = &mut kept => match never {},
            () = &mut grace => {
                tracing::warn!("calls that were under way are broken off");
                break Ok(());
            }
        }
    };
    stop.send_replace(true);
    // A salvage that is given up says so by an error, which is none by now.
    let _given_up = opening.done().await;
    if let Ok(backend) = front.backend() {
        drop(reports);
        backend.drain_reports().await;
        end(Arc::clone(backend)).await;
    }
    first.clear();
    served
}

/// Waits until calls have had their time to end: a client may never read what it asked for.
async fn end_of_grace(mut stop: watch::Receiver<bool>) {
    // A sender that is dropped means the same. What is lent here would keep the others from writing.
    drop(stop.wait_for(|&is_told| is_told).await);
    tokio::time::sleep(GRACE).await;
}

/// Ends the parts, on a thread of its own: those for questions may all be taken.
async fn end(backend: Arc<Backend>) {
    let (ended, all) = oneshot::channel();
    let ending = move || {
        backend.deriver.stop();
        backend.archivist.stop();
        let _nobody = ended.send(());
    };
    let thread = std::thread::Builder::new().name("end".into()).spawn(ending);
    if thread.is_err() || all.await.is_err() {
        tracing::error!("the parts were not ended");
    }
}

/// The opening of the archive and of all that stands on it, on a thread of its own.
struct Opening(Option<JoinHandle<Result<(), AppError>>>);

impl Opening {
    fn begin(ground: &Arc<Ground>, front: &Arc<Front>, stir: mpsc::Sender<()>) -> Self {
        let (ground, front) = (Arc::clone(ground), Arc::clone(front));
        Self(Some(tokio::task::spawn_blocking(move || {
            open(&ground, &front, &stir)
        })))
    }

    fn is_under_way(&self) -> bool {
        self.0.is_some()
    }

    /// Waits until it is done; returns at once if it was before.
    async fn done(&mut self) -> Result<(), AppError> {
        let Some(handle) = &mut self.0 else {
            return Ok(());
        };
        let joined = handle.await;
        self.0 = None;
        joined.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Ok(()),
        })
    }
}

/// Opens and starts the parts; if the archive turns out to be damaged, it is salvaged and tried again.
fn open(ground: &Ground, front: &Front, stir: &mpsc::Sender<()>) -> Result<(), AppError> {
    let started = match start(ground, front, stir) {
        Err(error) if error.is_damage() => {
            let dir = ground.paths.archive_dir();
            tracing::error!(error = chain(&error), "the archive is damaged");
            salvage::want(&dir).map_err(AppError::file("write to", dir))?;
            start(ground, front, stir)
        }
        started => started,
    };
    front.open(started?);
    Ok(())
}

fn start(ground: &Ground, front: &Front, stir: &mpsc::Sender<()>) -> Result<Backend, AppError> {
    let Ground {
        paths,
        roots,
        facts,
        clock,
        ..
    } = ground;
    let mut progress = |bytes_done, bytes_total| {
        go_on_while(front.note_salvaging(Salvaging {
            bytes_done,
            bytes_total,
        }))
    };
    let mut archive = salvage::open(&paths.archive_dir(), facts.started_at, &mut progress)?;
    ground
        .footing
        .stand_on(&paths.archive_dir().join(salvage::FILE));
    if let Some(machine) = &ground.machine
        && archive.meet_machine(*machine)?
    {
        tracing::warn!("this is another machine than before: its sources are archived as its own");
    }
    let (reader, asked) = (archive.reader()?, archive.reader()?);
    let (heads_in, heads) = watch::channel(reader.heads()?);
    let archive_id = archive.id();
    let suspicion = front.suspicion.clone();
    // It opens its pair while the archivist reads what it knows.
    let deriver = Deriver::start(
        DeriverParts {
            archive: reader,
            archive_id,
            derived: paths.derived_dir(),
            free_bytes_min: ground.settings.min_free_bytes,
            heads: heads.clone(),
            clock: Arc::clone(clock),
            started_at: facts.started_at,
            suspicion: suspicion.clone(),
        },
        tokio::runtime::Handle::current(),
    )
    .map_err(AppError::start("the deriver"))?;
    // Nothing goes on without it, least of all with an archive that is to be salvaged.
    let archivist = start_archivist(ground, archive, heads_in, (stir.clone(), suspicion.clone()))
        .inspect_err(|_| deriver.stop())?;
    Ok(Backend {
        archivist,
        deriver,
        heads,
        roots: roots.clone(),
        archive: Readers::new(asked),
        clock: Arc::clone(clock),
        facts: facts.clone(),
        rate: Mutex::default(),
        suspicion,
        damage: Mutex::default(),
        limits: Limits::default(),
        hooks: Hooks::default(),
        stopping: front.stopping(),
    })
}

fn start_archivist(
    ground: &Ground,
    archive: Archive,
    heads: watch::Sender<Heads>,
    (stir, suspicion): (mpsc::Sender<()>, Suspicion),
) -> Result<ArchivistHandle, AppError> {
    let Ground {
        paths,
        settings,
        roots,
        clock,
        ..
    } = ground;
    let cookie_dir = paths.runtime.join("cookies");
    create_private(&cookie_dir)?;
    let handle = Archivist::start(ArchivistParts {
        archive,
        roots: roots.known().to_vec(),
        excludes: Excludes::new(settings.exclude_roots.clone(), &settings.exclude)?,
        hold: ground.facts.hold.clone(),
        clock: Arc::clone(clock),
        cookie_dir,
        data_dir: paths.data.clone(),
        heads,
        free_bytes_min: settings.min_free_bytes,
        pace: Pace::default(),
        beside: vec![paths.socket(), paths.config_file(), paths.root_list_file()],
        stir,
        suspicion,
        method: settings.watch,
    })?;
    Ok(handle)
}

/// The signals that are heard.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    child: Signal,
}

impl Signals {
    /// Hears them from now on: before, the system ends a process that gets one. Those that end the daemon
    /// dismiss its successor for as long as the process lives, also when nobody waits for them any more.
    fn hear(succession: &Succession) -> Result<Self, AppError> {
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let dismissal: Arc<AtomicBool> = succession.dismissal();
            signal_hook::flag::register(kind.as_raw_value(), dismissal)
                .map_err(AppError::start("signal handling"))?;
        }
        let hear = |kind| signal(kind).map_err(AppError::start("signal handling"));
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangup: hear(SignalKind::hangup())?,
            child: hear(SignalKind::child())?,
        })
    }

    async fn end(mut self, stop: watch::Sender<bool>, ground: &Ground) -> std::convert::Infallible {
        loop {
            ground.succession.reap(ground.clock.now());
            tokio::select! {
                _ = self.child.recv() => continue,
                // A terminal that closes is no reason to end.
                _ = self.hangup.recv() => continue,
                _ = self.terminate.recv() => tracing::info!("told to end"),
                _ = self.interrupt.recv() => tracing::info!("interrupted"),
            }
            stop.send_replace(true);
        }
    }
}
