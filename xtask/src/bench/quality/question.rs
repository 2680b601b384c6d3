//! Questions whose answer is known: words of an entry, as people would type what they remember of it.
//!
//! Owns the classes and what makes an entry known by some words: each of them stands in many documents, and all of
//! them in few, among which it is the only prompt or answer.

use std::collections::BTreeSet;

use super::edit::{TYPO_LETTERS_MIN, other_form, with_typo};
use super::reading::{Entry, Reading};
use super::words::{parts, plain_words, runs};
use crate::corpus::random::Random;

/// Questions of each class.
pub(crate) const QUESTIONS: usize = 90;
/// Entries that are tried for a question.
const TRIES: usize = 400;
/// Choices of words that are tried in an entry.
const CHOICES: usize = 6;
/// Documents that a word stands in.
const DOCUMENTS: std::ops::RangeInclusive<usize> = 15..=3_000;
/// Documents that all words stand in, at most.
const TOGETHER_MAX: usize = 40;
/// Shorter words are not remembered.
const LETTERS_MIN: usize = 4;
/// Words of a question.
const WORDS: std::ops::RangeInclusive<usize> = 2..=4;
/// Characters of a question in a script without spaces.
const CHARACTERS: std::ops::RangeInclusive<usize> = 2..=6;

/// How what is remembered differs from what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Not at all.
    Exact,
    /// One word has a typo.
    Typo,
    /// One word has another ending.
    Inflection,
    /// Some words are parts of an identifier.
    Identifier,
    /// Some words are part of a path.
    Path,
    /// Some characters of a script without spaces.
    Cjk,
}

impl Class {
    /// Every class.
    pub(crate) const ALL: [Self; 6] = [
        Self::Exact,
        Self::Typo,
        Self::Inflection,
        Self::Identifier,
        Self::Path,
        Self::Cjk,
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Typo => "typo",
            Self::Inflection => "inflection",
            Self::Identifier => "identifier parts",
            Self::Path => "path parts",
            Self::Cjk => "CJK",
        }
    }
}

/// A question and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Its class.
    pub(crate) class: Class,
    /// What is typed.
    pub(crate) query: String,
    /// What the entry holds of it.
    pub(crate) words: Vec<String>,
    /// The entry.
    pub(crate) said: String,
    /// The sessions that hold it.
    pub(crate) expected: BTreeSet<String>,
}

/// Draws [`QUESTIONS`] of each class, or as many as there are.
pub(crate) fn draw(reading: &Reading, seed: u64) -> Vec<Question> {
    let mut questions = Vec::new();
    for class in Class::ALL {
        let mut drawer = Drawer {
            reading,
            random: Random::named(seed, class.name()),
        };
        let mut used = BTreeSet::new();
        for _ in 0..QUESTIONS * TRIES {
            if used.len() == QUESTIONS || reading.entries.is_empty() {
                break;
            }
            let at = drawer.random.below(reading.entries.len());
            if !used.contains(&at)
                && let Some(question) = drawer.ask(class, at)
            {
                used.insert(at);
                questions.push(question);
            }
        }
    }
    questions
}

/// Draws questions.
struct Drawer<'a> {
    reading: &'a Reading,
    random: Random,
}

/// What is typed, and what of it the entry holds.
struct Typed {
    query: String,
    words: Vec<String>,
}

impl Typed {
    fn plainly(words: Vec<String>) -> Self {
        Self {
            query: words.join(" "),
            words,
        }
    }
}

impl Drawer<'_> {
    fn ask(&mut self, class: Class, at: usize) -> Option<Question> {
        let entry = &self.reading.entries[at];
        let typed = match class {
            Class::Exact => Typed::plainly(self.words(at)?),
            Class::Typo => self.mistyped(at)?,
            Class::Inflection => self.inflected(at, entry)?,
            Class::Identifier => self.identifier(at, entry)?,
            Class::Path => self.path(at, entry)?,
            Class::Cjk => self.characters(at, entry)?,
        };
        Some(Question {
            class,
            query: typed.query,
            words: typed.words,
            said: entry.text.clone(),
            expected: entry.sessions.clone(),
        })
    }

    /// Draws words of an entry by which it is known.
    fn words(&mut self, at: usize) -> Option<Vec<String>> {
        (0..CHOICES).find_map(|_| self.known_with(at, &[]))
    }

    /// Adds words of an entry to `first` until it is known by them.
    fn known_with(&mut self, at: usize, first: &[String]) -> Option<Vec<String>> {
        let mut left = self.distinctive(at);
        left.retain(|word| !first.contains(word));
        let mut words = first.to_vec();
        while words.len() < *WORDS.end() {
            if words.len() >= *WORDS.start() && self.is_known_by(at, &words) {
                return Some(words);
            }
            if left.is_empty() {
                return None;
            }
            words.push(left.swap_remove(self.random.below(left.len())));
        }
        self.is_known_by(at, &words).then_some(words)
    }

    fn distinctive(&self, at: usize) -> Vec<String> {
        let mut words = plain_words(&self.reading.entries[at].text, LETTERS_MIN);
        words.retain(|word| DOCUMENTS.contains(&self.reading.postings.count(word)));
        words
    }

    /// Whether an entry is the only prompt or answer among few documents that hold all the words.
    fn is_known_by(&self, at: usize, words: &[String]) -> bool {
        let tokens: Vec<String> = words
            .iter()
            .flat_map(|word| runs(word).map(str::to_ascii_lowercase).collect::<Vec<_>>())
            .collect();
        let documents = self.reading.postings.all_of(&tokens);
        documents.len() <= TOGETHER_MAX && self.reading.entries_of(&documents) == [at].into()
    }

    fn mistyped(&mut self, at: usize) -> Option<Typed> {
        let words = self.words(at)?;
        let is_long = |word: &&String| word.len() >= TYPO_LETTERS_MIN;
        let long: Vec<&String> = words.iter().filter(is_long).collect();
        let meant: &String = long.get(self.random.below(long.len()))?;
        let typo = with_typo(meant, &mut self.random)?;
        Some(Typed {
            query: exchange(&words, meant, &typo),
            words: words.clone(),
        })
    }

    fn inflected(&mut self, at: usize, entry: &Entry) -> Option<Typed> {
        let words = self.words(at)?;
        let spoken: Vec<String> = runs(&entry.text).flat_map(parts).collect();
        let start = self.random.below(words.len());
        let (behind, before) = words.split_at(start);
        let (meant, other) = before.iter().chain(behind).find_map(|word| {
            let other = other_form(word, &spoken, &self.reading.postings, &mut self.random)?;
            Some((word, other))
        })?;
        Some(Typed {
            query: exchange(&words, meant, &other),
            words: words.clone(),
        })
    }

    fn identifier(&mut self, at: usize, entry: &Entry) -> Option<Typed> {
        let names: Vec<Vec<String>> = runs(&entry.text)
            .map(parts)
            .filter(|parts| parts.len() >= 2 && parts.iter().all(|part| is_word(part)))
            .collect();
        let name = names.get(self.random.below(names.len()))?;
        // Of two parts both, of more some that stand side by side.
        let count = if name.len() == 2 { 2 } else { name.len() - 1 };
        let count = count.min(*WORDS.end() - 1);
        let start = self.random.below(name.len() - count + 1);
        let some = name.get(start..start + count)?;
        self.known_with(at, some).map(Typed::plainly)
    }

    fn path(&mut self, at: usize, entry: &Entry) -> Option<Typed> {
        let is_path = |token: &&str| token.contains('/') && !token.contains("://");
        let paths: Vec<&str> = entry.text.split_whitespace().filter(is_path).collect();
        let path = paths.get(self.random.below(paths.len()))?;
        let path = path.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let mut components = path.rsplit('/').filter(|part| is_file_name(part));
        let file = components.next().filter(|file| file.contains('.'))?;
        let part = match components.next() {
            Some(folder) if self.random.chance(0.5) => format!("{folder}/{file}"),
            _ => file.to_owned(),
        };
        if !path.ends_with(&part) {
            return None;
        }
        self.known_with(at, &[part]).map(Typed::plainly)
    }

    fn characters(&mut self, at: usize, entry: &Entry) -> Option<Typed> {
        let clauses: Vec<&str> = entry
            .text
            .split(|c: char| !is_cjk(c))
            .filter(|clause| clause.chars().count() >= *CHARACTERS.start())
            .collect();
        let clause: Vec<char> = clauses
            .get(self.random.below(clauses.len()))?
            .chars()
            .collect();
        let count = self
            .random
            .between(*CHARACTERS.start(), *CHARACTERS.end() + 1)
            .min(clause.len());
        let start = self.random.below(clause.len() - count + 1);
        let cut: String = clause.iter().skip(start).take(count).collect();
        let mut holders = self.reading.entries.iter().enumerate();
        let is_known = holders.all(|(other, entry)| other == at || !entry.text.contains(&cut));
        is_known.then(|| Typed::plainly(vec![cut]))
    }
}

fn exchange(words: &[String], from: &str, to: &str) -> String {
    let typed = words
        .iter()
        .map(|word| if word == from { to } else { word });
    typed.collect::<Vec<_>>().join(" ")
}

fn is_word(part: &str) -> bool {
    part.len() >= LETTERS_MIN - 1 && part.chars().all(|c| c.is_ascii_alphabetic())
}

fn is_file_name(part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    part.len() >= LETTERS_MIN - 1 && part.chars().all(is_plain)
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests;
