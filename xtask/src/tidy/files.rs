//! The project's own text files: tracked ones, and new ones that git does not ignore.
//!
//! Owns reading them; knows no rule.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{Workspace, read_output};

/// Files larger than this are data, not text that a person wrote.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// One text file of the project.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// The path below the workspace's root, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// Where it lies.
    pub(crate) location: PathBuf,
}

impl TextFile {
    /// Says whether the file's name ends in `.extension`.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }
}

/// Reads every text file of the project.
pub(crate) fn read(workspace: &Workspace) -> Result<Vec<TextFile>> {
    let mut git = workspace.git();
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = read_output(&mut git).context("could not list the project's files")?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        if let Some(file) = read_text(workspace, path)? {
            files.push(file);
        }
    }
    Ok(files)
}

/// Reads one file; `None` where it is gone, too large or no text.
fn read_text(workspace: &Workspace, path: &str) -> Result<Option<TextFile>> {
    let location = workspace.root.join(path);
    let is_text_sized =
        fs::metadata(&location).is_ok_and(|about| about.is_file() && about.len() <= TEXT_BYTES_MAX);
    if !is_text_sized {
        return Ok(None);
    }
    let bytes = fs::read(&location).with_context(|| format!("could not read {path}"))?;
    let text = String::from_utf8(bytes).ok();
    Ok(text.map(|text| TextFile {
        path: path.to_owned(),
        text,
        location,
    }))
}

#[cfg(test)]
pub(crate) fn made(path: &str, text: &str) -> TextFile {
    TextFile {
        path: path.to_owned(),
        text: text.to_owned(),
        location: PathBuf::from(path),
    }
}
