//! One installation of the shim alone: a home, and the program in a folder without a daemon.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long whatever does not hang may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessions-hook");

pub(crate) struct Trial {
    pub(crate) home: TempDir,
    /// Beside the program itself a daemon would be found that was built there.
    programs: TempDir,
}

impl Trial {
    pub(crate) fn new() -> Self {
        let programs = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::hard_link(PROGRAM, programs.path().join("sessions-hook")).unwrap();
        let home = TempDir::with_prefix("h-").unwrap();
        Self { home, programs }
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.programs.path().join("sessions-hook")
    }

    pub(crate) fn below_home(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Puts a daemon beside the shim: a script.
    pub(crate) fn install_daemon(&self, script: &str) {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).mode(0o700);
        let mut file = options
            .open(self.programs.path().join("sessionsd"))
            .unwrap();
        write!(file, "#!/bin/sh\n{script}\n").unwrap();
    }

    pub(crate) fn socket(&self) -> PathBuf {
        let dir = self.below_home("run");
        fs::create_dir_all(&dir).unwrap();
        dir.join("sessionsd.sock")
    }

    /// Returns a program with the environment of this trial and nothing else.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home.path());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("SESSIONS_HOME", self.home.path())
            .env("CLAUDE_CONFIG_DIR", self.below_home("claude"))
            .env("CLAUDE_PID", "4242")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the shim on `payload`, which ends well in any case.
    pub(crate) fn run(&self, payload: &[u8]) -> Ran {
        run(&mut self.command(&self.program()), payload)
    }

    /// Returns the names of what waits in the spool.
    pub(crate) fn spooled(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.below_home("state/spool")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Runs a program on `payload`, which ends well in any case.
pub(crate) fn run(command: &mut Command, payload: &[u8]) -> Ran {
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    // Whoever reads no more than it wants closes the pipe.
    drop(child.stdin.take().unwrap().write_all(payload));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    Ran { output }
}

pub(crate) struct Ran {
    pub(crate) output: Output,
}

impl Ran {
    pub(crate) fn printed(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    /// Returns the reason by which a command was blocked.
    pub(crate) fn reason(&self) -> String {
        let printed: serde_json::Value = serde_json::from_slice(&self.output.stdout).unwrap();
        assert_eq!(printed["decision"], "block");
        let specific = &printed["hookSpecificOutput"];
        assert_eq!(specific["hookEventName"], "UserPromptExpansion");
        assert_eq!(specific["suppressOriginalPrompt"], true);
        printed["reason"].as_str().unwrap().to_owned()
    }
}

/// Waits until there is something, which a process does that nobody waits for.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Returns the payload of an event, with `more` in it.
pub(crate) fn payload(event: &str, more: &str) -> Vec<u8> {
    format!(
        "{{\"session_id\":\"0b9d\",\"transcript_path\":\"/dev/null\",\"cwd\":\"/\",\
         \"prompt_id\":\"p1\",\"hook_event_name\":\"{event}\"{more}}}"
    )
    .into_bytes()
}

/// Returns the payload of a slash command of the user's own.
pub(crate) fn command(name: &str, arguments: &str) -> Vec<u8> {
    command_of("userSettings", name, arguments)
}

/// Returns the payload of a slash command from `source`.
pub(crate) fn command_of(source: &str, name: &str, arguments: &str) -> Vec<u8> {
    let more = format!(
        ",\"expansion_type\":\"slash_command\",\"command_name\":\"{name}\",\
         \"command_args\":\"{arguments}\",\"command_source\":\"{source}\""
    );
    payload("UserPromptExpansion", &more)
}
