//! Watching by looking: a stat walk that says what differs from the walk before. It reads no file.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

use crate::Folder;

/// How deep a walk goes below its root.
const DEPTH_MAX: usize = 16;
/// How many files of a root are remembered; more are left to the consumer's own walks.
const FILES_MAX: usize = 500_000;

/// What a file looked like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    bytes: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

/// The files of one root as of the last walk.
#[derive(Debug, Default)]
pub(crate) struct Poll {
    seen: FxHashMap<PathBuf, Look>,
}

impl Poll {
    /// Walks `root`'s own files and what lies in `folders`, and returns what changed, below the root.
    pub(crate) fn walk(&mut self, root: &Path, folders: &[String]) -> Vec<PathBuf> {
        let mut found = FxHashMap::default();
        list(root, Path::new(""), &mut found, None);
        for folder in folders {
            if let Folder::Directory(_) = Folder::look(&root.join(folder)) {
                list(root, Path::new(folder), &mut found, Some(DEPTH_MAX));
            }
        }
        let mut changed: Vec<PathBuf> = found
            .iter()
            .filter(|(path, look)| self.seen.get(*path) != Some(look))
            .map(|(path, _)| path.clone())
            .collect();
        changed.extend(
            self.seen
                .keys()
                .filter(|path| !found.contains_key(*path))
                .cloned(),
        );
        self.seen = found;
        changed
    }
}

fn list(root: &Path, below: &Path, found: &mut FxHashMap<PathBuf, Look>, depth: Option<usize>) {
    // An unreadable folder is named by whoever archives it; here it merely shows nothing.
    let Ok(entries) = fs::read_dir(root.join(below)) else {
        return;
    };
    for entry in entries.flatten() {
        if found.len() >= FILES_MAX {
            return;
        }
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = below.join(entry.file_name());
        match depth {
            Some(left) if kind.is_dir() && left > 0 => list(root, &path, found, Some(left - 1)),
            _ if kind.is_file() => {
                if let Ok(metadata) = entry.metadata() {
                    found.insert(path, look(&metadata));
                }
            }
            _ => {}
        }
    }
}

fn look(metadata: &Metadata) -> Look {
    Look {
        bytes: metadata.len(),
        modified: metadata.modified().ok(),
        inode: inode(metadata),
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_names_what_appeared_changed_and_went() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("projects/p/s/subagents");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(root.path().join("plugins/x")).unwrap();
        fs::write(root.path().join("plugins/x/ignored"), "1").unwrap();
        let folders = ["projects".to_owned()];
        let mut poll = Poll::default();
        let mut check = |expect: &[&str]| {
            let mut changed = poll.walk(root.path(), &folders);
            changed.sort();
            assert_eq!(
                changed,
                expect.iter().map(PathBuf::from).collect::<Vec<_>>()
            );
        };
        check(&[]);
        fs::write(root.path().join("history.jsonl"), "1").unwrap();
        fs::write(deep.join("agent-1.jsonl"), "1").unwrap();
        check(&["history.jsonl", "projects/p/s/subagents/agent-1.jsonl"]);
        check(&[]);
        fs::write(deep.join("agent-1.jsonl"), "12").unwrap();
        check(&["projects/p/s/subagents/agent-1.jsonl"]);
        fs::remove_dir_all(root.path().join("projects")).unwrap();
        check(&["projects/p/s/subagents/agent-1.jsonl"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "1").unwrap();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("projects")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("projects/out")).unwrap();
        assert_eq!(
            Poll::default().walk(root.path(), &["projects".to_owned()]),
            [] as [PathBuf; 0]
        );
    }
}
