//! What was reported and not yet handed over: coalesced by path and bounded. It must not touch the disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use notify::event::{CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{ErrorKind, Event, EventKind};
use rustc_hash::FxHashSet;

use crate::RootIndex;

/// Cookies kept until they are handed over.
const COOKIES_MAX: usize = 1024;

/// Where events of a root come from.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The root as the system names it in events: without symbolic links.
    pub(crate) real: PathBuf,
    /// The root.
    pub(crate) root: RootIndex,
    /// What the events are of, below the root: all of it, or the one folder that is a link.
    pub(crate) below: PathBuf,
}

/// What was reported since the last hand-over.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Paths that changed, below their root.
    pub(crate) paths: FxHashSet<(RootIndex, PathBuf)>,
    /// Those of them that may be folders not seen before, or folders that went.
    pub(crate) arrived: FxHashSet<(RootIndex, PathBuf)>,
    /// Roots whose events were lost.
    pub(crate) lost: FxHashSet<RootIndex>,
    /// Roots that were removed, renamed, or whose top changed.
    pub(crate) shaken: FxHashSet<RootIndex>,
    /// Roots on which no more watches can be set.
    pub(crate) exhausted: FxHashSet<RootIndex>,
    /// Names of the cookie files that appeared, in order.
    pub(crate) cookies: Vec<OsString>,
    /// Something happened to a file beside the roots.
    pub(crate) is_beside: bool,
    /// Somebody asked for the consumer's attention.
    pub(crate) is_woken: bool,
}

impl Report {
    fn is_empty(&self) -> bool {
        self.paths.is_empty()
            && self.lost.is_empty()
            && self.shaken.is_empty()
            && self.exhausted.is_empty()
            && self.cookies.is_empty()
            && !self.is_beside
            && !self.is_woken
    }
}

/// Collects events until the consumer comes for them.
#[derive(Debug)]
pub(crate) struct Pending {
    routes: Vec<Route>,
    cookie_dir: PathBuf,
    beside: Vec<PathBuf>,
    paths_max: usize,
    report: Report,
    /// No more events will come.
    pub(crate) is_closed: bool,
}

impl Pending {
    pub(crate) fn new(cookie_dir: PathBuf, paths_max: usize) -> Self {
        Self {
            routes: Vec::new(),
            cookie_dir,
            beside: Vec::new(),
            paths_max,
            report: Report::default(),
            is_closed: false,
        }
    }

    /// Notes what happens to these files, or to the directories they are in.
    pub(crate) fn beside(self, beside: Vec<PathBuf>) -> Self {
        Self { beside, ..self }
    }

    /// Takes the events of `real` as those of `root` from now on.
    pub(crate) fn route(&mut self, root: RootIndex, real: PathBuf) {
        self.routes.retain(|route| route.root != root);
        let below = PathBuf::new();
        self.routes.push(Route { real, root, below });
    }

    /// Takes the events of `real` as those of the folder `below` of `root`, which is a link to it.
    pub(crate) fn route_folder(&mut self, root: RootIndex, below: PathBuf, real: PathBuf) {
        self.routes
            .retain(|route| route.root != root || route.below != below);
        self.routes.push(Route { real, root, below });
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.report.is_empty() && !self.is_closed
    }

    pub(crate) fn take(&mut self) -> Report {
        std::mem::take(&mut self.report)
    }

    pub(crate) fn wake(&mut self) {
        self.report.is_woken = true;
    }

    /// Takes in what the system reported.
    pub(crate) fn accept(&mut self, outcome: notify::Result<Event>) {
        match outcome {
            Ok(event) if event.need_rescan() => self.lose_all(),
            Ok(event) => self.accept_event(&event),
            Err(error) => self.accept_error(&error),
        }
    }

    fn accept_event(&mut self, event: &Event) {
        let (is_arrival, is_departure) = match event.kind {
            // Reading changes nothing, and not every system can leave it out. The two halves of a rename come
            // one by one besides.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
            // A folder that could not be watched may be open to us now.
            EventKind::Modify(ModifyKind::Metadata(_)) => (true, false),
            EventKind::Create(kind) => (kind != CreateKind::File, false),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => (false, true),
            EventKind::Modify(ModifyKind::Name(_)) => (true, true),
            EventKind::Remove(kind) => (false, kind != RemoveKind::File),
            _ => (false, false),
        };
        let is_creation = matches!(event.kind, EventKind::Create(_));
        // It may be closed to us now, or open again.
        let is_permission = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
        for path in &event.paths {
            let is_of = |file: &PathBuf| file == path || file.parent() == Some(path);
            self.report.is_beside |= self.beside.iter().any(is_of);
            if path.parent() == Some(&self.cookie_dir) {
                if is_creation {
                    self.note_cookie(path);
                }
                continue;
            }
            for (root, below) in self.find(path) {
                if !below.as_os_str().is_empty() {
                    // A folder that went may be the one that a link led to; a root's own folder may be a
                    // link, which the system takes for a file.
                    let is_link = is_creation && below.components().count() == 1;
                    if is_arrival || is_departure || is_link {
                        self.report.arrived.insert((root, below.clone()));
                    }
                    self.note(root, below);
                } else if is_departure || is_permission {
                    self.report.shaken.insert(root);
                }
            }
        }
    }

    /// Has a root covered and walked again.
    pub(crate) fn shake(&mut self, root: RootIndex) {
        self.report.shaken.insert(root);
    }

    fn accept_error(&mut self, error: &notify::Error) {
        tracing::warn!(%error, "the system could not watch a folder");
        let roots: Vec<RootIndex> = error
            .paths
            .iter()
            .flat_map(|path| self.find(path))
            .map(|(root, _)| root)
            .collect();
        if matches!(error.kind, ErrorKind::MaxFilesWatch) {
            if roots.is_empty() {
                self.report
                    .exhausted
                    .extend(self.routes.iter().map(|route| route.root));
            }
            self.report.exhausted.extend(roots);
        } else if roots.is_empty() {
            self.lose_all();
        } else {
            self.report.lost.extend(roots);
        }
    }

    fn note_cookie(&mut self, path: &Path) {
        if self.report.cookies.len() < COOKIES_MAX {
            self.report
                .cookies
                .extend(path.file_name().map(OsString::from));
        }
    }

    fn note(&mut self, root: RootIndex, below: PathBuf) {
        if self.report.paths.len() < self.paths_max {
            self.report.paths.insert((root, below));
        } else if !self.report.paths.contains(&(root, below)) {
            self.lose(root);
        }
    }

    fn lose(&mut self, root: RootIndex) {
        self.report.paths.retain(|(of, _)| *of != root);
        self.report.arrived.retain(|(of, _)| *of != root);
        self.report.lost.insert(root);
    }

    fn lose_all(&mut self) {
        self.report
            .lost
            .extend(self.routes.iter().map(|route| route.root));
    }

    /// Returns every place that `path` has: roots may lie in one another, or share a folder.
    fn find(&self, path: &Path) -> Vec<(RootIndex, PathBuf)> {
        let place = |route: &Route| {
            let rest = path.strip_prefix(&route.real).ok()?;
            let is_top = rest.as_os_str().is_empty();
            let below = &route.below;
            Some((
                route.root,
                if is_top {
                    below.clone()
                } else {
                    below.join(rest)
                },
            ))
        };
        self.routes.iter().filter_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, DataChange, Flag};

    use super::*;

    fn pending(paths_max: usize) -> Pending {
        let mut pending = Pending::new(PathBuf::from("/cookies"), paths_max);
        pending.route(RootIndex(0), PathBuf::from("/a"));
        pending.route(RootIndex(1), PathBuf::from("/b"));
        pending
    }

    fn modified(path: &str) -> Event {
        let kind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        Event::new(kind).add_path(PathBuf::from(path))
    }

    fn created(path: &str) -> Event {
        let kind = EventKind::Create(CreateKind::Folder);
        Event::new(kind).add_path(PathBuf::from(path))
    }

    #[test]
    fn a_folder_that_two_roots_share_is_reported_for_both() {
        let mut pending = pending(10);
        for root in [RootIndex(0), RootIndex(1)] {
            pending.route_folder(root, "projects".into(), PathBuf::from("/shared"));
        }
        pending.accept(Ok(modified("/shared/p/x")));
        let below = PathBuf::from("projects/p/x");
        let paths = pending.take().paths;
        assert_eq!(paths.len(), 2);
        assert!(paths.contains(&(RootIndex(0), below.clone())));
        assert!(paths.contains(&(RootIndex(1), below)));
    }

    #[test]
    fn a_path_is_reported_once_however_often_it_changed() {
        let mut pending = pending(10);
        for _ in 0..100 {
            pending.accept(Ok(modified("/a/x")));
        }
        let report = pending.take();
        assert_eq!(
            report.paths.into_iter().collect::<Vec<_>>(),
            [(RootIndex(0), "x".into())]
        );
        assert!(pending.is_quiet());
    }

    #[test]
    fn too_many_paths_become_a_rescan_of_their_root_alone() {
        let mut pending = pending(3);
        pending.accept(Ok(modified("/b/kept")));
        for number in 0..5 {
            pending.accept(Ok(modified(&format!("/a/{number}"))));
        }
        let report = pending.take();
        assert!(report.lost.contains(&RootIndex(0)) && !report.lost.contains(&RootIndex(1)));
        assert!(report.paths.contains(&(RootIndex(1), "kept".into())));
        assert!(report.paths.len() <= 3);
    }

    #[test]
    fn an_overflow_of_the_kernel_queue_rescans_every_root() {
        let mut pending = pending(3);
        pending.accept(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert_eq!(pending.take().lost.len(), 2);
    }

    #[test]
    fn what_is_no_change_is_no_hint() {
        let mut pending = pending(3);
        let read = EventKind::Access(AccessKind::Any);
        pending.accept(Ok(Event::new(read).add_path(PathBuf::from("/a/x"))));
        pending.accept(Ok(modified("/elsewhere/x")));
        pending.accept(Ok(modified("/cookies/1")));
        assert!(pending.is_quiet());
    }

    #[test]
    fn a_created_cookie_is_named_and_is_no_path() {
        let mut pending = pending(3);
        pending.accept(Ok(created("/cookies/7")));
        let report = pending.take();
        assert_eq!(report.cookies, [OsString::from("7")]);
        assert!(report.paths.is_empty());
    }

    #[test]
    fn a_folder_that_arrives_is_to_be_covered() {
        let mut pending = pending(3);
        pending.accept(Ok(created("/a/new")));
        assert!(
            pending
                .take()
                .arrived
                .contains(&(RootIndex(0), "new".into()))
        );
    }

    #[test]
    fn a_limit_met_on_a_folder_exhausts_its_root() {
        let mut pending = pending(3);
        let error = notify::Error::new(ErrorKind::MaxFilesWatch).add_path("/b/deep".into());
        pending.accept(Err(error));
        assert_eq!(
            pending.take().exhausted.into_iter().collect::<Vec<_>>(),
            [RootIndex(1)]
        );
    }
}
