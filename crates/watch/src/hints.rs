//! The consumer's end: waits, keeps every root covered, and hands over what changed. It must not
//! know what the paths hold.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashSet;

use crate::RootIndex;
use crate::cover::Covers;
use crate::covering::Covering;
use crate::pending::Report;
use crate::watcher::Shared;

/// A path that may have changed, appeared or gone. Where it is a folder, so may all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Changed {
    /// The root it is in.
    pub root: RootIndex,
    /// Its place below the root.
    pub path: PathBuf,
}

/// What [`Hints::next`] came back with; all empty at the deadline.
#[derive(Debug, Default)]
pub struct Wake {
    /// What changed, each path once.
    pub paths: Vec<Changed>,
    /// Roots to walk in full: events were lost, or the root came, went, or is watched otherwise now.
    pub rescans: Vec<RootIndex>,
    /// Cookie files that appeared. Changes made before one of them are in `paths` of this or an
    /// earlier wake, or their root is in `rescans`.
    pub cookies: Vec<OsString>,
    /// Something happened to one of the files beside the roots.
    pub is_beside: bool,
    /// Nothing more will come.
    pub is_closed: bool,
}

/// Where changes arrive. One consumer owns it.
#[derive(Debug)]
pub struct Hints {
    covers: Covers,
    shared: Arc<Shared>,
}

/// Lets go whoever waits for what is covered, whatever became of it.
struct Ending<'a>(&'a Covering);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Hints {
    pub(crate) fn new(covers: Covers, shared: Arc<Shared>) -> Self {
        Self { covers, shared }
    }

    /// Covers every root. Whoever lists the roots calls this before, and misses nothing then; a root
    /// that is not covered yet is one that appears.
    pub fn cover(&mut self) {
        let _ending = Ending(&self.shared.covering);
        self.covers.cover_all(Instant::now());
    }

    /// Waits for changes until `deadline`, or for ever without one.
    pub fn next(&mut self, deadline: Option<Instant>) -> Wake {
        loop {
            let until = [deadline, self.covers.due()].into_iter().flatten().min();
            let patience = until.map(|until| until.saturating_duration_since(Instant::now()));
            let mut pending = self.shared.wait(patience);
            let report = pending.take();
            let is_closed = pending.is_closed;
            drop(pending);
            let is_called = is_closed || report.is_woken;
            let wake = Wake {
                is_closed,
                ..self.settle(report)
            };
            let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            let has_news =
                !(wake.paths.is_empty() && wake.rescans.is_empty() && wake.cookies.is_empty());
            if is_called || is_late || has_news || wake.is_beside {
                return wake;
            }
        }
    }

    /// Covers what appeared before the consumer hears of it, so that nothing falls between its own
    /// listing of a folder and the first event from there.
    fn settle(&mut self, report: Report) -> Wake {
        let now = Instant::now();
        let mut paths: FxHashSet<(RootIndex, PathBuf)> = report.paths;
        let mut rescans: FxHashSet<RootIndex> = report.lost;
        if !rescans.is_empty() {
            rescans.extend(self.covers.renew());
        }
        for root in &rescans {
            self.covers.cover(*root, now);
        }
        for (root, below) in &report.arrived {
            self.covers.cover_folder(*root, below);
        }
        let (changed, came_or_went) = self.covers.look(now);
        paths.extend(changed);
        for root in came_or_went.into_iter().chain(report.shaken) {
            self.covers.cover(root, now);
            rescans.insert(root);
        }
        for root in report.exhausted {
            self.covers.exhaust(root, now);
            rescans.insert(root);
        }
        let is_whole = |path: &Path| path.as_os_str().is_empty();
        paths.retain(|(root, path)| !rescans.contains(root) && !is_whole(path));
        let mut paths: Vec<Changed> = paths
            .into_iter()
            .map(|(root, path)| Changed { root, path })
            .collect();
        paths.sort();
        Wake {
            paths,
            rescans: rescans.into_iter().collect(),
            cookies: report.cookies,
            is_beside: report.is_beside,
            is_closed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use notify::event::{Event, EventKind, Flag};

    use super::*;
    use crate::{Options, Watcher};

    /// Far beyond what any of this takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_folder_that_two_roots_share_is_watched_until_neither_needs_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for folder in ["cookies", "first/projects/p", "second"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        symlink(at("first/projects"), at("second/projects")).unwrap();
        let options = Options {
            folders: vec!["projects".into()],
            poll_every: PATIENCE,
            ..Options::default()
        };
        let roots = vec![at("first"), at("second")];
        let (_watcher, mut hints) = Watcher::start(roots, &at("cookies"), options).unwrap();
        hints.cover();
        hints.covers.exhaust(RootIndex(0), Instant::now());
        // It may have missed something in between.
        let wake = hints.next(Some(Instant::now() + PATIENCE));
        assert_eq!(wake.rescans, [RootIndex(1)]);
        fs::write(at("first/projects/p/x"), "").unwrap();
        fs::write(at("cookies/1"), "").unwrap();
        let mut heard = Vec::new();
        loop {
            let wake = hints.next(Some(Instant::now() + PATIENCE));
            assert!(
                !(wake.paths.is_empty() && wake.cookies.is_empty()),
                "the cookie is not reported"
            );
            heard.extend(wake.paths);
            if !wake.cookies.is_empty() {
                break;
            }
        }
        let expect = Changed {
            root: RootIndex(1),
            path: "projects/p/x".into(),
        };
        assert!(heard.contains(&expect), "{heard:?}");
    }

    #[test]
    fn after_events_were_lost_everything_is_watched_anew() {
        let home = tempfile::tempdir().unwrap();
        for folder in ["cookies", "root/projects/p"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        let options = Options {
            folders: vec!["projects".into()],
            poll_every: PATIENCE,
            ..Options::default()
        };
        let roots = vec![home.path().join("root")];
        let cookies = home.path().join("cookies");
        let (_watcher, mut hints) = Watcher::start(roots, &cookies, options).unwrap();
        hints.cover();
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        hints.shared.pending().accept(Ok(lost));
        let mut next = || hints.next(Some(Instant::now() + PATIENCE));
        assert_eq!(next().rescans, [RootIndex(0)]);
        fs::write(home.path().join("root/projects/p/x"), "").unwrap();
        let expect = Changed {
            root: RootIndex(0),
            path: "projects/p/x".into(),
        };
        assert_eq!(next().paths, [expect]);
    }
}
