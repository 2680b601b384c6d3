//! Search: whole processes, from exec to exit, against a warm daemon and a warm page cache.

use std::time::Duration;

use anyhow::Result;

use super::corpus::{Corpus, Query};
use super::ours::Ours;
use super::peers::Peers;
use super::table::{Table, Target, Tool, median};

/// Times each query is asked.
const ROUNDS: usize = 21;

/// Asks every query of every tool, in turn; of a server last, which is busy for a while once it is started.
pub(crate) fn measure(
    ours: &Ours,
    peers: &Peers,
    corpus: &Corpus,
    table: &mut Table,
) -> Result<()> {
    for query in &corpus.queries {
        let name = name(query);
        table.note(
            &name,
            Tool::Ours,
            ask(|| ours.search(&query.text()).map(|(took, _)| took))?,
        );
        if let Some(ripgrep) = &peers.ripgrep {
            table.note(&name, Tool::Ripgrep, ask(|| ripgrep.search(query, corpus))?);
        }
        require(query, &name, table);
    }
    let Some(server) = peers.serve(corpus)? else {
        return Ok(());
    };
    for query in &corpus.queries {
        table.note(
            &name(query),
            Tool::Agentsview,
            ask(|| server.search(&query.text()))?,
        );
    }
    Ok(())
}

fn name(query: &Query) -> String {
    format!("search, {}, ms", query.name)
}

fn require(query: &Query, name: &str, table: &mut Table) {
    table.require(name, Target::AtMost(15.0));
    if query.name == "common word" {
        table.require(name, Target::Under(Tool::Ripgrep));
    }
}

/// The median of some rounds, in ms, after one that warms up.
fn ask(mut search: impl FnMut() -> Result<Duration>) -> Result<f64> {
    search()?;
    let rounds: Result<Vec<f64>> = (0..ROUNDS)
        .map(|_| search().map(|took| took.as_secs_f64() * 1e3))
        .collect();
    rounds.map(median)
}
