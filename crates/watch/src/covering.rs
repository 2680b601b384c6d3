//! How far the roots are covered for the first time, for whoever lists their folders meanwhile.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashSet;

use crate::RootIndex;

/// What is covered, until everything is.
#[derive(Debug, Default)]
pub(crate) struct Covering {
    progress: Mutex<Progress>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Progress {
    covered: FxHashSet<(RootIndex, PathBuf)>,
    is_over: bool,
}

impl Covering {
    /// Says that what is made in these folders from now on is reported.
    pub(crate) fn note(&self, root: RootIndex, below: impl IntoIterator<Item = PathBuf>) {
        let mut progress = self.progress();
        if progress.is_over {
            return;
        }
        let folders = below.into_iter().map(|below| (root, below));
        progress.covered.extend(folders);
        self.moved.notify_all();
    }

    /// Takes back what was said of a root's folders; returns whether anything was. They are covered no more.
    pub(crate) fn forget(&self, root: RootIndex) -> bool {
        let mut progress = self.progress();
        let before = progress.covered.len();
        progress.covered.retain(|(covered, _)| *covered != root);
        progress.covered.len() < before
    }

    /// Says that nothing more will be covered for the first time.
    pub(crate) fn end(&self) {
        let mut progress = self.progress();
        progress.is_over = true;
        progress.covered = FxHashSet::default();
        self.moved.notify_all();
    }

    /// Waits until a folder is covered, or nothing more will be.
    pub(crate) fn wait_for(&self, root: RootIndex, below: &Path) {
        let folder = (root, below.to_path_buf());
        let is_awaited =
            |progress: &mut Progress| !progress.is_over && !progress.covered.contains(&folder);
        drop(self.moved.wait_while(self.progress(), is_awaited));
    }

    // Whoever panicked while holding it left it whole: it is changed in single steps.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn whoever_waits_for_a_folder_goes_on_once_it_is_covered_or_none_will_be() {
        let covering = Covering::default();
        let root = RootIndex(1);
        thread::scope(|scope| {
            let waits = [0, 2, 1_000].map(|number| {
                let covering = &covering;
                scope.spawn(move || covering.wait_for(root, Path::new(&number.to_string())))
            });
            covering.note(RootIndex(0), [PathBuf::from("1000")]);
            covering.note(root, [1, 2].map(|number| PathBuf::from(number.to_string())));
            let [never, covered, beyond] = waits;
            covered.join().unwrap();
            assert!(!never.is_finished() && !beyond.is_finished());
            covering.end();
            never.join().unwrap();
            beyond.join().unwrap();
        });
        covering.wait_for(root, Path::new("any"));
    }
}
