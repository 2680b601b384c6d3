//! `cargo xtask corpus`: writes a realistic config root, the same for the same seed and text.
//!
//! Owns the command's options and the order of the work: find text, plan sessions, write each, note what
//! was planted. A session is written from its own seed, so threads may share the work without changing a
//! byte. Row shapes follow the current client and two of its ancestors; no text of the client is used.

mod boilerplate;
mod code;
mod fork;
mod json;
mod markdown;
mod needle;
mod noise;
mod output;
mod plan;
mod project;
mod prose;
pub(crate) mod quote;
pub(crate) mod random;
mod reply;
mod row;
mod scene;
mod session;
pub(crate) mod source;
mod spread;
mod subagent;
mod tool;
mod voice;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Workspace;

/// What to write.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// How large the ordinary sessions are together: a number of bytes, or one such as 100M or 1G.
    #[arg(long, value_parser = parse_bytes)]
    pub(crate) bytes: u64,
    /// How many ordinary sessions there are; one for each 3 MB if not given.
    #[arg(long)]
    pub(crate) sessions: Option<usize>,
    /// Another seed, another corpus.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The folder to write to: a config root. It must be empty or absent.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Plants rare phrases, and writes what was planted where to this file, one JSON object a line.
    #[arg(long)]
    pub(crate) needles: Option<PathBuf>,
    /// How many phrases to plant, of all kinds in turn.
    #[arg(long, default_value_t = 190)]
    pub(crate) needle_count: usize,
    /// Sessions of one prompt each, as scripts leave them, on top of the others.
    #[arg(long, default_value_t = 0)]
    pub(crate) one_shots: usize,
    /// Has people and models name files and identifiers, and some of them speak Chinese or Japanese.
    #[arg(long)]
    pub(crate) mixed: bool,
    /// Folders to take text from; manuals, documentation and crate sources of this machine if not given.
    #[arg(long)]
    pub(crate) text: Vec<PathBuf>,
}

/// What was written.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Totals {
    /// Files of every kind.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Lines of transcripts.
    pub(crate) records: u64,
    /// Phrases planted.
    pub(crate) needles: u64,
    /// The largest main transcript.
    pub(crate) largest: u64,
}

/// Writes a corpus and says what it holds.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let started = Instant::now();
    require_empty(options)?;
    let folders = if options.text.is_empty() {
        source::folders(workspace)
    } else {
        options.text.clone()
    };
    let source = source::Source::load(&folders)?;
    println!("corpus: text of {}", source.describe());
    let written = Instant::now();
    let totals = write(&source, options)?;
    let seconds = written.elapsed().as_secs_f64();
    println!(
        "corpus: {} bytes in {} files, {} records, largest session {} bytes, {} needles",
        totals.bytes, totals.files, totals.records, totals.largest, totals.needles
    );
    println!(
        "corpus: {:.1} s, {:.0} MB/s once the text was read",
        started.elapsed().as_secs_f64(),
        random::float(totals.bytes) / 1e6 / seconds
    );
    Ok(())
}

fn require_empty(options: &Options) -> Result<()> {
    let is_used = fs::read_dir(&options.out).is_ok_and(|mut entries| entries.next().is_some());
    if is_used {
        bail!(
            "{} is not empty: name a folder that is empty or absent",
            options.out.display()
        );
    }
    Ok(())
}

/// Writes every planned session, `history.jsonl` and the manifest.
pub(crate) fn write(source: &source::Source, options: &Options) -> Result<Totals> {
    let plan = plan::Plan::draw(options);
    let outcomes = plan.write_all(source, &options.out)?;
    let mut totals = Totals::default();
    let (mut history, mut manifest) = (String::new(), String::new());
    for outcome in outcomes {
        totals.add(&outcome);
        history.push_str(&outcome.history);
        for planted in &outcome.planted {
            writeln!(manifest, "{}", planted.to_json()).context("could not format a needle")?;
        }
    }
    totals.files += 1;
    totals.bytes += random::wide(history.len());
    if let Some(file) = &options.needles {
        write_file(file, &manifest)?;
    }
    // Last of all: a corpus without it was interrupted.
    write_file(&options.out.join("history.jsonl"), &history)?;
    Ok(totals)
}

impl Totals {
    fn add(&mut self, outcome: &plan::Outcome) {
        self.files += outcome.files;
        self.bytes += outcome.bytes;
        self.records += outcome.records;
        self.needles += random::wide(outcome.planted.len());
        self.largest = self.largest.max(outcome.largest);
    }
}

fn write_file(path: &std::path::Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

/// Reads `100M`, `1G`, `64K` or a plain number.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let units = [("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let unit = units
        .iter()
        .find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1));
    let count: u64 = number
        .parse()
        .map_err(|_| format!("{text} is no size such as 100M"))?;
    count
        .checked_mul(size)
        .ok_or_else(|| format!("{text} is too large"))
}

#[cfg(test)]
mod tests;
