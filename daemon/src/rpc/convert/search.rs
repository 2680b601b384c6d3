//! Answers to a search.

use sessions_model as model;
use sessions_proto as wire;

use super::{coverage, highlight, kind, session};
use crate::rpc::stream;

pub(in crate::rpc) fn answer(answer: model::SearchAnswer) -> wire::SearchResponse {
    let first = answer.suggestions.first();
    wire::SearchResponse {
        suggestion: first.map(|suggestion| suggestion.query.clone()),
        hits: stream::hits(answer.hits),
        total: answer.total,
        sessions: answer.sessions,
        took_us: answer.took_us,
        coverage: Some(coverage(answer.coverage)),
        suggestions: answer.suggestions.into_iter().map(suggestion).collect(),
        left_out: answer.left_out,
        facets: answer.facets.map(facets),
        understood: answer.understood,
    }
}

pub(in crate::rpc) fn hit(hit: model::Hit) -> wire::Hit {
    wire::Hit {
        session: Some(session(hit.session)),
        entry: hit.entry.0,
        kind: kind(hit.kind).into(),
        tool: hit.tool,
        time_ms: hit.time.map(model::Timestamp::millis),
        score: hit.score,
        snippet: hit.snippet,
        highlights: hit.highlights.into_iter().map(highlight).collect(),
        more_in_session: hit.more_in_session,
        is_echo: hit.is_echo,
        parts: hit.parts.map(parts),
    }
}

fn parts(parts: model::ScoreParts) -> wire::ScoreParts {
    wire::ScoreParts {
        words: parts.words,
        kind: parts.kind,
        subagent: parts.subagent,
        recency: parts.recency,
        automated: parts.automated,
        nearness: parts.nearness,
    }
}

fn suggestion(suggestion: model::Suggestion) -> wire::Suggestion {
    wire::Suggestion {
        query: suggestion.query,
        total: suggestion.total,
    }
}

fn facets(facets: model::Facets) -> wire::Facets {
    let each = |facets: Vec<model::Facet>| facets.into_iter().map(facet).collect();
    wire::Facets {
        projects: each(facets.projects),
        kinds: each(facets.kinds),
        tools: each(facets.tools),
        models: each(facets.models),
        months: each(facets.months),
    }
}

fn facet(facet: model::Facet) -> wire::Facet {
    wire::Facet {
        name: facet.name,
        count: facet.count,
    }
}
