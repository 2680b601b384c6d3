//! Words of a text as a person sees them, and in which documents each stands.
//!
//! Owns the counting by which words are called rare. It is nobody's tokenizer: an identifier counts as a whole and
//! by its parts, and what is written without spaces is found character by character elsewhere.

use std::collections::{BTreeSet, HashMap};

/// Longer runs are data.
const RUN_BYTES_MAX: usize = 40;

/// In which documents each word stands.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    of: HashMap<String, Vec<u32>>,
}

impl Postings {
    /// Takes in a document; documents come in the order of their numbers.
    pub(crate) fn add(&mut self, document: u32, text: &str) {
        for run in runs(text) {
            for word in forms(run) {
                self.note(document, word);
            }
        }
    }

    fn note(&mut self, document: u32, word: String) {
        let documents = self.of.entry(word).or_default();
        if documents.last() != Some(&document) {
            documents.push(document);
        }
    }

    /// How many documents hold a word.
    pub(crate) fn count(&self, word: &str) -> usize {
        self.of.get(word).map_or(0, Vec::len)
    }

    /// The documents that hold every word.
    pub(crate) fn all_of(&self, words: &[String]) -> Vec<u32> {
        let mut lists: Vec<&[u32]> = words
            .iter()
            .map(|word| self.of.get(word).map_or(&[][..], Vec::as_slice))
            .collect();
        lists.sort_by_key(|list| list.len());
        let Some((shortest, others)) = lists.split_first() else {
            return Vec::new();
        };
        let is_in_all = |document: &&u32| {
            others
                .iter()
                .all(|list| list.binary_search(document).is_ok())
        };
        shortest.iter().filter(is_in_all).copied().collect()
    }
}

/// Runs of ASCII letters, digits and underscores.
pub(crate) fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|run| !run.is_empty() && run.len() <= RUN_BYTES_MAX)
}

/// The parts of an identifier in lower case: `fooBar_HTTPServer` is `foo`, `bar`, `http`, `server`.
pub(crate) fn parts(run: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = '_';
    let mut rest = run.chars();
    while let Some(c) = rest.next() {
        let is_before_small = rest.clone().next().is_some_and(|c| c.is_ascii_lowercase());
        let begins_word =
            before.is_ascii_lowercase() || (before.is_ascii_uppercase() && is_before_small);
        if c == '_' || (c.is_ascii_uppercase() && begins_word) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// An identifier's parts, and the whole in lower case.
fn forms(run: &str) -> BTreeSet<String> {
    let mut forms: BTreeSet<String> = parts(run).into_iter().collect();
    forms.insert(run.to_ascii_lowercase());
    forms
}

/// The plain words of a text in lower case, of letters alone, each once, in their order.
pub(crate) fn plain_words(text: &str, letters_min: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for token in text.split_whitespace() {
        let word = token.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_plain = word.chars().all(|c| c.is_ascii_alphabetic())
            && !word.chars().skip(1).any(|c| c.is_ascii_uppercase());
        let word = word.to_ascii_lowercase();
        if is_plain && word.len() >= letters_min && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_parts() {
        let check = |run: &str, expect: &[&str]| assert_eq!(parts(run), expect, "{run}");
        check("fooBar_baz", &["foo", "bar", "baz"]);
        check("open_segment", &["open", "segment"]);
        check("HTTPServer", &["http", "server"]);
        check("parseURL", &["parse", "url"]);
        check("__x", &["x"]);
    }

    #[test]
    fn a_document_is_found_by_all_its_words() {
        let mut postings = Postings::default();
        postings.add(0, "the openSegment call");
        postings.add(1, "open the door, open it");
        let all = |words: &[&str]| {
            postings.all_of(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(all(&["open"]), [0, 1]);
        assert_eq!(all(&["open", "segment"]), [0]);
        assert_eq!(all(&["opensegment"]), [0]);
        assert!(all(&["open", "absent"]).is_empty());
        assert_eq!(postings.count("the"), 2);
    }

    #[test]
    fn plain_words_are_letters_alone() {
        let found = plain_words("The cache, (again) the fooBar x1 caches cache.", 4);
        assert_eq!(found, ["cache", "again", "caches"]);
    }
}
