//! Prose with the statistics of real prose: a Markov chain of order 2 over words.
//!
//! Owns the chain. A state is a pair of words; its successors lie side by side in one array, so that a word
//! costs one look-up.

use std::collections::HashMap;
use std::ops::Range;

use super::random::Random;

/// Longer words are no words: hashes, paths, tables.
const WORD_BYTES_MAX: usize = 28;
/// Shorter paragraphs are headings, lists and the like.
const PARAGRAPH_WORDS_MIN: usize = 8;

/// The chain.
#[derive(Debug, Default)]
pub(crate) struct Prose {
    words: Vec<String>,
    /// Of each state: the index of its second word.
    spoken: Vec<u32>,
    /// Of each state: its run of `followers`.
    runs: Vec<Range<u32>>,
    /// States, grouped by the state they follow.
    followers: Vec<u32>,
    /// States that begin a sentence.
    openings: Vec<u32>,
}

impl Prose {
    /// Learns from text whose paragraphs are parted by empty lines.
    pub(crate) fn learn(text: &str) -> Self {
        let mut learner = Learner::default();
        for paragraph in text.split("\n\n") {
            learner.learn_paragraph(paragraph);
        }
        learner.finish()
    }

    /// Returns how many words it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.words.len()
    }

    /// Says whether there is enough to speak.
    pub(crate) fn is_empty(&self) -> bool {
        self.openings.is_empty()
    }

    /// Appends `count` words, parted by spaces.
    pub(crate) fn push(&self, count: usize, random: &mut Random, out: &mut String) {
        let mut state = *random.pick(&self.openings);
        for index in 0..count {
            if index > 0 {
                out.push(' ');
            }
            out.push_str(self.word(state));
            state = self.follow(state, random);
        }
    }

    /// Draws a plain word of letters, likelier the more common it is; `service` where none is near.
    pub(crate) fn pick_name(&self, random: &mut Random) -> String {
        let word = &self.words[random.rank(self.words.len())];
        let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
        if letters.len() < 3 {
            "service".to_owned()
        } else {
            letters.to_lowercase()
        }
    }

    fn word(&self, state: u32) -> &str {
        &self.words[index(self.spoken[index(state)])]
    }

    fn follow(&self, state: u32, random: &mut Random) -> u32 {
        let run = &self.runs[index(state)];
        if run.is_empty() {
            return *random.pick(&self.openings);
        }
        *random.pick(&self.followers[index(run.start)..index(run.end)])
    }
}

/// Counts what follows what.
#[derive(Default)]
struct Learner<'a> {
    words: Vec<&'a str>,
    word_ids: HashMap<&'a str, u32>,
    state_ids: HashMap<(u32, u32), u32>,
    spoken: Vec<u32>,
    steps: Vec<(u32, u32)>,
    openings: Vec<u32>,
}

impl<'a> Learner<'a> {
    fn learn_paragraph(&mut self, paragraph: &'a str) {
        let ids: Vec<u32> = paragraph
            .split_whitespace()
            .filter(|word| is_word(word))
            .map(|word| self.word(word))
            .collect();
        if ids.len() < PARAGRAPH_WORDS_MIN {
            return;
        }
        let states: Vec<u32> = ids
            .windows(2)
            .map(|pair| self.state((pair[0], pair[1])))
            .collect();
        for (pair, state) in ids.windows(2).zip(&states) {
            if self.words[index(pair[0])].starts_with(char::is_uppercase) {
                self.openings.push(*state);
            }
        }
        self.steps
            .extend(states.windows(2).map(|pair| (pair[0], pair[1])));
    }

    fn word(&mut self, word: &'a str) -> u32 {
        let next = id(self.words.len());
        *self.word_ids.entry(word).or_insert_with(|| {
            self.words.push(word);
            next
        })
    }

    fn state(&mut self, pair: (u32, u32)) -> u32 {
        let next = id(self.spoken.len());
        *self.state_ids.entry(pair).or_insert_with(|| {
            self.spoken.push(pair.1);
            next
        })
    }

    fn finish(mut self) -> Prose {
        // A stable sort: equal successors keep the order in which they were read.
        self.steps.sort_by_key(|(from, _)| *from);
        let mut runs = vec![0..0; self.spoken.len()];
        for (at, (from, _)) in self.steps.iter().enumerate() {
            let run = &mut runs[index(*from)];
            if run.start == run.end {
                *run = id(at)..id(at);
            }
            run.end = id(at + 1);
        }
        Prose {
            words: self.words.into_iter().map(str::to_owned).collect(),
            spoken: self.spoken,
            runs,
            followers: self.steps.into_iter().map(|(_, to)| to).collect(),
            openings: self.openings,
        }
    }
}

fn is_word(word: &str) -> bool {
    word.len() <= WORD_BYTES_MAX
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !word.contains(char::is_control)
}

fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

fn id(index: usize) -> u32 {
    u32::try_from(index).expect("the text read is far below 4 G words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_only_in_pairs_it_has_read() {
        let text =
            "The index holds every word of the text and the text holds the index of every word";
        let prose = Prose::learn(text);
        let mut spoken = String::new();
        prose.push(200, &mut Random::new(1), &mut spoken);
        let words: Vec<&str> = spoken.split(' ').collect();
        assert_eq!(words.len(), 200);
        for pair in words.windows(2).filter(|pair| pair[1] != "index") {
            assert!(
                text.contains(&pair.join(" ")) || pair[0] == "word",
                "{pair:?}"
            );
        }
    }

    #[test]
    fn headings_and_hashes_teach_nothing() {
        assert!(Prose::learn("Short heading\n\n# 1 2 3").is_empty());
        assert!(!is_word("0123"));
        assert!(!is_word("a-very-long-run-of-letters-that-is-no-word"));
    }
}
