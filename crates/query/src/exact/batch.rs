//! Documents that may match, taken session by session, the latest first, a batch at a time: nobody holds more
//! than a batch of places, and the first matches come before the last are looked for.

use std::ops::ControlFlow;
use std::thread::available_parallelism;

use rustc_hash::FxHashMap;
use sessions_archive::ArchiveReader;
use sessions_index::{DocumentPlace, DocumentSet, OrdinalSet};
use sessions_model::{EntryKind, GenerationId, SessionOrdinal, SourceKind, Timestamp};

use super::texts::{Known, Text, Texts};
use super::work::{Give, in_order};
use crate::search::Sight;
use crate::{QueryError, checkpoint, sources};

/// Documents of the first batch, of which each is so many times the one before, and the largest.
const BATCH_DOCUMENTS: u64 = 1 << 10;
const BATCH_GROWTH: u64 = 4;
const BATCH_DOCUMENTS_MAX: u64 = 1 << 16;

/// Documents that one thread takes at a time.
const UNIT_DOCUMENTS: usize = 128;

/// Documents from which on other threads are worth being begun.
const ALONE_MAX: usize = 2 * UNIT_DOCUMENTS;

/// Most threads that read side by side.
const THREADS_MAX: usize = 4;

/// Looks through documents for a caller who may leave.
#[derive(Clone, Copy)]
pub(crate) struct Batches<'a> {
    pub(crate) sight: Sight<'a>,
    /// Whether somebody still waits for what is found.
    pub(crate) is_wanted: &'a (dyn Fn() -> bool + Sync),
}

/// What comes of looking at texts.
#[derive(Debug)]
pub(crate) enum Looked<R> {
    /// Something was found.
    Found(R),
    /// A text could not be read.
    Unread(QueryError),
    /// So many texts were looked at.
    Done(u64),
}

/// What is looked for in a text: what is found of it is given on.
pub(crate) trait Look<R>:
    Fn(&DocumentPlace, &Text<'_>, Give<'_, R>) -> ControlFlow<()> + Sync
{
}

impl<R, F: Fn(&DocumentPlace, &Text<'_>, Give<'_, R>) -> ControlFlow<()> + Sync> Look<R> for F {}

impl Batches<'_> {
    /// Hands what `look` finds in the texts of `set` to `take`: the latest session first, and in order.
    pub(crate) fn look<R: Send>(
        self,
        set: &DocumentSet,
        look: &impl Look<R>,
        take: Give<'_, Looked<R>>,
    ) -> Result<ControlFlow<()>, QueryError> {
        let mut readers: Vec<ArchiveReader> = Vec::new();
        for sessions in self.in_turn(set)? {
            if !(self.is_wanted)() {
                return Ok(ControlFlow::Break(()));
            }
            let (places, known) = self.places(set, &sessions)?;
            let units: Vec<_> = places.chunks(UNIT_DOCUMENTS).collect();
            let is_wanted = self.is_wanted;
            let ended = if places.len() <= ALONE_MAX {
                let archive = self.sight.archive;
                units.iter().try_for_each(|unit| {
                    work((archive, &known), unit, (look, is_wanted, &mut *take))
                })
            } else {
                open(self.sight.archive, &mut readers)?;
                let tools = readers.iter_mut().collect::<Vec<_>>();
                in_order(
                    &units,
                    tools,
                    |archive, unit, give| work((archive, &known), unit, (look, is_wanted, give)),
                    take,
                )
            };
            if ended.is_break() {
                return Ok(ended);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Returns the sessions of `set`, the latest first, in batches that have about as many documents as wanted.
    fn in_turn(self, set: &DocumentSet) -> Result<Vec<Vec<SessionOrdinal>>, QueryError> {
        let counts = self.sight.snapshot.count(set)?;
        let counts: FxHashMap<SessionOrdinal, u64> = counts.into_iter().collect();
        let latest_first = self.sight.catalog.ordinals_latest_first()?;
        let mut batches: Vec<Vec<SessionOrdinal>> = Vec::new();
        let (mut room, mut size) = (0, BATCH_DOCUMENTS);
        for session in latest_first {
            let Some(count) = counts.get(&session) else {
                continue;
            };
            match batches.last_mut() {
                Some(batch) if room >= *count => batch.push(session),
                _ => {
                    batches.push(vec![session]);
                    room = size;
                    size = BATCH_DOCUMENTS_MAX.min(size * BATCH_GROWTH);
                }
            }
            room = room.saturating_sub(*count);
        }
        Ok(batches)
    }

    /// Returns where the documents of some sessions stand, in the order they are shown in, and what is known of
    /// them.
    fn places(
        self,
        set: &DocumentSet,
        sessions: &[SessionOrdinal],
    ) -> Result<(Vec<DocumentPlace>, Known), QueryError> {
        let inside: OrdinalSet = sessions.iter().copied().collect();
        let mut places = self.sight.snapshot.places(set, &inside)?;
        sort(&mut places, sessions);
        let mut known = Known::default();
        for place in &places {
            if place.generation == GenerationId(0) {
                let made = self.sight.catalog.checkpoint_made_by(place.offset.0)?;
                known.outside.extend(made.map(|made| {
                    let text = checkpoint::text(&made);
                    (place.name, (checkpoint::entry_id(&made), text))
                }));
            }
        }
        self.find_spilled(&places, &mut known)?;
        Ok((places, known))
    }

    /// Notes which generations are spilled output: their passages have no time.
    fn find_spilled(self, places: &[DocumentPlace], known: &mut Known) -> Result<(), QueryError> {
        let is_passage =
            |place: &&DocumentPlace| place.kind == EntryKind::ToolResult && place.time.is_none();
        let mut sessions: Vec<_> = places
            .iter()
            .filter(is_passage)
            .map(|place| place.session)
            .collect();
        sessions.dedup();
        let Sight {
            archive, catalog, ..
        } = self.sight;
        for (_, session) in catalog.by_ordinals(&sessions, &std::collections::HashSet::new())? {
            for source in sources::of_session(archive, catalog, &session.id)? {
                if source.origin.kind == SourceKind::ToolResult {
                    let generations = archive.generations(source.id)?;
                    known.spilled.extend(generations.iter().map(|row| row.id));
                }
            }
        }
        Ok(())
    }
}

/// Opens a reader for each core, once.
pub(super) fn open(
    archive: &ArchiveReader,
    readers: &mut Vec<ArchiveReader>,
) -> Result<(), QueryError> {
    let cores = available_parallelism().map_or(1, |cores| cores.get().min(THREADS_MAX));
    while readers.len() < cores {
        readers.push(archive.reopen()?);
    }
    Ok(())
}

/// Sorts by session as listed, then by file, the one that begins first before others, then by place.
fn sort(places: &mut [DocumentPlace], sessions: &[SessionOrdinal]) {
    let ranks: FxHashMap<SessionOrdinal, usize> = sessions.iter().copied().zip(0..).collect();
    let mut begins: FxHashMap<GenerationId, Timestamp> = FxHashMap::default();
    for place in places.iter() {
        if let Some(time) = place.time {
            let first = begins.entry(place.generation).or_insert(time);
            *first = time.min(*first);
        }
    }
    places.sort_unstable_by_key(|place| {
        let begins = begins.get(&place.generation);
        (
            ranks.get(&place.session).copied(),
            // Passages have no time, and come last.
            begins.map_or((true, Timestamp::default()), |begins| (false, *begins)),
            (place.generation, place.offset, place.block),
        )
    });
}

/// Looks through the texts of one unit.
fn work<R>(
    (archive, known): (&ArchiveReader, &Known),
    unit: &[DocumentPlace],
    (look, is_wanted, give): (
        &impl Look<R>,
        &(dyn Fn() -> bool + Sync),
        Give<'_, Looked<R>>,
    ),
) -> ControlFlow<()> {
    Texts::new(archive, known).read(unit, |place, text| {
        if !is_wanted() {
            return ControlFlow::Break(());
        }
        match text {
            Ok(text) => look(place, &text, &mut |found| give(Looked::Found(found))),
            Err(error) => give(Looked::Unread(error)),
        }
    })?;
    give(Looked::Done(unit.len() as u64))
}
