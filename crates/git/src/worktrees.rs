//! The worktrees that git knows of a repository, those that are gone included.

use std::path::{Path, PathBuf};

use crate::Git;

const LIST: [&str; 3] = ["worktree", "list", "--porcelain"];

/// The longest list, in bytes.
const LIST_BYTES_MAX: usize = 1 << 20;

impl Git {
    /// Returns the directories of the worktrees of the repository that `cwd` is in, each with its branch; none where
    /// it cannot be read in time. One without a branch is left out.
    pub fn worktrees(&self, cwd: &Path) -> Vec<(PathBuf, String)> {
        let list = self.start(cwd, &LIST);
        let list = list.and_then(|list| list.output(LIST_BYTES_MAX, self.deadline()));
        list.map(|list| parse(&list)).unwrap_or_default()
    }
}

/// Reads a paragraph for each worktree, the line with its branch after that with its directory.
fn parse(list: &[u8]) -> Vec<(PathBuf, String)> {
    let list = String::from_utf8_lossy(list);
    let mut found = Vec::new();
    let mut directory = None;
    for line in list.lines() {
        match line.split_once(' ') {
            Some(("worktree", path)) => directory = Some(PathBuf::from(path)),
            Some(("branch", branch)) => {
                let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
                found.extend(directory.take().map(|path| (path, branch.to_owned())));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::trial::{Repository, git};

    #[test]
    fn a_worktree_that_is_gone_is_known_with_its_branch() {
        let repository = Repository::committed();
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        let [gone, detached] = ["gone tree", "detached"].map(|name| place.join(name));
        let [at, other] = [&gone, &detached].map(|path| path.to_str().unwrap());
        repository.git(&["worktree", "add", "--quiet", "-b", "a/quay", at]);
        repository.git(&["worktree", "add", "--quiet", "--detach", other]);
        fs::remove_dir_all(&gone).unwrap();
        let main = repository.path().canonicalize().unwrap();
        let expect = [(main, "main".to_owned()), (gone, "a/quay".to_owned())];
        assert_eq!(git().worktrees(repository.path()), expect);
        assert_eq!(git().worktrees(&place), []);
    }
}
