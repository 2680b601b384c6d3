//! Restore: everything that a config root held comes back from the archive.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::corpus::{Corpus, remove};
use super::ours::Ours;
use super::process::disk;
use super::table::{Table, Target, Tool};
use crate::corpus::random::float;

const SPEED: &str = "restore, MB/s";
const COPY: &str = "copying the same files, MB/s";

/// What a sweep takes.
const SWEPT: &str = "projects";

/// Archives a copy of the corpus, deletes its sessions, and has them put back.
pub(crate) fn measure(
    programs: &Path,
    folder: &Path,
    corpus: &Corpus,
    table: &mut Table,
) -> Result<()> {
    let root = folder.join("swept");
    remove(&root)?;
    let started = Instant::now();
    copy(&corpus.root, &root)?;
    let copied = started.elapsed();
    let ours = Ours::new(programs, &folder.join("swept-home"), &root)?;
    ours.import()?;
    ours.stop()?;
    let before = disk(&root.join(SWEPT));
    remove(&root.join(SWEPT))?;
    // It sees what is gone before it says that it has seen everything.
    ours.import()?;
    let took = ours.restore()?;
    let after = disk(&root.join(SWEPT));
    if after != before {
        bail!("of {before:?} (bytes, files), {after:?} came back");
    }
    let megabytes = float(before.0) / 1e6;
    table.note(SPEED, Tool::Ours, megabytes / took.as_secs_f64());
    table.note(COPY, Tool::Ours, megabytes / copied.as_secs_f64());
    table.require(SPEED, Target::AtLeast(200.0));
    drop(ours);
    remove(&root)
}

/// Copies a folder and all in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    let entries =
        fs::read_dir(from).with_context(|| format!("could not list {}", from.display()))?;
    for entry in entries.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("could not copy {}", from.display()))?;
        }
    }
    Ok(())
}
