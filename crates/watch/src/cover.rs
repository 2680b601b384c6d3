//! Which roots are covered, and how: by events, by polling, or not at all while they are missing.
//! It must not know what is done about a change.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use notify::ErrorKind;

use crate::Folder;
use crate::file_system;
use crate::poll::Poll;
use crate::system::{System, describe, for_each_level, is_closed_to_us};
use crate::watcher::{Method, Options, RootIndex, RootWatch, Shared};

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
    /// `due` is when a folder that is a link to nowhere is looked at again.
    ByEvents {
        due: Option<Instant>,
    },
    ByPolling {
        poll: Poll,
        due: Instant,
    },
    /// It is not there, or closed to us: nothing of it can be listed until it is looked for again. That it
    /// comes is worth telling also where it stays closed: the consumer may be kept from it by itself.
    Awaited {
        due: Instant,
        is_there: bool,
    },
}

/// Every root, and the system's watcher behind them.
#[derive(Debug)]
pub(crate) struct Covers {
    roots: Vec<Cover>,
    cookie_dir: PathBuf,
    system: Result<System, String>,
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
        let system = System::start(cookie_dir, &options.beside, Arc::clone(&shared));
        let now = Instant::now();
        let cover = |path: PathBuf| Cover {
            real: path.clone(),
            path,
            method: Covered::Awaited {
                due: now,
                is_there: false,
            },
        };
        let roots = roots.into_iter().map(cover).collect();
        Self {
            roots,
            cookie_dir: cookie_dir.to_owned(),
            system,
            options,
            shared,
        }
    }

    /// Covers every root.
    pub(crate) fn cover_all(&mut self, now: Instant) {
        for index in 0..self.roots.len() {
            self.cover(RootIndex(index), now);
        }
    }

    /// Returns when a root has to be looked at, if one has.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.roots
            .iter()
            .filter_map(|cover| match cover.method {
                Covered::ByEvents { due } => due,
                Covered::ByPolling { due, .. } | Covered::Awaited { due, .. } => Some(due),
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
                    Ok(()) => {
                        let due = self.awaits_folder(&real).then_some(due);
                        (Covered::ByEvents { due }, RootWatch::Events)
                    }
                    Err(reason) => {
                        // Whoever lists what is covered may have listed some of it before it was no more.
                        if self.shared.covering.forget(root) {
                            self.shared.pending().shake(root);
                        }
                        let watch = RootWatch::Polling(reason);
                        if can_list(&real) {
                            let mut poll = Poll::default();
                            poll.walk(&real, &self.options.folders);
                            (Covered::ByPolling { poll, due }, watch)
                        } else {
                            let is_there = true;
                            (Covered::Awaited { due, is_there }, watch)
                        }
                    }
                }
            }
            _ => {
                let is_there = false;
                (Covered::Awaited { due, is_there }, RootWatch::Missing)
            }
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
        self.uncover(root);
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
    /// When this returns, everything made in the folder from now on is reported; what was made before
    /// can be listed.
    pub(crate) fn cover_folder(&mut self, root: RootIndex, below: &Path) {
        let cover = &self.roots[root.0];
        let folders = &self.options.folders;
        let is_top = folders.iter().any(|folder| below == Path::new(folder));
        let is_wanted = folders.iter().any(|folder| below.starts_with(folder));
        if !matches!(cover.method, Covered::ByEvents { .. }) || !is_wanted {
            return;
        }
        let folder = cover.real.join(below);
        let watched = if is_top {
            let real = cover.real.clone();
            self.watch_top(root, &real, below)
        } else {
            // Below a link the system knows it by its path without one.
            let real = folder.canonicalize();
            self.watch_folder((root, below), real.as_deref().unwrap_or(&folder))
        };
        if let Err(error) = watched {
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
                Covered::ByEvents { due: Some(due) } if *due <= now => {
                    *due = now + self.options.poll_every;
                    let mut folders = self.options.folders.iter();
                    let is_lost = |folder: &String| is_lost(&cover.real.join(folder));
                    if !folders.any(is_lost) {
                        shaken.push(root);
                    }
                }
                Covered::Awaited { due, is_there } if *due <= now => {
                    *due = now + self.options.poll_every;
                    let has_come = !*is_there && cover.path.is_dir();
                    if has_come || can_list(&cover.path) {
                        shaken.push(root);
                    }
                }
                _ => {}
            }
        }
        (changed, shaken)
    }

    fn cover_by_events(&mut self, root: RootIndex, real: &Path) -> Result<(), String> {
        if self.options.method == Method::Polling {
            return Err("set so".to_owned());
        }
        if let Err(reason) = &self.system {
            return Err(reason.clone());
        }
        let folders = self.options.folders.iter();
        let led = folders.filter_map(|folder| Folder::look(&real.join(folder)).directory());
        let mut places = std::iter::once(real.to_path_buf()).chain(led);
        if let Some(name) = places.find_map(|place| file_system::silent(&place)) {
            return Err(format!("{name} does not report every change"));
        }
        self.shared.pending().route(root, real.to_path_buf());
        self.watch_root(root, real).map_err(|error| {
            // A root that is closed to us tells by the watch it had when it is open again.
            if !is_closed_to_us(&error) {
                self.uncover(root);
            }
            describe(&error.kind)
        })
    }

    fn watch_root(&mut self, root: RootIndex, real: &Path) -> notify::Result<()> {
        let Ok(system) = &mut self.system else {
            return Ok(());
        };
        system.watch(real)?;
        self.shared.covering.note(root, [PathBuf::new()]);
        for folder in self.options.folders.clone() {
            self.watch_top(root, real, Path::new(&folder))?;
        }
        Ok(())
    }

    /// Watches one of a root's own folders, wherever it leads.
    fn watch_top(&mut self, root: RootIndex, real: &Path, folder: &Path) -> notify::Result<()> {
        let at = real.join(folder);
        match Folder::look(&at) {
            Folder::Directory(led) => {
                if led != at {
                    let below = folder.to_path_buf();
                    self.shared.pending().route_folder(root, below, led.clone());
                }
                self.watch_folder((root, folder), &led)
            }
            Folder::Dangling(_) | Folder::Unreadable(_) => {
                // The root is looked at again until the link leads somewhere.
                let due = Some(Instant::now() + self.options.poll_every);
                self.roots[root.0].method = Covered::ByEvents { due };
                Ok(())
            }
            // Whoever archives says what is wrong with it.
            _ => Ok(()),
        }
    }

    fn awaits_folder(&self, real: &Path) -> bool {
        let mut folders = self.options.folders.iter();
        folders.any(|folder| is_lost(&real.join(folder)))
    }

    /// Watches `folder`, which is `below` a root, and every folder in it.
    ///
    /// Each is watched before it is listed, so a folder made meanwhile is either listed or reported.
    /// The system's watcher can do this by itself, but it looks at every file for that, and gives up
    /// on the first folder that vanishes under it.
    fn watch_folder(
        &mut self,
        (root, below): (RootIndex, &Path),
        folder: &Path,
    ) -> notify::Result<()> {
        let Ok(system) = &mut self.system else {
            return Ok(());
        };
        let mut places_left = self.options.folders_max;
        for_each_level(folder, |level| {
            let left = places_left.checked_sub(level.len());
            places_left = left.ok_or_else(|| notify::Error::new(ErrorKind::MaxFilesWatch))?;
            system.watch_each(level)?;
            let inner = |inner: &PathBuf| below.join(inner.strip_prefix(folder).unwrap_or(inner));
            self.shared.covering.note(root, level.iter().map(inner));
            Ok(())
        })
    }

    /// Watches what is in `root` no longer. The other roots are to be covered again.
    fn uncover(&mut self, root: RootIndex) {
        for other in self.renew().into_iter().filter(|other| *other != root) {
            self.shared.pending().shake(other);
        }
    }

    /// Puts another system's watcher in the place of the one there is; returns the roots that it covered.
    ///
    /// One that let go of folder by folder would go through all that it watches for each; and one that lost an
    /// event may take a folder for watched that has gone and come again.
    pub(crate) fn renew(&mut self) -> Vec<RootIndex> {
        if let Ok(system) = mem::replace(&mut self.system, Err(String::new())) {
            system.end();
        }
        let beside = &self.options.beside;
        self.system = System::start(&self.cookie_dir, beside, Arc::clone(&self.shared));
        let roots = self.roots.iter().enumerate();
        let covered = roots.filter(|(_, cover)| matches!(cover.method, Covered::ByEvents { .. }));
        covered.map(|(index, _)| RootIndex(index)).collect()
    }
}

/// Tells whether there is a directory that we may look into.
fn can_list(root: &Path) -> bool {
    root.read_dir().is_ok()
}

/// Tells whether a folder is a link that cannot be followed now.
fn is_lost(folder: &Path) -> bool {
    matches!(
        Folder::look(folder),
        Folder::Dangling(_) | Folder::Unreadable(_)
    )
}
