//! A daemon with nothing to do does nothing.

use std::fs;
use std::time::{Duration, Instant};

use sessions_tests::wait_for;

use crate::Trial;

/// What is asked of sixty seconds is 20 ms; a window this short may have a third of that.
const WINDOW: Duration = Duration::from_secs(3);
const CPU_MAX: Duration = Duration::from_millis(6);

/// Work that follows an import (folding, a checkpoint) may come first; then a quiet window must come.
#[test]
#[cfg(target_os = "linux")]
fn an_idle_daemon_uses_no_cpu() {
    let trial = Trial::of_samples();
    let daemon = trial.home.start().unwrap();
    trial.home.settle().unwrap();
    let mut window = (Instant::now(), cpu_of(daemon.pid()));
    wait_for("a quiet window", Duration::from_secs(45), || {
        let (since, before) = window;
        let used = cpu_of(daemon.pid()).saturating_sub(before);
        if used > CPU_MAX {
            window = (Instant::now(), before + used);
        }
        Ok((used <= CPU_MAX && since.elapsed() >= WINDOW).then_some(()))
    })
    .unwrap();
    daemon.stop().unwrap();
}

/// Returns the time that all threads of a process have run.
fn cpu_of(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let nanoseconds = threads.map(|thread| {
        let path = thread.unwrap().path().join("schedstat");
        // A thread may end between the listing and the reading.
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split(' ')
            .next()
            .and_then(|ran| ran.parse::<u64>().ok())
            .unwrap_or(0)
    });
    Duration::from_nanos(nanoseconds.sum())
}
