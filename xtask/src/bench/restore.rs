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

/// Archives a copy of the corpus, takes its sessions away, has them put back, and compares them with those that
/// were taken away.
pub(crate) fn measure(
    programs: &Path,
    folder: &Path,
    corpus: &Corpus,
    table: &mut Table,
) -> Result<()> {
    let (root, aside) = (folder.join("swept"), folder.join("swept-aside"));
    remove(&root)?;
    remove(&aside)?;
    let started = Instant::now();
    copy(&corpus.root, &root)?;
    let copied = started.elapsed();
    let ours = Ours::new(programs, &folder.join("swept-home"), &root)?;
    ours.import()?;
    ours.rest()?;
    ours.stop()?;
    let before = disk(&root.join(SWEPT));
    // They are moved: for some minutes ext4 goes around each inode that was just freed, and a restore of what a
    // sweep took comes later than that.
    fs::rename(root.join(SWEPT), &aside).context("could not take the sessions away")?;
    // It sees what is gone before it says that it has seen everything.
    ours.import()?;
    let took = ours.restore()?;
    let after = disk(&root.join(SWEPT));
    if after != before {
        bail!("of {before:?} (bytes, files), {after:?} came back");
    }
    compare(&aside, &root.join(SWEPT))?;
    let megabytes = float(before.0) / 1e6;
    table.note(SPEED, Tool::Ours, megabytes / took.as_secs_f64());
    table.note(COPY, Tool::Ours, megabytes / copied.as_secs_f64());
    table.require(SPEED, Target::AtLeast(200.0));
    drop(ours);
    remove(&root)?;
    remove(&aside)
}

/// Fails unless every file below `one` is below `other`, with the same bytes.
fn compare(one: &Path, other: &Path) -> Result<()> {
    let entries = fs::read_dir(one).with_context(|| format!("could not list {}", one.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        let (one, other) = (one.join(&name), other.join(&name));
        if one.is_dir() {
            compare(&one, &other)?;
        } else if fs::read(&one)? != fs::read(&other)? {
            bail!("{} came back as something else", other.display());
        }
    }
    Ok(())
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
