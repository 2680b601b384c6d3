//! Starting the archivist: what it knows and holds before its thread runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use sessions_archive::{Archive, ArchiveReader, Heads, SourceState};
use sessions_model::{Origin, RootId, Timestamp};
use sessions_transcript::classify;
use sessions_watch::{Options, Watcher};
use tokio::sync::mpsc;

use super::file::Standing;
use super::idle::Idle;
use super::settling::Settling;
use super::work::Work;
use super::{Archivist, PAUSED};
use crate::ingest::IngestError;
use crate::ingest::disk::{Disk, SystemDisk};
use crate::ingest::handle::{ArchivistHandle, Parts, SharedBoard};
use crate::ingest::place::{FOLDERS, Root, Roots};

/// Commands that wait for the thread.
const COMMANDS_MAX: usize = 256;

impl Archivist {
    /// Watches the roots, begins to scan them, and archives what is there and what comes.
    pub(crate) fn start(parts: Parts) -> Result<ArchivistHandle, IngestError> {
        Self::start_on(parts, Box::new(SystemDisk))
    }

    pub(in crate::ingest) fn start_on(
        mut parts: Parts,
        disk: Box<dyn Disk>,
    ) -> Result<ArchivistHandle, IngestError> {
        let is_wanted = |root: &PathBuf| !parts.excludes.has_root(root);
        let paths: Vec<_> = parts
            .roots
            .iter()
            .filter(|root| is_wanted(root))
            .cloned()
            .collect();
        let options = Options {
            folders: FOLDERS.map(str::to_owned).to_vec(),
            poll_every: parts.pace.poll,
            method: parts.method,
            beside: parts.beside,
            ..Options::default()
        };
        let (watcher, mut hints) = Watcher::start(paths.clone(), &parts.cookie_dir, options)?;
        // Meanwhile, what is known is read, and what is covered is listed: each takes as long as a person
        // notices.
        let covering = spawn("cover", move || {
            hints.cover();
            hints
        })?;
        let stock = match Stock::take(&mut parts.archive, &paths, parts.clock.now()) {
            Ok(stock) => stock,
            Err(error) => {
                // Nothing watches on for a start that failed.
                drop(covering.join());
                return Err(error);
            }
        };
        parts.heads.send_replace(stock.heads);
        let clock = parts.clock;
        let mut work = Work::new(
            stock.roots,
            parts.excludes,
            Arc::clone(&clock),
            parts.pace,
            disk,
        );
        work.take_known(stock.known);
        work.is_paused = stock.is_paused;
        work.hold = parts.hold;
        let board = SharedBoard::default();
        board.lock().is_paused = work.rests();
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let now = clock.monotonic();
        let heads = parts.heads.subscribe();
        let archivist = Self {
            archive: parts.archive,
            reader: stock.reader,
            work,
            settling: Settling::new(parts.cookie_dir, watcher.clone()),
            suspicion: parts.suspicion,
            watcher: watcher.clone(),
            standing: Standing::default(),
            idle: Idle::new(parts.data_dir, parts.free_bytes_min, now, &parts.pace),
            commands: received,
            heads: parts.heads,
            stir: parts.stir,
            board: board.clone(),
        };
        let thread = spawn("archivist", move || archivist.run(covering))?;
        let thread = Mutex::new(Some(thread));
        Ok(ArchivistHandle {
            commands,
            watcher,
            board,
            roots: paths,
            heads,
            clock,
            thread,
        })
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, IngestError> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(IngestError::Thread)
}

/// What the archive says when it is taken up.
struct Stock {
    roots: Roots,
    known: Vec<SourceState>,
    reader: ArchiveReader,
    heads: Heads,
    is_paused: bool,
}

impl Stock {
    fn take(archive: &mut Archive, paths: &[PathBuf], now: Timestamp) -> Result<Self, IngestError> {
        let (roots, known) = record(archive, paths, now)?;
        let reader = archive.reader()?;
        let paused = archive.setting(PAUSED)?;
        Ok(Self {
            roots,
            known,
            heads: reader.heads()?,
            reader,
            is_paused: paused.is_some_and(|value| value == "true"),
        })
    }
}

/// Returns the roots with their numbers in the archive, and every source that is known.
fn record(
    archive: &mut Archive,
    paths: &[PathBuf],
    now: Timestamp,
) -> Result<(Roots, Vec<SourceState>), IngestError> {
    for path in paths {
        archive.adopt_root(&path.to_string_lossy(), &|below| path.join(below).exists())?;
    }
    let mut transaction = archive.begin(now)?;
    let mut roots = Vec::new();
    for path in paths {
        let id = transaction.root(&path.to_string_lossy())?;
        roots.push(Root {
            path: path.clone(),
            id,
        });
    }
    transaction.commit()?;
    archive.note_identity()?;
    let roots = Roots(roots);
    let known = archive.sources()?;
    let known = if classify_again(archive, (&roots, &known), now)? {
        archive.sources()?
    } else {
        known
    };
    Ok((roots, known))
}

/// Records what sources are where that is known better now than when they were first seen: by a later
/// version, or because a salvage found their paths alone. Returns whether any was.
fn classify_again(
    archive: &mut Archive,
    (roots, known): (&Roots, &[SourceState]),
    now: Timestamp,
) -> Result<bool, IngestError> {
    let is_watched = |known: &&SourceState| roots.index_of(known.root).is_some();
    let better: Vec<(RootId, Origin)> = known
        .iter()
        .filter(is_watched)
        .filter_map(|known| {
            let origin = classify(&known.origin.path)?;
            (origin != known.origin).then_some((known.root, origin))
        })
        .collect();
    if better.is_empty() {
        return Ok(false);
    }
    let mut transaction = archive.begin(now)?;
    for (root, origin) in &better {
        transaction.source(*root, origin)?;
    }
    transaction.commit()?;
    Ok(true)
}
