//! What every verb works with: the environment, the terminal, the time and the way to the daemon.

use std::env;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use sessions_client::{Client, ClientError, Connection, DAEMON, Start, find_program};
use sessions_git::Git;
use sessions_paths::{Environment, Paths, absolute_path, leads_to_same};
use tokio::time::timeout;

use crate::args::Cli;
use crate::error::{CliError, missing_root};
use crate::launch::Root;
use crate::moment::Now;
use crate::output::quiet;
use crate::render::text::visible;
use crate::setup::UserDirs;
use crate::terminal::{Terminal, Wishes};

/// How long something may take before it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a daemon may take to name its config roots, where those that were noted do as well.
const TOLD_MAX: Duration = Duration::from_secs(2);

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where things are.
    pub(crate) paths: Paths,
    environment: Environment,
    /// `--root`, absolute.
    pub(crate) root: Option<PathBuf>,
    /// How output is shown.
    pub(crate) terminal: Terminal,
    /// What time it is.
    pub(crate) now: Now,
    /// The working directory; empty if it is gone.
    pub(crate) cwd: String,
    /// Whether Claude Code runs this program (`CLAUDECODE`).
    is_agent: bool,
    /// `CLAUDE_CODE_SESSION_ID`: the session that runs this program.
    pub(crate) own_session: Option<String>,
    /// `SHELL`: the user's.
    pub(crate) shell: Option<PathBuf>,
}

impl Context {
    /// Reads the environment: the only place of this program that does.
    pub(crate) fn read(cli: &Cli) -> Result<Self, CliError> {
        let environment = Environment::read()?;
        let wishes = Wishes {
            plain: cli.plain,
            term: env::var("TERM").ok(),
            no_color: env::var("NO_COLOR").ok(),
            pager: env::var("PAGER").ok(),
        };
        let cwd = env::current_dir().unwrap_or_default();
        let paths = Paths::choose(&environment)?;
        Ok(Self {
            root: cli
                .root
                .as_deref()
                .map(|root| find_root(root, &paths))
                .transpose()?,
            paths,
            environment,
            terminal: Terminal::look(&wishes),
            now: Now::read(),
            cwd: cwd.to_string_lossy().into_owned(),
            is_agent: env::var_os("CLAUDECODE").is_some_and(|value| value == "1"),
            own_session: env::var("CLAUDE_CODE_SESSION_ID")
                .ok()
                .filter(|id| !id.is_empty()),
            shell: env::var_os("SHELL").map(PathBuf::from),
        })
    }

    /// Returns where shells look for files of the user's; none without a home.
    pub(crate) fn user_dirs(&self) -> Option<UserDirs> {
        let home = self.environment.home.as_deref()?;
        let dir = |variable: &str, default: &str| {
            let named = env::var_os(variable).map(PathBuf::from);
            let named = named.filter(|dir| dir.is_absolute());
            named.unwrap_or_else(|| home.join(default))
        };
        Some(UserDirs {
            data: dir("XDG_DATA_HOME", ".local/share"),
            config: dir("XDG_CONFIG_HOME", ".config"),
        })
    }

    /// Connects, starting the daemon if it does not run.
    pub(crate) async fn connect(&self) -> Result<Client, CliError> {
        Ok(Client::connect(&self.connection(Start::IfAbsent)).await?)
    }

    /// Ends the daemon; false if none runs. Says that it waits where that takes long.
    pub(crate) async fn end_daemon(&self) -> Result<bool, CliError> {
        let connection = self.connection(Start::Never);
        let wait = "waiting for the daemon to end, for 35 s at most";
        saying_so(wait, stderr(), Client::end(&connection)).await
    }

    /// Returns the git of this machine, to be run in the environment of this program.
    pub(crate) fn git() -> Git {
        Git::new(env::vars_os())
    }

    /// Returns a program of ours: beside this one, or in `PATH`.
    pub(crate) fn program(name: &str) -> Option<PathBuf> {
        let own = env::current_exe().ok();
        find_program(name, own.as_deref(), env::var_os("PATH"))
    }

    /// Returns the environment as it was read.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns every config root that is known and there: `--root` alone where it is given; else what the
    /// environment names, what was noted, and what the daemon says, if one runs.
    pub(crate) async fn known_roots(&self) -> Result<Vec<PathBuf>, CliError> {
        let mut roots: Vec<PathBuf> = self.seen_root().into_iter().collect();
        if self.root.is_none() {
            roots.extend(self.paths.root_list().read()?);
            roots.extend(self.told_roots().await);
        }
        let mut known: Vec<PathBuf> = Vec::new();
        for root in roots {
            if root.is_dir() && !known.iter().any(|known| leads_to_same(known, &root)) {
                known.push(root);
            }
        }
        Ok(known)
    }

    /// Fails where `root` can be no config root: one that holds the user's home, for example.
    pub(crate) fn check_root(&self, root: &Path) -> Result<(), CliError> {
        let home = self.environment.home.as_deref();
        let checked = self.paths.check_root(root, home);
        Ok(checked.map_err(ClientError::from)?)
    }

    /// Notes that `root` is one, for the daemon to take in.
    pub(crate) fn note_root(&self, root: &Path) -> Result<(), CliError> {
        self.paths
            .root_list()
            .add(root)
            .map_err(ClientError::from)?;
        Ok(())
    }

    /// Returns the config roots of the daemon that runs; none where none answers soon.
    async fn told_roots(&self) -> Vec<PathBuf> {
        let connection = self.connection(Start::Never);
        let told = async { Client::connect(&connection).await?.status().await };
        let Ok(Ok(status)) = timeout(TOLD_MAX, told).await else {
            return Vec::new();
        };
        let roots = status.roots.into_iter();
        let watched = roots.filter(|root| root.watched_by != "excluded");
        watched.map(|root| PathBuf::from(root.path)).collect()
    }

    /// Returns `--root` as the daemon filters by it.
    pub(crate) fn root_filter(&self) -> Option<String> {
        let root = self.root.as_ref()?;
        Some(root.to_string_lossy().into_owned())
    }

    /// Returns the config root that this program sees: `--root`, or that of the environment.
    pub(crate) fn seen_root(&self) -> Option<PathBuf> {
        self.root.clone().or_else(|| self.own_root())
    }

    /// Says why the config root that `CLAUDE_CONFIG_DIR` names is none; nothing where `--root` names another.
    pub(crate) fn missing_root(&self) -> Option<CliError> {
        let named = self.environment.claude_config_dir.as_deref()?;
        (self.root.is_none() && !named.is_dir()).then(|| missing_root(named))
    }

    /// Says on standard error that `CLAUDE_CONFIG_DIR` names nothing that could be answered from. Of a root
    /// that was noted and is gone, the answer says so.
    pub(crate) fn note_missing_root(&self) -> Result<(), CliError> {
        let noted = |root: PathBuf| self.paths.root_list().name_of(&root).ok().flatten();
        let is_noted = self.own_root().and_then(noted).is_some();
        if let Some(missing) = self.missing_root().filter(|_| !is_noted) {
            let why = visible(&missing.message);
            quiet(writeln!(
                stderr(),
                "note: CLAUDE_CONFIG_DIR names no config root: {why}"
            ))?;
        }
        Ok(())
    }

    /// Returns the config root of the environment, by the name it is known under.
    fn own_root(&self) -> Option<PathBuf> {
        let root = self.environment.config_roots().into_iter().next()?;
        // A list that cannot be read is said where it is needed.
        let noted = self.paths.root_list().name_of(&root).ok().flatten();
        Some(noted.unwrap_or(root))
    }

    /// Returns what the client has to be told to use the config root `root`.
    pub(crate) fn client_root(&self, root: &Path) -> Root {
        let named = self.environment.claude_config_dir.as_deref();
        let default = self
            .environment
            .home
            .as_ref()
            .map(|home| home.join(".claude"));
        let is_default = default.is_some_and(|default| leads_to_same(&default, root));
        // Who names the default root keeps the client's other files there, too.
        if is_default && !named.is_some_and(|named| leads_to_same(named, root)) {
            Root::Default
        } else {
            Root::Named(root.to_owned())
        }
    }

    fn connection(&self, start: Start) -> Connection {
        Connection {
            environment: self.environment.clone(),
            paths: self.paths.clone(),
            // A root that is not there is nothing the daemon could take in.
            root: self.seen_root().filter(|root| root.is_dir()),
            program: Self::program(DAEMON),
            start,
            // Not the one that is named: whoever asks is answered from where it runs.
            agent_root: self.own_root().filter(|_| self.is_agent),
        }
    }
}

/// Awaits `work`, and writes `line` if that takes longer than a person waits without a word.
async fn saying_so<T>(
    line: &str,
    mut out: impl Write,
    work: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, CliError> {
    let mut work = pin!(work);
    if let Ok(done) = timeout(PATIENCE, work.as_mut()).await {
        return Ok(done?);
    }
    quiet(writeln!(out, "{line}"))?;
    Ok(work.await?)
}

fn find_root(root: &Path, paths: &Paths) -> Result<PathBuf, CliError> {
    let found = absolute_path(root).map_err(|error| CliError::file("resolve", root, &error))?;
    let noted = paths.root_list().name_of(&found);
    if root.is_dir() {
        return Ok(noted.ok().flatten().unwrap_or(found));
    }
    // One that was noted and is gone has its sessions still.
    let noted = noted?.filter(|_| !root.exists());
    noted.ok_or_else(|| missing_root(root))
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_long_is_told_what_for() {
        for (seconds, expect) in [(1, ""), (3, "waiting\n")] {
            let mut said = Vec::new();
            let work = async {
                sleep(Duration::from_secs(seconds)).await;
                Ok(seconds)
            };
            assert_eq!(
                saying_so("waiting", &mut said, work).await.unwrap(),
                seconds
            );
            assert_eq!(said, expect.as_bytes());
        }
    }
}
