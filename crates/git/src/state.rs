//! From what git prints to the state of a repository.
//!
//! Knows git's words; must not know how it is run.

use std::path::Path;
use std::time::Instant;

use sessions_model::GitState;

use crate::Git;

/// How much of a list of what changed is read, in bytes.
const STATUS_BYTES_MAX: usize = 64 << 20;

/// One answer to three questions: the commit, the branch, and whether anything changed.
const STATUS: [&str; 6] = [
    "status",
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=dirty",
];

/// What differs from the commit, in a form that `git apply` takes whatever the user's or the repository's
/// settings are, and without a program that they name.
const DIFF: [&str; 12] = [
    "-c",
    "diff.noprefix=false",
    "-c",
    "diff.mnemonicPrefix=false",
    "diff",
    "--binary",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=dirty",
    "HEAD",
];

impl Git {
    /// Returns the state of the repository that `cwd` is in; none where there is none, or it cannot be read
    /// in time.
    pub fn state(&self, cwd: &Path) -> Option<GitState> {
        let deadline = self.deadline();
        let status = self.start(cwd, &STATUS).ok()?;
        let mut state = parse(&status.output(STATUS_BYTES_MAX, deadline).ok()?)?;
        if state.is_dirty && !state.head.is_empty() {
            self.add_diff(&mut state, cwd, deadline);
        }
        Some(state)
    }

    fn add_diff(&self, state: &mut GitState, cwd: &Path, deadline: Instant) {
        let diff = self.start(cwd, &DIFF);
        match diff.and_then(|diff| diff.output(GitState::DIFF_BYTES_MAX, deadline)) {
            Ok(diff) => state.diff = diff,
            // Longer than is kept, or than anybody waits for.
            Err(_) => state.is_too_long = true,
        }
    }
}

/// Reads `git status --porcelain=v2 --branch -z`: lines of a header, then one for each path.
fn parse(status: &[u8]) -> Option<GitState> {
    let mut state = GitState::default();
    let mut is_repository = false;
    for line in status.split(|byte| *byte == 0) {
        let Some(header) = line.strip_prefix(b"# ") else {
            state.is_dirty |= !line.is_empty();
            continue;
        };
        let header = String::from_utf8_lossy(header);
        match header.split_once(' ') {
            Some(("branch.oid", head)) => {
                is_repository = true;
                let head = if head == "(initial)" { "" } else { head };
                head.clone_into(&mut state.head);
            }
            Some(("branch.head", branch)) if branch != "(detached)" => {
                state.branch = Some(branch.to_owned());
            }
            _ => {}
        }
    }
    is_repository.then_some(state)
}

#[cfg(test)]
mod tests;
