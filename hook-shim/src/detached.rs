//! What outlives the hook: done by this program once more, in a session of its own, while the client goes on.
//!
//! Knows how such a process is started and what it does; must not know what event asked for it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sessions_client::{Client, hook};
use sessions_git::Git;
use sessions_model::CheckpointId;
use tokio::time::timeout;

use crate::context::Context;
use crate::delivery::runtime;
use crate::spool::Spool;

/// How long the daemon may take to take the state of a repository.
const TAKING_MAX: Duration = Duration::from_secs(5);

const START: &str = "start";
const DESCRIBE: &str = "git";

/// What outlives the hook.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Starts the daemon, and notes the client's config root.
    Start,
    /// Adds the state of the repository at a directory to a checkpoint.
    Describe(CheckpointId, PathBuf),
}

impl Task {
    /// Reads what [`Self::detach`] wrote; none where this process is the hook itself.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let name = arguments.next()?;
        match name.to_str()? {
            START => Some(Self::Start),
            DESCRIBE => {
                let id = arguments.next()?;
                let id = CheckpointId::parse(id.to_str()?)?;
                Some(Self::Describe(id, arguments.next()?.into()))
            }
            _ => None,
        }
    }

    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Start => vec![START.into()],
            Self::Describe(id, cwd) => vec![DESCRIBE.into(), id.to_string().into(), cwd.into()],
        }
    }

    /// Has a process of its own do it, which nobody waits for. Where none can be had, it is not done: the
    /// next start of a session asks for a daemon again, and a checkpoint stands without a repository.
    pub(crate) fn detach(&self) {
        let Some(mut command) = Context::own_command() else {
            return;
        };
        // The client waits for the end of what it reads from its hooks: none of that is passed on.
        command
            .args(self.arguments())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        drop(command.spawn());
    }

    /// Does it.
    pub(crate) fn run(self, context: &Context) {
        // Out of the client's reach, which ends its hooks with itself.
        let _as_it_is = rustix::process::setsid();
        match self {
            Self::Start => start(context),
            Self::Describe(id, cwd) => describe(context, id, &cwd),
        }
    }
}

fn start(context: &Context) {
    if let Ok(runtime) = runtime() {
        // Why it does not start, it says itself to whoever asks next.
        drop(runtime.block_on(Client::connect(&context.connection())));
    }
}

fn describe(context: &Context, id: CheckpointId, cwd: &std::path::Path) {
    let Some(git) = Git::new(Context::variables()).state(cwd) else {
        return;
    };
    let Ok(runtime) = runtime() else { return };
    let told = hook::describe(&context.environment, &context.paths, (id, &git));
    let told = runtime.block_on(async { timeout(TAKING_MAX, told).await });
    if !matches!(told, Ok(Ok(()))) {
        // Kept or counted: nobody is there to be told.
        drop(Spool::new(&context.paths).keep_git(id, &hook::spooled_git(id, &git)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_was_written() {
        let describe = Task::Describe(CheckpointId([7; 16]), "/w/a b".into());
        for task in [Task::Start, describe] {
            assert_eq!(
                Task::from_arguments(task.arguments().into_iter()),
                Some(task)
            );
        }
    }

    #[test]
    fn anything_else_is_the_hook_itself() {
        for words in [
            &[][..],
            &["x"],
            &["git"],
            &["git", "0f"],
            &["git", "zz", "/"],
        ] {
            let words = words.iter().map(OsString::from);
            assert_eq!(Task::from_arguments(words), None);
        }
    }
}
