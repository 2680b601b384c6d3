//! Transcripts that repeat what other sessions say: subagents that were given parts of the work, and calls of this
//! product's own command line with what it answered.
//!
//! Owns how a quotation is told; who is quoted, and where, is the caller's to say.

use std::path::Path;

use anyhow::Result;

use super::json;
use super::project::Project;
use super::random::Random;
use super::scene::{Cast, Era, Scene};
use super::source::Source;
use super::write_file;

/// What somebody quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quote<'a> {
    /// The words that were looked for.
    pub(crate) words: &'a [String],
    /// What was said with them.
    pub(crate) said: &'a str,
    /// In which session.
    pub(crate) session: &'a str,
}

/// Where a quotation is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage<'a> {
    /// The config root.
    pub(crate) root: &'a Path,
    /// The folder under `projects`.
    pub(crate) folder: &'a str,
    /// The working directory.
    pub(crate) cwd: &'a str,
    /// The session.
    pub(crate) session: &'a str,
    /// Milliseconds since 1970.
    pub(crate) now: u64,
}

/// What is said around echoes: nothing that anybody looks for.
const ECHO_PROMPT: &str = "Where did that come up before?";
const ECHO_ANSWER: &str = "It came up in the sessions above.";
/// How often a subagent leaves out one of more than two words.
const LEAVES_OUT: f64 = 0.5;
/// Bytes of a snippet on each side of its words.
const SNIPPET_BYTES: usize = 60;
/// Words between those that a subagent took over.
const BETWEEN: std::ops::Range<usize> = 2..7;

/// Writes a subagent's transcript that holds most of the words.
pub(crate) fn write_subagent(
    source: &Source,
    stage: Stage<'_>,
    words: &[String],
    random: Random,
) -> Result<()> {
    let project = project(stage);
    let mut scene = open(source, &project, stage, random);
    let id = scene.random.hex(17);
    scene.path = format!("{}/subagents/agent-{id}.jsonl", scene.folder());
    scene.agent = Some(id.clone());
    let mut words = words.to_vec();
    if words.len() > 2 && scene.random.chance(LEAVES_OUT) {
        words.swap_remove(scene.random.below(words.len()));
    }
    let task = scene.prose_around(&words, 20);
    scene.user_row(&json::string(&task), "");
    let mut reply = scene.reply_with_answer();
    let report = scene.prose_around(&words, 40);
    scene.say(&mut reply, &report);
    let meta = format!(
        r#"{{"agentType":"general-purpose","isBuiltIn":true,"description":"Look into it","toolUseId":"{}","spawnDepth":1,"model":"{}","finished":true}}"#,
        scene.random.api_id("toolu_01", 22),
        scene.cast.model
    );
    let file = stage.root.join(&scene.path);
    write_file(&file.with_extension("meta.json"), &meta)?;
    write_file(&file, &scene.text)
}

/// Writes a session in which this product was asked for each quotation, and answered with it.
pub(crate) fn write_echoes(
    source: &Source,
    stage: Stage<'_>,
    quotes: &[Quote<'_>],
    random: Random,
) -> Result<()> {
    let project = project(stage);
    let mut scene = open(source, &project, stage, random);
    let extra = scene.prompt_fields();
    scene.user_row(&json::string(ECHO_PROMPT), &extra);
    for (number, quote) in quotes.iter().enumerate() {
        scene.echo(*quote, number);
    }
    let mut reply = scene.reply_with_answer();
    scene.say(&mut reply, ECHO_ANSWER);
    write_file(&stage.root.join(&scene.path), &scene.text)
}

fn project(stage: Stage<'_>) -> Project {
    Project {
        cwd: stage.cwd.to_owned(),
        folder: stage.folder.to_owned(),
        branches: Vec::new(),
        files: Vec::new(),
    }
}

fn open<'a>(
    source: &'a Source,
    project: &'a Project,
    stage: Stage<'_>,
    random: Random,
) -> Scene<'a> {
    let cast = Cast {
        session: stage.session.to_owned(),
        era: Era::Current,
        version: "2.1.330",
        entrypoint: "cli",
        model: "claude-opus-5-5",
        branch: "main".to_owned(),
    };
    let mut scene = Scene::open(source, project, cast, random);
    scene.now = stage.now;
    scene.prompt = scene.random.uuid();
    // The first request of a transcript is captured with all that goes before it, thirty times what is told here.
    scene.request = Some(scene.random.uuid());
    scene
}

impl Scene<'_> {
    /// Speaks prose that holds `words`, in any order and some way apart, and ends in `more` words of its own.
    fn prose_around(&mut self, words: &[String], more: usize) -> String {
        let mut text = self.source.sentence(4, 10, &mut self.random);
        let mut left = words.to_vec();
        while !left.is_empty() {
            let word = left.swap_remove(self.random.below(left.len()));
            let between = self
                .source
                .sentence(BETWEEN.start, BETWEEN.end, &mut self.random);
            text.extend([" ", &word, " ", &between]);
        }
        text.push(' ');
        let end = self.source.sentence(more, more * 2, &mut self.random);
        text.push_str(&end);
        text
    }

    /// Asks this product by one of its verbs.
    fn echo(&mut self, quote: Quote<'_>, number: usize) {
        let words = quote.words.join(" ");
        let (short, _) = quote.session.split_at(quote.session.floor_char_boundary(8));
        let snippet = snippet(quote);
        let (command, output) = match number % 3 {
            0 => (
                format!("sessions search '{words}'"),
                format!(
                    "{short}  project  6d  {snippet}\n    prompt  …{snippet}…  +2 more\n\n3 matches in 1 session\n"
                ),
            ),
            1 => (
                format!("sessions grep '{words}'"),
                format!("{short}:12: {snippet}\n{short}:40: {words}\n"),
            ),
            _ => (
                format!("sessions view {short} | grep -i '{words}'"),
                quote.said.to_owned(),
            ),
        };
        let input = format!(
            r#"{{"command":{},"description":"Look it up"}}"#,
            json::string(&command)
        );
        let mut reply = self.begin_reply("tool_use");
        let call = self.call(&mut reply, "Bash", &input);
        let text = json::string(&output);
        let result = format!(
            r#"{{"stdout":{text},"stderr":"","interrupted":false,"isImage":false,"noOutputExpected":false}}"#
        );
        self.result_row(&call, &text, &result);
    }
}

/// The words of a quotation with what stands around each.
fn snippet(quote: Quote<'_>) -> String {
    let lower = quote.said.to_ascii_lowercase();
    let around = |word: &String| {
        let at = lower.find(word.as_str()).unwrap_or(0);
        let start = quote
            .said
            .floor_char_boundary(at.saturating_sub(SNIPPET_BYTES));
        let end = quote
            .said
            .floor_char_boundary((at + word.len() + SNIPPET_BYTES).min(quote.said.len()));
        let (before, _) = quote.said.split_at(end);
        before.split_at(start).1.replace('\n', " ")
    };
    quote
        .words
        .iter()
        .map(around)
        .collect::<Vec<_>>()
        .join(" … ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_holds_every_word() {
        let words = ["cache".to_owned(), "検索".to_owned()];
        let long = "x ".repeat(200);
        let said = format!("{long}the Cache is\nfull {long} 再検索する {long}");
        let quote = Quote {
            words: &words,
            said: &said,
            session: "0123456789",
        };
        let snippet = snippet(quote);
        assert!(snippet.contains("Cache is full"), "{snippet}");
        assert!(snippet.contains("検索"), "{snippet}");
        assert!(snippet.len() < 400, "{snippet}");
    }
}
