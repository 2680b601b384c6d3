//! The corpus that is measured on, and the words that are looked for in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;

use super::process::disk;
use crate::corpus as generator;
use crate::corpus::random::float;
use crate::workspace::Workspace;

/// How long ago the files of a corpus that is written here were last written: what somebody imports has mostly been
/// quiet for days, and what is quiet is packed more densely.
const AGE: Duration = Duration::from_hours(48);

/// A search that people make.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// What it stands for.
    pub(crate) name: &'static str,
    /// The words, all of which must be there.
    pub(crate) words: Vec<String>,
    /// Whether the words must stand side by side.
    pub(crate) is_phrase: bool,
}

impl Query {
    /// Returns the query as our language and others' write it.
    pub(crate) fn text(&self) -> String {
        let words = self.words.join(" ");
        if self.is_phrase {
            format!("\"{words}\"")
        } else {
            words
        }
    }
}

/// A config root to measure on.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// Where it lies.
    pub(crate) root: PathBuf,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// Its files.
    pub(crate) files: u64,
    /// What is looked for.
    pub(crate) queries: Vec<Query>,
}

/// The command line of the generator, for its options.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: generator::Options,
}

impl Corpus {
    /// Opens a config root that is already there.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root).context("could not find the corpus")?;
        let (bytes, files) = disk(&root.join("projects"));
        if files == 0 {
            bail!("{} holds no projects", root.display());
        }
        let beside = root.with_extension("needles.jsonl");
        let within = root.join("needles.jsonl");
        let needles = if beside.exists() { beside } else { within };
        let queries = queries(&fs::read_to_string(needles).unwrap_or_default());
        Ok(Self {
            root,
            bytes,
            files,
            queries,
        })
    }

    /// Writes a corpus, or opens the one that an earlier run wrote.
    pub(crate) fn make(workspace: &Workspace, folder: &Path, bytes: &str) -> Result<Self> {
        let root = folder.join(format!("corpus-{bytes}"));
        if !root.join("history.jsonl").exists() {
            // Whatever an interrupted run left is no whole corpus; `history.jsonl` is written last.
            remove(&root)?;
            generate(workspace, &root, bytes, "2")?;
            age(&root)?;
        }
        Self::open(&root)
    }

    /// Its size in MB.
    pub(crate) fn megabytes(&self) -> f64 {
        float(self.bytes) / 1e6
    }
}

/// Sets back when each file was last written.
pub(crate) fn age(folder: &Path) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            age(&path)?;
        } else {
            set_back(&path).with_context(|| format!("could not age {}", path.display()))?;
        }
    }
    Ok(())
}

fn set_back(path: &Path) -> io::Result<()> {
    let file = fs::File::options().append(true).open(path)?;
    file.set_modified(file.metadata()?.modified()? - AGE)
}

/// Writes a corpus with needles beside it.
pub(crate) fn generate(workspace: &Workspace, root: &Path, bytes: &str, seed: &str) -> Result<()> {
    let needles = root.with_extension("needles.jsonl");
    let (root, needles) = (root.display().to_string(), needles.display().to_string());
    let line = [
        "corpus",
        "--bytes",
        bytes,
        "--seed",
        seed,
        "--out",
        &root,
        "--needles",
        &needles,
    ];
    let line = Line::try_parse_from(line).context("could not name the corpus")?;
    generator::run(workspace, &line.options)
}

/// Removes a folder of ours, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("could not remove {}", folder.display()))?;
    }
    Ok(())
}

/// A common word, a rare one (from the needles, where there are any), two words, a phrase and one that is
/// nowhere.
fn queries(manifest: &str) -> Vec<Query> {
    let needle = manifest.split(r#""phrase":""#).nth(1);
    let rare = needle
        .and_then(|rest| rest.split(['"', ' ']).next())
        .unwrap_or("mutex");
    let query = |name, words: &[&str], is_phrase| Query {
        name,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        is_phrase,
    };
    vec![
        query("common word", &["error"], false),
        query("rare word", &[rare], false),
        query("two words", &["index", "buffer"], false),
        query("phrase", &["the", "file"], true),
        query("no hit", &["zvkqxwgmpb"], false),
    ]
}
