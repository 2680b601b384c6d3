//! Lists the files of a config root with their stamps. It opens folders alone, and follows a link where
//! one stands in the place of a folder of the root's own. Whatever it passes by, it names.

use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};

use sessions_archive::FileStamp;
use sessions_model::ID_BYTES_MAX;
use sessions_transcript::classify;
use sessions_watch::Folder;

use super::disk::stamp;
use super::place::FOLDERS;

/// How deep a walk goes below its root.
pub(crate) const DEPTH_MAX: usize = 16;

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
    /// It is a symbolic link in the place of a source, to what is archived under no other name.
    Link,
    /// It stands for a folder of the root's own, and leads to what is no directory of this user.
    Foreign(PathBuf),
    /// It stands for a folder of the root's own, and leads to what is not there.
    Dangling(PathBuf),
    /// It lies deeper than [`DEPTH_MAX`].
    Deep,
    /// Its name is not UTF-8.
    Name,
    /// It would be a source, but for control characters in its path.
    Control,
    /// It would be a source, but for a name that is longer than an id may be.
    Long,
    /// It has a source's name, and is a pipe, a socket or a device.
    Special,
}

/// Returns why what is at `below`, which is neither folder nor link, is not archived, though it looks like a
/// source.
pub(crate) fn passed_by(below: &str, kind: FileType) -> Option<Block> {
    let has_control = below.contains(char::is_control);
    let is_long = below.split('/').any(|part| part.len() > ID_BYTES_MAX);
    if kind.is_file() && !has_control && !is_long {
        return None;
    }
    if classify(below).is_some() {
        return (!kind.is_file()).then_some(Block::Special);
    }
    let printable = below.replace(char::is_control, "_");
    if has_control && classify(&printable).is_some() {
        return Some(Block::Control);
    }
    let short: Vec<&str> = printable.split('/').map(end_of_name).collect();
    (is_long && classify(&short.join("/")).is_some()).then_some(Block::Long)
}

/// Returns the end of a name that is too long for an id, with which it means the same.
fn end_of_name(name: &str) -> &str {
    let start = name.len().saturating_sub(ID_BYTES_MAX);
    name.get(name.ceil_char_boundary(start)..).unwrap_or(name)
}

/// What is walked.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a> {
    /// The config root.
    pub(crate) root: &'a Path,
    /// Called with the path below the root of each folder before it is listed.
    pub(crate) before: &'a dyn Fn(&str),
}

/// Walks all of a root that may hold sources: its own files, and its folders in depth.
pub(crate) fn walk_root(tree: Tree<'_>) -> Walk {
    let mut walk = Walk::default();
    walk.list(tree, "", None);
    if walk.is_blind_to("") {
        // What is in it need not be tried one by one.
        return walk;
    }
    for folder in FOLDERS {
        walk.enter(tree, folder);
    }
    walk
}

/// Walks the folder at `below`.
pub(crate) fn walk_folder(tree: Tree<'_>, below: &str) -> Walk {
    let mut walk = Walk::default();
    if FOLDERS.contains(&below) {
        walk.enter(tree, below);
        return walk;
    }
    let parts: Vec<&str> = below.split('/').collect();
    match (DEPTH_MAX + 1).checked_sub(parts.len()) {
        Some(left) => walk.list(tree, below, Some(left)),
        None => walk
            .blocked
            .push((parts[..DEPTH_MAX + 2].join("/"), Block::Deep)),
    }
    walk
}

/// Returns why what the link at `below` leads to is not archived; none where a source would have another name, or is
/// archived under its own.
pub(crate) fn unfollowed(root: &Path, below: &str) -> Option<Block> {
    let mut folders = FOLDERS.iter();
    let is_within = folders.any(|folder| Path::new(below).starts_with(folder));
    let Ok(target) = root.join(below).canonicalize() else {
        // What it leads to may come: a session's file, or the folder of a project.
        let is_project = is_within && below.split('/').count() == 2;
        return (is_project || classify(below).is_some()).then_some(Block::Link);
    };
    let is_source = |path: &str| target.is_dir() || classify(path).is_some();
    let is_archived = || {
        let mut folders = FOLDERS.iter();
        folders.any(|folder| {
            let real = Folder::look(&root.join(folder)).directory();
            let rest =
                real.and_then(|real| target.strip_prefix(real).ok()?.to_str().map(str::to_owned));
            rest.is_some_and(|rest| is_source(&format!("{folder}/{rest}")))
        })
    };
    let is_wanted = is_source(below) && (is_within || !target.is_dir());
    (is_wanted && !is_archived()).then_some(Block::Link)
}

impl Walk {
    /// Tells whether `path` lies where the walk could not look.
    pub(crate) fn is_blind_to(&self, path: &str) -> bool {
        self.blocked
            .iter()
            .any(|(blocked, _)| Path::new(path).starts_with(blocked))
    }

    fn enter(&mut self, tree: Tree<'_>, folder: &str) {
        let why = match Folder::look(&tree.root.join(folder)) {
            Folder::Directory(_) => return self.list(tree, folder, Some(DEPTH_MAX)),
            Folder::Absent => return,
            Folder::Foreign(target) => Block::Foreign(target),
            Folder::Dangling(target) => Block::Dangling(target),
            Folder::Unreadable(error) => Block::Unreadable(error),
        };
        self.blocked.push((folder.to_owned(), why));
    }

    /// Lists a folder, and those in it to a depth; none means its own files alone.
    fn list(&mut self, tree: Tree<'_>, below: &str, depth: Option<usize>) {
        (tree.before)(below);
        let Some(entries) = self.seen(below, fs::read_dir(tree.root.join(below))) else {
            return;
        };
        for entry in entries {
            if let Some(entry) = self.seen(below, entry) {
                self.take(tree, below, &entry, depth);
            }
        }
    }

    fn take(&mut self, tree: Tree<'_>, below: &str, entry: &DirEntry, depth: Option<usize>) {
        let name = entry.file_name();
        let path = join(below, &name.to_string_lossy());
        let Some(kind) = self.seen(&path, entry.file_type()) else {
            return;
        };
        if name.to_str().is_none() {
            // Nothing of ours lies beside the root's own folders under such a name.
            if depth.is_some() {
                self.blocked.push((path, Block::Name));
            }
        } else if kind.is_dir() {
            match depth {
                Some(0) => self.blocked.push((path, Block::Deep)),
                Some(left) => self.list(tree, &path, Some(left - 1)),
                None => {}
            }
        } else if let Some(block) = passed_by(&path, kind).filter(|_| !kind.is_symlink()) {
            self.blocked.push((path, block));
        } else if kind.is_file() {
            let stamp = self.seen(&path, entry.metadata()).as_ref().map(stamp);
            self.files.extend(stamp.map(|stamp| (path, stamp)));
        } else if kind.is_symlink() && !FOLDERS.contains(&&*path) {
            let block = unfollowed(tree.root, &path);
            self.blocked.extend(block.map(|block| (path, block)));
        }
    }

    /// Returns what was seen; what could not be is noted, unless it went away meanwhile.
    fn seen<T>(&mut self, path: &str, outcome: io::Result<T>) -> Option<T> {
        match outcome {
            Ok(seen) => Some(seen),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.blocked
                    .push((path.to_owned(), Block::Unreadable(error)));
                None
            }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_said_where_a_source_would_be_archived_under_no_other_name() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        let one = "projects/p/015937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl";
        let two = "projects/p/115937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl";
        for folder in [root.join("projects/p"), root.join("store"), outside.clone()] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in [
            root.join(one),
            root.join("store/x.jsonl"),
            outside.join("x"),
        ] {
            fs::write(file, "{}\n").unwrap();
        }
        let check = |below: &str, target: PathBuf, expect: bool| {
            symlink(&target, root.join(below)).unwrap();
            let found = unfollowed(&root, below).is_some();
            assert_eq!(found, expect, "{below} to {}", target.display());
            fs::remove_file(root.join(below)).unwrap();
        };
        check("settings.json", outside.join("x"), false);
        check("agents", outside.clone(), false);
        check("history.jsonl", outside.join("x"), true);
        check("history.jsonl", root.join("store/x.jsonl"), true);
        check("projects/out", outside.clone(), true);
        check("projects/store", root.join("store"), true);
        check("projects/same", root.join("projects/p"), false);
        check("projects/later", dir.path().join("later"), true);
        check("projects/p/notes", dir.path().join("later"), false);
        check(two, root.join(one), false);
        check(two, root.join("store/x.jsonl"), true);
        check(two, outside.join("x"), true);
        check(two, dir.path().join("later"), true);
    }
}
