//! The system's watcher, and the folders it is told of. It must not know which of them are whose.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{
    Config, ErrorKind, EventKindMask, PathOp, RecommendedWatcher, RecursiveMode, Watcher as _,
};

use crate::watcher::Shared;

/// Starts it on the directory of cookies, and on those of the files beside the roots.
pub(crate) fn start_system(
    cookie_dir: &Path,
    beside: &[PathBuf],
    shared: Arc<Shared>,
) -> Result<RecommendedWatcher, String> {
    let config = Config::default()
        .with_follow_symlinks(false)
        // Reading changes nothing, and every write is also reported as a modification.
        .with_event_kinds(EventKindMask::CORE)
        .with_poll_interval(Duration::from_secs(2));
    let handler = move |outcome| shared.report(|pending| pending.accept(outcome));
    let mut system = RecommendedWatcher::new(handler, config)
        .map_err(|error| format!("the system's watcher does not start: {error}"))?;
    system
        .watch(cookie_dir, RecursiveMode::NonRecursive)
        .map_err(|error| describe(&error.kind))?;
    watch_beside(&mut system, beside);
    Ok(system)
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

/// Watches `folders`, but for those that are gone again or closed to us: whoever archives says that one cannot be
/// read.
///
/// All at once: for each thing it is asked, the system's watcher switches threads there and back.
pub(crate) fn watch_each(
    system: &mut RecommendedWatcher,
    folders: &[PathBuf],
) -> notify::Result<()> {
    let mut left: Vec<PathOp> = folders.iter().map(PathOp::watch_non_recursive).collect();
    while let Err(error) = system.update_paths(left) {
        if !is_closed_to_us(&error.source) {
            return Err(error.source);
        }
        left = error.remaining;
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

/// Watches the directories of files beside the roots. Where one cannot be, its files are looked at less often.
fn watch_beside(system: &mut RecommendedWatcher, files: &[PathBuf]) {
    let dirs: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    for dir in dirs {
        if let Err(error) = system.watch(dir, RecursiveMode::NonRecursive) {
            tracing::warn!(dir = %dir.display(), %error, "a directory is not watched");
        }
    }
}
