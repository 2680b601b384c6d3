//! Search: of everything that is on disk, or with what is missing said.
//!
//! Knows when what was found is still all there is; must not know how it is found.

use std::pin::pin;
use std::time::{Duration, Instant};

use sessions_catalog::Applied;
use sessions_model::{SearchAnswer, SessionId};
use sessions_query::{QueryError, SearchRequest, Searched, has_exact};

use super::patience::Patience;
use super::{Backend, Refusal, WAIT};
use crate::live;

/// The longest a caller may let a search wait.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The longest a query may be looked for: one that asks for very many words is given up.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Hits in one answer at most.
const HITS_MAX: u32 = 1_000;

/// Hits in one answer unless the caller says otherwise.
const HITS: u32 = 20;

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    /// The query, as typed.
    pub(crate) query: String,
    /// Hits wanted; 0 for the default.
    pub(crate) limit: u32,
    /// In this config root alone.
    pub(crate) root: Option<String>,
    /// Whether what scripts ran counts as much as the rest.
    pub(crate) with_automated: bool,
    /// How long to wait for the last line on disk; zero for the default.
    pub(crate) wait: Duration,
    /// How far local time is ahead of UTC.
    pub(crate) utc_offset_ms: i32,
    /// The session that asks, which is left out.
    pub(crate) asking: Option<SessionId>,
    /// Hits wanted of each session; 0 for the best alone.
    pub(crate) per_session: u32,
    /// Whether matches are counted by what they are.
    pub(crate) with_facets: bool,
    /// Whether it is said how the query was understood and what scores were made of.
    pub(crate) with_reasons: bool,
}

impl Backend {
    /// Answers a query from everything that was on disk when it came, or says what is missing.
    pub(crate) async fn search(&self, question: Question) -> Result<SearchAnswer, Refusal> {
        let started = Instant::now();
        let wait = if question.wait.is_zero() {
            WAIT
        } else {
            question.wait.min(WAIT_MAX)
        };
        let patience = Patience::new();
        let request = SearchRequest {
            query: question.query,
            limit: match question.limit {
                0 => HITS,
                limit => limit.min(HITS_MAX),
            },
            root: question.root,
            with_automated: question.with_automated,
            utc_offset_ms: question.utc_offset_ms,
            now: self.clock.now(),
            asking: question.asking,
            per_session: question.per_session.clamp(1, HITS_MAX),
            with_facets: question.with_facets,
            with_reasons: question.with_reasons,
            ..SearchRequest::default()
        };
        let _turn = if has_exact(&request.query) {
            Some(self.limits.grep().await.ok_or(Refusal::Stopping)?)
        } else {
            None
        };
        let mut early = pin!(self.search_early(request.clone(), &patience));
        let mut caught_up = pin!(async {
            let settled = self.archivist.settle(wait).await;
            let left = wait.saturating_sub(started.elapsed());
            let shown = self.deriver.show(settled.heads.live, left).await;
            (settled, shown)
        });
        let (early, (settled, shown)) = tokio::select! {
            early = &mut early => (early, caught_up.await),
            caught_up = &mut caught_up => match self.deriver.serving() {
                Some(_) => (early.await, caught_up),
                None => (None, caught_up),
            },
        };
        let coverage = self.coverage_of(&settled, shown);
        let Searched { mut answer, unread } = match early {
            Some((seen, searched)) if Some(seen) == shown => searched,
            _ => self.search_shown(request, &patience).await?,
        };
        if let Some(QueryError::Archive(error)) = unread {
            let suspicion = self.suspicion.clone();
            self.on_archive(move |reader| suspicion.raise_on(&error, &reader))
                .await?;
        }
        answer.coverage = coverage;
        answer.took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Ok(answer)
    }

    /// Answers from what is searchable while others still look for more, and says what that was: most often,
    /// nothing has come. None where it is known that something has.
    async fn search_early(
        &self,
        request: SearchRequest,
        patience: &Patience,
    ) -> Option<(Applied, Searched)> {
        self.deriver.opened().await;
        let seen = *self.deriver.visible().borrow();
        // What takes long is not done twice.
        if seen.live < self.heads.borrow().live || has_exact(&request.query) {
            return None;
        }
        // What goes wrong does so again.
        let searched = self.search_shown(request, patience).await.ok()?;
        Some((seen, searched))
    }

    async fn search_shown(
        &self,
        mut request: SearchRequest,
        patience: &Patience,
    ) -> Result<Searched, Refusal> {
        let roots = self.roots.clone();
        request.budget = patience.budget(TIME_MAX);
        self.ask(move |engine| engine.search(&request, &live::sessions(roots.known())))
            .await
    }
}
