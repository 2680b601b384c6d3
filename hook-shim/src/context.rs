//! What the shim works with: the only place where it reads the environment.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use sessions_client::{Connection, DAEMON, Start, find_program};
use sessions_paths::{Environment, Paths};

/// What the names of variables begin with by which the client talks to its own children.
const OF_THE_CLIENT: &str = "CLAUDE_CODE_";

/// What the shim works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The environment, for a daemon to inherit.
    pub(crate) environment: Environment,
    /// Where things are.
    pub(crate) paths: Paths,
    /// `CLAUDE_PID`: the client's process.
    pub(crate) client: Option<u32>,
}

impl Context {
    /// Reads the environment; none where not even a directory of ours follows from it.
    pub(crate) fn read() -> Option<Self> {
        let environment = Environment::read().ok()?;
        Some(Self {
            paths: Paths::choose(&environment).ok()?,
            environment,
            client: env::var("CLAUDE_PID").ok().and_then(|pid| pid.parse().ok()),
        })
    }

    /// Returns the config root of the client, by the name it is known under; none without a home.
    pub(crate) fn root(&self) -> Option<PathBuf> {
        let root = self.environment.config_roots().into_iter().next()?;
        let noted = self.paths.root_list().name_of(&root).ok().flatten();
        Some(noted.unwrap_or(root))
    }

    /// Returns the way to a daemon that is started where it does not run.
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            environment: self.environment.clone(),
            paths: self.paths.clone(),
            root: self.root(),
            program: find_program(DAEMON, own_program().as_deref(), env::var_os("PATH")),
            agent_root: None,
            start: Start::IfAbsent,
        }
    }

    /// Returns this program, to be run without what the client tells its own children alone.
    pub(crate) fn own_command() -> Option<Command> {
        let mut command = Command::new(own_program()?);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with(OF_THE_CLIENT) {
                command.env_remove(name);
            }
        }
        Some(command)
    }

    /// Returns the variables of the environment, for a program of another kind.
    pub(crate) fn variables() -> impl Iterator<Item = (OsString, OsString)> {
        env::vars_os()
    }
}

fn own_program() -> Option<PathBuf> {
    env::current_exe().ok()
}
