//! Runs a query on one snapshot: the best hit of each session, with what the archive and the catalog
//! know of it, and a looser query where there is none.

use std::collections::HashSet;

use rustc_hash::FxHashMap;
use sessions_archive::ArchiveReader;
use sessions_catalog::{CatalogReader, SessionPredicate};
use sessions_index::{Match, Matches, OrdinalSet, Scope, Snapshot};
use sessions_model::{EntryId, Hit, SearchAnswer, Session, SessionId, SessionOrdinal, Timestamp};

use crate::QueryError;
use crate::locate::{Located, Place};
use crate::looser::looser;
use crate::plan::{Question, Setting, plan};
use crate::snippet::snippet;
use crate::syntax::{Query, parse};
use crate::terms::Terms;

/// Bytes of text that the snippets of one answer are made of; hits beyond have none.
const SNIPPET_TEXT_BYTES_MAX: usize = 16 << 20;

/// What is searched for, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
}

/// What a search came to.
#[derive(Debug)]
pub struct Searched {
    /// The answer; coverage and duration are the caller's to say.
    pub answer: SearchAnswer,
    /// Why a hit is shown without its text, if one is: the rest of the answer is worth having.
    pub unread: Option<QueryError>,
}

/// What is the same for a query and looser ones.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    request: &'a SearchRequest,
    live: &'a HashSet<SessionId>,
    demoted: &'a OrdinalSet,
}

/// What a search looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) archive: &'a ArchiveReader,
    pub(crate) catalog: &'a CatalogReader,
    pub(crate) snapshot: &'a Snapshot,
}

impl Sight<'_> {
    /// Answers `request`; the sessions in `live` are running.
    pub(crate) fn search(
        self,
        request: &SearchRequest,
        live: &HashSet<SessionId>,
    ) -> Result<Searched, QueryError> {
        let query = parse(&request.query)?;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let demoted = self.demoted(request)?;
        let asked = Asked {
            request,
            live,
            demoted: &demoted,
        };
        let matches = self.run(&query, asked, limit)?;
        let suggestion = match matches.total {
            0 => self.suggest(&query, asked)?,
            _ => None,
        };
        let mut unread = None;
        let answer = SearchAnswer {
            hits: self.hits(&query, &matches.best, (live, &mut unread))?,
            total: matches.total,
            sessions: matches.sessions,
            suggestion,
            ..SearchAnswer::default()
        };
        Ok(Searched { answer, unread })
    }

    fn demoted(self, request: &SearchRequest) -> Result<OrdinalSet, QueryError> {
        if request.with_automated {
            return Ok(OrdinalSet::default());
        }
        let automated = self.catalog.matching(&SessionPredicate::Automated)?;
        Ok(automated.into_iter().collect())
    }

    fn run(
        self,
        query: &Query,
        Asked {
            request,
            live,
            demoted,
        }: Asked<'_>,
        limit: usize,
    ) -> Result<Matches, QueryError> {
        let setting = Setting {
            now: request.now,
            utc_offset_ms: request.utc_offset_ms,
            root: request.root.as_deref(),
            live,
        };
        let Question { expr, sessions } = plan(query, self.catalog, setting)?;
        if sessions.as_ref().is_some_and(OrdinalSet::is_empty) {
            return Ok(Matches::default());
        }
        let scope = Scope {
            sessions,
            demoted: demoted.clone(),
            now: request.now,
        };
        Ok(self.snapshot.search(&expr, &scope, limit)?)
    }

    fn hits(
        self,
        query: &Query,
        best: &[Match],
        (live, unread): (&HashSet<SessionId>, &mut Option<QueryError>),
    ) -> Result<Vec<Hit>, QueryError> {
        let ordinals: Vec<SessionOrdinal> = best.iter().map(|found| found.session).collect();
        let sessions = self.catalog.by_ordinals(&ordinals, live)?;
        let mut sessions: FxHashMap<SessionOrdinal, Session> = sessions.into_iter().collect();
        let terms = Terms::of(&query.root);
        let mut room = SNIPPET_TEXT_BYTES_MAX;
        let found = best.iter().filter_map(|found| {
            // A session that the index has and the catalog does not yet is left for the next search.
            let session = sessions.remove(&found.session)?;
            let located = self
                .locate(&session.id, found, &terms)
                .unwrap_or_else(|error| {
                    unread.get_or_insert(error);
                    Located::unread(found)
                });
            Some(hit(session, found, located, (&terms, &mut room)))
        });
        Ok(found.collect())
    }

    fn locate(
        self,
        session: &SessionId,
        found: &Match,
        terms: &Terms,
    ) -> Result<Located, QueryError> {
        let place = Place {
            terms,
            archive: self.archive,
            catalog: self.catalog,
        };
        place.locate(session, found)
    }

    /// Returns the first looser query that finds something.
    fn suggest(self, query: &Query, asked: Asked<'_>) -> Result<Option<String>, QueryError> {
        for query in looser(query) {
            if self.run(&query, asked, 1)?.total > 0 {
                return Ok(Some(query.to_string()));
            }
        }
        Ok(None)
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
    }
}
