//! Gathers every match, those of each segment by themselves.
//!
//! Matches beyond what memory has room for are gathered part by part: copies of a record share its
//! identity, so that no part has to know of another, and what stays of each is one match a session.

use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64, AtomicUsize};

use sessions_model::{SessionOrdinal, Timestamp};
use tantivy::columnar::ColumnValues;
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentReader, TantivyError};

use super::candidate::Candidate;
use super::part::Part;
use super::rank::Ranking;
use crate::schema::{IDENTITY, SESSION, TIME, TRAITS, Traits};
use crate::scope::Scope;

type Column = Arc<dyn ColumnValues<u64>>;

/// Matches whose columns are read together.
const BATCH_LEN: usize = 64;

/// How the matches of one part are weighed. Segments are gathered side by side.
pub(super) struct Gather<'a> {
    scope: &'a Scope,
    ranking: &'a Ranking<'a>,
    part: Part,
    room: usize,
    /// Matches of this part so far, those included for which there was no room.
    met: AtomicUsize,
    /// Matches in the session that is left out.
    left_out: AtomicU64,
}

impl<'a> Gather<'a> {
    /// Gathers `part`, at most `room` matches of it.
    pub(super) fn new(
        scope: &'a Scope,
        ranking: &'a Ranking<'a>,
        (part, room): (Part, usize),
    ) -> Self {
        Self {
            scope,
            ranking,
            part,
            room,
            met: AtomicUsize::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Returns how many matches there were in the session that is left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(atomic::Ordering::Relaxed)
    }

    /// Returns how many matches there were, if there was no room for all of them.
    pub(super) fn too_many(&self) -> Option<usize> {
        let met = self.met.load(atomic::Ordering::Relaxed);
        (met > self.room).then_some(met)
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
                    self.take(&mut columns, (segment, &mut batch), &mut found);
                }
            }
        })?;
        self.take(&mut columns, (segment, &mut batch), &mut found);
        Ok(found)
    }

    /// Takes in what of a batch belongs to the part, as long as there is room.
    fn take(
        &self,
        columns: &mut Columns,
        (segment, batch): (u32, &mut Vec<(DocId, Score)>),
        found: &mut Vec<Candidate>,
    ) {
        if self.scope.budget.is_spent() {
            // Whoever asked is told, whatever was found so far.
            batch.clear();
            return;
        }
        columns.read(batch, self.part);
        let before = found.len();
        found.extend(self.candidates(columns, segment, batch));
        let came = found.len() - before;
        if self.met.fetch_add(came, atomic::Ordering::Relaxed) + came <= self.room {
            // There is room.
        } else if self.part.is_finest() {
            // What no parting tells apart is copies: which of so many stands for all matters little.
            found.truncate(before);
        } else {
            // They are gathered again, in smaller parts.
            *found = Vec::new();
        }
        batch.clear();
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
            let sessions = self.scope.sessions.as_ref();
            if !sessions.is_none_or(|set| set.contains(session)) {
                return None;
            }
            if self.scope.left_out == Some(session) {
                self.left_out.fetch_add(1, atomic::Ordering::Relaxed);
                return None;
            }
            let time = columns.time.at(place);
            let traits = Traits::unpack(columns.traits.at(place));
            let weights = self.ranking.weights(traits, read_time(time), session);
            Some(Candidate {
                identity: columns.identity.at(place),
                score: score * weights.product(),
                segment,
                doc,
                session,
                time,
                is_echo: traits.is_echo,
                is_subagent: traits.is_subagent,
            })
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

    /// Reads what is known of a batch's documents; those that are not in `part` are taken out of it.
    fn read(&mut self, batch: &mut Vec<(DocId, Score)>, part: Part) {
        self.docs.clear();
        self.docs.extend(batch.iter().map(|(doc, _)| doc));
        self.identity.read(&self.docs);
        if part != Part::WHOLE {
            let mut identities = self.identity.values.iter();
            batch.retain(|_| identities.next().is_some_and(|&one| part.holds(one)));
            self.identity.values.retain(|&one| part.holds(one));
            self.docs.clear();
            self.docs.extend(batch.iter().map(|(doc, _)| doc));
        }
        for column in [&mut self.session, &mut self.traits, &mut self.time] {
            column.read(&self.docs);
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

    fn read(&mut self, docs: &[DocId]) {
        self.values.resize(docs.len(), 0);
        self.column.get_vals(docs, &mut self.values);
    }

    fn at(&self, place: usize) -> u64 {
        self.values.get(place).copied().unwrap_or_default()
    }
}

pub(super) fn column(reader: &SegmentReader, name: &str) -> tantivy::Result<Column> {
    reader.fast_fields().column_first_or_default(name)
}

pub(super) fn read_time(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok()?;
    (millis > 0).then_some(Timestamp(millis))
}
