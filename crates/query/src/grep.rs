//! Runs an exact search on one snapshot: what may match is looked through, and told as it is found.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;
use sessions_index::{DocumentName, DocumentPlace, DocumentSet, Expr};
use sessions_model::{
    EntryId, GrepEvent, GrepLine, GrepMode, GrepSummary, GrepText, Pattern, SessionId,
    SessionOrdinal, Timestamp,
};

use crate::exact::{Around, Batches, Give, Looked, Matcher, Need, Shown, Text, matching};
use crate::plan::{Exact, Question, Setting, plan};
use crate::search::Sight;
use crate::syntax::parse;
use crate::{QueryError, exact};

mod telling;

use telling::Telling;

/// Bytes of an entry's lines that are told together.
const PIECE_BYTES: usize = 256 << 10;

/// Share of all texts from which on looking at those that may match is no different from looking at all.
const SCAN_SHARE: u64 = 2;

/// Texts that are looked at without a word.
const SCAN_TEXTS_MIN: u64 = 10_000;

/// What is looked for, and how it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GrepRequest {
    /// What matches.
    pub pattern: Pattern,
    /// Which entries are looked at, as typed; all of them where it is empty.
    pub query: String,
    /// What is looked through.
    pub text: GrepText,
    /// What is told.
    pub mode: GrepMode,
    /// Lines shown before a match, and behind it.
    pub around: (u32, u32),
    /// Lines that are told at most; 0 for all of them.
    pub limit: u64,
    /// In this config root alone.
    pub root: Option<String>,
    /// How far local time is ahead of UTC, in milliseconds.
    pub utc_offset_ms: i32,
    /// The moment of the question.
    pub now: Timestamp,
}

/// Who waits for what is found.
pub struct Listener<'a> {
    /// Whether somebody still does.
    pub is_wanted: &'a (dyn Fn() -> bool + Sync),
    /// Takes what is found; breaks off where nobody does any more.
    pub tell: &'a mut dyn FnMut(GrepEvent) -> ControlFlow<()>,
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

/// What an exact search came to.
#[derive(Debug)]
pub struct Grepped {
    /// The sums; coverage and duration are the caller's to say.
    pub summary: GrepSummary,
    /// Why a text could not be read, if one could not.
    pub unread: Option<QueryError>,
}

/// Lines of one text that match.
#[derive(Debug)]
struct Match {
    place: DocumentPlace,
    entry: Option<EntryId>,
    tool: Option<String>,
    call: Option<String>,
    lines: Vec<GrepLine>,
    count: u64,
}

impl Sight<'_> {
    /// Answers `request`; the sessions in `live` are running.
    pub(crate) fn grep(
        self,
        request: &GrepRequest,
        live: &HashSet<SessionId>,
        listener: &mut Listener<'_>,
    ) -> Result<Grepped, QueryError> {
        let (matcher, need) = Matcher::new(&request.pattern)?;
        let batches = Batches {
            sight: self,
            is_wanted: listener.is_wanted,
        };
        let question = self.question(batches, request, live)?;
        let mut telling = Telling::new((self, live), request, listener.tell);
        match request.text {
            GrepText::Entries => {
                let set = self.candidates(&question, &need, &mut telling)?;
                entries((batches, &set), (&matcher, request), &mut telling)?;
            }
            GrepText::Bytes => {
                self.bytes(
                    &question,
                    (&matcher, request, listener.is_wanted),
                    &mut telling,
                )?;
            }
        }
        Ok(telling.finish())
    }

    fn question(
        self,
        batches: Batches<'_>,
        request: &GrepRequest,
        live: &HashSet<SessionId>,
    ) -> Result<Question, QueryError> {
        let query = if request.query.trim().is_empty() {
            parse("*")?
        } else {
            parse(&request.query)?
        };
        let setting = Setting {
            now: request.now,
            utc_offset_ms: request.utc_offset_ms,
            root: request.root.as_deref(),
            live,
            exact: Exact::MayHold,
        };
        let met = batches.resolve(&query, setting)?;
        let exact = Exact::Met(&met);
        plan(&query, self.catalog, Setting { exact, ..setting })
    }

    /// Returns the documents that may match, and notes whether those are most of all.
    fn candidates(
        self,
        question: &Question,
        need: &Need,
        telling: &mut Telling<'_>,
    ) -> Result<DocumentSet, QueryError> {
        let sessions = question.sessions.as_ref();
        let narrowed = match need.expr() {
            Expr::All => question.expr.clone(),
            narrowing => Expr::And(vec![question.expr.clone(), narrowing]),
        };
        let set = self.snapshot.choose(&narrowed, sessions)?;
        let all = self.snapshot.documents();
        if set.len() >= SCAN_TEXTS_MIN && set.len() * SCAN_SHARE >= all {
            telling.scans(match need.example() {
                None => "no match of the pattern must hold a certain text".to_owned(),
                Some(text) => format!("nearly every text may hold \"{text}\""),
            });
        }
        Ok(set)
    }

    fn bytes(
        self,
        question: &Question,
        (matcher, request, is_wanted): (&Matcher, &GrepRequest, &(dyn Fn() -> bool + Sync)),
        telling: &mut Telling<'_>,
    ) -> Result<(), QueryError> {
        telling.scans("archived bytes are not indexed as they stand".to_owned());
        let sessions = question.sessions.as_ref();
        let is_every = question.expr == Expr::All;
        let set = self.snapshot.choose(&question.expr, sessions)?;
        let counts = self.snapshot.count(&set)?;
        let mut readers = Vec::new();
        for ordinal in self.catalog.ordinals_latest_first()? {
            let is_meant = if is_every {
                sessions.is_none_or(|sessions| sessions.contains(ordinal))
            } else {
                counts
                    .binary_search_by_key(&ordinal, |count| count.0)
                    .is_ok()
            };
            if !is_meant {
                continue;
            }
            let inside = [ordinal].into_iter().collect();
            let lines = if is_every {
                None
            } else {
                Some(self.snapshot.places(&set, &inside)?)
            };
            let lines = lines.map(|places| {
                let places = places.iter();
                places
                    .map(|place| (place.generation, place.offset))
                    .collect()
            });
            let files = exact::Files {
                sight: self,
                matcher,
                around: around(request),
                lines: lines.as_ref(),
                is_wanted,
            };
            if telling.files(ordinal, (files, &mut readers))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Looks through the texts of `set`.
fn entries(
    (batches, set): (Batches<'_>, &DocumentSet),
    (matcher, request): (&Matcher, &GrepRequest),
    telling: &mut Telling<'_>,
) -> Result<(), QueryError> {
    telling.expect(set.len());
    let settled = Mutex::new(FxHashSet::default());
    let look = |place: &DocumentPlace, text: &Text<'_>, give: Give<'_, Match>| {
        look((matcher, request), (place, text), (&settled, give))
    };
    let take: Give<'_, Looked<Match>> = &mut |looked| match looked {
        Looked::Found(found) => telling.found(found),
        Looked::Unread(error) => telling.unread(error),
        Looked::Done(texts) => telling.done(texts),
    };
    let _ended = batches.look(set, &look, take)?;
    Ok(())
}

fn around(request: &GrepRequest) -> Around {
    let (before, after) = request.around;
    Around { before, after }
}

/// Looks for matches in one text, as far as the request wants to know of them.
fn look(
    (matcher, request): (&Matcher, &GrepRequest),
    (place, text): (&DocumentPlace, &Text<'_>),
    (settled, give): (&Mutex<FxHashSet<SessionOrdinal>>, Give<'_, Match>),
) -> ControlFlow<()> {
    let settled = || settled.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first_enough = request.mode == GrepMode::Sessions;
    if is_first_enough && settled().contains(&place.session) {
        return ControlFlow::Continue(());
    }
    let bytes = text.as_str().as_bytes();
    let mut shown = Shown::of(matcher, (bytes, text.lines_before()), around(request));
    let mut count = 0;
    let broken_off = matching(matcher, bytes, |number, line| {
        count += 1;
        match request.mode {
            GrepMode::Sessions => return ControlFlow::Break(()),
            GrepMode::Counts => return ControlFlow::Continue(()),
            GrepMode::Lines => shown.add(number, line),
        }
        if shown.bytes() <= PIECE_BYTES {
            return ControlFlow::Continue(());
        }
        let piece = (shown.take(), std::mem::take(&mut count));
        give(found((place, text), piece))
    });
    if count == 0 {
        return broken_off;
    }
    if is_first_enough {
        settled().insert(place.session);
    }
    give(found((place, text), (shown.finish(), count)))
}

fn found(
    (place, text): (&DocumentPlace, &Text<'_>),
    (lines, count): (Vec<GrepLine>, u64),
) -> Match {
    let (tool, call) = match text {
        Text::Block(_, block) => (block.tool.as_deref(), block.call.as_deref()),
        Text::Passage(..) | Text::Outside(..) => (None, None),
    };
    Match {
        place: *place,
        entry: text.entry(place),
        tool: tool.map(str::to_owned),
        call: call.map(str::to_owned),
        lines,
        count,
    }
}
