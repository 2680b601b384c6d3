//! Import: a corpus archived and indexed from nothing, and what it takes on disk once the daemon has packed it.

use anyhow::Result;

use super::corpus::Corpus;
use super::ours::Ours;
use super::peers::Peers;
use super::process::{disk, peak_megabytes};
use super::table::{Table, Target, Tool};
use crate::corpus::random::float;

const SPEED: &str = "import, MB/s";
const PEAK: &str = "import, peak MB of memory";
const DISK: &str = "on disk when the import ends, % of the corpus";
const PACKED: &str = "on disk at rest, % of the corpus";

/// Imports with every tool and notes speed, memory and disk.
pub(crate) fn measure(
    ours: &Ours,
    peers: &Peers,
    corpus: &Corpus,
    table: &mut Table,
) -> Result<()> {
    let took = ours.import()?;
    table.note(SPEED, Tool::Ours, corpus.megabytes() / took.as_secs_f64());
    table.note(PEAK, Tool::Ours, peak_megabytes(ours.status()?.pid)?);
    table.note(DISK, Tool::Ours, percent(disk(&ours.home).0, corpus));
    for peer in peers.indexing() {
        let took = peer.import(corpus)?;
        table.note(SPEED, peer.tool, corpus.megabytes() / took.as_secs_f64());
        table.note(PACKED, peer.tool, percent(disk(&peer.home).0, corpus));
    }
    table.note(PACKED, Tool::Ours, percent(ours.rest()?, corpus));
    table.require(SPEED, Target::Times(1.0, Tool::Aichat));
    table.require(SPEED, Target::Times(8.0, Tool::Agentsview));
    table.require(PEAK, Target::AtMost(250.0));
    table.require(PACKED, Target::AtMost(38.0));
    Ok(())
}

fn percent(bytes: u64, corpus: &Corpus) -> f64 {
    float(bytes) / float(corpus.bytes) * 100.0
}
