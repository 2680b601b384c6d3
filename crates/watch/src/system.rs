//! The system's watcher, and the folders it is told of. It must not know which of them are whose.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::watcher::Shared;

/// Starts it on the directory of cookies, and on those of the files beside the roots.
pub(crate) fn start_system(
    cookie_dir: &Path,
    beside: &[PathBuf],
    shared: Arc<Shared>,
) -> Result<RecommendedWatcher, String> {
    let config = Config::default()
        .with_follow_symlinks(false)
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

/// Calls `visit` for `folder` and every folder in it, each before it is listed, and all that is in one before
/// the next: the order in which they are walked, too.
pub(crate) fn for_each_folder(
    folder: &Path,
    mut visit: impl FnMut(&Path) -> notify::Result<()>,
) -> notify::Result<()> {
    // A symbolic link deeper down is no folder of this root: what it leads to is somebody else's.
    if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        visit(&folder)?;
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let at = folders.len();
        folders.extend(inner.map(|entry| entry.path()));
        folders[at..].reverse();
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
