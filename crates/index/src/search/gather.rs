//! Gathers every match: those of each segment by themselves, then one for all copies of a record, then
//! the best of each session.
//!
//! Matches beyond what memory has room for are gathered part by part: copies of a record share its
//! identity, so that no part has to know of another, and what stays of each is one match a session.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicUsize};

use rustc_hash::FxHashMap;
use sessions_model::{ByteOffset, GenerationId, SessionOrdinal, Timestamp};
use tantivy::columnar::ColumnValues;
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentReader, TantivyError};

use super::copies::{Met, drop_copies};
use super::part::Part;
use super::rank::{DEMOTED_SHARE, Ranking};
use crate::matches::{Match, Matches};
use crate::schema::{BLOCK, GENERATION, IDENTITY, OFFSET, SESSION, TIME, TRAITS, Traits};
use crate::scope::{OrdinalSet, Scope};

type Column = Arc<dyn ColumnValues<u64>>;

/// Matches whose columns are read together.
const BATCH_LEN: usize = 64;

/// How the matches of one part are weighed. Segments are gathered side by side.
pub(super) struct Gather<'a> {
    scope: &'a Scope,
    ranking: &'a Ranking,
    part: Part,
    room: usize,
    /// Matches of this part so far, those included for which there was no room.
    met: AtomicUsize,
}

/// A document that matched.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    identity: u64,
    score: f32,
    segment: u32,
    doc: DocId,
    session: SessionOrdinal,
    /// As in its column: 0 for none, which is older than any.
    time: u64,
    is_echo: bool,
}

impl Candidate {
    /// The better one comes first: what is no echo, then by score, then the newer, then the session numbered
    /// first.
    fn order(&self, other: &Self) -> Ordering {
        self.is_echo
            .cmp(&other.is_echo)
            .then(other.score.total_cmp(&self.score))
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
    /// Gathers `part`, at most `room` matches of it.
    pub(super) fn new(scope: &'a Scope, ranking: &'a Ranking, (part, room): (Part, usize)) -> Self {
        Self {
            scope,
            ranking,
            part,
            room,
            met: AtomicUsize::new(0),
        }
    }

    /// Returns how many matches there were, if there was no room for all of them.
    pub(super) fn left_out(&self) -> Option<usize> {
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
                time: columns.time.at(place),
                is_echo: traits.is_echo,
            })
        })
    }
}

/// What stays of the parts that were gathered: the best match of each session, and how many it has.
#[derive(Default)]
pub(super) struct Picked {
    sessions: FxHashMap<SessionOrdinal, (Candidate, u64)>,
    total: u64,
}

impl Picked {
    /// Takes in one part, as gathered from each segment.
    pub(super) fn take(&mut self, mut gathered: Vec<Vec<Candidate>>) {
        drop_repeated(&mut gathered);
        for candidate in gathered.iter().flatten() {
            self.total += 1;
            match self.sessions.entry(candidate.session) {
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
    }

    /// Returns the `limit` best of the sessions; `readers` are those of the segments.
    pub(super) fn rank(self, readers: &[SegmentReader], limit: usize) -> tantivy::Result<Matches> {
        let sessions = self.sessions.iter();
        let mut counts: Vec<_> = sessions
            .map(|(&session, &(_, count))| (session, count))
            .collect();
        counts.sort_unstable();
        let mut ranked: Vec<_> = self.sessions.into_values().collect();
        ranked.sort_unstable_by(|(left, _), (right, _)| left.order(right));
        ranked.truncate(limit);
        let mut segments: FxHashMap<u32, Description> = FxHashMap::default();
        let mut best = Vec::with_capacity(ranked.len());
        for (candidate, count) in &ranked {
            let described = match segments.entry(candidate.segment) {
                Entry::Occupied(slot) => slot.into_mut(),
                Entry::Vacant(slot) => slot.insert(Description::open(candidate, readers)?),
            };
            best.push(described.of(candidate, count - 1));
        }
        Ok(Matches {
            best,
            total: self.total,
            sessions: counts.len() as u64,
            counts,
        })
    }
}

/// Keeps one of all copies of a record.
fn drop_repeated(gathered: &mut [Vec<Candidate>]) {
    let count: usize = gathered.iter().map(Vec::len).sum();
    let mut met = Met::with_room_for(count as u64);
    let candidates = gathered.iter().flatten();
    let identities = candidates.map(|candidate| candidate.identity);
    let suspects: Vec<u64> = identities.filter(|&identity| met.note(identity)).collect();
    if !suspects.is_empty() {
        let identity = |candidate: &Candidate| candidate.identity;
        drop_copies(gathered, &suspects, identity, Candidate::outranks_copy);
    }
}

/// The columns of a segment that are read for what is answered. Opening one takes longer than many readings.
struct Description {
    generation: Column,
    offset: Column,
    block: Column,
    traits: Column,
}

impl Description {
    fn open(candidate: &Candidate, readers: &[SegmentReader]) -> tantivy::Result<Self> {
        let reader = readers
            .get(candidate.segment as usize)
            .expect("a candidate comes from a segment that was gathered");
        Ok(Self {
            generation: column(reader, GENERATION)?,
            offset: column(reader, OFFSET)?,
            block: column(reader, BLOCK)?,
            traits: column(reader, TRAITS)?,
        })
    }

    fn of(&self, candidate: &Candidate, more: u64) -> Match {
        let value = |column: &Column| column.get_val(candidate.doc);
        Match {
            session: candidate.session,
            generation: GenerationId(value(&self.generation)),
            offset: ByteOffset(value(&self.offset)),
            block: u32::try_from(value(&self.block)).unwrap_or(u32::MAX),
            kind: Traits::unpack(value(&self.traits)).kind,
            time: read_time(candidate.time),
            score: candidate.score,
            more,
        }
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

fn column(reader: &SegmentReader, name: &str) -> tantivy::Result<Column> {
    reader.fast_fields().column_first_or_default(name)
}

fn read_time(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok()?;
    (millis > 0).then_some(Timestamp(millis))
}
