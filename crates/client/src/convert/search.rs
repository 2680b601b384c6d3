//! Hits and answers.

use sessions_model::{
    Coverage, EntryId, Facet, Facets, Highlight, Hit, ScoreParts, SearchAnswer, Seq, Suggestion,
};
use sessions_proto as wire;

use super::{each, session, time};
use crate::ClientError;

pub(crate) fn answer(answer: wire::SearchResponse) -> Result<SearchAnswer, ClientError> {
    Ok(SearchAnswer {
        hits: each(answer.hits, hit)?,
        total: answer.total,
        sessions: answer.sessions,
        took_us: answer.took_us,
        coverage: answer.coverage.map(coverage).unwrap_or_default(),
        suggestions: answer.suggestions.into_iter().map(suggestion).collect(),
        left_out: answer.left_out,
        facets: answer.facets.map(facets),
        understood: answer.understood,
    })
}

fn suggestion(suggestion: wire::Suggestion) -> Suggestion {
    Suggestion {
        query: suggestion.query,
        total: suggestion.total,
    }
}

fn facets(facets: wire::Facets) -> Facets {
    let each = |facets: Vec<wire::Facet>| facets.into_iter().map(facet).collect();
    Facets {
        projects: each(facets.projects),
        kinds: each(facets.kinds),
        tools: each(facets.tools),
        models: each(facets.models),
        months: each(facets.months),
    }
}

fn facet(facet: wire::Facet) -> Facet {
    Facet {
        name: facet.name,
        count: facet.count,
    }
}

fn parts(parts: wire::ScoreParts) -> ScoreParts {
    ScoreParts {
        words: parts.words,
        kind: parts.kind,
        subagent: parts.subagent,
        recency: parts.recency,
        automated: parts.automated,
        nearness: parts.nearness,
    }
}

pub(crate) fn coverage(coverage: wire::Coverage) -> Coverage {
    Coverage {
        indexed_seq: Seq(coverage.indexed_seq),
        archive_seq: Seq(coverage.archive_seq),
        complete: coverage.complete,
        reason: coverage.reason,
    }
}

fn hit(hit: wire::Hit) -> Result<Hit, ClientError> {
    let kind = session::entry_kind(hit.kind());
    let found_in = hit.session.ok_or(ClientError::Malformed {
        what: "a hit without its session",
    })?;
    Ok(Hit {
        session: session::session(found_in)?,
        entry: EntryId(hit.entry),
        kind,
        tool: hit.tool,
        time: time(hit.time_ms),
        score: hit.score,
        highlights: highlights(hit.highlights, &hit.snippet)?,
        snippet: hit.snippet,
        more_in_session: hit.more_in_session,
        is_echo: hit.is_echo,
        parts: hit.parts.map(parts),
    })
}

/// Reads what matched in `text`.
pub(super) fn highlights(
    runs: Vec<wire::Highlight>,
    text: &str,
) -> Result<Vec<Highlight>, ClientError> {
    let is_within =
        |run: &wire::Highlight| text.get(run.start as usize..run.end as usize).is_some();
    if !runs.iter().all(is_within) {
        return Err(ClientError::Malformed {
            what: "a highlight outside its snippet",
        });
    }
    let runs = runs.into_iter();
    Ok(runs
        .map(|run| Highlight {
            start: run.start,
            end: run.end,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: u32, end: u32, is_taken: bool) {
        let found = wire::Hit {
            session: Some(wire::Session {
                id: "0b9d".into(),
                on_disk: wire::OnDisk::Whole.into(),
                ..wire::Session::default()
            }),
            snippet: "für alle".into(),
            highlights: vec![wire::Highlight { start, end }],
            ..wire::Hit::default()
        };
        assert_eq!(hit(found).is_ok(), is_taken, "{start}..{end}");
    }

    #[test]
    fn highlight_off_a_character_is_refused() {
        check(0, 4, true);
        check(0, 9, true);
        check(0, 2, false);
        check(0, 10, false);
        check(4, 3, false);
    }
}
