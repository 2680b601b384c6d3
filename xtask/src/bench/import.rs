//! Import: a corpus archived and indexed from nothing, and what it takes on disk once the daemon has packed it.

use anyhow::Result;

use super::corpus::{Corpus, remove};
use super::ours::Ours;
use super::peers::{Peer, Peers};
use super::process::{disk, peak_megabytes};
use super::table::{Table, Target, Tool, median};
use crate::corpus::random::float;

/// Times that tools of about the same speed import by turns.
const ROUNDS: usize = 3;

const SPEED: &str = "import, MB/s";
const PEAK: &str = "import, peak MB of memory";
const DISK: &str = "on disk when the import ends, % of the corpus";
const PACKED: &str = "on disk at rest, % of the corpus";

/// Imports with every tool and notes speed, memory and disk.
///
/// A machine is slower in one minute than in the next: this product and a tool that is about as fast import by
/// turns. No daemon runs meanwhile that has anything to do.
pub(crate) fn measure(
    ours: &Ours,
    peers: &Peers,
    corpus: &Corpus,
    table: &mut Table,
) -> Result<()> {
    let (close, slow): (Vec<&Peer>, Vec<&Peer>) = peers
        .indexing()
        .iter()
        .partition(|peer| peer.tool == Tool::Aichat);
    let mut speeds = Vec::new();
    let mut peaks = Vec::new();
    let mut theirs = vec![Vec::new(); close.len()];
    for _ in 0..ROUNDS {
        ours.stop()?;
        for (peer, speeds) in close.iter().zip(&mut theirs) {
            speeds.push(corpus.megabytes() / peer.import(corpus)?.as_secs_f64());
        }
        remove(&ours.home)?;
        speeds.push(corpus.megabytes() / ours.import()?.as_secs_f64());
        peaks.push(peak_megabytes(ours.status()?.pid)?);
    }
    table.note(SPEED, Tool::Ours, median(speeds));
    table.note(PEAK, Tool::Ours, peaks.into_iter().fold(0.0, f64::max));
    table.note(DISK, Tool::Ours, percent(disk(&ours.home).0, corpus));
    table.note(PACKED, Tool::Ours, percent(ours.rest()?, corpus));
    for peer in slow {
        let took = peer.import(corpus)?;
        table.note(SPEED, peer.tool, corpus.megabytes() / took.as_secs_f64());
    }
    for (peer, speeds) in close.iter().zip(theirs) {
        table.note(SPEED, peer.tool, median(speeds));
    }
    for peer in peers.indexing() {
        table.note(PACKED, peer.tool, percent(disk(&peer.home).0, corpus));
    }
    table.require(SPEED, Target::Times(1.0, Tool::Aichat));
    table.require(SPEED, Target::Times(8.0, Tool::Agentsview));
    table.require(PEAK, Target::AtMost(250.0));
    table.require(PACKED, Target::AtMost(38.0));
    Ok(())
}

fn percent(bytes: u64, corpus: &Corpus) -> f64 {
    float(bytes) / float(corpus.bytes) * 100.0
}
