//! Other tools: found or installed, each with a home of its own, without telemetry, on loopback alone.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::corpus::{Corpus, Query, remove};
use super::http;
use super::process::{terminate_group, time, time_search, wait};
use super::table::Tool;
use crate::workspace::{find_program, run_visibly};

const AGENTSVIEW: &str = "agentsview==0.46.1";
/// The Python package writes the index that aichat-search 0.3.1 reads.
const AICHAT: &str = "claude-code-tools==1.30.2";
const RIPGREP: &str = "14.1.1";

const IMPORT_LIMIT: Duration = Duration::from_mins(15);
const SEARCH_LIMIT: Duration = Duration::from_secs(30);
const SERVE_LIMIT: Duration = Duration::from_mins(1);

/// The tools that are there.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Reads the files on every search.
    pub(crate) ripgrep: Option<Ripgrep>,
    indexing: Vec<Peer>,
}

/// ripgrep.
#[derive(Debug)]
pub(crate) struct Ripgrep(PathBuf);

/// A tool with an index.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Which.
    pub(crate) tool: Tool,
    /// Its home.
    pub(crate) home: PathBuf,
    program: PathBuf,
}

/// A running server of agentsview; ended when dropped.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    peer: &'a Peer,
    corpus: &'a Corpus,
    child: Child,
    port: u16,
}

impl Peers {
    /// Installs what is missing below `folder`, then finds the tools.
    pub(crate) fn install(folder: &Path) -> Result<Self> {
        install(&folder.join("peers"))?;
        Ok(Self::find(folder))
    }

    /// Finds tools below `folder` and on the search path.
    pub(crate) fn find(folder: &Path) -> Self {
        let place = folder.join("peers");
        let own = place.join("bin/rg");
        let ripgrep = if own.is_file() {
            Some(own)
        } else {
            find_program("rg")
        };
        if ripgrep.is_none() {
            println!("ripgrep is missing: \"apt-get install ripgrep\", or run with --peers");
        }
        let peers = [(Tool::Agentsview, "agentsview"), (Tool::Aichat, "aichat")];
        let indexing = peers
            .into_iter()
            .map(|(tool, name)| Peer {
                tool,
                program: place.join("venv/bin").join(name),
                home: folder.join(format!("{name}-home")),
            })
            .filter(|peer| peer.program.is_file())
            .collect();
        Self {
            ripgrep: ripgrep.map(Ripgrep),
            indexing,
        }
    }

    /// The tools that have an index.
    pub(crate) fn indexing(&self) -> &[Peer] {
        &self.indexing
    }

    /// Starts agentsview's server over what it imported, if agentsview is there.
    pub(crate) fn serve<'a>(&'a self, corpus: &'a Corpus) -> Result<Option<Server<'a>>> {
        let peer = self
            .indexing
            .iter()
            .find(|peer| peer.tool == Tool::Agentsview);
        peer.map(|peer| Server::start(peer, corpus)).transpose()
    }
}

fn install(place: &Path) -> Result<()> {
    let venv = place.join("venv");
    if !venv.join("bin/aichat").is_file() {
        run_visibly(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let packages = ["install", "--quiet", AGENTSVIEW, AICHAT];
        run_visibly(Command::new(venv.join("bin/pip")).args(packages))?;
    }
    if find_program("rg").is_none() && !place.join("bin/rg").is_file() {
        let mut cargo = Command::new("cargo");
        cargo
            .args([
                "install",
                "--locked",
                "ripgrep",
                "--version",
                RIPGREP,
                "--root",
            ])
            .arg(place);
        run_visibly(cargo.env("CARGO_TARGET_DIR", place.join("build")))?;
    }
    Ok(())
}

impl Ripgrep {
    /// Lists the files that hold every word: one pass for each word, over what the one before found.
    pub(crate) fn search(&self, query: &Query, corpus: &Corpus) -> Result<Duration> {
        let phrase = query.words.join(" ");
        let patterns: Vec<&str> = if query.is_phrase {
            vec![&phrase]
        } else {
            query.words.iter().map(String::as_str).collect()
        };
        let mut files = vec![corpus.root.join("projects").display().to_string()];
        let mut total = Duration::ZERO;
        for pattern in patterns {
            let mut command = Command::new(&self.0);
            command.args([
                "--files-with-matches",
                "--fixed-strings",
                "--no-ignore",
                pattern,
            ]);
            let (took, found) = time_search(command.args(&files), SEARCH_LIMIT)?;
            total += took;
            files = found.lines().map(str::to_owned).collect();
            if files.is_empty() {
                break;
            }
        }
        Ok(total)
    }
}

impl Peer {
    /// Indexes a corpus from nothing.
    pub(crate) fn import(&self, corpus: &Corpus) -> Result<Duration> {
        remove(&self.home)?;
        std::fs::create_dir_all(&self.home)
            .with_context(|| format!("could not make {}", self.home.display()))?;
        let arguments: &[&str] = match self.tool {
            Tool::Agentsview => &["sync"],
            _ => &["build-index"],
        };
        let mut command = self.command(arguments, corpus);
        let (took, output) = time(command.env("AGENTSVIEW_NO_DAEMON", "1"), IMPORT_LIMIT)?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            bail!(
                "{} could not import: {}",
                self.program.display(),
                reason.trim()
            );
        }
        Ok(took)
    }

    fn command(&self, arguments: &[&str], corpus: &Corpus) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("HOME", &self.home)
            .env("AGENTSVIEW_DATA_DIR", self.home.join("data"))
            .env("CLAUDE_CONFIG_DIR", &corpus.root)
            .env("CLAUDE_PROJECTS_DIR", corpus.root.join("projects"))
            .env("AGENTSVIEW_TELEMETRY_ENABLED", "0")
            .env("DO_NOT_TRACK", "1");
        command
    }
}

impl<'a> Server<'a> {
    fn start(peer: &'a Peer, corpus: &'a Corpus) -> Result<Self> {
        let port = http::free_port()?;
        let shown = port.to_string();
        let arguments = [
            "serve",
            "--no-browser",
            "--host",
            "127.0.0.1",
            "--port",
            &shown,
        ];
        let mut command = peer.command(&arguments, corpus);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What is installed is a script that runs the program as a child: both have to end.
            .process_group(0);
        let child = command.spawn().context("could not start agentsview")?;
        let server = Self {
            peer,
            corpus,
            child,
            port,
        };
        let started = Instant::now();
        while started.elapsed() < SERVE_LIMIT {
            if server.get("/api/v1/search", &[("q", "error")]).is_ok() {
                return Ok(server);
            }
            wait(Duration::from_millis(200));
        }
        bail!(
            "agentsview did not answer within {} s",
            SERVE_LIMIT.as_secs()
        )
    }

    /// Searches messages, the fastest that agentsview offers.
    pub(crate) fn search(&self, query: &str) -> Result<Duration> {
        let arguments = [
            "session", "search", "--fts", query, "--limit", "20", "--json",
        ];
        let mut command = self.peer.command(&arguments, self.corpus);
        time_search(&mut command, SEARCH_LIMIT).map(|(took, _)| took)
    }

    /// Asks the server itself, as its page does.
    pub(crate) fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<String> {
        http::get(self.port, path, parameters)
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if terminate_group(self.child.id()).is_ok() {
            // It was asked to end; its exit code says nothing of use.
            let _status = self.child.wait();
        }
    }
}
