//! Runs the client with a home, a config root and an API of its own.
//!
//! Knows the client's flags and variables; must not know what is archived.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long one run of the client may take; the longest here takes some ten seconds on a busy machine.
const RUN_MAX: Duration = Duration::from_mins(2);
/// The slash commands as they are shipped.
const CHECKPOINT: &str = include_str!("../../../packaging/plugin/commands/checkpoint.md");
const RECALL: &str = include_str!("../../../packaging/plugin/commands/recall.md");
/// Not a secret: the mock does not look.
pub(super) const API_KEY: &str = "sk-ant-test-scripted";

/// A home for the client: its config root and the directories its sessions run in.
#[derive(Debug)]
pub struct Config {
    home: TempDir,
}

impl Config {
    /// Makes an empty home whose settings allow the tools that scripts call.
    pub fn new() -> Result<Self> {
        let config = Self {
            home: TempDir::with_prefix("claude-home-")?,
        };
        fs::create_dir_all(config.root())?;
        let allow = ["Bash", "Read", "Write", "Edit", "Agent"];
        let settings = json!({"permissions": {"allow": allow}});
        fs::write(config.root().join("settings.json"), settings.to_string())?;
        Ok(config)
    }

    /// Has the client run `commands` at each event of `events`, and gives it the slash commands of ours.
    ///
    /// Replaces the settings.
    pub fn install_hooks(&self, commands: &[&str], events: &[&str]) -> Result<()> {
        let hook = |command| json!({"type": "command", "command": command, "timeout": 5});
        let hooks: Vec<Value> = commands.iter().map(hook).collect();
        let hook = json!([{"hooks": hooks}]);
        let hooks: serde_json::Map<_, _> = events
            .iter()
            .map(|event| ((*event).to_owned(), hook.clone()))
            .collect();
        let settings = json!({"hooks": hooks});
        fs::write(self.root().join("settings.json"), settings.to_string())?;
        let commands = self.root().join("commands");
        fs::create_dir_all(&commands)?;
        fs::write(commands.join("checkpoint.md"), CHECKPOINT)?;
        fs::write(commands.join("recall.md"), RECALL)?;
        Ok(())
    }

    /// Returns the config root.
    pub fn root(&self) -> PathBuf {
        self.home.path().join("config")
    }

    /// Makes a working directory and returns its real path.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let directory = self.home.path().join("work").join(name);
        fs::create_dir_all(&directory)?;
        Ok(directory.canonicalize()?)
    }

    /// Returns the transcript of a session, wherever the client put it.
    pub fn transcript(&self, session: &str) -> Result<PathBuf> {
        let name = format!("{session}.jsonl");
        for folder in fs::read_dir(self.root().join("projects"))? {
            let path = folder?.path().join(&name);
            if path.is_file() {
                return Ok(path);
            }
        }
        anyhow::bail!("no transcript of session {session}")
    }
}

/// The client, its home, and the API it talks to.
#[derive(Debug)]
pub struct Client<'a> {
    /// The executable.
    pub executable: &'a Path,
    /// Where it lives.
    pub config: &'a Config,
    /// The mock's address.
    pub api: String,
}

/// What one run printed.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// The session it ran; empty if it did not say.
    pub session: String,
    /// The last answer.
    pub text: String,
    /// Everything on the standard error.
    pub stderr: String,
}

impl Client<'_> {
    /// Runs one prompt to its end. `args` come after the prompt.
    pub fn ask(&self, directory: &Path, prompt: &str, args: &[&str]) -> Result<Answer> {
        let answer = self.start(directory, prompt, args)?.wait()?;
        let Answer { status, stderr, .. } = &answer;
        ensure!(status.success(), "the client ended with {status}: {stderr}");
        Ok(answer)
    }

    /// Starts one prompt and returns while it runs.
    pub fn start(&self, directory: &Path, prompt: &str, args: &[&str]) -> Result<Run> {
        let mut command = self.command(directory);
        command
            .args(["-p", prompt, "--output-format", "json"])
            .args(args);
        command.stdin(Stdio::null());
        Run::spawn(command)
    }

    /// Starts a conversation that takes its prompts one by one from [`Run::send`].
    pub fn converse(&self, directory: &Path) -> Result<Run> {
        let mut command = self.command(directory);
        command.args(["-p", "--verbose", "--input-format", "stream-json"]);
        command
            .args(["--output-format", "stream-json"])
            .stdin(Stdio::piped());
        Run::spawn(command)
    }

    /// Returns the command with its environment; flags are the caller's.
    pub fn command(&self, directory: &Path) -> Command {
        let mut command = Command::new(self.executable);
        command.current_dir(directory).env_clear();
        command.envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/sh"),
            ("ANTHROPIC_API_KEY", API_KEY),
            ("ANTHROPIC_BASE_URL", &self.api),
            ("DISABLE_AUTOUPDATER", "1"),
            ("DISABLE_TELEMETRY", "1"),
            ("DISABLE_ERROR_REPORTING", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            // Only a compaction looks at it; it then rewrites a large transcript in place.
            ("CLAUDE_CODE_TRANSCRIPT_LOCAL_GC", "1"),
        ]);
        command.env("HOME", self.config.home.path());
        command.env("TMPDIR", self.config.home.path());
        command.env("CLAUDE_CONFIG_DIR", self.config.root());
        command
    }
}

/// A client that is running; killed if it is dropped before its end.
#[derive(Debug)]
pub struct Run {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Run {
    fn spawn(mut command: Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("could not start the client")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            stdout: read_all(stdout),
            stderr: read_all(stderr),
        })
    }

    /// Sends a prompt to a conversation.
    pub fn send(&mut self, prompt: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("this run takes no prompts")?;
        let message = json!({"role": "user", "content": prompt});
        writeln!(stdin, "{}", json!({"type": "user", "message": message}))?;
        Ok(stdin.flush()?)
    }

    /// Kills the client as a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("could not kill the client")
    }

    /// Says that no prompt follows, and waits for the end.
    pub fn wait(mut self) -> Result<Answer> {
        drop(self.stdin.take());
        let stdout = self.stdout.recv_timeout(RUN_MAX);
        let stdout = stdout.context("the client did not end in time")?;
        let stderr = self.stderr.recv_timeout(RUN_MAX)?;
        let status = self.child.wait()?;
        let result = stdout.lines().rev().find_map(result_of).unwrap_or_default();
        let field = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        Ok(Answer {
            status,
            session: field("session_id"),
            text: field("result"),
            stderr,
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // After `wait` there is nothing left to kill, and that is no fault.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the result object that a run prints last.
fn result_of(line: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    (value["type"] == "result").then_some(value)
}

/// Collects a stream to its end on a thread, which ends with the client.
fn read_all(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (done, text) = sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A client that is killed closes its end: what came until then is what there is.
        drop(stream.read_to_end(&mut bytes));
        drop(done.send(String::from_utf8_lossy(&bytes).into_owned()));
    });
    text
}
