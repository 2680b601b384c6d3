//! The word of the index that is nearest to one that it lacks.

use std::collections::BTreeMap;

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::words::{self, ONE_TYPO_LETTERS, TWO_TYPOS_LETTERS};

/// Words that are looked at in each segment.
const WORDS_MAX: usize = 1_000;

/// Returns the word nearest to `typed`, the most frequent of those as near; none if the index has the word
/// itself, or it is no plain word, or nothing is near.
pub(super) fn nearest(
    searcher: &Searcher,
    field: Field,
    typed: &str,
) -> tantivy::Result<Option<String>> {
    let Some(word) = words::only_word(typed) else {
        return Ok(None);
    };
    if searcher.doc_freq(&Term::from_field_text(field, &word))? > 0 {
        return Ok(None);
    }
    let edits_max = match word.chars().count() {
        letters if letters >= TWO_TYPOS_LETTERS => 2,
        letters if letters >= ONE_TYPO_LETTERS => 1,
        _ => return Ok(None),
    };
    for edits in 1..=edits_max {
        let near = within(searcher, field, (&word, edits))?;
        let most = near.into_iter().max_by_key(|(_, count)| *count);
        if let Some((nearest, _)) = most {
            return Ok(Some(nearest));
        }
    }
    Ok(None)
}

/// The words that are so many edits away at most, and in how many documents they are.
fn within(
    searcher: &Searcher,
    field: Field,
    (word, edits): (&str, u8),
) -> tantivy::Result<BTreeMap<String, u64>> {
    let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, word), edits, true);
    let mut near = BTreeMap::new();
    for reader in searcher.segment_readers() {
        let inverted = reader.inverted_index(field)?;
        let mut found = inverted.terms().search(fuzzy.automaton()?).into_stream()?;
        for _ in 0..WORDS_MAX {
            if !found.advance() {
                break;
            }
            if let Ok(term) = std::str::from_utf8(found.key()) {
                let count = u64::from(found.value().doc_freq);
                *near.entry(term.to_owned()).or_default() += count;
            }
        }
    }
    Ok(near)
}
