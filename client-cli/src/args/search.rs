//! What `search` takes.

use clap::Args;

use super::{SHIELD, limit};

/// `sessions search`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, as typed")]
pub(crate) struct Search {
    /// Words, "phrases", prefix*, typo~, -not, OR, and filters such as project: tool: kind: before:
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// At most so many sessions; a thousand at most.
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = limit)]
    pub(crate) limit: u32,
    /// Show up to so many matches of each session instead of the best alone.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = limit)]
    pub(crate) per_session: u32,
    /// Include what scripts ran.
    #[arg(long)]
    pub(crate) automated: bool,
    /// Include the session that asks, which is left out when Claude runs this.
    #[arg(long)]
    pub(crate) own: bool,
    /// Count the matches by project, kind, tool, model and month.
    #[arg(long)]
    pub(crate) facets: bool,
    /// Say how the query was understood, and why each match ranks as it does.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Search {
    /// Returns the query as it was typed.
    pub(crate) fn text(&self) -> String {
        let words = self
            .query
            .iter()
            .map(|word| word.trim_start_matches(SHIELD));
        words.collect::<Vec<_>>().join(" ")
    }
}
