//! Documents whose text may hold a fragment: never one too few, and as few too many as its words tell.
//!
//! Invariant: a document that holds the fragment, in any case, is found. What a fragment tells of words is
//! [`Fragment`]'s to know; documents of which the words do not tell all are always found.
//! Proved by `a_document_that_holds_a_fragment_is_always_found`.

use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, SegmentReader, Term};

use super::bits::Bits;
use super::chosen::DocumentSet;
use super::lower::Lowering;
use crate::lexicon::{Lexicon, Lexicons, Place};
use crate::schema::{Facet, Fields};
use crate::tokenize::{Clue, Clues, Fragment};

/// Most words of a segment that a clue may stand for; one that stands for more tells little.
const WORDS_MAX: usize = 4_096;

/// Share of a segment's documents from which on a clue tells too little to be worth reading its postings, where
/// they are so many.
const DOCUMENTS_SHARE: u32 = 2;
const DOCUMENTS_MIN: u64 = 1_024;

/// Returns the documents that may hold `text`.
pub(super) fn contains(lowering: &Lowering<'_>, text: &str) -> tantivy::Result<DocumentSet> {
    let fragment = Fragment::of(text);
    let executor = lowering.searcher.index().search_executor();
    let segments = executor.map(
        |reader: &SegmentReader| {
            let segment = Segment::open(reader, lowering.fields, lowering.lexicons)?;
            Ok((reader.segment_id(), segment.holding(&fragment)?))
        },
        lowering.searcher.segment_readers().iter(),
    )?;
    Ok(DocumentSet::new(segments))
}

/// What is asked of one segment.
struct Segment<'a> {
    reader: &'a SegmentReader,
    fields: Fields,
    lexicons: &'a Lexicons,
    words: Arc<InvertedIndexReader>,
    facets: Arc<InvertedIndexReader>,
}

impl<'a> Segment<'a> {
    fn open(
        reader: &'a SegmentReader,
        fields: Fields,
        lexicons: &'a Lexicons,
    ) -> tantivy::Result<Self> {
        Ok(Self {
            words: reader.inverted_index(fields.text)?,
            facets: reader.inverted_index(fields.facets)?,
            reader,
            fields,
            lexicons,
        })
    }

    fn end(&self) -> DocId {
        self.reader.max_doc()
    }

    fn holding(&self, fragment: &Fragment) -> tantivy::Result<Bits> {
        let mut found = self.meeting(&fragment.plain, Bits::all(self.end()))?;
        if let Some(numbered) = &fragment.numbered {
            found.unite(&self.meeting(numbered, self.marked(Facet::LineNumbers)?)?);
        }
        found.unite(&self.meeting(&fragment.controlled, self.marked(Facet::Controls)?)?);
        found.unite(&self.marked(Facet::InPart)?);
        Ok(found)
    }

    /// Returns the documents that an exact value marks.
    fn marked(&self, facet: Facet<'_>) -> tantivy::Result<Bits> {
        let mut found = Bits::none(self.end());
        let term = Term::from_field_text(self.fields.facets, &facet.term());
        if let Some(info) = self.facets.get_term_info(&term)? {
            read(&self.facets, &info, &mut found)?;
        }
        Ok(found)
    }

    /// Returns, of the documents `within`, those that meet all clues that tell enough.
    fn meeting(&self, clues: &Clues, within: Bits) -> tantivy::Result<Bits> {
        let mut found = within;
        let mut in_order: Vec<_> = clues.iter().collect();
        in_order.sort_by_key(|ways| ways.iter().map(cost).max());
        for ways in in_order {
            if found.is_empty() {
                break;
            }
            if let Some(met) = self.documents(ways)? {
                found.intersect(&met);
            }
        }
        Ok(found)
    }

    /// Returns the documents that have a word of one of these kinds; none where those are too many.
    fn documents(&self, ways: &[Clue]) -> tantivy::Result<Option<Bits>> {
        let mut infos = Vec::new();
        for clue in ways {
            if !self.look_up(clue, &mut infos)? {
                return Ok(None);
            }
        }
        let documents: u64 = infos.iter().map(|info| u64::from(info.doc_freq)).sum();
        if documents > u64::from(self.end() / DOCUMENTS_SHARE).max(DOCUMENTS_MIN) {
            return Ok(None);
        }
        let mut found = Bits::none(self.end());
        for info in &infos {
            read(&self.words, info, &mut found)?;
        }
        Ok(Some(found))
    }

    /// Adds the words that `clue` stands for; false where those are too many.
    fn look_up(&self, clue: &Clue, infos: &mut Vec<TermInfo>) -> tantivy::Result<bool> {
        match clue {
            Clue::Word(word) => infos.extend(self.words.terms().get(word)?),
            Clue::Begins(start) => {
                let mut words = self.words.terms().range().ge(start).into_stream()?;
                while words.advance() && words.key().starts_with(start.as_bytes()) {
                    if infos.len() == WORDS_MAX {
                        return Ok(false);
                    }
                    infos.push(words.value().clone());
                }
            }
            Clue::Ends(part) => return self.look_into((part, Place::AtEnd), infos),
            Clue::Holds(part) => return self.look_into((part, Place::Anywhere), infos),
        }
        Ok(true)
    }

    fn look_into(
        &self,
        (part, place): (&str, Place),
        infos: &mut Vec<TermInfo>,
    ) -> tantivy::Result<bool> {
        let terms = self.words.terms();
        let lexicon: Lexicon = self.lexicons.of(self.reader.segment_id(), terms)?;
        let words: Vec<&str> = lexicon.words(part, place).take(WORDS_MAX + 1).collect();
        if infos.len() + words.len() > WORDS_MAX {
            return Ok(false);
        }
        for word in words {
            infos.extend(terms.get(word)?);
        }
        Ok(true)
    }
}

/// What it costs to look a clue up, and for parts of words how little they tell: the cheaper ones come first.
fn cost(clue: &Clue) -> (u8, std::cmp::Reverse<usize>) {
    match clue {
        Clue::Word(word) => (0, std::cmp::Reverse(word.len())),
        Clue::Begins(part) => (1, std::cmp::Reverse(part.len())),
        Clue::Ends(part) | Clue::Holds(part) => (2, std::cmp::Reverse(part.len())),
    }
}

fn read(postings: &InvertedIndexReader, info: &TermInfo, found: &mut Bits) -> tantivy::Result<()> {
    let mut blocks = postings.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    loop {
        let docs = blocks.docs();
        if docs.is_empty() {
            return Ok(());
        }
        for &doc in docs {
            found.insert(doc);
        }
        blocks.advance();
    }
}
