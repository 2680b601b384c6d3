//! What of a text a query matches, for highlights. It follows the index's tokenizer, not its ranking.

use std::ops::Range;

use rustc_hash::FxHashSet;
use sessions_index::{Token, stem, tokenize_query};
use strsim::osa_distance;

use crate::exact::{Matcher, compile};
use crate::syntax::Node;

/// Characters from which a word may have two typos.
const LONG_WORD_CHARS: usize = 8;

/// The words that a query looks for.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    words: FxHashSet<String>,
    /// What other forms of the words have in common.
    stems: FxHashSet<String>,
    prefixes: Vec<String>,
    typos: Vec<String>,
    exact: Vec<Matcher>,
}

impl Terms {
    /// Returns the words that `node` looks for, without those that it excludes.
    pub(crate) fn of(node: &Node) -> Self {
        let mut terms = Self::default();
        terms.add(node);
        terms
    }

    fn add(&mut self, node: &Node) {
        match node {
            Node::Word(text) => {
                let words: Vec<_> = texts(text).collect();
                if let [only] = &*words {
                    self.stems.extend(stem(only));
                }
                self.words.extend(words);
            }
            Node::Phrase(text) => self.words.extend(texts(text)),
            Node::Prefix(text) => {
                let mut texts: Vec<_> = texts(text).collect();
                self.prefixes.extend(texts.pop());
                self.words.extend(texts);
            }
            Node::Typo(text) => self.typos.extend(texts(text)),
            Node::And(nodes) | Node::Or(nodes) => {
                for node in nodes {
                    self.add(node);
                }
            }
            Node::Literal(_) | Node::Regex(_) => {
                let compiled = compile(node).and_then(Result::ok);
                self.exact.extend(compiled.map(|(matcher, _)| matcher));
            }
            Node::All | Node::Filter(_) | Node::Not(_) => {}
        }
    }

    /// Whether there is no word to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.prefixes.is_empty() && self.typos.is_empty()
    }

    /// Returns where the exact texts are that the query looks for in `text`, at most so many of each.
    pub(crate) fn exact_in<'a>(
        &'a self,
        text: &'a str,
        matches_max: usize,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        self.exact.iter().flat_map(move |matcher| {
            let mut at = 0;
            let next = move || {
                let found = matcher.find(text.as_bytes(), at)?;
                at = found.end.max(found.start + 1);
                Some(found)
            };
            let found = std::iter::from_fn(next).take(matches_max);
            found.filter(|found| text.get(found.clone()).is_some_and(|text| !text.is_empty()))
        })
    }

    /// Whether the query looks for `token`.
    pub(crate) fn matches(&self, token: &Token) -> bool {
        let text = token.text.as_str();
        self.words.contains(text)
            || (!self.stems.is_empty() && stem(text).is_some_and(|stem| self.stems.contains(&stem)))
            || self.prefixes.iter().any(|prefix| text.starts_with(prefix))
            || self.typos.iter().any(|typo| is_typo(text, typo))
    }
}

fn texts(text: &str) -> impl Iterator<Item = String> {
    tokenize_query(text).into_iter().map(|token| token.text)
}

fn is_typo(text: &str, meant: &str) -> bool {
    let edits_max = if meant.chars().count() >= LONG_WORD_CHARS {
        2
    } else {
        1
    };
    text.len().abs_diff(meant.len()) <= 4 * edits_max && osa_distance(text, meant) <= edits_max
}
