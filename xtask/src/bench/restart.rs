//! Restart: from the start of a client to its first answer, when no daemon runs and nothing changed.

use anyhow::{Result, bail};

use super::corpus::Corpus;
use super::ours::Ours;
use super::table::{Table, Target, Tool, median};

/// Times the daemon is stopped.
const ROUNDS: usize = 7;
const NAME: &str = "unchanged restart, first answer, ms";

/// Stops the daemon and asks, some times.
pub(crate) fn measure(ours: &Ours, corpus: &Corpus, table: &mut Table) -> Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        ours.stop()?;
        let (took, total) = ours.search(&corpus.queries[0].text())?;
        if total == 0 {
            bail!("a restarted daemon found nothing");
        }
        rounds.push(took.as_secs_f64() * 1e3);
    }
    table.note(NAME, Tool::Ours, median(rounds));
    table.require(NAME, Target::AtMost(100.0));
    Ok(())
}
