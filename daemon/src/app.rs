//! The wiring: what is opened, started and joined, in which order. The only place that knows all parts.

mod ground;
mod keeping;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sessions_archive::{Archive, ArchiveError, ErrorKind, Heads};
use sessions_model::{Fault, FaultKind, Timestamp};
use sessions_paths::{Environment, Paths, PathsError, create_private};
use tokio::net::UnixListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::backend::Backend;
use crate::causes::chain;
use crate::derive::{Deriver, Parts as DeriverParts};
use crate::ingest::{
    Archivist, ArchivistHandle, Excludes, IngestError, Pace, Parts as ArchivistParts,
};
use crate::salvage::{self, SalvageError};
use crate::{rpc, socket};

pub use ground::check_sandbox;
use ground::{Ground, prepare};
use keeping::Keeping;

/// Threads for questions and copies.
const BLOCKING_THREADS_MAX: usize = 12;

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
    #[error("could not open the archive")]
    Archive(#[from] ArchiveError),
    /// The archive is damaged and cannot be salvaged.
    #[error("the archive is damaged")]
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
        match self {
            Self::Archive(error) | Self::Ingest(IngestError::Archive(error)) => {
                error.kind() == ErrorKind::Corrupt
            }
            _ => false,
        }
    }

    fn start(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Start { what, source }
    }
}

/// Runs the daemon until it is told to end.
///
/// # Errors
/// When it cannot start; what goes wrong later is a fault in `status`.
pub fn run(environment: &Environment) -> Result<(), AppError> {
    let ground = prepare(environment)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(AppError::start("the runtime"))?;
    let ended = runtime.block_on(serve(&ground));
    tracing::info!("ended");
    ended
}

/// Opens and starts the parts, serves, and ends them in reverse order.
async fn serve(ground: &Ground) -> Result<(), AppError> {
    let signals = Signals::hear()?;
    let started = match start(ground) {
        Err(error) if error.is_damage() => {
            let dir = ground.paths.archive_dir();
            tracing::error!(error = chain(&error), "the archive is damaged");
            salvage::want(&dir).map_err(AppError::file("write to", dir))?;
            start(ground)
        }
        started => started,
    };
    let Started {
        backend,
        listener,
        bound,
        stirred,
    } = started?;
    let stop = backend.stop.clone();
    let (listeners, replacements) = mpsc::channel(1);
    let connections = socket::OwnConnections::new(listener, replacements);
    let keeping = Keeping {
        footing: Arc::clone(&ground.footing),
        successor: Arc::clone(&ground.successor),
        bound,
        listeners,
        stop: stop.clone(),
    };
    let served = tokio::select! {
        served = rpc::serve(Arc::clone(&backend), connections, stop.subscribe()) => served,
        never = signals.end(stop.clone()) => match never {},
        never = keeping.keep(stirred) => match never {},
    };
    let joined = tokio::task::spawn_blocking(move || {
        backend.deriver.stop();
        backend.archivist.stop();
    });
    if joined.await.is_err() {
        tracing::error!("ending the parts panicked");
    }
    // The next daemon would replace it; a client that looks now need not try it.
    let _missing = fs::remove_file(ground.paths.socket());
    Ok(served?)
}

/// What runs once everything is started.
struct Started {
    backend: Arc<Backend>,
    listener: UnixListener,
    bound: socket::Bound,
    /// Says that something stirred where the daemon stands.
    stirred: mpsc::Receiver<()>,
}

fn start(ground: &Ground) -> Result<Started, AppError> {
    let Ground {
        paths,
        roots,
        facts,
        clock,
        ..
    } = ground;
    let (mut archive, lost) = open_archive(paths, facts.started_at)?;
    if let Some(machine) = &ground.machine
        && archive.meet_machine(*machine)?
    {
        tracing::warn!("this is another machine than before: its sources are archived as its own");
    }
    let (reader, asked) = (archive.reader()?, archive.reader()?);
    let (heads_in, heads) = watch::channel(reader.heads()?);
    let archive_id = archive.id();
    // The first to be able to fail on what is archived: nothing else runs yet.
    let (stir, stirred) = mpsc::channel(1);
    let archivist = start_archivist(ground, archive, heads_in, stir)?;
    let deriver = Deriver::start(
        DeriverParts {
            archive: reader,
            archive_id,
            derived: paths.derived_dir(),
            free_bytes_min: ground.settings.min_free_bytes,
            heads: heads.clone(),
            clock: Arc::clone(clock),
            started_at: facts.started_at,
        },
        tokio::runtime::Handle::current(),
    )
    .map_err(AppError::start("the deriver"))?;
    let (listener, bound) =
        socket::bind(&paths.socket()).map_err(AppError::file("listen on", paths.socket()))?;
    let mut facts = facts.clone();
    facts.faults.extend(lost);
    let backend = Backend {
        archivist,
        deriver,
        heads,
        roots: roots.clone(),
        archive: Mutex::new(asked),
        clock: Arc::clone(clock),
        facts,
        rate: Mutex::default(),
        stop: watch::Sender::new(false),
    };
    Ok(Started {
        backend: Arc::new(backend),
        listener,
        bound,
        stirred,
    })
}

fn start_archivist(
    ground: &Ground,
    archive: Archive,
    heads: watch::Sender<Heads>,
    stir: mpsc::Sender<()>,
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
        beside: vec![paths.socket(), paths.config_file()],
        stir,
        method: settings.watch,
    })?;
    Ok(handle)
}

/// Opens the archive; a damaged one is salvaged first, and what was lost is named.
fn open_archive(paths: &Paths, now: Timestamp) -> Result<(Archive, Option<Fault>), AppError> {
    let dir = paths.archive_dir();
    if !salvage::is_wanted(&dir)? {
        return Ok((Archive::open(&dir, now)?, None));
    }
    let lost = salvage::replace_damaged(&dir, now)?;
    let hint = format!(
        "the damaged file is kept as {}; restore a backup if one has more",
        lost.kept.display()
    );
    let fault = Fault {
        kind: FaultKind::Archive,
        message: lost.message,
        hint,
        since: now,
    };
    Ok((Archive::open(&dir, now)?, Some(fault)))
}

/// The signals that are heard.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Hears them from now on: before, the system ends a process that gets one.
    fn hear() -> Result<Self, AppError> {
        let hear = |kind| signal(kind).map_err(AppError::start("signal handling"));
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangup: hear(SignalKind::hangup())?,
        })
    }

    async fn end(mut self, stop: watch::Sender<bool>) -> std::convert::Infallible {
        loop {
            tokio::select! {
                // A terminal that closes is no reason to end.
                _ = self.hangup.recv() => continue,
                _ = self.terminate.recv() => tracing::info!("told to end"),
                _ = self.interrupt.recv() => tracing::info!("interrupted"),
            }
            stop.send_replace(true);
        }
    }
}
