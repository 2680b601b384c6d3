//! Gathers every match: one for all copies of a record, then the best of each session.

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

/// Gathers the matches of one search, segment by segment.
pub(super) struct Gather<'a> {
    scope: &'a Scope,
    ranking: Ranking,
    readers: Vec<SegmentReader>,
    candidates: Vec<Candidate>,
    met: Met,
    suspects: Vec<u64>,
}

/// A document that matched.
#[derive(Clone, Copy)]
struct Candidate {
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
    /// Gathers from an index of `documents`.
    pub(super) fn new(scope: &'a Scope, documents: u64) -> Self {
        Self {
            scope,
            ranking: Ranking::new(scope.now),
            readers: Vec::new(),
            candidates: Vec::new(),
            met: Met::with_room_for(documents),
            suspects: Vec::new(),
        }
    }

    /// Takes in what `weight` matches in one segment.
    pub(super) fn segment(
        &mut self,
        weight: &dyn Weight,
        reader: &SegmentReader,
    ) -> tantivy::Result<()> {
        let mut columns = Columns::open(reader)?;
        let segment = u32::try_from(self.readers.len()).unwrap_or(u32::MAX);
        self.readers.push(reader.clone());
        let alive = reader.alive_bitset();
        let mut batch: Vec<(DocId, Score)> = Vec::with_capacity(BATCH_LEN);
        weight.for_each(reader, &mut |doc, score| {
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                batch.push((doc, score));
                if batch.len() == BATCH_LEN {
                    self.take(&mut columns, segment, &batch);
                    batch.clear();
                }
            }
        })?;
        self.take(&mut columns, segment, &batch);
        Ok(())
    }

    /// Picks the best match of each session and returns the `limit` best of those.
    pub(super) fn finish(mut self, limit: usize) -> tantivy::Result<Matches> {
        if !self.suspects.is_empty() {
            let identity = |candidate: &Candidate| candidate.identity;
            drop_copies(
                &mut self.candidates,
                &self.suspects,
                identity,
                Candidate::outranks_copy,
            );
        }
        let mut sessions: FxHashMap<SessionOrdinal, (Candidate, u64)> = FxHashMap::default();
        for candidate in &self.candidates {
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
            .map(|(candidate, count)| self.describe(candidate, count - 1));
        Ok(Matches {
            best: best.collect::<tantivy::Result<_>>()?,
            total: self.candidates.len() as u64,
            sessions: counts.len() as u64,
            counts,
        })
    }

    fn take(&mut self, columns: &mut Columns, segment: u32, batch: &[(DocId, Score)]) {
        columns.read(batch);
        for (place, &(doc, score)) in batch.iter().enumerate() {
            let session = SessionOrdinal(columns.session.at(place));
            let is_seen = |set: &OrdinalSet| set.contains(session);
            if !self.scope.sessions.as_ref().is_none_or(is_seen) {
                continue;
            }
            let time = read_time(columns.time.at(place));
            let share = if is_seen(&self.scope.demoted) {
                DEMOTED_SHARE
            } else {
                1.0
            };
            let traits = Traits::unpack(columns.traits.at(place));
            let score = score * share * self.ranking.weight(traits, time);
            let identity = columns.identity.at(place);
            if self.met.note(identity) {
                self.suspects.push(identity);
            }
            self.candidates.push(Candidate {
                identity,
                score,
                segment,
                doc,
                session,
                time,
            });
        }
    }

    fn describe(&self, candidate: &Candidate, more: u64) -> tantivy::Result<Match> {
        let reader = self
            .readers
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
