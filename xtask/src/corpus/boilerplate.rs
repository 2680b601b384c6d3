//! What the client repeats in every session: prompts, tool schemas, lists of skills and agents.
//!
//! Owns stand-ins of the same shape and size, spoken by the prose model. They are equal in every session of a
//! corpus, as the real ones are, so that compression and deduplication meet what they will meet.

use super::json;
use super::prose::Prose;
use super::random::Random;

/// Seed of the stand-ins: they are the same whatever the corpus' seed.
const SEED: u64 = 330;

const TOOLS: [&str; 14] = [
    "Agent",
    "Bash",
    "Edit",
    "Glob",
    "Grep",
    "NotebookEdit",
    "Read",
    "Skill",
    "Task",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Write",
];
const SKILLS: usize = 13;
const AGENTS: usize = 6;

/// JSON fragments, each ready to stand in a row.
#[derive(Debug)]
pub(crate) struct Boilerplate {
    /// The value of `shape` in an `api-request-shape` row, about 38 kB.
    pub(crate) shape: String,
    /// Its hash.
    pub(crate) shape_hash: String,
    /// A `prompt_snapshot` without tools, about 7 kB.
    pub(crate) short_snapshot: String,
    /// A `prompt_snapshot` with tools, about 57 kB.
    pub(crate) full_snapshot: String,
    /// Attachments announced when a session starts, each with its rendered text.
    pub(crate) announcements: Vec<Announcement>,
}

/// An attachment row's own part.
#[derive(Debug)]
pub(crate) struct Announcement {
    /// The value of `attachment`.
    pub(crate) attachment: String,
    /// The rendered text as a JSON string.
    pub(crate) rendered: String,
}

impl Boilerplate {
    /// Makes the stand-ins.
    pub(crate) fn make(prose: &Prose, identifiers: &[String]) -> Self {
        let mut speaker = Speaker {
            prose,
            identifiers,
            random: Random::new(SEED),
        };
        let system: Vec<String> = (0..10).map(|_| speaker.speak(110)).collect();
        let tools: Vec<String> = TOOLS.iter().map(|name| speaker.tool(name)).collect();
        let (system, tools) = (system.join(","), tools.join(","));
        let text = speaker.speak(1100);
        let flags =
            r#""reminderFold":false,"echoWireToolInputs":false,"contextRendering":"announced""#;
        let shape = format!(r#"{{"system":[{{"type":"text","text":{text}}}],"tools":[{tools}]}}"#);
        let wrapped = speaker.wrap(&tools);
        Self {
            shape,
            shape_hash: speaker.random.hex(64),
            short_snapshot: format!(
                r#"{{"type":"prompt_snapshot","systemPrompt":[{system}],{flags}}}"#
            ),
            full_snapshot: format!(
                r#"{{"type":"prompt_snapshot","systemPrompt":[{system}],"tools":[{wrapped}],{flags}}}"#
            ),
            announcements: vec![speaker.deferred_tools(), speaker.agents(), speaker.skills()],
        }
    }
}

struct Speaker<'a> {
    prose: &'a Prose,
    identifiers: &'a [String],
    random: Random,
}

impl Speaker<'_> {
    fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        self.prose.push(words, &mut self.random, &mut text);
        text
    }

    fn speak(&mut self, words: usize) -> String {
        json::string(&self.text(words))
    }

    fn name(&mut self) -> String {
        self.random
            .pick(self.identifiers)
            .to_lowercase()
            .replace('_', "-")
    }

    fn tool(&mut self, name: &str) -> String {
        let properties: Vec<String> = (0..self.random.between(2, 8))
            .map(|_| {
                let (name, description) = (self.name(), self.speak(30));
                format!(r#""{name}":{{"description":{description},"type":"string"}}"#)
            })
            .collect();
        let description = self.speak(190);
        format!(
            r#"{{"name":"{name}","description":{description},"input_schema":{{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{{{}}},"additionalProperties":false}}}}"#,
            properties.join(",")
        )
    }

    /// A snapshot repeats the tools in another frame, with more said about each.
    fn wrap(&mut self, tools: &str) -> String {
        let more = self.speak(2200);
        format!(r#"{tools},{{"name":"notes","description":{more},"schema":{{}}}}"#)
    }

    fn deferred_tools(&mut self) -> Announcement {
        let names: Vec<String> = (0..11).map(|_| format!("\"{}\"", self.name())).collect();
        let list = names.join(",");
        Announcement {
            attachment: format!(
                r#"{{"type":"deferred_tools_delta","addedNames":[{list}],"addedLines":[{list}],"removedNames":[],"wireHiddenNames":[],"readdedNames":[],"pendingMcpServers":[],"failedMcpServers":[]}}"#
            ),
            rendered: reminder(&list.replace([',', '"'], " ")),
        }
    }

    fn agents(&mut self) -> Announcement {
        let lines: Vec<String> = (0..AGENTS)
            .map(|_| format!("- {}: {}", self.name(), self.text(60)))
            .collect();
        let quoted: Vec<String> = lines.iter().map(|line| json::string(line)).collect();
        Announcement {
            attachment: format!(
                r#"{{"type":"agent_listing_delta","addedTypes":["general-purpose","Explore"],"addedLines":[{}],"builtInTypes":["general-purpose","Explore"],"builtInPluginTypes":[],"removedTypes":[],"isInitial":true,"showConcurrencyNote":true}}"#,
                quoted.join(",")
            ),
            rendered: reminder(&lines.join("\n")),
        }
    }

    fn skills(&mut self) -> Announcement {
        let lines: Vec<String> = (0..SKILLS)
            .map(|_| format!("- {}: {}", self.name(), self.text(75)))
            .collect();
        let digests: Vec<String> = (0..SKILLS)
            .map(|_| format!("\"{}\"", self.random.hex(16)))
            .collect();
        let content = lines.join("\n");
        Announcement {
            attachment: format!(
                r#"{{"type":"skill_listing","content":{},"skillCount":{SKILLS},"isInitial":true,"digests":[{}]}}"#,
                json::string(&content),
                digests.join(",")
            ),
            rendered: reminder(&content),
        }
    }
}

/// Text as the client hands it to the model, as a JSON string.
pub(crate) fn reminder(text: &str) -> String {
    json::string(&format!("<system-reminder>\n{text}\n</system-reminder>"))
}
