//! Which roots are covered, and how: by events, by polling, or not at all while they are missing.
//! It must not know what is done about a change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::file_system;
use crate::poll::Poll;
use crate::watcher::{Method, Options, RootIndex, RootWatch, Shared};

/// How often watching a folder is tried while its content changes under us.
const TRIES_MAX: usize = 5;

/// One root.
#[derive(Debug)]
struct Cover {
    /// As it was named.
    path: PathBuf,
    /// Without symbolic links, as of when it was last covered.
    real: PathBuf,
    method: Covered,
}

#[derive(Debug)]
enum Covered {
    ByEvents,
    ByPolling { poll: Poll, due: Instant },
    Missing { due: Instant },
}

/// Every root, and the system's watcher behind them.
#[derive(Debug)]
pub(crate) struct Covers {
    roots: Vec<Cover>,
    system: Result<RecommendedWatcher, String>,
    options: Options,
    shared: Arc<Shared>,
}

impl Covers {
    pub(crate) fn start(
        roots: Vec<PathBuf>,
        cookie_dir: &Path,
        options: Options,
        shared: Arc<Shared>,
    ) -> Self {
        let system = match options.method {
            Method::Events => start_system(cookie_dir, Arc::clone(&shared)),
            Method::Polling => Err("set so".to_owned()),
        };
        let now = Instant::now();
        let cover = |path: PathBuf| Cover {
            real: path.clone(),
            path,
            method: Covered::Missing { due: now },
        };
        let mut covers = Self {
            roots: roots.into_iter().map(cover).collect(),
            system,
            options,
            shared,
        };
        for index in 0..covers.roots.len() {
            covers.cover(RootIndex(index), now);
        }
        covers
    }

    /// Returns when a root has to be looked at, if one has.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.roots
            .iter()
            .filter_map(|cover| match cover.method {
                Covered::ByEvents => None,
                Covered::ByPolling { due, .. } | Covered::Missing { due } => Some(due),
            })
            .min()
    }

    /// Covers `root` as well as can be, from the beginning.
    pub(crate) fn cover(&mut self, root: RootIndex, now: Instant) {
        let due = now + self.options.poll_every;
        let path = self.roots[root.0].path.clone();
        let (method, watch) = match path.canonicalize() {
            Ok(real) if real.is_dir() => {
                self.roots[root.0].real.clone_from(&real);
                match self.cover_by_events(root, &real) {
                    Ok(()) => (Covered::ByEvents, RootWatch::Events),
                    Err(reason) => {
                        let mut poll = Poll::default();
                        poll.walk(&real, &self.options.folders);
                        (Covered::ByPolling { poll, due }, RootWatch::Polling(reason))
                    }
                }
            }
            _ => (Covered::Missing { due }, RootWatch::Missing),
        };
        self.roots[root.0].method = method;
        let mut watches = self.shared.watches();
        if watches[root.0] != watch {
            tracing::info!(root = %path.display(), ?watch, "how a root is watched");
            watches[root.0] = watch;
        }
    }

    /// Gives up on events for `root`, because the system has no room for more of them.
    pub(crate) fn exhaust(&mut self, root: RootIndex, now: Instant) {
        let Cover { path, real, .. } = &self.roots[root.0];
        let (path, real) = (path.clone(), real.clone());
        self.uncover(&real);
        let mut poll = Poll::default();
        poll.walk(&real, &self.options.folders);
        let due = now + self.options.poll_every;
        self.roots[root.0].method = Covered::ByPolling { poll, due };
        let reason = describe(&ErrorKind::MaxFilesWatch);
        tracing::warn!(root = %path.display(), reason, "a root is polled");
        self.shared.watches()[root.0] = RootWatch::Polling(reason);
    }

    /// Covers a path that appeared below `root`, if it is a folder that is to be covered.
    ///
    /// The system's watcher adds a new folder by itself, but only after it has reported it, and it
    /// gives up on the first entry that vanishes meanwhile. When this returns, everything made
    /// in the folder from now on is reported; what was made before can be listed.
    pub(crate) fn cover_folder(&mut self, root: RootIndex, below: &Path) {
        let cover = &self.roots[root.0];
        let is_wanted = self
            .options
            .folders
            .iter()
            .any(|folder| below.starts_with(folder));
        if !matches!(cover.method, Covered::ByEvents) || !is_wanted {
            return;
        }
        let folder = cover.real.join(below);
        if let Err(error) = self.watch_folder(&folder) {
            if matches!(error.kind, ErrorKind::MaxFilesWatch) {
                self.shared.pending().accept(Err(error.add_path(folder)));
            } else {
                tracing::warn!(folder = %folder.display(), %error, "a folder is not watched");
            }
        }
    }

    /// Looks at what is due, and returns the paths that changed and the roots that came or went.
    pub(crate) fn look(&mut self, now: Instant) -> (Vec<(RootIndex, PathBuf)>, Vec<RootIndex>) {
        let mut changed = Vec::new();
        let mut shaken = Vec::new();
        for (index, cover) in self.roots.iter_mut().enumerate() {
            let root = RootIndex(index);
            match &mut cover.method {
                Covered::ByPolling { poll, due } if *due <= now => {
                    let paths = poll.walk(&cover.real, &self.options.folders);
                    changed.extend(paths.into_iter().map(|path| (root, path)));
                    *due = now + self.options.poll_every;
                    if !cover.path.is_dir() {
                        shaken.push(root);
                    }
                }
                Covered::Missing { due } if *due <= now => {
                    *due = now + self.options.poll_every;
                    if cover.path.is_dir() {
                        shaken.push(root);
                    }
                }
                _ => {}
            }
        }
        (changed, shaken)
    }

    fn cover_by_events(&mut self, root: RootIndex, real: &Path) -> Result<(), String> {
        if let Err(reason) = &self.system {
            return Err(reason.clone());
        }
        if let Some(name) = file_system::silent(real) {
            return Err(format!("{name} does not report every change"));
        }
        self.shared.pending().route(root, real.to_path_buf());
        self.watch_root(real).map_err(|error| {
            self.uncover(real);
            describe(&error.kind)
        })
    }

    fn watch_root(&mut self, real: &Path) -> notify::Result<()> {
        let Ok(system) = &mut self.system else {
            return Ok(());
        };
        system.watch(real, RecursiveMode::NonRecursive)?;
        for folder in self.options.folders.clone() {
            self.watch_folder(&real.join(folder))?;
        }
        Ok(())
    }

    fn watch_folder(&mut self, folder: &Path) -> notify::Result<()> {
        let Ok(system) = &mut self.system else {
            return Ok(());
        };
        let mut outcome = Ok(());
        for _ in 0..TRIES_MAX {
            // A symbolic link is no folder of this root: what it leads to is somebody else's.
            if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
                return Ok(());
            }
            outcome = system.watch(folder, RecursiveMode::Recursive);
            match &outcome {
                // Something in it vanished while it was being listed: list it again.
                Err(error) if is_vanished(error) => {}
                _ => return outcome,
            }
        }
        outcome
    }

    fn uncover(&mut self, real: &Path) {
        let Ok(system) = &mut self.system else { return };
        let folders = self.options.folders.iter().map(|folder| real.join(folder));
        for folder in folders.chain([real.to_path_buf()]) {
            // What was not watched need not be unwatched.
            if let Err(error) = system.unwatch(&folder) {
                tracing::debug!(folder = %folder.display(), %error, "was not watched");
            }
        }
    }
}

fn start_system(cookie_dir: &Path, shared: Arc<Shared>) -> Result<RecommendedWatcher, String> {
    let config = Config::default()
        .with_follow_symlinks(false)
        .with_poll_interval(Duration::from_secs(2));
    let handler = move |outcome| shared.report(|pending| pending.accept(outcome));
    let mut system = RecommendedWatcher::new(handler, config)
        .map_err(|error| format!("the system's watcher does not start: {error}"))?;
    system
        .watch(cookie_dir, RecursiveMode::NonRecursive)
        .map_err(|error| describe(&error.kind))?;
    Ok(system)
}

fn is_vanished(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(source) => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn describe(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::MaxFilesWatch => {
            "the system's limit on watched folders is reached (fs.inotify.max_user_watches)".into()
        }
        ErrorKind::Io(source) => format!("a folder cannot be watched: {source}"),
        other => format!("a folder cannot be watched: {other:?}"),
    }
}
