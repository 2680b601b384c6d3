//! The git worktree that a session ran in: what its rows or git itself say of it, and how it is made again.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sessions_client::Client;
use sessions_model::Session;

use crate::commands::{ask, source};
use crate::context::Context;
use crate::error::{CliError, Kind};
use crate::launch::quoted;

/// The longest row that is looked at, in bytes; those that are meant have a few hundred.
const ROW_BYTES_MAX: usize = 64 << 10;

/// Directories of a project where git is asked.
const PLACES_MAX: usize = 16;

/// What a row of type `worktree-state` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Worktree {
    #[serde(rename = "originalCwd")]
    origin: PathBuf,
    #[serde(rename = "worktreePath")]
    path: PathBuf,
    #[serde(rename = "worktreeBranch")]
    branch: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    r#type: String,
    worktree_session: Option<Worktree>,
}

/// Returns the worktree that `session` was in last.
pub(crate) async fn of(client: &Client, session: &Session) -> Result<Option<Worktree>, CliError> {
    let sources = client.sources(&session.id).await?;
    let transcript = source::main_transcript(&sources, session)?;
    let mut bytes = client.bytes(transcript.id, None).await?;
    let (mut found, mut rest) = (None, Vec::new());
    while let Some(run) = bytes.next().await? {
        for piece in run.split_inclusive(|byte| *byte == b'\n') {
            if rest.len() <= ROW_BYTES_MAX {
                rest.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                found = parse(&rest).or(found);
                rest.clear();
            }
        }
    }
    Ok(found)
}

/// Returns the worktree that `directory` is in, though it is gone, as git has it in the other directories of the
/// session's project.
pub(crate) async fn of_project(
    client: &Client,
    session: &Session,
    directory: &Path,
) -> Result<Option<Worktree>, CliError> {
    let key = &session.project_key;
    let projects = client.projects().await?.into_iter();
    let cwds = projects
        .filter(|project| project.key == *key)
        .flat_map(|project| project.cwds);
    // Where there is no remote, a project is known by its repository.
    let places = cwds.chain([key.0.clone()]).map(PathBuf::from);
    let git = Context::git();
    let mut known = places
        .filter(|place| place.is_absolute() && place.is_dir())
        .take(PLACES_MAX)
        .flat_map(|origin| {
            let worktrees = git.worktrees(&origin).into_iter();
            worktrees.map(move |(path, branch)| Worktree {
                origin: origin.clone(),
                path,
                branch,
            })
        });
    Ok(known.find(|worktree| worktree.holds(directory) && !worktree.path.exists()))
}

fn parse(row: &[u8]) -> Option<Worktree> {
    let row: Row = serde_json::from_slice(row).ok()?;
    row.worktree_session
        .filter(|_| row.r#type == "worktree-state")
}

impl Worktree {
    /// Tells whether `directory` is it, or in it.
    pub(crate) fn holds(&self, directory: &Path) -> bool {
        directory.starts_with(&self.path)
    }

    /// Makes it again from its branch, if somebody is there to agree to it.
    pub(crate) fn make_again(&self, may_ask: bool) -> Result<(), CliError> {
        let (path, branch) = (self.path.display(), &self.branch);
        if may_ask && ask::is_anybody_there() {
            let question = format!("the worktree {path} is gone; make it again from {branch}?");
            if ask::yes(&question)? {
                return self.add();
            }
        }
        let (from, path, branch) = (
            quoted(&self.origin.to_string_lossy()),
            quoted(&self.path.to_string_lossy()),
            quoted(branch),
        );
        let gone = format!("the session's worktree is gone: {}", self.path.display());
        Err(
            CliError::new(Kind::Daemon, gone).hint(format!(
                "\"git -C {from} worktree add -f -f {path} {branch}\" makes it again; --here goes on in this directory"
            )),
        )
    }

    fn add(&self) -> Result<(), CliError> {
        let made = Context::git().check_out_again(&self.origin, (&self.path, &self.branch));
        made.map_err(|error| {
            let message = format!("could not make {} again: {error}", self.path.display());
            CliError::new(Kind::Daemon, message).hint("--here goes on in this directory")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"type":"worktree-state","worktreeSession":{"originalCwd":"ROOT",
        "worktreePath":"ROOT/tree","worktreeName":"tree","worktreeBranch":"quay"}}"#;

    #[test]
    fn only_its_own_rows_name_a_worktree() {
        let worktree = parse(ROW.as_bytes()).unwrap();
        assert!(worktree.holds(Path::new("ROOT/tree/src")));
        assert!(!worktree.holds(Path::new("ROOT/treetop")));
        for row in [
            "",
            "{",
            r#"{"type":"worktree-state","worktreeSession":null}"#,
            r#"{"type":"user"}"#,
        ] {
            assert!(parse(row.as_bytes()).is_none(), "{row}");
        }
    }
}
