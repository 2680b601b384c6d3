//! A state of a repository, checked out once more beside it: its commit, and what differed from it.
//!
//! The one thing here that changes a repository, and only when a user asks for it: git notes the new worktree.
//! Nothing that the repository names is started but what it filters files through.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sessions_model::GitState;

use crate::Git;

/// Why a state was not checked out. What was begun is gone again.
#[derive(Debug)]
pub enum CheckOutError {
    /// There is no commit yet.
    NoCommit,
    /// git could not be run.
    Run(io::Error),
    /// git refused, with its own words.
    Refused(String),
}

impl fmt::Display for CheckOutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommit => f.write_str("it has no commit"),
            Self::Run(error) => write!(f, "could not run git: {error}"),
            Self::Refused(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for CheckOutError {}

/// A worktree that was made.
#[derive(Debug)]
pub struct Checkout<'a> {
    git: &'a Git,
    repository: PathBuf,
    /// Its top.
    pub top: PathBuf,
    /// In it, the directory that stands for the one asked about; its top where there is none.
    pub directory: PathBuf,
}

impl Git {
    /// Checks out `state`, of the repository that `cwd` is in, as a worktree at `to`, which must not be there or
    /// be empty.
    ///
    /// # Errors
    /// When there is no commit, or git refuses: the commit is gone, the place is taken, or the diff does not
    /// apply.
    pub fn check_out(
        &self,
        cwd: &Path,
        state: &GitState,
        to: &Path,
    ) -> Result<Checkout<'_>, CheckOutError> {
        if state.head.is_empty() {
            return Err(CheckOutError::NoCommit);
        }
        // The directory may have gone with the worktree that it was in; the repository is around it.
        let there = cwd.ancestors().find(|directory| directory.is_dir());
        let repository = there.unwrap_or(cwd).to_owned();
        let prefix = self.call(&repository, &["rev-parse", "--show-prefix"], b"")?;
        let place = to.to_string_lossy();
        let add = ["worktree", "add", "--detach", "--", &place, &state.head];
        self.call(&repository, &add, b"")?;
        let prefix = String::from_utf8_lossy(&prefix);
        let below = match prefix.trim_end_matches(['/', '\n']) {
            "" => to.to_owned(),
            prefix => to.join(prefix),
        };
        let checkout = Checkout {
            git: self,
            repository,
            top: to.to_owned(),
            directory: if below.is_dir() { below } else { to.to_owned() },
        };
        if !state.diff.is_empty() {
            let apply = ["apply", "--whitespace=nowarn", "-"];
            if let Err(error) = self.call(to, &apply, &state.diff) {
                checkout.undo();
                return Err(error);
            }
        }
        Ok(checkout)
    }

    /// Makes the worktree `to` of the repository at `from` again, from `branch`, though git may still know the one
    /// that is gone.
    ///
    /// # Errors
    /// When git refuses: the branch is gone, or the place is taken.
    pub fn check_out_again(
        &self,
        from: &Path,
        (to, branch): (&Path, &str),
    ) -> Result<(), CheckOutError> {
        let place = to.to_string_lossy();
        // Forced twice: the client locked the old one.
        let add = [
            "worktree", "add", "--force", "--force", "--", &place, branch,
        ];
        self.call(from, &add, b"").map(drop)
    }

    /// Runs git to its end, however long that takes; returns what it prints.
    fn call(&self, cwd: &Path, words: &[&str], input: &[u8]) -> Result<Vec<u8>, CheckOutError> {
        let mut command = self.command(cwd);
        command
            .args([
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "core.fsmonitor=false",
            ])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(CheckOutError::Run)?;
        if let Some(mut pipe) = child.stdin.take() {
            // Whoever ends before it has read all says why.
            let _unread = pipe.write_all(input);
        }
        let output = child.wait_with_output().map_err(CheckOutError::Run)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(CheckOutError::Refused(words))
    }
}

impl Checkout<'_> {
    /// Takes it away again, with all that is in it.
    pub fn undo(&self) {
        let place = self.top.to_string_lossy();
        let remove = ["worktree", "remove", "--force", "--", &place];
        // What git cannot remove stays, and can be seen.
        let _kept = self.git.call(&self.repository, &remove, b"");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::trial::{Repository, git};

    #[test]
    fn a_worktree_that_was_removed_is_made_again() {
        let repository = Repository::committed();
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("tree");
        let name = tree.to_str().unwrap();
        repository.git(&["worktree", "add", "--quiet", "-b", "quay", name]);
        repository.git(&["worktree", "lock", name]);
        fs::remove_dir_all(&tree).unwrap();
        let again = || git().check_out_again(repository.path(), (&tree, "quay"));
        again().unwrap();
        assert!(tree.join("a.txt").exists());
        let error = again().unwrap_err().to_string();
        assert!(error.contains("already exists"), "{error}");
    }

    #[test]
    fn a_state_is_checked_out_with_all_that_differed_from_its_commit() {
        let repository = Repository::committed();
        fs::create_dir(repository.path().join("sub")).unwrap();
        repository.write("sub/b.txt", b"b\n");
        repository.git(&["add", "."]);
        repository.git(&["commit", "--quiet", "--message=two"]);
        repository.write("a.txt", b"one \r\nchanged\n");
        repository.write("sub/b.bin", &[0, 159, 146, 150]);
        repository.git(&["add", "sub/b.bin"]);
        let (git, cwd) = (git(), repository.path().join("sub"));
        let state = git.state(&cwd).unwrap();
        // It has gone on since.
        repository.git(&["commit", "--quiet", "--all", "--message=three"]);
        repository.write("a.txt", b"other\n");
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("tree");
        let made = git.check_out(&cwd, &state, &to).unwrap();
        assert_eq!(made.directory, to.join("sub"));
        assert_eq!(fs::read(to.join("a.txt")).unwrap(), b"one \r\nchanged\n");
        assert_eq!(fs::read(to.join("sub/b.bin")).unwrap(), [0, 159, 146, 150]);
        assert_eq!(
            fs::read(repository.path().join("a.txt")).unwrap(),
            b"other\n"
        );
        let taken = git.check_out(&cwd, &state, &to).unwrap_err().to_string();
        assert!(taken.contains("already exists"), "{taken}");
        made.undo();
        assert!(!to.exists());
        let list = repository.git(&["worktree", "list", "--porcelain"]);
        assert!(!String::from_utf8(list).unwrap().contains("/tree"));
        // A directory that is gone is in the repository around it.
        let gone = git.check_out(&cwd.join("gone"), &state, &to).unwrap();
        assert_eq!(gone.directory, to.join("sub"));
    }

    #[test]
    fn what_cannot_be_checked_out_leaves_nothing() {
        let repository = Repository::committed();
        let (git, cwd) = (git(), repository.path());
        let state = git.state(cwd).unwrap();
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("tree");
        let refused = |state: &GitState, cwd: &Path| {
            let error = git.check_out(cwd, state, &to).unwrap_err().to_string();
            assert!(!to.exists(), "{error}");
            error
        };
        let unborn = refused(&GitState::default(), cwd);
        assert_eq!(unborn, "it has no commit");
        let head = "0123456789012345678901234567890123456789".to_owned();
        let unknown = refused(
            &GitState {
                head,
                ..GitState::default()
            },
            cwd,
        );
        assert!(unknown.contains("0123456789"), "{unknown}");
        let diff = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n".to_vec();
        let unfit = refused(
            &GitState {
                diff,
                ..state.clone()
            },
            cwd,
        );
        assert!(unfit.contains("x: No such file"), "{unfit}");
        let elsewhere = refused(&state, place.path());
        assert!(elsewhere.contains("not a git repository"), "{elsewhere}");
    }
}
