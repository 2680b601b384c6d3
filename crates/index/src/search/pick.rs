//! What stays of the parts that were gathered: of each session its best matches, and how many it has.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use sessions_model::{ByteOffset, GenerationId, SessionOrdinal};
use tantivy::SegmentReader;
use tantivy::columnar::ColumnValues;

use super::candidate::Candidate;
use super::copies::{Met, drop_copies};
use super::gather::read_time;
use super::proximity::Proximity;
use super::rank::Ranking;
use super::tally::Tally;
use crate::matches::{Match, Matches, Wanted};
use crate::schema::{BLOCK, GENERATION, OFFSET, TRAITS, Traits};

/// Sessions, beyond those that are wanted, whose best match is looked at more closely: how near to one another
/// the words stand may move one up.
const CONTENDERS: usize = 40;

type Column = Arc<dyn ColumnValues<u64>>;

/// What stays of the parts that were gathered.
pub(super) struct Picked {
    sessions: FxHashMap<SessionOrdinal, Group>,
    total: u64,
    wanted: Wanted,
    tally: Option<Tally>,
}

/// The matches of one session.
struct Group {
    /// Ranks the session among others.
    leader: Candidate,
    /// Is shown, the main conversation's where that has one.
    first: Candidate,
    /// The next ones, in order, as many as are wanted.
    others: Vec<Candidate>,
    count: u64,
}

impl Group {
    fn new(only: Candidate) -> Self {
        Self {
            leader: only,
            first: only,
            others: Vec::new(),
            count: 1,
        }
    }

    fn take(&mut self, mut candidate: Candidate, others_max: usize) {
        self.count += 1;
        if candidate.order(&self.leader).is_lt() {
            self.leader = candidate;
        }
        if candidate.order_within(&self.first).is_lt() {
            std::mem::swap(&mut self.first, &mut candidate);
        }
        if others_max == 0 {
            return;
        }
        let stands_before = |other: &Candidate| other.order_within(&candidate).is_lt();
        let place = self.others.partition_point(stands_before);
        if place < others_max {
            self.others.insert(place, candidate);
            self.others.truncate(others_max);
        }
    }
}

impl Picked {
    /// Picks what is `wanted`.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            sessions: FxHashMap::default(),
            total: 0,
            wanted,
            tally: wanted.with_tallies.then(Tally::default),
        }
    }

    /// Takes in one part, as gathered from each segment.
    pub(super) fn take(
        &mut self,
        mut gathered: Vec<Vec<Candidate>>,
        readers: &[SegmentReader],
    ) -> tantivy::Result<()> {
        drop_repeated(&mut gathered);
        if let Some(tally) = &mut self.tally {
            for (reader, candidates) in readers.iter().zip(&gathered) {
                tally.count(reader, candidates)?;
            }
        }
        let others_max = self.wanted.per_session.saturating_sub(1);
        for candidate in gathered.iter().flatten() {
            self.total += 1;
            match self.sessions.entry(candidate.session) {
                Entry::Vacant(slot) => {
                    slot.insert(Group::new(*candidate));
                }
                Entry::Occupied(mut slot) => slot.get_mut().take(*candidate, others_max),
            }
        }
        Ok(())
    }

    /// Returns the best of the sessions; `readers` are those of the segments.
    pub(super) fn rank(
        self,
        readers: &[SegmentReader],
        (ranking, proximity): (&Ranking<'_>, &Proximity),
    ) -> tantivy::Result<Matches> {
        let mut counts: Vec<_> = self
            .sessions
            .iter()
            .map(|(&session, group)| (session, group.count))
            .collect();
        counts.sort_unstable();
        let mut groups: Vec<Group> = self.sessions.into_values().collect();
        let order = |left: &Group, right: &Group| left.leader.order(&right.leader);
        let contenders = self.wanted.sessions.saturating_add(CONTENDERS);
        if groups.len() > contenders {
            groups.select_nth_unstable_by(contenders, order);
            groups.truncate(contenders);
        }
        let mut closeness = FxHashMap::default();
        if !proximity.is_empty() {
            let mut candidates: Vec<&mut Candidate> = groups
                .iter_mut()
                .flat_map(|group| [&mut group.leader, &mut group.first])
                .collect();
            closeness = proximity.raise(readers, &mut candidates)?;
        }
        groups.sort_unstable_by(order);
        groups.truncate(self.wanted.sessions);
        let mut describe = Describe {
            readers,
            ranking,
            closeness,
            segments: FxHashMap::default(),
        };
        let mut best = Vec::with_capacity(groups.len());
        for group in &groups {
            let more = group.count - 1 - group.others.len() as u64;
            best.push(describe.one(&group.first, more)?);
            for other in &group.others {
                best.push(describe.one(other, 0)?);
            }
        }
        Ok(Matches {
            best,
            total: self.total,
            sessions: counts.len() as u64,
            counts,
            left_out: 0,
            tallies: self.tally.map(Tally::finish),
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

/// Says of candidates what is answered.
struct Describe<'a> {
    readers: &'a [SegmentReader],
    ranking: &'a Ranking<'a>,
    /// How much nearness raised a document.
    closeness: FxHashMap<(u32, u32), f32>,
    segments: FxHashMap<u32, Described>,
}

/// The columns of a segment that are read for what is answered. Opening one takes longer than many readings.
struct Described {
    generation: Column,
    offset: Column,
    block: Column,
    traits: Column,
}

impl Describe<'_> {
    fn one(&mut self, candidate: &Candidate, more: u64) -> tantivy::Result<Match> {
        let columns = match self.segments.entry(candidate.segment) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => {
                let reader = self
                    .readers
                    .get(candidate.segment as usize)
                    .expect("a candidate comes from a segment that was gathered");
                slot.insert(Described::open(reader)?)
            }
        };
        let value = |column: &Column| column.get_val(candidate.doc);
        let traits = Traits::unpack(value(&columns.traits));
        let time = read_time(candidate.time);
        let place = (candidate.segment, candidate.doc);
        let closeness = self.closeness.get(&place).copied().unwrap_or(1.0);
        let weights = self.ranking.weights(traits, time, candidate.session);
        Ok(Match {
            session: candidate.session,
            generation: GenerationId(value(&columns.generation)),
            offset: ByteOffset(value(&columns.offset)),
            block: u32::try_from(value(&columns.block)).unwrap_or(u32::MAX),
            kind: traits.kind,
            time,
            score: candidate.score,
            is_echo: candidate.is_echo,
            parts: weights.explain(candidate.score, closeness),
            more,
        })
    }
}

impl Described {
    fn open(reader: &SegmentReader) -> tantivy::Result<Self> {
        let column = |name| reader.fast_fields().column_first_or_default(name);
        Ok(Self {
            generation: column(GENERATION)?,
            offset: column(OFFSET)?,
            block: column(BLOCK)?,
            traits: column(TRAITS)?,
        })
    }
}
