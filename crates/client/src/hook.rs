//! The hook's way to the daemon: one call, without a greeting, by a process that lives for milliseconds.
//!
//! Knows the call and how what nobody takes is written down; must not know where that is kept, nor what a
//! hook prints.

use prost::Message;
use sessions_model::{CheckpointId, GitState, HookReply, HookReport};
use sessions_paths::Paths;

use crate::connect::{Connection, Start, checked};
use crate::{Client, ClientError, convert};
use sessions_paths::Environment;
use tonic::Request;

/// Reports an event to a daemon that runs, in one call. How long that may take is the caller's to say.
///
/// # Errors
/// When no daemon runs, it refuses, or the connection is lost.
pub async fn report(
    environment: &Environment,
    paths: &Paths,
    report: &HookReport,
) -> Result<HookReply, ClientError> {
    let client = reach(environment, paths).await?;
    let request = Request::new(convert::report(report));
    let response = checked(client.hooks().report(request).await)?;
    Ok(convert::reply(response))
}

/// Adds the state of the repository to a checkpoint, if a daemon runs.
///
/// # Errors
/// When no daemon runs, it refuses, or the connection is lost.
pub async fn describe(
    environment: &Environment,
    paths: &Paths,
    (checkpoint, git): (CheckpointId, &GitState),
) -> Result<(), ClientError> {
    let client = reach(environment, paths).await?;
    client.describe_checkpoint(checkpoint, git).await
}

/// Returns what a spool keeps of an event that nobody took.
pub fn spooled_report(report: &HookReport) -> Vec<u8> {
    convert::spooled_report(report).encode_to_vec()
}

/// Returns what a spool keeps of the state of a repository that nobody took.
pub fn spooled_git(checkpoint: CheckpointId, git: &GitState) -> Vec<u8> {
    convert::spooled_git(checkpoint, git).encode_to_vec()
}

async fn reach(environment: &Environment, paths: &Paths) -> Result<Client, ClientError> {
    Client::reach(&Connection {
        environment: environment.clone(),
        paths: paths.clone(),
        root: None,
        program: None,
        start: Start::Never,
        agent_root: None,
    })
    .await
}
