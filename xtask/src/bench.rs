//! `cargo xtask bench`: what the product reaches, beside other tools, in one run on one machine.
//!
//! Owns the order of the parts and their limits. Absolute figures move from machine to machine: the table shows
//! medians, and how many times longer or larger each other tool is.

mod corpus;
mod fresh;
mod hook;
mod http;
mod idle;
mod import;
mod ours;
mod peers;
mod process;
mod quality;
mod restart;
mod restore;
mod search;
mod table;
mod turn;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::workspace::{Profile, Workspace};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The part to measure.
    #[arg(default_value = "all")]
    part: Part,
    /// The config root to measure on; 1 GB is written once if not given.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// How large the corpus is that is written where none is given.
    #[arg(long, default_value = "1G", conflicts_with = "corpus")]
    bytes: String,
    /// Installs other tools below the target folder, and measures them too.
    #[arg(long)]
    peers: bool,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// How fast a corpus is archived and indexed, how much memory and disk it takes.
    Import,
    /// Whole-process times of a search.
    Search,
    /// From a line appended to the line found.
    Fresh,
    /// What an idle daemon takes in a minute.
    Idle,
    /// From the start of a client to its first answer, when nothing changed.
    Restart,
    /// How much of the client's time an event takes.
    Hook,
    /// How much longer a turn of the real client takes with hooks.
    Turn,
    /// How fast everything that was deleted is put back.
    Restore,
    /// How far up known items come, in three corpora of its own; not one of all.
    Quality,
    /// All of these but the quality.
    All,
}

impl Part {
    fn includes(self, part: Self) -> bool {
        self == Self::All || self == part
    }
}

impl Options {
    fn peers(&self, folder: &Path) -> Result<peers::Peers> {
        if self.peers {
            peers::Peers::install(folder)
        } else {
            Ok(peers::Peers::find(folder))
        }
    }
}

/// Measures, prints a table, and fails if a target is missed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("the benchmark reads /proc, which only Linux has");
    }
    let programs = workspace.build_programs(Profile::Release)?;
    let folder = workspace.target.join("bench");
    if options.part == Part::Quality {
        let peers = options.peers(&folder)?;
        return quality::measure(workspace, &programs, &folder, &peers);
    }
    let corpus = match &options.corpus {
        Some(root) => corpus::Corpus::open(root)?,
        None => corpus::Corpus::make(workspace, &folder, &options.bytes)?,
    };
    let peers = options.peers(&folder)?;
    let mut table = table::Table::default();
    let ours = ours::Ours::new(&programs, &folder.join("home"), &corpus.root)?;
    // Every part needs an archive of the corpus, so the import is always run.
    import::measure(&ours, &peers, &corpus, &mut table)?;
    if options.part.includes(Part::Search) {
        search::measure(&ours, &peers, &corpus, &mut table)?;
    }
    if options.part.includes(Part::Idle) {
        idle::measure(&ours, &mut table)?;
    }
    if options.part.includes(Part::Restart) {
        restart::measure(&ours, &corpus, &mut table)?;
    }
    if options.part.includes(Part::Hook) {
        hook::measure(workspace, &ours, &mut table)?;
    }
    if options.part.includes(Part::Turn) {
        turn::measure(workspace, &programs, &folder, &mut table)?;
    }
    if options.part.includes(Part::Restore) {
        restore::measure(&programs, &folder, &corpus, &mut table)?;
    }
    if options.part.includes(Part::Fresh) {
        fresh::measure(workspace, &programs, &folder, &mut table)?;
    }
    println!(
        "\n{}: {:.0} MB in {} files\n",
        corpus.root.display(),
        corpus.megabytes(),
        corpus.files
    );
    print!("{}", table.render());
    let missed = table.missed();
    if missed.is_empty() {
        Ok(())
    } else {
        bail!("missed: {}", missed.join(", "))
    }
}
