//! Every document that matches, without ranking: as a set first, then where each stands.

use rustc_hash::FxHashMap;
use sessions_model::{ByteOffset, EntryKind, GenerationId, SessionOrdinal, Timestamp};
use tantivy::query::EnableScoring;
use tantivy::{DocId, SegmentReader};

use super::bits::Bits;
use super::chosen::DocumentSet;
use super::gather::{column, read_time};
use super::lower::Lowering;
use crate::expr::Expr;
use crate::schema::{BLOCK, GENERATION, IDENTITY, OFFSET, SESSION, TIME, TRAITS, Traits};
use crate::scope::OrdinalSet;

/// Names a document within one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentName {
    segment: u32,
    doc: DocId,
}

/// A document, and where it stands in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace {
    /// Its name.
    pub name: DocumentName,
    /// The session it is found under.
    pub session: SessionOrdinal,
    /// The generation whose bytes hold its line.
    pub generation: GenerationId,
    /// Where its line starts.
    pub offset: ByteOffset,
    /// Its position among the record's content blocks.
    pub block: u32,
    /// What it is.
    pub kind: EntryKind,
    /// When it was written.
    pub time: Option<Timestamp>,
    /// A number that copies of it share.
    pub identity: u64,
}

/// Returns every document that `expr` finds in `sessions`, or in all of them.
pub(crate) fn choose(
    lowering: &Lowering<'_>,
    expr: &Expr,
    sessions: Option<&OrdinalSet>,
) -> tantivy::Result<DocumentSet> {
    let Some(query) = lowering.lower(expr)? else {
        return Ok(DocumentSet::default());
    };
    let weight = query.weight(EnableScoring::disabled_from_searcher(lowering.searcher))?;
    let choose = |reader: &SegmentReader| {
        let mut found = Bits::none(reader.max_doc());
        weight.for_each_no_score(reader, &mut |docs| {
            for &doc in docs {
                found.insert(doc);
            }
        })?;
        keep_seen(reader, sessions, &mut found)?;
        Ok((reader.segment_id(), found))
    };
    let executor = lowering.searcher.index().search_executor();
    let segments = executor.map(choose, lowering.searcher.segment_readers().iter())?;
    Ok(DocumentSet::new(segments))
}

/// Takes out what was deleted, or stands in other sessions.
fn keep_seen(
    reader: &SegmentReader,
    sessions: Option<&OrdinalSet>,
    found: &mut Bits,
) -> tantivy::Result<()> {
    let session = column(reader, SESSION)?;
    let alive = reader.alive_bitset();
    if alive.is_none() && sessions.is_none() {
        return Ok(());
    }
    let is_seen = |doc: DocId| {
        alive.is_none_or(|alive| alive.is_alive(doc))
            && sessions.is_none_or(|set| set.contains(SessionOrdinal(session.get_val(doc))))
    };
    let unseen: Vec<DocId> = found.iter().filter(|&doc| !is_seen(doc)).collect();
    for doc in unseen {
        found.remove(doc);
    }
    Ok(())
}

/// Returns how many documents of `set` each session has.
pub(crate) fn count(
    readers: &[SegmentReader],
    set: &DocumentSet,
) -> tantivy::Result<Vec<(SessionOrdinal, u64)>> {
    let mut counts: FxHashMap<SessionOrdinal, u64> = FxHashMap::default();
    for reader in readers {
        let session = column(reader, SESSION)?;
        let docs = set.of_segment(reader.segment_id());
        for doc in docs.into_iter().flat_map(Bits::iter) {
            *counts
                .entry(SessionOrdinal(session.get_val(doc)))
                .or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    Ok(counts)
}

/// Returns where the documents of `set` stand that are in `sessions`, in no order.
pub(crate) fn places(
    readers: &[SegmentReader],
    set: &DocumentSet,
    sessions: &OrdinalSet,
) -> tantivy::Result<Vec<DocumentPlace>> {
    let mut places = Vec::new();
    for (segment, reader) in (0..).zip(readers) {
        let Some(docs) = set.of_segment(reader.segment_id()) else {
            continue;
        };
        let names = [SESSION, GENERATION, OFFSET, BLOCK, TRAITS, TIME, IDENTITY];
        let columns = names.map(|name| column(reader, name));
        let [session, generation, offset, block, traits, time, identity] = columns;
        let (session, generation, offset) = (session?, generation?, offset?);
        let (block, traits, time, identity) = (block?, traits?, time?, identity?);
        let found = docs.iter().filter_map(|doc| {
            let ordinal = SessionOrdinal(session.get_val(doc));
            sessions.contains(ordinal).then(|| DocumentPlace {
                name: DocumentName { segment, doc },
                session: ordinal,
                generation: GenerationId(generation.get_val(doc)),
                offset: ByteOffset(offset.get_val(doc)),
                block: u32::try_from(block.get_val(doc)).unwrap_or(u32::MAX),
                kind: Traits::unpack(traits.get_val(doc)).kind,
                time: read_time(time.get_val(doc)),
                identity: identity.get_val(doc),
            })
        });
        places.extend(found);
    }
    Ok(places)
}

/// Returns the set of the documents of these names.
pub(crate) fn set_of(
    readers: &[SegmentReader],
    names: impl IntoIterator<Item = DocumentName>,
) -> DocumentSet {
    let empty = |reader: &SegmentReader| (reader.segment_id(), Bits::none(reader.max_doc()));
    let mut segments: Vec<_> = readers.iter().map(empty).collect();
    for name in names {
        if let Some((_, bits)) = segments.get_mut(name.segment as usize) {
            bits.insert(name.doc);
        }
    }
    DocumentSet::new(segments)
}
