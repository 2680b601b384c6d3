//! A realistic config root with phrases planted in it, written by `cargo xtask corpus`.
//!
//! Knows that command's options and its manifest; must not know what is searched or how.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries;
use crate::tree::paths_below;

/// How long samples have not been written to.
const QUIET: Duration = Duration::from_mins(1);

/// A phrase that stands in one place of the corpus alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// Where it was planted: `prompt`, `spilled-result`, …
    pub kind: String,
    /// The phrase.
    pub phrase: String,
    /// The session it belongs to.
    pub session: String,
}

/// A corpus on disk, removed when dropped.
#[derive(Debug)]
pub struct Corpus {
    directory: TempDir,
    /// What was planted.
    pub needles: Vec<Needle>,
}

impl Corpus {
    /// Writes about `bytes` (`20M`) in so many sessions; the same each time.
    pub fn write(bytes: &str, sessions: u32) -> Result<Self> {
        let directory = TempDir::with_prefix("corpus-")?;
        let manifest = directory.path().join("needles.jsonl");
        let mut cargo = binaries::cargo("run")?;
        cargo.args(["--package", "xtask", "--", "corpus", "--seed", "1"]);
        cargo.args(["--bytes", bytes, "--sessions", &sessions.to_string()]);
        cargo.arg("--needles").arg(&manifest);
        cargo.arg("--out").arg(directory.path().join("root"));
        let output = cargo.stdin(Stdio::null()).output();
        let output = output.context("could not run cargo xtask corpus")?;
        let words = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "cargo xtask corpus failed: {words}"
        );
        let manifest = fs::read_to_string(manifest)?;
        Ok(Self {
            needles: manifest.lines().map(needle).collect::<Result<_>>()?,
            directory,
        })
    }

    /// Returns the config root.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Returns its directory of projects.
    pub fn projects(&self) -> PathBuf {
        self.root().join("projects")
    }
}

fn needle(line: &str) -> Result<Needle> {
    let value: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
    let field = |name: &str| {
        let field = value[name].as_str().map(str::to_owned);
        field.with_context(|| format!("no {name} in {line}"))
    };
    Ok(Needle {
        kind: field("kind")?,
        phrase: field("phrase")?,
        session: field("session")?,
    })
}

/// Returns the sample sessions of the repository.
pub fn samples() -> PathBuf {
    binaries::workspace().join("samples")
}

/// Copies the sample sessions to `root`, so that a test may change them.
pub fn copy_samples(root: &Path) -> Result<()> {
    crate::tree::copy(&samples(), root)?;
    for path in paths_below(root)? {
        let file = File::options().append(true).open(path)?;
        // Nobody is about to finish a line that has none.
        let before = file.metadata()?.modified()? - QUIET;
        file.set_modified(before)?;
    }
    Ok(())
}
