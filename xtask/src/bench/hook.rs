//! The hook shim beside `/bin/true`, which does nothing: how much of the client's time an event takes.
//!
//! Both run in turn, so that a busy machine is as busy for either.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::ours::Ours;
use super::table::{Table, Target, Tool, median};
use crate::workspace::Workspace;

/// Times each is run.
const ROUNDS: usize = 300;

/// Times a stopped daemon is asked, which takes the whole deadline each time.
const STOPPED_ROUNDS: usize = 30;

/// Events after which the spool is emptied: a test of speed, not of how full it gets.
const SPOOLED_MAX: usize = 100;

const TRUE: &str = "/bin/true";

/// What `sessions setup` puts around the shim, so that the settings work where it is not installed.
const GUARD: &str = "[ ! -x \"$0\" ] || exec \"$0\"";

const EVENT: &str = r#"{"session_id":"00000000-0000-4000-8000-000000000000","transcript_path":"/dev/null","cwd":"/","hook_event_name":"UserPromptSubmit","prompt":"x"}"#;

/// Runs the shim with a daemon, behind the guard, without a daemon and with one that is stopped.
pub(crate) fn measure(workspace: &Workspace, ours: &Ours, table: &mut Table) -> Result<()> {
    let built = workspace.build_hook()?;
    let bytes = fs::metadata(&built)?.len();
    note(table, "hook, size, MB", (to_f64(bytes) / 1e6, 1.8));
    let shim = Shim::install(&built, ours)?;
    let pid = ours.status()?.pid;
    shim.race(table, "warm daemon", (1.9, Shim::plain))?;
    shim.race(table, "warm daemon, guard", (3.0, Shim::guarded))?;
    signal(pid, Signal::STOP)?;
    let stopped = shim.run_stopped();
    signal(pid, Signal::CONT)?;
    note(table, "hook, stopped daemon, ms", (stopped?, 55.0));
    ours.stop()?;
    shim.race(table, "no daemon", (2.2, Shim::plain))
}

fn note(table: &mut Table, name: &str, (figure, limit): (f64, f64)) {
    table.note(name, Tool::Ours, figure);
    table.require(name, Target::AtMost(limit));
}

fn to_f64(bytes: u64) -> f64 {
    u32::try_from(bytes).map_or(f64::INFINITY, f64::from)
}

struct Shim<'a> {
    /// In a folder of its own: what lies beside a shim is started as its daemon.
    program: PathBuf,
    spool: PathBuf,
    ours: &'a Ours,
}

impl<'a> Shim<'a> {
    fn install(built: &Path, ours: &'a Ours) -> Result<Self> {
        let folder = ours.home.join("hook");
        fs::create_dir_all(&folder)?;
        let program = folder.join("sessions-hook");
        fs::copy(built, &program)?;
        let spool = ours.home.join("state/spool");
        Ok(Self {
            program,
            spool,
            ours,
        })
    }

    fn plain(&self) -> Command {
        self.ours.command_of(&self.program)
    }

    fn guarded(&self) -> Command {
        let mut command = self.ours.command_of(Path::new("/bin/sh"));
        command.arg("-c").arg(GUARD).arg(&self.program);
        command
    }

    /// Notes how many times longer it takes than doing nothing.
    fn race(
        &self,
        table: &mut Table,
        name: &str,
        (limit, command): (f64, fn(&Self) -> Command),
    ) -> Result<()> {
        let (mut nothing, mut shim) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            if round % SPOOLED_MAX == 0 && self.spool.exists() {
                fs::remove_dir_all(&self.spool)?;
            }
            nothing.push(time_event(&mut self.ours.command_of(Path::new(TRUE)))?);
            shim.push(time_event(&mut command(self))?);
        }
        let (nothing, shim) = (median(nothing), median(shim));
        ensure!(nothing > 0.0, "{TRUE} took no time");
        println!("  {TRUE}: {nothing:.3} ms, hook, {name}: {shim:.3} ms");
        note(
            table,
            &format!("hook, {name}, x true"),
            (shim / nothing, limit),
        );
        Ok(())
    }

    /// The median, in ms, while the daemon takes a call and does not answer.
    fn run_stopped(&self) -> Result<f64> {
        let rounds: Result<Vec<f64>> = (0..STOPPED_ROUNDS)
            .map(|_| time_event(&mut self.plain()))
            .collect();
        rounds.map(median)
    }
}

/// Runs a hook on an event, in ms; it must end well and say nothing.
fn time_event(command: &mut Command) -> Result<f64> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not run {}", command.get_program().display()))?;
    if let Some(mut input) = child.stdin.take() {
        // /bin/true does not read it.
        drop(input.write_all(EVENT.as_bytes()));
    }
    let output = child.wait_with_output()?;
    let took: Duration = started.elapsed();
    if !output.status.success() || !output.stdout.is_empty() || !output.stderr.is_empty() {
        bail!("a hook did not end as it should: {output:?}");
    }
    Ok(took.as_secs_f64() * 1e3)
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.context("the daemon has no process id")?;
    kill_process(pid, signal).context("could not signal the daemon")
}
