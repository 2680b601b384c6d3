//! Gathers every match: one for all copies of a record, then the best of each session.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use sessions_model::{ByteOffset, GenerationId, SessionOrdinal, Timestamp};
use tantivy::columnar::ColumnValues;
use tantivy::query::Weight;
use tantivy::{DocId, SegmentReader};

use super::rank;
use crate::matches::{Match, Matches};
use crate::schema::{BLOCK, GENERATION, IDENTITY, OFFSET, SESSION, TIME, TRAITS, Traits};
use crate::scope::Scope;

type Column = Arc<dyn ColumnValues<u64>>;

/// Gathers the matches of one search, segment by segment.
pub(super) struct Gather<'a> {
    scope: &'a Scope,
    readers: Vec<SegmentReader>,
    candidates: Vec<Candidate>,
    by_identity: FxHashMap<u64, usize>,
}

/// A document that matched, the one that stands for its copies.
#[derive(Clone, Copy)]
struct Candidate {
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
            readers: Vec::new(),
            candidates: Vec::new(),
            by_identity: FxHashMap::default(),
        }
    }

    /// Takes in what `weight` matches in one segment.
    pub(super) fn segment(
        &mut self,
        weight: &dyn Weight,
        reader: &SegmentReader,
    ) -> tantivy::Result<()> {
        let columns = Columns::open(reader)?;
        let segment = u32::try_from(self.readers.len()).unwrap_or(u32::MAX);
        self.readers.push(reader.clone());
        let alive = reader.alive_bitset();
        weight.for_each(reader, &mut |doc, score| {
            if alive.is_none_or(|alive| alive.is_alive(doc))
                && let Some(candidate) = self.candidate(&columns, (segment, doc), score)
            {
                self.take(candidate, columns.identity.get_val(doc));
            }
        })
    }

    /// Picks the best match of each session and returns the `limit` best of those.
    pub(super) fn finish(self, limit: usize) -> tantivy::Result<Matches> {
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

    fn candidate(
        &self,
        columns: &Columns,
        (segment, doc): (u32, DocId),
        score: f32,
    ) -> Option<Candidate> {
        let session = SessionOrdinal(columns.session.get_val(doc));
        let is_seen = |set: &crate::OrdinalSet| set.contains(session);
        if !self.scope.sessions.as_ref().is_none_or(is_seen) {
            return None;
        }
        let traits = Traits::unpack(columns.traits.get_val(doc));
        let time = read_time(columns.time.get_val(doc));
        let share = if is_seen(&self.scope.demoted) {
            rank::DEMOTED_SHARE
        } else {
            1.0
        };
        let score = score * share * rank::weight(traits, time, self.scope.now);
        Some(Candidate {
            score,
            segment,
            doc,
            session,
            time,
        })
    }

    fn take(&mut self, candidate: Candidate, identity: u64) {
        match self.by_identity.entry(identity) {
            Entry::Vacant(slot) => {
                slot.insert(self.candidates.len());
                self.candidates.push(candidate);
            }
            Entry::Occupied(slot) => {
                if let Some(standing) = self.candidates.get_mut(*slot.get())
                    && candidate.outranks_copy(standing)
                {
                    *standing = candidate;
                }
            }
        }
    }

    fn describe(&self, candidate: &Candidate, more: u64) -> tantivy::Result<Match> {
        let reader = self
            .readers
            .get(candidate.segment as usize)
            .expect("a candidate comes from a segment that was gathered");
        let value =
            |name| Ok::<_, tantivy::TantivyError>(column(reader, name)?.get_val(candidate.doc));
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
    session: Column,
    identity: Column,
    traits: Column,
    time: Column,
}

impl Columns {
    fn open(reader: &SegmentReader) -> tantivy::Result<Self> {
        Ok(Self {
            session: column(reader, SESSION)?,
            identity: column(reader, IDENTITY)?,
            traits: column(reader, TRAITS)?,
            time: column(reader, TIME)?,
        })
    }
}

fn column(reader: &SegmentReader, name: &str) -> tantivy::Result<Column> {
    reader.fast_fields().column_first_or_default(name)
}

fn read_time(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok()?;
    (millis > 0).then_some(Timestamp(millis))
}
