//! Processes that are measured: run to their end within a limit, or looked at through `/proc`.
//!
//! Ends only what it started.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Runs a command to its end and says how long it took; one that takes longer than `limit` is killed.
pub(crate) fn time(command: &mut Command, limit: Duration) -> Result<(Duration, Output)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not run {name}"))?;
    let pid = pid(child.id())?;
    let (done, wait) = sync_channel::<()>(1);
    let (output, is_late) = std::thread::scope(|scope| {
        let watch = scope.spawn(move || {
            let is_late = wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            is_late && kill_process(pid, Signal::KILL).is_ok()
        });
        let output = child.wait_with_output();
        let took = started.elapsed();
        drop(done);
        (
            output.map(|output| (took, output)),
            watch.join().unwrap_or(false),
        )
    });
    if is_late {
        bail!("{name} took longer than {} s", limit.as_secs());
    }
    output.with_context(|| format!("could not wait for {name}"))
}

/// Like [`time`], and an exit code other than 0 or 1 (nothing found) is an error.
pub(crate) fn time_search(command: &mut Command, limit: Duration) -> Result<(Duration, String)> {
    let (took, output) = time(command, limit)?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} ended with {}: {}",
            command.get_program().display(),
            output.status,
            reason.trim()
        );
    }
    Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Lets time pass.
pub(crate) fn wait(time: Duration) {
    let (_sender, receiver) = sync_channel::<()>(1);
    // Nobody sends: the deadline is what is waited for.
    let waited = receiver.recv_timeout(time);
    debug_assert_eq!(waited, Err(RecvTimeoutError::Timeout));
}

/// Asks every process of the group that `leader` began to end.
pub(crate) fn terminate_group(leader: u32) -> Result<()> {
    kill_process_group(pid(leader)?, Signal::TERM)
        .with_context(|| format!("could not end the processes of {leader}"))
}

fn pid(id: u32) -> Result<Pid> {
    let raw = i32::try_from(id).ok();
    raw.and_then(Pid::from_raw)
        .with_context(|| format!("{id} is no process id"))
}

/// The most memory a process ever held, in MB.
pub(crate) fn peak_megabytes(pid: u32) -> Result<f64> {
    field(pid, "status", "VmHWM:").map(|kilobytes| kilobytes * 1024.0 / 1e6)
}

/// The memory of a process that no file backs, in MB.
pub(crate) fn anonymous_megabytes(pid: u32) -> Result<f64> {
    field(pid, "smaps_rollup", "Anonymous:").map(|kilobytes| kilobytes * 1024.0 / 1e6)
}

fn field(pid: u32, file: &str, name: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/{file}");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{path} has no {name}"))
}

/// The time that the threads of a process have run, in ms.
pub(crate) fn cpu_ms(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/task");
    let tasks = fs::read_dir(&path).with_context(|| format!("could not read {path}"))?;
    let mut nanoseconds = 0.0;
    for task in tasks.flatten() {
        // A thread may end between the listing and the reading.
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let ran: Option<f64> = text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        nanoseconds += ran.unwrap_or(0.0);
    }
    Ok(nanoseconds / 1e6)
}

/// The disk that the files below a folder take, in bytes, and how many there are.
pub(crate) fn disk(folder: &Path) -> (u64, u64) {
    let (mut bytes, mut files) = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            let (below, count) = disk(&entry.path());
            bytes += below;
            files += count;
        } else if about.is_file() {
            bytes += about.len();
            files += 1;
        }
    }
    (bytes, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_takes_too_long_is_ended() {
        let mut cat = Command::new("tail");
        let error = time(cat.args(["-f", "/dev/null"]), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("took longer"));
    }

    #[test]
    fn a_process_that_ends_is_timed() {
        let (took, output) = time(&mut Command::new("true"), Duration::from_secs(10)).unwrap();
        assert!(output.status.success());
        assert!(took < Duration::from_secs(10));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_has_run() {
        let pid = std::process::id();
        assert!(peak_megabytes(pid).unwrap() > 1.0);
        assert!(anonymous_megabytes(pid).unwrap() > 0.0);
        assert!(cpu_ms(pid).unwrap() > 0.0);
    }
}
