//! A transcript while it is being written: who speaks, in which file, at what time.
//!
//! Owns the state that rows share. What rows look like is `row`'s; what happens in a session is `session`'s.

use super::needle::{Kind, Needle, Needles, Planted, insert};
use super::project::Project;
use super::random::Random;
use super::source::Source;
use super::voice::Voice;

/// Which generation of the client writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// The current one: announcements, request captures, state rows.
    Current,
    /// One before: summaries, progress rows, to-do lists.
    Earlier,
}

/// Who wrote a session, and with what.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    /// The session's id.
    pub(crate) session: String,
    /// The generation of the client.
    pub(crate) era: Era,
    /// Its version.
    pub(crate) version: &'static str,
    /// How it was started: `cli`, `sdk-cli`.
    pub(crate) entrypoint: &'static str,
    /// The model.
    pub(crate) model: &'static str,
    /// The branch.
    pub(crate) branch: String,
}

const EARLIER_VERSIONS: [&str; 4] = ["2.0.76", "2.1.12", "2.1.39", "2.1.128"];
const EARLIER_MODELS: [&str; 2] = ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929"];
const CURRENT_MODELS: [&str; 2] = ["claude-opus-5-5", "claude-sonnet-5"];
/// How many sessions come from the current client.
const CURRENT_SHARE: f64 = 0.65;

impl Cast {
    /// Draws who writes a session.
    pub(crate) fn draw(project: &Project, entrypoint: &'static str, random: &mut Random) -> Self {
        let is_current = random.chance(CURRENT_SHARE);
        let session = random.uuid();
        let branch = project.branches[random.rank(project.branches.len())].clone();
        if is_current {
            let model = *random.pick(&CURRENT_MODELS);
            Self {
                session,
                era: Era::Current,
                version: "2.1.330",
                entrypoint,
                model,
                branch,
            }
        } else {
            let (version, model) = (
                *random.pick(&EARLIER_VERSIONS),
                *random.pick(&EARLIER_MODELS),
            );
            Self {
                session,
                era: Era::Earlier,
                version,
                entrypoint,
                model,
                branch,
            }
        }
    }
}

/// A file that lies beside the transcript.
#[derive(Debug)]
pub(crate) struct Sidecar {
    /// Below the config root.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

/// A transcript being written.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    /// What text is made of.
    pub(crate) source: &'a Source,
    /// Where the work is done.
    pub(crate) project: &'a Project,
    /// What is drawn next.
    pub(crate) random: Random,
    /// Who writes.
    pub(crate) cast: Cast,
    /// How people and models speak.
    pub(crate) voice: Voice,
    /// The subagent whose transcript this is.
    pub(crate) agent: Option<String>,
    /// The file's place below the config root.
    pub(crate) path: String,
    /// The file's lines.
    pub(crate) text: String,
    /// How many there are.
    pub(crate) lines: usize,
    /// Other files of the session.
    pub(crate) sidecars: Vec<Sidecar>,
    /// Phrases to plant, and planted.
    pub(crate) needles: Needles,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
    /// The row that the next one follows.
    pub(crate) parent: Option<String>,
    /// `promptId` of the turn.
    pub(crate) prompt: String,
    /// The last API request captured.
    pub(crate) request: Option<String>,
    /// Messages in the context, as far as request captures count them.
    pub(crate) context_messages: usize,
    /// Tokens in the context.
    pub(crate) context_tokens: usize,
    /// The name the user gave.
    pub(crate) title: Option<String>,
    /// The last prompt, cut short.
    pub(crate) last_prompt: String,
    /// Length of `text` when state rows were last repeated.
    pub(crate) state_written_at: usize,
    /// Lines for `history.jsonl`.
    pub(crate) history: String,
}

impl<'a> Scene<'a> {
    /// Opens an empty main transcript.
    pub(crate) fn open(
        source: &'a Source,
        project: &'a Project,
        cast: Cast,
        random: Random,
    ) -> Self {
        let path = format!("projects/{}/{}.jsonl", project.folder, cast.session);
        Self {
            source,
            project,
            random,
            cast,
            voice: Voice::default(),
            agent: None,
            path,
            text: String::new(),
            lines: 0,
            sidecars: Vec::new(),
            needles: Needles::default(),
            now: 0,
            parent: None,
            prompt: String::new(),
            request: None,
            context_messages: 0,
            context_tokens: 12_000,
            title: None,
            last_prompt: String::new(),
            state_written_at: 0,
            history: String::new(),
        }
    }

    /// Returns the bytes written so far, sidecars included.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
            + self
                .sidecars
                .iter()
                .map(|sidecar| sidecar.text.len())
                .sum::<usize>()
    }

    /// Returns the folder of the session's sidecars, below the config root.
    pub(crate) fn folder(&self) -> String {
        format!("projects/{}/{}", self.project.folder, self.cast.session)
    }

    /// Lets time pass: a number of milliseconds from `low` up to `high`.
    pub(crate) fn wait(&mut self, low: usize, high: usize) {
        let ms = self.random.between(low, high);
        self.now += super::random::wide(ms);
    }

    /// Plants a waiting phrase of this kind in a text that the next row of this file will hold.
    pub(crate) fn plant(&mut self, kind: Kind, text: &mut String) {
        if let Some(needle) = self.needles.take(kind) {
            insert(&needle.phrase, text);
            let (path, line) = (self.path.clone(), self.lines + 1);
            self.note(needle, path, line);
        }
    }

    /// Notes where a phrase was planted.
    pub(crate) fn note(&mut self, needle: Needle, file: String, line: usize) {
        let Needle { kind, phrase } = needle;
        let session = self.cast.session.clone();
        self.needles.planted.push(Planted {
            kind,
            phrase,
            file,
            line,
            session,
        });
    }

    /// Adds a file beside the transcript.
    pub(crate) fn add_sidecar(&mut self, path: String, text: String) {
        self.sidecars.push(Sidecar { path, text });
    }
}
