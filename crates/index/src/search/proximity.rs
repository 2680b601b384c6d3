//! How near to one another the words of a query stand in a document, which raises its score. It looks at few
//! documents, those that may be shown.

use rustc_hash::FxHashMap;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, SegmentReader, Term};

use super::candidate::Candidate;
use crate::expr::Expr;
use crate::tokenize::{Role, tokenize_query};

/// Most words that are looked for together.
const WORDS_MAX: usize = 8;

/// Positions of one word in one document that are looked at.
const POSITIONS_MAX: usize = 4_096;

/// What words that stand next to one another add to a score, as a share of it; apart they add less.
const NEAR_SHARE: f32 = 0.6;

/// What they add besides if they stand in the order in which they were asked for.
const IN_ORDER_SHARE: f32 = 0.4;

/// The words that are looked for, in order.
#[derive(Debug)]
pub(super) struct Proximity {
    terms: Vec<Term>,
}

impl Proximity {
    /// Looks for the words that `expr` asks for together; none if there are fewer than two.
    pub(super) fn of(expr: &Expr, field: Field) -> Self {
        let mut words = Vec::new();
        if let Expr::And(exprs) = expr {
            for expr in exprs {
                if let Expr::Word(typed) = expr {
                    let tokens = tokenize_query(typed).into_iter();
                    words.extend(tokens.filter(|token| token.role == Role::Part));
                }
            }
        }
        words.truncate(WORDS_MAX);
        let term = |text: &str| Term::from_field_text(field, text);
        let terms: Vec<Term> = words.iter().map(|token| term(&token.text)).collect();
        Self {
            terms: if terms.len() > 1 { terms } else { Vec::new() },
        }
    }

    /// Whether nothing would be raised.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Raises the scores of `candidates`, and returns by how much, of each document that was raised.
    pub(super) fn raise(
        &self,
        readers: &[SegmentReader],
        candidates: &mut [&mut Candidate],
    ) -> tantivy::Result<FxHashMap<(u32, DocId), f32>> {
        let mut raised = FxHashMap::default();
        candidates.sort_unstable_by_key(|candidate| (candidate.segment, candidate.doc));
        for same in candidates.chunk_by_mut(|left, right| left.segment == right.segment) {
            let segment = same.first().map_or(0, |candidate| candidate.segment);
            let reader = readers.get(segment as usize);
            let Some(mut words) = reader
                .map(|reader| self.open(reader))
                .transpose()?
                .flatten()
            else {
                continue;
            };
            for candidate in same {
                let place = (segment, candidate.doc);
                let share = match raised.get(&place) {
                    Some(share) => *share,
                    None => 1.0 + words.closeness(candidate.doc),
                };
                candidate.score *= share;
                raised.insert(place, share);
            }
        }
        Ok(raised)
    }

    /// Opens the postings of every word; none if the segment lacks one.
    fn open(&self, reader: &SegmentReader) -> tantivy::Result<Option<Words>> {
        let Some(field) = self.terms.first().map(Term::field) else {
            return Ok(None);
        };
        let inverted = reader.inverted_index(field)?;
        let mut postings = Vec::new();
        for term in &self.terms {
            let found = inverted.read_postings(term, IndexRecordOption::WithFreqsAndPositions)?;
            match found {
                Some(found) => postings.push(found),
                None => return Ok(None),
            }
        }
        Ok(Some(Words {
            positions: vec![Vec::new(); postings.len()],
            postings,
        }))
    }
}

/// Every word's postings in one segment. Documents are asked for in order.
struct Words {
    postings: Vec<SegmentPostings>,
    positions: Vec<Vec<u32>>,
}

impl Words {
    fn closeness(&mut self, doc: DocId) -> f32 {
        for (postings, positions) in self.postings.iter_mut().zip(&mut self.positions) {
            if postings.doc() < doc {
                postings.seek(doc);
            }
            if postings.doc() != doc {
                return 0.0;
            }
            postings.positions(positions);
            positions.truncate(POSITIONS_MAX);
        }
        let count = self.positions.len();
        let least = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
        let span = smallest_span(&self.positions).max(least);
        let near = NEAR_SHARE * ratio(least, span);
        if stand_in_order(&self.positions) {
            near + IN_ORDER_SHARE
        } else {
            near
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs few digits")]
fn ratio(part: u32, whole: u32) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    part as f32 / whole as f32
}

/// Returns how far apart the first and the last word are where they stand nearest together.
fn smallest_span(positions: &[Vec<u32>]) -> u32 {
    let mut at = vec![0; positions.len()];
    let mut smallest = u32::MAX;
    loop {
        let mut first: Option<(u32, usize)> = None;
        let mut last = 0;
        for (word, (places, at)) in positions.iter().zip(&at).enumerate() {
            let Some(&place) = places.get(*at) else {
                return smallest;
            };
            last = last.max(place);
            if first.is_none_or(|(earliest, _)| place < earliest) {
                first = Some((place, word));
            }
        }
        let Some((earliest, word)) = first else {
            return smallest;
        };
        smallest = smallest.min(last - earliest);
        if let Some(at) = at.get_mut(word) {
            *at += 1;
        }
    }
}

/// Whether the words stand next to one another as they were asked for.
fn stand_in_order(positions: &[Vec<u32>]) -> bool {
    let Some((first, others)) = positions.split_first() else {
        return false;
    };
    first.iter().any(|start| {
        (1..)
            .zip(others)
            .all(|(step, places)| places.binary_search(&(start + step)).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_counts() {
        let check = |positions: &[&[u32]], span: u32, in_order: bool| {
            let positions: Vec<Vec<u32>> = positions.iter().map(|one| one.to_vec()).collect();
            assert_eq!(smallest_span(&positions), span, "{positions:?}");
            assert_eq!(stand_in_order(&positions), in_order, "{positions:?}");
        };
        check(&[&[1], &[2]], 1, true);
        check(&[&[2], &[1]], 1, false);
        check(&[&[1, 60], &[51, 59]], 1, false);
        check(&[&[1, 50], &[51, 90]], 1, true);
        check(&[&[1, 100], &[40], &[41, 101]], 40, false);
        check(&[&[5], &[5]], 0, false);
    }
}
