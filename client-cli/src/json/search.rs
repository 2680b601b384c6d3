//! The answer to a search as JSON.

use serde::Serialize;
use sessions_model::{Coverage, Hit, SearchAnswer};

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
}

#[derive(Debug, Serialize)]
struct CoverageJson<'a> {
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
            suggestion: answer.suggestion.as_deref(),
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
        }
    }
}

impl<'a> CoverageJson<'a> {
    fn new(coverage: &'a Coverage) -> Self {
        Self {
            indexed_seq: coverage.indexed_seq.0,
            archive_seq: coverage.archive_seq.0,
            complete: coverage.complete,
            reason: coverage.reason.as_deref(),
        }
    }
}
