//! The three corpora in which the same entries are looked for: as it is, among subagents, and among echoes.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::question::Question;
use super::reading::{Place, Reading};
use crate::bench::corpus::{age, remove};
use crate::corpus as generator;
use crate::corpus::quote::{Quote, Stage, write_echoes, write_subagent};
use crate::corpus::random::{Random, wide};
use crate::corpus::source::Source;

/// Bytes of the corpus that the others are made of.
const BYTES: u64 = 60_000_000;
/// Sessions in it.
const SESSIONS: usize = 400;
/// Another seed, another corpus and other questions.
pub(crate) const SEED: u64 = 7;
/// Subagents that hold most of a question's words.
const SUBAGENTS: usize = 10;
/// How many of them are of the expected session.
const SUBAGENTS_OF_OWN: usize = 3;
/// Sessions that quote each entry.
const ECHOES: usize = 3;
/// Entries that such a session quotes.
const QUOTES: usize = 10;
/// When subagents worked: 2026-05-01. Sessions of the corpus are older and newer.
const SUBAGENTS_MS: u64 = 1_777_593_600_000;
/// When the entries were looked for: 2026-11-10, after all sessions of the corpus.
const ECHOES_MS: u64 = 1_794_268_800_000;
/// From one such session to the next: a minute.
const STEP_MS: u64 = 60_000;

/// What stands beside the entries that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// Nothing but the corpus.
    Plain,
    /// Ten subagents for each main conversation.
    Subagents,
    /// Newer sessions in which the same was looked for.
    Echoes,
}

impl World {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Subagents, Self::Echoes];

    /// Its name, and that of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Subagents => "subagents",
            Self::Echoes => "echoes",
        }
    }
}

/// Writes corpora.
#[derive(Debug)]
pub(crate) struct Writer {
    source: Source,
    folder: PathBuf,
}

impl Writer {
    /// Reads the text that corpora are made of; they are written below `folder`.
    pub(crate) fn new(folders: &[PathBuf], folder: &Path) -> Result<Self> {
        Ok(Self {
            source: Source::load(folders)?,
            folder: folder.to_owned(),
        })
    }

    /// Writes the corpus without anything beside it, and returns its root.
    pub(crate) fn write(&self, world: World) -> Result<PathBuf> {
        let root = self.folder.join(world.name());
        remove(&root)?;
        let options = generator::Options {
            bytes: BYTES,
            sessions: Some(SESSIONS),
            seed: SEED,
            out: root.clone(),
            needles: None,
            needle_count: 0,
            one_shots: 0,
            mixed: true,
            text: Vec::new(),
        };
        generator::write(&self.source, &options)?;
        Ok(root)
    }

    /// Writes what stands beside the entries, and sets back when every file was written.
    pub(crate) fn complete(
        &self,
        world: World,
        root: &Path,
        (reading, questions): (&Reading, &[Question]),
    ) -> Result<()> {
        match world {
            World::Plain => {}
            World::Subagents => self.add_subagents(root, reading, questions)?,
            World::Echoes => self.add_echoes(root, reading, questions)?,
        }
        age(root)
    }

    fn add_subagents(&self, root: &Path, reading: &Reading, questions: &[Question]) -> Result<()> {
        let mut random = Random::named(SEED, "subagents");
        for question in questions {
            let is_own = |place: &&Place| question.expected.contains(&place.session);
            let own = reading.places.iter().find(is_own);
            for number in 0..SUBAGENTS {
                let place = match own.filter(|_| number < SUBAGENTS_OF_OWN) {
                    Some(own) => own,
                    None => random.pick(&reading.places),
                };
                let after = random.below(usize::try_from(STEP_MS).unwrap_or(0));
                let stage = stage(root, place, SUBAGENTS_MS + wide(after));
                let random = Random::new(random.draw());
                write_subagent(&self.source, stage, &question.words, random)?;
            }
        }
        Ok(())
    }

    fn add_echoes(&self, root: &Path, reading: &Reading, questions: &[Question]) -> Result<()> {
        let mut random = Random::named(SEED, "echoes");
        let mut now = ECHOES_MS;
        for round in 0..ECHOES {
            // Each time in other company, and by another verb.
            let turned = questions.iter().cycle().skip(round).take(questions.len());
            let quotes: Vec<Quote<'_>> = turned.filter_map(quote).collect();
            for quotes in quotes.chunks(QUOTES) {
                let mut place = random.pick(&reading.places).clone();
                place.session = random.uuid();
                now += STEP_MS;
                let stage = stage(root, &place, now);
                write_echoes(&self.source, stage, quotes, Random::new(random.draw()))?;
            }
        }
        Ok(())
    }
}

fn stage<'a>(root: &'a Path, place: &'a Place, now: u64) -> Stage<'a> {
    Stage {
        root,
        folder: &place.folder,
        cwd: &place.cwd,
        session: &place.session,
        now,
    }
}

fn quote(question: &Question) -> Option<Quote<'_>> {
    Some(Quote {
        words: &question.words,
        said: &question.said,
        session: question.expected.first()?,
    })
}
