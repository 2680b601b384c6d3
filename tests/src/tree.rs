//! A config root's sources as they are on disk: what the archive is compared with.
//!
//! Walks and reads files; must not know how they are archived.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The bytes of every source of a config root, by its path below the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// Path below the root, with `/` between its parts, and the file's bytes.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Reads every source below `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in paths_below(root)? {
            let below = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if is_source(&below) {
                files.insert(below, fs::read(&path).context(path.display().to_string())?);
            }
        }
        Ok(Self { files })
    }

    /// Returns how many bytes all files have.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|bytes| bytes.len() as u64).sum()
    }
}

/// Returns every file below `directory`, in a stable order. Links are not followed.
pub fn paths_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        let entries = fs::read_dir(&directory).context(directory.display().to_string())?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a directory with all that is in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for path in paths_below(from)? {
        let target = to.join(path.strip_prefix(from)?);
        fs::create_dir_all(target.parent().context("a file is in a directory")?)?;
        fs::copy(&path, &target)?;
    }
    Ok(())
}

/// Returns whether a file of a config root belongs to a session or is the prompt history; memory files,
/// locks and the client's half-written copies do not.
fn is_source(below: &str) -> bool {
    let mut parts = below.split('/');
    match parts.next() {
        Some("projects") => parts.nth(1) != Some("memory") && !below.contains(".compact.tmp."),
        Some("file-history" | "history.jsonl") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_what_sessions_leave() {
        let check = |below: &str, expect: bool| assert_eq!(is_source(below), expect, "{below}");
        check("projects/-src-a/1.jsonl", true);
        check("projects/-src-a/1/subagents/agent-2.jsonl", true);
        check("projects/-src-a/1/tool-results/x.txt", true);
        check("file-history/1/abc@v1", true);
        check("history.jsonl", true);
        check("projects/-src-a/memory/notes.md", false);
        check("projects/-src-a/1.jsonl.compact.tmp.0a1b2c3d", false);
        check("settings.json", false);
        check("sessions/12.json", false);
    }
}
