//! Gathers every match: those of each segment by themselves, then one for all copies of a record, then
//! the best of each session.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use sessions_model::{ByteOffset, GenerationId, SessionOrdinal, Timestamp};
use tantivy::columnar::ColumnValues;
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentReader, TantivyError};

use super::copies::{Met, drop_copies};
use super::rank::{DEMOTED_SHARE, Ranking};
use crate::matches::{Match, Matches};
use crate::schema::{BLOCK, GENERATION, IDENTITY, OFFSET, SESSION, TIME, TRAITS, Traits};
use crate::scope::{OrdinalSet, Scope};

type Column = Arc<dyn ColumnValues<u64>>;

/// Matches whose columns are read together.
const BATCH_LEN: usize = 64;

/// How the matches of one search are weighed. Segments are gathered side by side.
pub(super) struct Gather<'a> {
    scope: &'a Scope,
    ranking: Ranking,
}

/// A document that matched.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    identity: u64,
    score: f32,
    segment: u32,
    doc: DocId,
    session: SessionOrdinal,
    time: Option<Timestamp>,
}

impl Candidate {
    /// The better one comes first: by score, then the newer, then the session numbered first.
    fn order(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(other.time.cmp(&self.time))
            .then(self.session.cmp(&other.session))
            .then((self.segment, self.doc).cmp(&(other.segment, other.doc)))
    }

    /// Which of two copies stands for both: the one in the session numbered first, so that a search
    /// gives the same answer however its segments lie.
    fn outranks_copy(&self, other: &Self) -> bool {
        self.session
            .cmp(&other.session)
            .then(self.order(other))
            .is_lt()
    }
}

impl<'a> Gather<'a> {
    pub(super) fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            ranking: Ranking::new(scope.now),
        }
    }

    /// Returns what `weight` matches in `reader`, the segment of this number.
    pub(super) fn segment(
        &self,
        weight: &dyn Weight,
        (number, reader): (usize, &SegmentReader),
    ) -> tantivy::Result<Vec<Candidate>> {
        let mut columns = Columns::open(reader)?;
        let segment = u32::try_from(number).unwrap_or(u32::MAX);
        let alive = reader.alive_bitset();
        let mut found = Vec::new();
        let mut batch: Vec<(DocId, Score)> = Vec::with_capacity(BATCH_LEN);
        weight.for_each(reader, &mut |doc, score| {
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                batch.push((doc, score));
                if batch.len() == BATCH_LEN {
                    columns.read(&batch);
                    found.extend(self.candidates(&columns, segment, &batch));
                    batch.clear();
                }
            }
        })?;
        columns.read(&batch);
        found.extend(self.candidates(&columns, segment, &batch));
        Ok(found)
    }

    fn candidates(
        &self,
        columns: &Columns,
        segment: u32,
        batch: &[(DocId, Score)],
    ) -> impl Iterator<Item = Candidate> {
        let places = batch.iter().enumerate();
        places.filter_map(move |(place, &(doc, score))| {
            let session = SessionOrdinal(columns.session.at(place));
            let is_seen = |set: &OrdinalSet| set.contains(session);
            if !self.scope.sessions.as_ref().is_none_or(is_seen) {
                return None;
            }
            let time = read_time(columns.time.at(place));
            let share = if is_seen(&self.scope.demoted) {
                DEMOTED_SHARE
            } else {
                1.0
            };
            let traits = Traits::unpack(columns.traits.at(place));
            Some(Candidate {
                identity: columns.identity.at(place),
                score: score * share * self.ranking.weight(traits, time),
                segment,
                doc,
                session,
                time,
            })
        })
    }
}

/// Picks, of what was gathered from each of the `readers`, the best match of each session, and returns the
/// `limit` best of those.
pub(super) fn pick(
    gathered: &[Vec<Candidate>],
    readers: &[SegmentReader],
    limit: usize,
) -> tantivy::Result<Matches> {
    let mut candidates = gathered.concat();
    drop_repeated(&mut candidates);
    let mut sessions: FxHashMap<SessionOrdinal, (Candidate, u64)> = FxHashMap::default();
    for candidate in &candidates {
        match sessions.entry(candidate.session) {
            Entry::Vacant(slot) => {
                slot.insert((*candidate, 1));
            }
            Entry::Occupied(mut slot) => {
                let (best, count) = slot.get_mut();
                *count += 1;
                if candidate.order(best).is_lt() {
                    *best = *candidate;
                }
            }
        }
    }
    let mut counts: Vec<_> = sessions
        .iter()
        .map(|(&session, &(_, count))| (session, count))
        .collect();
    counts.sort_unstable();
    let mut ranked: Vec<_> = sessions.into_values().collect();
    ranked.sort_unstable_by(|(left, _), (right, _)| left.order(right));
    ranked.truncate(limit);
    let best = ranked
        .iter()
        .map(|(candidate, count)| describe(candidate, readers, count - 1));
    Ok(Matches {
        best: best.collect::<tantivy::Result<_>>()?,
        total: candidates.len() as u64,
        sessions: counts.len() as u64,
        counts,
    })
}

/// Keeps one of all copies of a record.
fn drop_repeated(candidates: &mut Vec<Candidate>) {
    let mut met = Met::with_room_for(candidates.len() as u64);
    let identities = candidates.iter().map(|candidate| candidate.identity);
    let suspects: Vec<u64> = identities.filter(|&identity| met.note(identity)).collect();
    if !suspects.is_empty() {
        let identity = |candidate: &Candidate| candidate.identity;
        drop_copies(candidates, &suspects, identity, Candidate::outranks_copy);
    }
}

fn describe(candidate: &Candidate, readers: &[SegmentReader], more: u64) -> tantivy::Result<Match> {
    let reader = readers
        .get(candidate.segment as usize)
        .expect("a candidate comes from a segment that was gathered");
    let value = |name| Ok::<_, TantivyError>(column(reader, name)?.get_val(candidate.doc));
    Ok(Match {
        session: candidate.session,
        generation: GenerationId(value(GENERATION)?),
        offset: ByteOffset(value(OFFSET)?),
        block: u32::try_from(value(BLOCK)?).unwrap_or(u32::MAX),
        kind: Traits::unpack(value(TRAITS)?).kind,
        time: candidate.time,
        score: candidate.score,
        more,
    })
}

/// The columns that are read for every match.
struct Columns {
    docs: Vec<DocId>,
    session: Batched,
    identity: Batched,
    traits: Batched,
    time: Batched,
}

impl Columns {
    fn open(reader: &SegmentReader) -> tantivy::Result<Self> {
        let batched = |name| Ok::<_, TantivyError>(Batched::of(column(reader, name)?));
        Ok(Self {
            docs: Vec::with_capacity(BATCH_LEN),
            session: batched(SESSION)?,
            identity: batched(IDENTITY)?,
            traits: batched(TRAITS)?,
            time: batched(TIME)?,
        })
    }

    fn read(&mut self, batch: &[(DocId, Score)]) {
        self.docs.clear();
        self.docs.extend(batch.iter().map(|(doc, _)| doc));
        for column in [
            &mut self.session,
            &mut self.identity,
            &mut self.traits,
            &mut self.time,
        ] {
            column.values.resize(self.docs.len(), 0);
            column.column.get_vals(&self.docs, &mut column.values);
        }
    }
}

/// A column and its values for the batch at hand.
struct Batched {
    column: Column,
    values: Vec<u64>,
}

impl Batched {
    fn of(column: Column) -> Self {
        Self {
            column,
            values: Vec::with_capacity(BATCH_LEN),
        }
    }

    fn at(&self, place: usize) -> u64 {
        self.values.get(place).copied().unwrap_or_default()
    }
}

fn column(reader: &SegmentReader, name: &str) -> tantivy::Result<Column> {
    reader.fast_fields().column_first_or_default(name)
}

fn read_time(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok()?;
    (millis > 0).then_some(Timestamp(millis))
}
