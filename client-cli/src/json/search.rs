//! The answer to a search as JSON.

use serde::Serialize;
use sessions_model::{Coverage, Facet, Facets, Hit, ScoreParts, SearchAnswer, Suggestion};

use super::time;

/// The answer to a search.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerJson<'a> {
    hits: Vec<HitJson<'a>>,
    total: u64,
    took_us: u64,
    coverage: CoverageJson<'a>,
    sessions: u64,
    suggestion: Option<&'a str>,
    suggestions: Vec<SuggestionJson<'a>>,
    left_out: u64,
    facets: Option<FacetsJson<'a>>,
    understood: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SuggestionJson<'a> {
    query: &'a str,
    total: u64,
}

#[derive(Debug, Serialize)]
struct FacetsJson<'a> {
    projects: Vec<FacetJson<'a>>,
    kinds: Vec<FacetJson<'a>>,
    tools: Vec<FacetJson<'a>>,
    models: Vec<FacetJson<'a>>,
    months: Vec<FacetJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FacetJson<'a> {
    name: &'a str,
    count: u64,
}

#[derive(Debug, Serialize)]
struct HitJson<'a> {
    session: &'a str,
    entry: &'a str,
    kind: &'static str,
    tool: Option<&'a str>,
    project: &'a str,
    time: Option<String>,
    score: f32,
    snippet: &'a str,
    /// Pairs of byte offsets in the UTF-8 of `snippet`.
    highlights: Vec<[u32; 2]>,
    more_in_session: u64,
    echo: bool,
    parts: Option<PartsJson>,
}

#[derive(Debug, Serialize)]
struct PartsJson {
    words: f32,
    kind: f32,
    subagent: f32,
    recency: f32,
    automated: f32,
    nearness: f32,
}

/// How complete an answer is.
#[derive(Debug, Serialize)]
pub(super) struct CoverageJson<'a> {
    indexed_seq: u64,
    archive_seq: u64,
    complete: bool,
    reason: Option<&'a str>,
}

impl<'a> AnswerJson<'a> {
    /// Converts an answer.
    pub(crate) fn new(answer: &'a SearchAnswer) -> Self {
        Self {
            hits: answer.hits.iter().map(HitJson::new).collect(),
            total: answer.total,
            took_us: answer.took_us,
            coverage: CoverageJson::new(&answer.coverage),
            sessions: answer.sessions,
            suggestion: answer.suggestions.first().map(|offer| &*offer.query),
            suggestions: answer.suggestions.iter().map(SuggestionJson::new).collect(),
            left_out: answer.left_out,
            facets: answer.facets.as_ref().map(FacetsJson::new),
            understood: answer.understood.as_deref(),
        }
    }
}

impl<'a> SuggestionJson<'a> {
    fn new(suggestion: &'a Suggestion) -> Self {
        Self {
            query: &suggestion.query,
            total: suggestion.total,
        }
    }
}

impl<'a> FacetsJson<'a> {
    fn new(facets: &'a Facets) -> Self {
        let each = |facets: &'a [Facet]| facets.iter().map(FacetJson::new).collect();
        Self {
            projects: each(&facets.projects),
            kinds: each(&facets.kinds),
            tools: each(&facets.tools),
            models: each(&facets.models),
            months: each(&facets.months),
        }
    }
}

impl<'a> FacetJson<'a> {
    fn new(facet: &'a Facet) -> Self {
        Self {
            name: &facet.name,
            count: facet.count,
        }
    }
}

impl PartsJson {
    fn new(parts: ScoreParts) -> Self {
        Self {
            words: parts.words,
            kind: parts.kind,
            subagent: parts.subagent,
            recency: parts.recency,
            automated: parts.automated,
            nearness: parts.nearness,
        }
    }
}

impl<'a> HitJson<'a> {
    fn new(hit: &'a Hit) -> Self {
        let pair = |run: &sessions_model::Highlight| [run.start, run.end];
        Self {
            session: hit.session.id.as_str(),
            entry: &hit.entry.0,
            kind: hit.kind.as_str(),
            tool: hit.tool.as_deref(),
            project: &hit.session.project,
            time: time(hit.time),
            score: hit.score,
            snippet: &hit.snippet,
            highlights: hit.highlights.iter().map(pair).collect(),
            more_in_session: hit.more_in_session,
            echo: hit.is_echo,
            parts: hit.parts.map(PartsJson::new),
        }
    }
}

impl<'a> CoverageJson<'a> {
    /// Converts it.
    pub(super) fn new(coverage: &'a Coverage) -> Self {
        Self {
            indexed_seq: coverage.indexed_seq.0,
            archive_seq: coverage.archive_seq.0,
            complete: coverage.complete,
            reason: coverage.reason.as_deref(),
        }
    }
}
