//! What runs now: the client's own registry, `sessions/<pid>.json` in each config root.
//!
//! A file is left behind when a client is killed, so its process must exist and, where the system
//! tells, have started when the file says.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use sessions_model::SessionId;
use sessions_paths::read_regular;
use sessions_transcript::registry::{self, LiveProcess};

/// Registry files read of one root.
const FILES_MAX: usize = 1_000;

/// Bytes read of one registry file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Returns the sessions that running clients of `roots` have open.
pub(crate) fn sessions(roots: &[PathBuf]) -> HashSet<SessionId> {
    let processes = roots.iter().flat_map(|root| processes(root));
    processes.map(|process| process.session).collect()
}

/// Returns the running client of `roots` that has `session` open.
pub(crate) fn process(roots: &[PathBuf], session: &SessionId) -> Option<u32> {
    let mut processes = roots.iter().flat_map(|root| processes(root));
    let process = processes.find(|process| process.session == *session)?;
    Some(process.pid)
}

fn processes(root: &Path) -> Vec<LiveProcess> {
    let folder = root.join("sessions");
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    files
        .flatten()
        .take(FILES_MAX)
        .filter(|file| {
            file.path()
                .extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|file| read(&file.path()))
        .filter(runs)
        .collect()
}

fn read(file: &Path) -> Option<LiveProcess> {
    registry::parse(&read_regular(file, FILE_BYTES_MAX).ok()?)
}

fn runs(process: &LiveProcess) -> bool {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    let exists = match test_kill_process(pid) {
        Ok(()) => true,
        Err(error) => error == rustix::io::Errno::PERM,
    };
    exists && has_started_when_said(process)
}

/// Compares the start of the process, in clock ticks since boot, where both sides tell it.
fn has_started_when_said(process: &LiveProcess) -> bool {
    let said = process
        .process_start
        .as_deref()
        .and_then(|ticks| ticks.parse::<u64>().ok());
    let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", process.pid)) else {
        return true;
    };
    // The command's name, in brackets, may hold spaces: count the fields after it (proc(5), field 22).
    let mut fields = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace();
    // It has ended, and its parent has not looked yet.
    if fields.next() == Some("Z") {
        return false;
    }
    let started = fields.nth(18);
    match (said, started.and_then(|ticks| ticks.parse::<u64>().ok())) {
        (Some(said), Some(started)) => said == started,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, pid: u32, start: &str) {
        let folder = root.join("sessions");
        fs::create_dir_all(&folder).unwrap();
        let text = format!(
            r#"{{"pid":{pid},"sessionId":"11111111-2222-4333-8444-555555555555","cwd":"/x",
            "startedAt":1,"procStart":"{start}","version":"2.1.330","kind":"interactive"}}"#
        );
        fs::write(folder.join(format!("{pid}.json")), text).unwrap();
    }

    #[test]
    fn process_counts_only_if_it_runs_and_is_the_same() {
        let own = std::process::id();
        let stat = fs::read_to_string(format!("/proc/{own}/stat")).unwrap();
        let ticks = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .nth(19)
            .unwrap()
            .to_owned();
        let check = |pid: u32, start: &str, expect: usize| {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), pid, start);
            let roots = [root.path().to_path_buf()];
            assert_eq!(sessions(&roots).len(), expect, "{pid} {start}");
            let session = SessionId::parse("11111111-2222-4333-8444-555555555555").unwrap();
            let found = process(&roots, &session);
            assert_eq!(found, (expect == 1).then_some(pid), "{pid} {start}");
        };
        check(own, &ticks, 1);
        check(own, "1", 0);
        check(i32::MAX.unsigned_abs(), &ticks, 0);
    }

    #[test]
    fn missing_registry_means_nothing_runs() {
        assert_eq!(sessions(&[PathBuf::from("/nowhere")]), HashSet::new());
    }
}
