//! The system's watcher, and the folders it is told of. It must not know which of them are whose.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use notify::{
    Config, ErrorKind, EventKindMask, PathOp, RecommendedWatcher, RecursiveMode, Watcher as _,
};

use crate::watcher::Shared;

/// How long the system may take to let go of what was watched.
const END_MAX: Duration = Duration::from_secs(5);

/// The system's watcher.
#[derive(Debug)]
pub(crate) struct System {
    watcher: RecommendedWatcher,
    /// Disconnected once it has let go of everything.
    ended: mpsc::Receiver<Infallible>,
}

impl System {
    /// Starts it on the directory of cookies, and on those of the files beside the roots.
    pub(crate) fn start(
        cookie_dir: &Path,
        beside: &[PathBuf],
        shared: Arc<Shared>,
    ) -> Result<Self, String> {
        let config = Config::default()
            .with_follow_symlinks(false)
            // Reading changes nothing, and every write is also reported as a modification.
            .with_event_kinds(EventKindMask::CORE)
            .with_poll_interval(Duration::from_secs(2));
        let (lives, ended) = mpsc::sync_channel(0);
        let handler = move |outcome| {
            let _lives: &mpsc::SyncSender<Infallible> = &lives;
            shared.report(|pending| pending.accept(outcome));
        };
        let watcher = RecommendedWatcher::new(handler, config)
            .map_err(|error| format!("the system's watcher does not start: {error}"))?;
        let mut system = Self { watcher, ended };
        let cookies = system.watch(cookie_dir);
        cookies.map_err(|error| describe(&error.kind))?;
        system.watch_beside(beside);
        Ok(system)
    }

    /// Ends it: what it watched counts against the system's limits no longer.
    pub(crate) fn end(self) {
        drop(self.watcher);
        if self.ended.recv_timeout(END_MAX) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the system's watcher has not ended");
        }
    }

    pub(crate) fn watch(&mut self, folder: &Path) -> notify::Result<()> {
        self.watcher.watch(folder, RecursiveMode::NonRecursive)
    }

    /// Watches `folders`, but for those that are gone again or closed to us: whoever archives says that one cannot
    /// be read.
    ///
    /// All at once: for each thing it is asked, the system's watcher switches threads there and back.
    pub(crate) fn watch_each(&mut self, folders: &[PathBuf]) -> notify::Result<()> {
        let mut left: Vec<PathOp> = folders.iter().map(PathOp::watch_non_recursive).collect();
        while let Err(error) = self.watcher.update_paths(left) {
            if !is_closed_to_us(&error.source) {
                return Err(error.source);
            }
            left = error.remaining;
        }
        Ok(())
    }

    /// Watches the directories of files beside the roots. Where one cannot be, its files are looked at less often.
    fn watch_beside(&mut self, files: &[PathBuf]) {
        let dirs: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        for dir in dirs {
            if let Err(error) = self.watch(dir) {
                tracing::warn!(dir = %dir.display(), %error, "a directory is not watched");
            }
        }
    }
}

/// Calls `visit` for `folder` and all folders in it, level by level: for those of one before they are listed, in
/// the order in which they are walked.
pub(crate) fn for_each_level(
    folder: &Path,
    mut visit: impl FnMut(&[PathBuf]) -> notify::Result<()>,
) -> notify::Result<()> {
    // A symbolic link deeper down is no folder of this root: what it leads to is somebody else's.
    if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let mut level = vec![folder.to_path_buf()];
    while !level.is_empty() {
        visit(&level)?;
        let entries = level.iter().flat_map(fs::read_dir).flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        level = inner.map(|entry| entry.path()).collect();
    }
    Ok(())
}

/// Tells whether a folder is gone again or not ours to look into.
pub(crate) fn is_closed_to_us(error: &notify::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(source) => {
            matches!(source.kind(), NotFound | NotADirectory | PermissionDenied)
        }
        _ => false,
    }
}

/// Says what the system refused.
pub(crate) fn describe(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::MaxFilesWatch => {
            "the system's limit on watched folders is reached (fs.inotify.max_user_watches)".into()
        }
        ErrorKind::Io(source) => format!("a folder cannot be watched: {source}"),
        other => format!("a folder cannot be watched: {other:?}"),
    }
}
