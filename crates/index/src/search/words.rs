//! Lowers words as typed: the same tokenizer, then terms and phrases.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    DisjunctionMaxQuery, FuzzyTermQuery, InvertedIndexRangeQuery, PhrasePrefixQuery, PhraseQuery,
    Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::tokenize::{Role, Token, tokenize_query};

/// Most words of one phrase; those after it are not asked for.
const PHRASE_WORDS_MAX: usize = 128;

/// Most terms that the last word of a phrase may begin, in each segment.
const PHRASE_PREFIX_TERMS_MAX: u32 = 1_024;

/// From so many letters on a word may have one typo, and two.
pub(super) const ONE_TYPO_LETTERS: usize = 3;
pub(super) const TWO_TYPOS_LETTERS: usize = 6;

type Found = Option<Box<dyn Query>>;

/// Words next to one another, as typed in a phrase or joined in one word.
pub(super) fn phrase(field: Field, text: &str) -> Found {
    let tokens = tokenize_query(text);
    let mut ways = vec![adjoining(field, parts(&tokens))?];
    let joined = joined(&tokens);
    if joined.iter().any(|token| token.role == Role::Whole) {
        ways.extend(adjoining(field, joined.into_iter()));
    }
    Some(any(ways))
}

/// The one plain word that was typed, folded: none of an identifier's parts, and nothing between them.
pub(super) fn only_word(text: &str) -> Option<String> {
    let mut tokens = tokenize_query(text).into_iter();
    let only = tokens.next().filter(|token| token.role == Role::Part)?;
    tokens.next().is_none().then_some(only.text)
}

/// A word that starts so: the last word of what was typed is the one that goes on.
pub(super) fn prefix(field: Field, text: &str) -> Found {
    let tokens = tokenize_query(text);
    let mut terms: Vec<Term> = parts(&tokens).map(|token| term(field, token)).collect();
    let mut ways: Vec<Box<dyn Query>> = match terms.len() {
        0 => return None,
        1 => terms
            .pop()
            .map(|term| starting(&term))
            .into_iter()
            .collect(),
        _ => {
            let mut query = PhrasePrefixQuery::new(terms);
            query.set_max_expansions(PHRASE_PREFIX_TERMS_MAX);
            vec![Box::new(query)]
        }
    };
    if let Some(whole) = only_whole(&tokens) {
        ways.push(starting(&term(field, whole)));
    }
    Some(any(ways))
}

/// The word, or one that is an edit or two away. Of several words each may have its typos.
pub(super) fn typo(field: Field, text: &str) -> Vec<Box<dyn Query>> {
    let tokens = tokenize_query(text);
    let asked: Vec<&Token> = match only_whole(&tokens) {
        Some(whole) => vec![whole],
        None => parts(&tokens).collect(),
    };
    asked.into_iter().map(|token| near(field, token)).collect()
}

fn near(field: Field, token: &Token) -> Box<dyn Query> {
    let distance = match token.text.chars().count() {
        letters if letters >= TWO_TYPOS_LETTERS => 2,
        letters if letters >= ONE_TYPO_LETTERS => 1,
        _ => 0,
    };
    let exact = single(term(field, token));
    if distance == 0 {
        return exact;
    }
    let fuzzy = FuzzyTermQuery::new(term(field, token), distance, true);
    any(vec![exact, Box::new(fuzzy)])
}

/// The parts, at most so many as a phrase may have.
fn parts(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    tokens
        .iter()
        .filter(|token| token.role == Role::Part)
        .take(PHRASE_WORDS_MAX)
}

/// The tokens with each identifier as one word: its whole in place of its parts.
fn joined(tokens: &[Token]) -> Vec<&Token> {
    let mut end = 0;
    let mut words: Vec<&Token> = Vec::new();
    for token in tokens.iter().filter(|token| token.role != Role::Bare) {
        if token.start >= end || words.is_empty() {
            end = if token.role == Role::Whole {
                token.end
            } else {
                end
            };
            words.push(token);
        }
    }
    words.truncate(PHRASE_WORDS_MAX);
    words
}

/// The one identifier that the text consists of.
fn only_whole(tokens: &[Token]) -> Option<&Token> {
    let whole = tokens.iter().find(|token| token.role == Role::Whole)?;
    tokens
        .iter()
        .all(|token| token.start >= whole.start && token.end <= whole.end)
        .then_some(whole)
}

fn adjoining<'a>(field: Field, tokens: impl Iterator<Item = &'a Token>) -> Found {
    let mut terms: Vec<Term> = tokens.map(|token| term(field, token)).collect();
    match terms.len() {
        0 => None,
        1 => terms.pop().map(single),
        _ => Some(Box::new(PhraseQuery::new(terms))),
    }
}

pub(super) fn single(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

/// Every term that starts with `term`, all worth the same.
fn starting(term: &Term) -> Box<dyn Query> {
    let mut last = term.clone();
    last.append_bytes("\u{10FFFF}".as_bytes());
    let range = InvertedIndexRangeQuery::new(Bound::Included(term.clone()), Bound::Included(last));
    Box::new(range)
}

/// The best of several ways to match the same words.
pub(super) fn any(mut ways: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match ways.pop() {
        Some(only) if ways.is_empty() => only,
        Some(last) => {
            ways.push(last);
            Box::new(DisjunctionMaxQuery::new(ways))
        }
        None => Box::new(tantivy::query::EmptyQuery),
    }
}

fn term(field: Field, token: &Token) -> Term {
    Term::from_field_text(field, &token.text)
}
