//! Where a source lies: a config root and the path below it. Touches the disk only to resolve a root.

use std::path::PathBuf;
use std::sync::Arc;

use sessions_model::RootId;
use sessions_watch::Folder;

/// Folders of a config root that hold sources in any depth.
pub(crate) const FOLDERS: [&str; 2] = ["projects", "file-history"];

/// A source's place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The root, by its position among the watched ones.
    pub(crate) root: usize,
    /// The path below it, with `/` between its parts.
    pub(crate) path: Arc<str>,
}

impl Place {
    pub(crate) fn new(root: usize, path: &str) -> Self {
        Self {
            root,
            path: path.into(),
        }
    }
}

/// A config root.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// As it was named.
    pub(crate) path: PathBuf,
    /// Its number in the archive.
    pub(crate) id: RootId,
}

/// The config roots, in the order in which they are watched.
#[derive(Debug, Clone)]
pub(crate) struct Roots(pub(crate) Vec<Root>);

impl Roots {
    /// Returns where `place` is on disk.
    pub(crate) fn locate(&self, place: &Place) -> PathBuf {
        self.0[place.root].path.join(&*place.path)
    }

    /// Tells whether what is missing at `place` is really gone: its root is there, and no link on the way
    /// leads to something that is not mounted.
    pub(crate) fn can_reach(&self, place: &Place) -> bool {
        let root = &self.0[place.root].path;
        let top = place.path.split('/').next().unwrap_or_default();
        let is_lost =
            |folder: Folder| matches!(folder, Folder::Dangling(_) | Folder::Unreadable(_));
        root.is_dir() && !(FOLDERS.contains(&top) && is_lost(Folder::look(&root.join(top))))
    }

    pub(crate) fn index_of(&self, id: RootId) -> Option<usize> {
        self.0.iter().position(|root| root.id == id)
    }
}
