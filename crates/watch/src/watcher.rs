//! Starting to watch, and the handle that others keep. It must not know what the paths hold.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cover::Covers;
use crate::covering::Covering;
use crate::pending::Pending;
use crate::{Hints, WatchError};

/// Which of the watched roots: its place in the list given to [`Watcher::start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootIndex(pub usize);

/// How changes of a root come to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootWatch {
    /// The system reports them.
    Events,
    /// By looking every few seconds, for this reason.
    Polling(String),
    /// There is no such directory; its appearing is waited for.
    Missing,
}

/// How to watch.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folders of a root that are watched in full depth. Besides them, the root's own files are.
    pub folders: Vec<String>,
    /// Files elsewhere of which it is told that something happened to one of them, and no more. Each is
    /// watched through its directory, which must exist when the watch begins.
    pub beside: Vec<PathBuf>,
    /// How often a root without events is looked at, and a missing one is looked for.
    pub poll_every: Duration,
    /// How many changed paths are kept for the consumer; more become a rescan of their root.
    pub paths_max: usize,
    /// Most folders that are watched in one of `folders`; where there are more, the root is polled.
    pub folders_max: usize,
    /// Whether to look rather than to trust events even where they are to be had.
    pub method: Method,
}

/// What to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// On events, wherever they reach us.
    Events,
    /// On looking alone.
    Polling,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            beside: Vec::new(),
            poll_every: Duration::from_secs(2),
            paths_max: 4096,
            folders_max: 200_000,
            method: Method::Events,
        }
    }
}

/// What the system's thread, the consumer and the holders of a [`Watcher`] share.
#[derive(Debug)]
pub(crate) struct Shared {
    pending: Mutex<Pending>,
    arrived: Condvar,
    watches: Mutex<Vec<RootWatch>>,
    pub(crate) covering: Covering,
}

impl Shared {
    // Whoever panicked while holding one of these left it whole: each is changed in single steps.
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watches(&self) -> MutexGuard<'_, Vec<RootWatch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is pending, and tells the consumer.
    pub(crate) fn report(&self, change: impl FnOnce(&mut Pending)) {
        let mut pending = self.pending();
        change(&mut pending);
        if !pending.is_quiet() {
            self.arrived.notify_all();
        }
    }

    /// Waits until something is pending, at most for `patience`; for ever without one.
    pub(crate) fn wait(&self, patience: Option<Duration>) -> MutexGuard<'_, Pending> {
        let pending = self.pending();
        match patience {
            None => self
                .arrived
                .wait_while(pending, |pending| pending.is_quiet())
                .unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.arrived
                    .wait_timeout_while(pending, patience, |pending| pending.is_quiet())
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }
}

/// Returns the path of a file, which need not exist, as the system names it in events.
fn real(file: &Path) -> Option<PathBuf> {
    let dir = file.parent()?.canonicalize().ok()?;
    Some(dir.join(file.file_name()?))
}

/// A handle on what is being watched. Clones are handles on the same.
#[derive(Debug, Clone)]
pub struct Watcher {
    shared: Arc<Shared>,
}

impl Watcher {
    /// Starts to watch `cookie_dir`, which must exist, and prepares to watch `roots`, which need not:
    /// the consumer begins with [`Hints::cover`].
    ///
    /// Files created in `cookie_dir` are reported in order with the changes of the roots, so that
    /// whoever sees a cookie has seen every change made before it on roots watched by events.
    pub fn start(
        roots: Vec<PathBuf>,
        cookie_dir: &Path,
        options: Options,
    ) -> Result<(Self, Hints), WatchError> {
        let cookie_dir =
            cookie_dir
                .canonicalize()
                .map_err(|source| WatchError::CookieDirectory {
                    path: cookie_dir.to_path_buf(),
                    source,
                })?;
        let beside = options
            .beside
            .iter()
            .filter_map(|path| real(path))
            .collect();
        let options = Options { beside, ..options };
        let pending = Pending::new(cookie_dir.clone(), options.paths_max);
        let shared = Arc::new(Shared {
            pending: Mutex::new(pending.beside(options.beside.clone())),
            arrived: Condvar::new(),
            watches: Mutex::new(vec![RootWatch::Missing; roots.len()]),
            covering: Covering::default(),
        });
        let covers = Covers::start(roots, &cookie_dir, options, Arc::clone(&shared));
        Ok((
            Self {
                shared: Arc::clone(&shared),
            },
            Hints::new(covers, shared),
        ))
    }

    /// Makes [`Hints::next`] return soon, even with nothing to say.
    pub fn wake(&self) {
        self.shared.report(Pending::wake);
    }

    /// Ends the hints: [`Hints::next`] says so from now on.
    pub fn close(&self) {
        self.shared.report(|pending| pending.is_closed = true);
    }

    /// Waits until everything made from now on in the folder `below` a root is reported, or [`Hints::cover`]
    /// has come to its end. Whoever lists a folder after that misses nothing.
    pub fn wait_until_covered(&self, root: RootIndex, below: &Path) {
        self.shared.covering.wait_for(root, below);
    }

    /// Returns how each root is watched, in the order of the roots.
    pub fn root_watches(&self) -> Vec<RootWatch> {
        self.shared.watches().clone()
    }
}
