//! Lists the files of a config root with their stamps. It opens folders alone and follows no link.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use sessions_archive::FileStamp;

use super::disk::stamp;
use super::place::FOLDERS;

/// How deep a walk goes below its root.
const DEPTH_MAX: usize = 16;

/// What a walk came across.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files, with their path below the root.
    pub(crate) files: Vec<(String, FileStamp)>,
    /// Paths below the root that could not be looked into, and why.
    pub(crate) blocked: Vec<(String, Block)>,
}

/// Why a path is not walked.
#[derive(Debug)]
pub(crate) enum Block {
    /// The system does not let us.
    Unreadable(io::Error),
    /// It is a symbolic link to somewhere outside the root.
    LeadsOut,
    /// Its name is not UTF-8.
    Name,
}

/// Walks all of `root` that may hold sources: its own files, and its folders in depth.
pub(crate) fn walk_root(root: &Path) -> Walk {
    let mut walk = Walk::default();
    walk.list(root, "", 0);
    for folder in FOLDERS {
        walk.enter(root, folder);
    }
    walk
}

/// Walks the folder at `below`.
pub(crate) fn walk_folder(root: &Path, below: &str) -> Walk {
    let mut walk = Walk::default();
    walk.list(root, below, DEPTH_MAX);
    walk
}

/// Tells whether the link at `path` leads to something outside `root`.
pub(crate) fn leads_out(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(target)) => !target.starts_with(root),
        // A link to nowhere leads nowhere.
        _ => false,
    }
}

impl Walk {
    /// Tells whether `path` lies where the walk could not look.
    pub(crate) fn is_blind_to(&self, path: &str) -> bool {
        self.blocked
            .iter()
            .any(|(blocked, _)| Path::new(path).starts_with(blocked))
    }

    fn enter(&mut self, root: &Path, folder: &str) {
        let path = root.join(folder);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.list(root, folder, DEPTH_MAX),
            Ok(metadata) if metadata.is_symlink() => self.note_link(root, folder.to_owned()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.blocked
                    .push((folder.to_owned(), Block::Unreadable(error)));
            }
            _ => {}
        }
    }

    fn list(&mut self, root: &Path, below: &str, depth: usize) {
        match fs::read_dir(root.join(below)) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    self.take(root, below, &entry, depth);
                }
            }
            // It went away meanwhile: then it holds nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self
                .blocked
                .push((below.to_owned(), Block::Unreadable(error))),
        }
    }

    fn take(&mut self, root: &Path, below: &str, entry: &DirEntry, depth: usize) {
        let Ok(kind) = entry.file_type() else { return };
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let name = name.to_string_lossy();
            self.blocked.push((join(below, &name), Block::Name));
            return;
        };
        let path = join(below, name);
        if kind.is_dir() {
            if depth > 0 {
                self.list(root, &path, depth - 1);
            }
        } else if kind.is_file() {
            self.files.extend(
                entry
                    .metadata()
                    .ok()
                    .map(|metadata| (path, stamp(&metadata))),
            );
        } else if kind.is_symlink() && depth > 0 {
            self.note_link(root, path);
        }
    }

    fn note_link(&mut self, root: &Path, path: String) {
        if leads_out(root, &root.join(&path)) {
            self.blocked.push((path, Block::LeadsOut));
        }
    }
}

fn join(below: &str, name: &str) -> String {
    if below.is_empty() {
        name.to_owned()
    } else {
        format!("{below}/{name}")
    }
}
