//! Where a source lies: a config root and the path below it. Touches the disk only to resolve a root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sessions_model::RootId;

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

    /// Returns the place of `path`, which may lead through links to a root.
    pub(crate) fn place(&self, path: &Path) -> Option<Place> {
        let below = |root: &Path| Some(path.strip_prefix(root).ok()?.to_path_buf());
        let real_parent = || {
            let parent = path.parent()?.canonicalize().ok()?;
            Some(parent.join(path.file_name()?))
        };
        let direct = self
            .0
            .iter()
            .enumerate()
            .find_map(|(at, root)| Some((at, below(&root.path)?)));
        let (root, path) = direct.or_else(|| {
            let real = real_parent()?;
            self.0.iter().enumerate().find_map(|(at, root)| {
                let root = root.path.canonicalize().ok()?;
                Some((at, real.strip_prefix(root).ok()?.to_path_buf()))
            })
        })?;
        Some(Place::new(root, path.to_str()?))
    }

    pub(crate) fn index_of(&self, id: RootId) -> Option<usize> {
        self.0.iter().position(|root| root.id == id)
    }
}
