//! Freshness: from a line appended to a transcript to the line found, in a small session and in a large one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::corpus::{generate, remove};
use super::ours::Ours;
use super::table::{Table, Target, Tool, median};
use crate::corpus::random::{Random, float};
use crate::workspace::Workspace;

/// Times a line is appended to each session.
const ROUNDS: usize = 15;
/// A line that is not found by then is lost.
const FOUND_LIMIT: Duration = Duration::from_secs(30);
/// What is written: enough for a session of 32 MB.
const BYTES: &str = "70M";
/// The size of the large session.
const LARGE_BYTES: u64 = 32_000_000;

/// A session that is appended to.
struct Session {
    file: PathBuf,
    bytes: u64,
}

/// Appends lines with words that stand nowhere else, and searches until each is found.
pub(crate) fn measure(
    workspace: &Workspace,
    programs: &Path,
    folder: &Path,
    table: &mut Table,
) -> Result<()> {
    let root = folder.join("live");
    remove(&root)?;
    generate(workspace, &root, BYTES, "3")?;
    let (small, large) = pick(&root)?;
    grow(&large)?;
    let ours = Ours::new(programs, &folder.join("live-home"), &root)?;
    ours.import()?;
    let mut random = Random::new(9);
    for (session, name) in [(small, "small"), (large, "32 MB")] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(append_and_find(&session, &ours, &mut random)?.as_secs_f64() * 1e3);
        }
        let name = format!("append to found, {name} session, ms");
        table.note(&name, Tool::Ours, median(rounds));
        table.require(&name, Target::AtMost(100.0));
    }
    Ok(())
}

/// The smallest and the largest main transcript.
fn pick(root: &Path) -> Result<(Session, Session)> {
    let mut sessions = Vec::new();
    for project in fs::read_dir(root.join("projects"))
        .context("could not list projects")?
        .flatten()
    {
        for file in fs::read_dir(project.path()).into_iter().flatten().flatten() {
            let about = file.metadata().context("could not look at a session")?;
            if about.is_file() {
                sessions.push(Session {
                    file: file.path(),
                    bytes: about.len(),
                });
            }
        }
    }
    sessions.sort_by_key(|session| session.bytes);
    let large = sessions.pop().context("there is no session")?;
    let small = sessions
        .into_iter()
        .next()
        .context("there is one session alone")?;
    Ok((small, large))
}

/// Makes a session large, with rows of new uuids.
fn grow(session: &Session) -> Result<()> {
    let mut random = Random::new(5);
    let mut bytes = session.bytes;
    let mut text = String::new();
    while bytes < LARGE_BYTES {
        text.clear();
        for _ in 0..1000 {
            let mut filler = String::new();
            random.push_base64(900, &mut filler);
            text.push_str(&row(session, &filler, &mut random));
        }
        append(session, &text)?;
        bytes += text.len() as u64;
    }
    Ok(())
}

fn append_and_find(session: &Session, ours: &Ours, random: &mut Random) -> Result<Duration> {
    let word = format!("fresh{}", random.hex(12));
    let line = row(session, &word, random);
    append(session, &line)?;
    let started = Instant::now();
    while started.elapsed() < FOUND_LIMIT {
        if ours.search(&word)?.1 > 0 {
            return Ok(started.elapsed());
        }
    }
    bail!(
        "a line was not found within {} s",
        float(FOUND_LIMIT.as_secs())
    )
}

fn append(session: &Session, text: &str) -> Result<()> {
    let file = OpenOptions::new().append(true).open(&session.file);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("could not append to {}", session.file.display()))
}

fn row(session: &Session, text: &str, random: &mut Random) -> String {
    let id = session
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let uuid = random.uuid();
    format!(
        "{{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":\"look at {text}\"}},\"uuid\":\"{uuid}\",\"timestamp\":\"2026-11-01T10:00:00.000Z\",\"userType\":\"external\",\"entrypoint\":\"cli\",\"cwd\":\"/home/dev/src/live\",\"sessionId\":\"{id}\",\"version\":\"2.1.330\",\"gitBranch\":\"main\"}}\n"
    )
}
