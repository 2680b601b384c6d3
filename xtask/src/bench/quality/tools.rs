//! Tools that are asked, and how each says which sessions it found, best first.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::deja::Deja;
use super::score::LOOKED_AT;
use crate::bench::ours::Ours;
use crate::bench::peers::Server;

/// Sessions and subagents of agentsview that are folded into sessions.
const TRANSCRIPTS: usize = 100;
/// Messages of agentsview that are folded into sessions.
const MESSAGES: usize = 200;

/// A way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// `sessions search`.
    Ours,
    /// The search of agentsview's page.
    AgentsviewPage,
    /// `agentsview session search --fts`.
    AgentsviewWords,
    /// `agentsview session search`.
    AgentsviewText,
    /// `deja search`.
    Deja,
}

impl Way {
    /// Every one.
    pub(crate) const ALL: [Self; 5] = [
        Self::Ours,
        Self::AgentsviewPage,
        Self::AgentsviewWords,
        Self::AgentsviewText,
        Self::Deja,
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "sessions",
            Self::AgentsviewPage => "agentsview, page",
            Self::AgentsviewWords => "agentsview --fts",
            Self::AgentsviewText => "agentsview, text",
            Self::Deja => "deja",
        }
    }
}

/// The tools that are there, running.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    /// This product.
    pub(crate) ours: &'a Ours,
    /// agentsview's server.
    pub(crate) agentsview: Option<Server<'a>>,
    /// deja.
    pub(crate) deja: Option<&'a Deja>,
    /// The session of each subagent: some tools tell the one for the other.
    pub(crate) subagents: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
    suggestion: Option<String>,
}

#[derive(Deserialize)]
struct Hit {
    session: String,
}

#[derive(Deserialize)]
struct Page {
    results: Option<Vec<Found>>,
}

#[derive(Deserialize)]
struct Messages {
    matches: Option<Vec<Found>>,
}

#[derive(Deserialize)]
struct Found {
    session_id: String,
}

impl Tools<'_> {
    /// The ways that there are.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let is_there = |way: &Way| match way {
            Way::Ours => true,
            Way::Deja => self.deja.is_some(),
            _ => self.agentsview.is_some(),
        };
        Way::ALL.into_iter().filter(is_there).collect()
    }

    /// Asks as a user would, and returns the sessions found, best first.
    pub(crate) fn ask(&self, way: Way, query: &str) -> Result<Vec<String>> {
        let found = match (way, &self.agentsview, self.deja) {
            (Way::Ours, _, _) => self.ask_ours(query),
            (Way::AgentsviewPage, Some(server), _) => ask_page(server, query),
            (Way::AgentsviewWords, Some(server), _) => ask_messages(server, query, "fts"),
            (Way::AgentsviewText, Some(server), _) => ask_messages(server, query, "substring"),
            (Way::Deja, _, Some(deja)) => deja.ask(query),
            _ => Ok(Vec::new()),
        }?;
        let session = |id: String| self.subagents.get(&id).cloned().unwrap_or(id);
        Ok(found.into_iter().map(session).collect())
    }

    /// Where nothing matches, what is offered instead is asked for.
    fn ask_ours(&self, query: &str) -> Result<Vec<String>> {
        let mut answer = self.hits(query)?;
        if let Some(suggestion) = answer.suggestion.take().filter(|_| answer.hits.is_empty()) {
            answer = self.hits(&suggestion)?;
        }
        Ok(answer.hits.into_iter().map(|hit| hit.session).collect())
    }

    fn hits(&self, query: &str) -> Result<Hits> {
        let limit = LOOKED_AT.to_string();
        let text = self
            .ours
            .answer(&["search", "--json", "--limit", &limit, query])?;
        serde_json::from_str(&text).with_context(|| format!("could not read the answer to {query}"))
    }
}

fn ask_page(server: &Server<'_>, query: &str) -> Result<Vec<String>> {
    let limit = TRANSCRIPTS.to_string();
    let text = server.get("/api/v1/search", &[("q", query), ("limit", &limit)])?;
    let page: Page = serde_json::from_str(&text).context("could not read a page of agentsview")?;
    Ok(sessions(page.results))
}

/// Asks what the command line of agentsview asks: it prints the server's answer to the same request.
fn ask_messages(server: &Server<'_>, query: &str, mode: &str) -> Result<Vec<String>> {
    let limit = MESSAGES.to_string();
    let text = server.get(
        "/api/v1/search/content",
        &[
            ("pattern", query),
            ("mode", mode),
            ("limit", &limit),
            ("include_one_shot", "true"),
        ],
    )?;
    let found: Messages =
        serde_json::from_str(&text).context("could not read messages of agentsview")?;
    Ok(sessions(found.matches))
}

fn sessions(found: Option<Vec<Found>>) -> Vec<String> {
    let found = found.unwrap_or_default().into_iter();
    found.map(|found| found.session_id).collect()
}
