//! Runs a query on one snapshot: the best hits of each session, with what the archive and the catalog
//! know of it, and other queries where there is none.

use std::collections::HashSet;

use rustc_hash::FxHashMap;
use sessions_archive::ArchiveReader;
use sessions_catalog::{CatalogReader, SessionPredicate};
use sessions_index::{Budget, Match, Matches, OrdinalSet, Scope, Snapshot, Tallies, Wanted};
use sessions_model::{
    EntryId, Facets, Hit, SearchAnswer, Session, SessionId, SessionOrdinal, Suggestion, Timestamp,
};

use crate::QueryError;
use crate::exact::{Batches, conditions};
use crate::facets::facets;
use crate::locate::{Located, Place};
use crate::looser::{looser, respelled};
use crate::plan::{Exact, Question, Setting, plan};
use crate::snippet::snippet;
use crate::syntax::{Query, parse};
use crate::terms::Terms;

/// Bytes of text that the snippets of one answer are made of; hits beyond have none.
const SNIPPET_TEXT_BYTES_MAX: usize = 16 << 20;

/// What is searched for, and how.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// The query, as typed.
    pub query: String,
    /// Hits wanted.
    pub limit: u32,
    /// In this config root alone.
    pub root: Option<String>,
    /// Whether what scripts ran ranks with the rest; else it comes behind.
    pub with_automated: bool,
    /// How far local time is ahead of UTC, in milliseconds.
    pub utc_offset_ms: i32,
    /// The moment of the question.
    pub now: Timestamp,
    /// The session that asks, which is left out unless the query names a session.
    pub asking: Option<SessionId>,
    /// Hits wanted of each session; 0 for the best alone.
    pub per_session: u32,
    /// Whether matches are counted by what they are.
    pub with_facets: bool,
    /// Whether it is said how the query was understood and what scores were made of.
    pub with_reasons: bool,
    /// What it may take.
    pub budget: Budget,
}

/// What a search came to.
#[derive(Debug)]
pub struct Searched {
    /// The answer; coverage and duration are the caller's to say.
    pub answer: SearchAnswer,
    /// Why a hit is shown without its text, if one is: the rest of the answer is worth having.
    pub unread: Option<QueryError>,
}

/// What a search looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) archive: &'a ArchiveReader,
    pub(crate) catalog: &'a CatalogReader,
    pub(crate) snapshot: &'a Snapshot,
}

/// One request and what it depends on besides its query.
struct Search<'a> {
    sight: Sight<'a>,
    request: &'a SearchRequest,
    live: &'a HashSet<SessionId>,
    demoted: OrdinalSet,
    left_out: Option<SessionOrdinal>,
}

impl<'a> Sight<'a> {
    /// Answers `request`; the sessions in `live` are running.
    pub(crate) fn search(
        self,
        request: &'a SearchRequest,
        live: &'a HashSet<SessionId>,
    ) -> Result<Searched, QueryError> {
        let query = parse(&request.query)?;
        let search = Search {
            sight: self,
            request,
            live,
            demoted: self.demoted(request)?,
            left_out: self.left_out(&query, request)?,
        };
        search.answer(&query)
    }

    fn demoted(self, request: &SearchRequest) -> Result<OrdinalSet, QueryError> {
        if request.with_automated {
            return Ok(OrdinalSet::default());
        }
        let automated = self.catalog.matching(&SessionPredicate::Automated)?;
        Ok(automated.into_iter().collect())
    }

    /// Returns the session that asks: what it holds is known there.
    fn left_out(
        self,
        query: &Query,
        request: &SearchRequest,
    ) -> Result<Option<SessionOrdinal>, QueryError> {
        let Some(asking) = &request.asking else {
            return Ok(None);
        };
        if query.names_session() {
            return Ok(None);
        }
        let asking = SessionPredicate::OneOf(vec![asking.clone()]);
        Ok(self.catalog.matching(&asking)?.first().copied())
    }
}

impl Search<'_> {
    fn answer(&self, query: &Query) -> Result<Searched, QueryError> {
        let request = self.request;
        let wanted = Wanted {
            sessions: usize::try_from(request.limit).unwrap_or(usize::MAX),
            per_session: usize::try_from(request.per_session.max(1)).unwrap_or(usize::MAX),
            with_tallies: request.with_facets,
        };
        let matches = self.run(query, wanted)?;
        let suggestions = match matches.total {
            // Nothing is nearly an exact text.
            0 if conditions(&query.root).is_empty() => self.suggest(query)?,
            _ => Vec::new(),
        };
        let mut unread = None;
        let answer = SearchAnswer {
            hits: self.hits(query, &matches.best, &mut unread)?,
            total: matches.total,
            sessions: matches.sessions,
            suggestions,
            left_out: matches.left_out,
            facets: self.facets(&matches)?,
            understood: request.with_reasons.then(|| query.to_string()),
            ..SearchAnswer::default()
        };
        Ok(Searched { answer, unread })
    }

    fn run(&self, query: &Query, wanted: Wanted) -> Result<Matches, QueryError> {
        let setting = Setting {
            now: self.request.now,
            utc_offset_ms: self.request.utc_offset_ms,
            root: self.request.root.as_deref(),
            live: self.live,
            exact: Exact::MayHold,
        };
        let batches = Batches {
            sight: self.sight,
            is_wanted: &|| !self.request.budget.is_spent(),
        };
        let met = batches.resolve(query, setting)?;
        if self.request.budget.is_spent() {
            return Err(QueryError::GivenUp);
        }
        let exact = Exact::Met(&met);
        let setting = Setting { exact, ..setting };
        let Question { expr, sessions } = plan(query, self.sight.catalog, setting)?;
        if sessions.as_ref().is_some_and(OrdinalSet::is_empty) {
            return Ok(Matches::default());
        }
        let scope = Scope {
            sessions,
            left_out: self.left_out,
            demoted: self.demoted.clone(),
            now: self.request.now,
            budget: self.request.budget.clone(),
        };
        Ok(self.sight.snapshot.search(&expr, &scope, wanted)?)
    }

    fn facets(&self, matches: &Matches) -> Result<Option<Facets>, QueryError> {
        if !self.request.with_facets {
            return Ok(None);
        }
        // Where nothing could match, nothing was counted.
        let nothing = Tallies::default();
        let tallies = matches.tallies.as_ref().unwrap_or(&nothing);
        let counted = (tallies, &*matches.counts);
        facets(self.sight.catalog, counted, self.request.utc_offset_ms).map(Some)
    }

    fn hits(
        &self,
        query: &Query,
        best: &[Match],
        unread: &mut Option<QueryError>,
    ) -> Result<Vec<Hit>, QueryError> {
        let mut ordinals: Vec<SessionOrdinal> = best.iter().map(|found| found.session).collect();
        ordinals.dedup();
        let sessions = self.sight.catalog.by_ordinals(&ordinals, self.live)?;
        let sessions: FxHashMap<SessionOrdinal, Session> = sessions.into_iter().collect();
        let terms = Terms::of(&query.root);
        let mut room = SNIPPET_TEXT_BYTES_MAX;
        let found = best.iter().filter_map(|found| {
            // A session that the index has and the catalog does not yet is left for the next search.
            let session = sessions.get(&found.session)?.clone();
            let located = self
                .locate(&session.id, found, &terms)
                .unwrap_or_else(|error| {
                    unread.get_or_insert(error);
                    Located::unread(found)
                });
            let mut hit = hit(session, found, located, (&terms, &mut room));
            hit.parts = self.request.with_reasons.then_some(found.parts);
            Some(hit)
        });
        Ok(found.collect())
    }

    fn locate(
        &self,
        session: &SessionId,
        found: &Match,
        terms: &Terms,
    ) -> Result<Located, QueryError> {
        let place = Place {
            terms,
            archive: self.sight.archive,
            catalog: self.sight.catalog,
        };
        place.locate(session, found)
    }

    /// Returns what might have been meant, and the first looser query that finds something.
    fn suggest(&self, query: &Query) -> Result<Vec<Suggestion>, QueryError> {
        let mut suggestions = Vec::new();
        let respelled = respelled(query, &|word| Ok(self.sight.snapshot.nearest_word(word)?))?;
        let respelled = respelled.into_iter().map(|query| vec![query]);
        for queries in respelled.chain([looser(query)]) {
            for query in queries {
                let total = self.run(&query, Wanted::best_of(1))?.total;
                if total > 0 {
                    let query = query.to_string();
                    suggestions.push(Suggestion { query, total });
                    break;
                }
            }
        }
        Ok(suggestions)
    }
}

/// Describes a match, with a snippet as long as there is `room` for its text.
fn hit(
    session: Session,
    found: &Match,
    located: Located,
    (terms, room): (&Terms, &mut usize),
) -> Hit {
    let text = if located.text.len() <= *room {
        &*located.text
    } else {
        ""
    };
    *room -= text.len();
    let snippet = snippet(text, terms);
    Hit {
        session,
        entry: EntryId(located.entry),
        kind: found.kind,
        tool: located.tool,
        time: found.time,
        score: found.score,
        snippet: snippet.text,
        highlights: snippet.highlights,
        more_in_session: found.more,
        is_echo: found.is_echo,
        parts: None,
    }
}
