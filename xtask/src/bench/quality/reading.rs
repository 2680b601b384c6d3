//! A corpus read back: what was said in which session, and how often each word stands in it.
//!
//! Owns which rows are prompts and answers of a main conversation that a person held.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::words::Postings;

/// Depth of folders that are read.
const DEPTH_MAX: usize = 6;

/// A prompt or an answer that somebody may look for.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What it says.
    pub(crate) text: String,
    /// Every session that holds it: a fork repeats what it was forked from.
    pub(crate) sessions: BTreeSet<String>,
}

/// Where a session lies.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its id.
    pub(crate) session: String,
    /// The folder under `projects`.
    pub(crate) folder: String,
    /// Where the work was done.
    pub(crate) cwd: String,
}

/// What a corpus says.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Prompts and answers of main conversations.
    pub(crate) entries: Vec<Entry>,
    /// Sessions that people held.
    pub(crate) places: Vec<Place>,
    /// In which documents each word stands.
    pub(crate) postings: Postings,
    /// The entry that a document is, for those that are one.
    entry_of: Vec<Option<usize>>,
    by_text: BTreeMap<String, usize>,
}

impl Reading {
    /// Reads a config root.
    pub(crate) fn of(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        list(&root.join("projects"), DEPTH_MAX, &mut files);
        files.sort();
        let mut reading = Self::default();
        for file in &files {
            let text = fs::read_to_string(file)
                .with_context(|| format!("could not read {}", file.display()))?;
            reading.read(file, &text);
        }
        Ok(reading)
    }

    /// How many documents there are.
    pub(crate) fn documents(&self) -> usize {
        self.entry_of.len()
    }

    /// The entries among some documents.
    pub(crate) fn entries_of(&self, documents: &[u32]) -> BTreeSet<usize> {
        let entry = |document: &u32| *self.entry_of.get(usize::try_from(*document).ok()?)?;
        documents.iter().filter_map(entry).collect()
    }

    fn read(&mut self, file: &Path, text: &str) {
        let mut is_placed = false;
        for line in text.lines() {
            let Ok(row) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            if !is_placed && is_held_by_a_person(&row) {
                is_placed = true;
                self.places.extend(place(file, &row));
            }
            for said in said(&row) {
                self.take(&row, &said);
            }
        }
    }

    fn take(&mut self, row: &Value, said: &Said) {
        let document = u32::try_from(self.entry_of.len()).unwrap_or(u32::MAX);
        self.postings.add(document, &said.text);
        let session = row["sessionId"].as_str();
        let session = session.filter(|_| said.is_entry && is_held_by_a_person(row));
        let entry = session.map(|session| self.note(&said.text, session));
        self.entry_of.push(entry);
    }

    fn note(&mut self, text: &str, session: &str) -> usize {
        let next = self.entries.len();
        let at = *self.by_text.entry(text.to_owned()).or_insert(next);
        if at == next {
            self.entries.push(Entry {
                text: text.to_owned(),
                sessions: BTreeSet::new(),
            });
        }
        self.entries[at].sessions.insert(session.to_owned());
        at
    }
}

/// The session of each subagent, by the name of the file that the subagent's transcript is.
pub(crate) fn subagents(root: &Path) -> BTreeMap<String, String> {
    let mut files = Vec::new();
    list(&root.join("projects"), DEPTH_MAX, &mut files);
    files.iter().filter_map(|file| subagent(file)).collect()
}

fn subagent(file: &Path) -> Option<(String, String)> {
    let folder = file.parent().filter(|it| it.ends_with("subagents"))?;
    let session = folder.parent()?.file_name()?.to_str()?;
    Some((file.file_stem()?.to_str()?.to_owned(), session.to_owned()))
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            list(&path, depth - 1, files);
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            files.push(path);
        }
    }
}

fn is_held_by_a_person(row: &Value) -> bool {
    row["entrypoint"] == "cli" && row["isSidechain"] == false
}

fn place(file: &Path, row: &Value) -> Option<Place> {
    let folder = file.parent()?.file_name()?.to_str()?;
    Some(Place {
        session: row["sessionId"].as_str()?.to_owned(),
        folder: folder.to_owned(),
        cwd: row["cwd"].as_str()?.to_owned(),
    })
}

/// A text of a row.
struct Said {
    text: String,
    /// Whether it is a prompt or an answer.
    is_entry: bool,
}

/// What a row says: a prompt, or the blocks of a message.
fn said(row: &Value) -> Vec<Said> {
    if row["type"] != "user" && row["type"] != "assistant" {
        return Vec::new();
    }
    let content = &row["message"]["content"];
    let is_prompt = row["isCompactSummary"] != true && row["turnOrigin"] != "task_notification";
    match content {
        Value::String(text) => vec![Said {
            text: text.clone(),
            is_entry: is_prompt,
        }],
        Value::Array(blocks) => blocks.iter().map(block).collect(),
        _ => Vec::new(),
    }
}

fn block(block: &Value) -> Said {
    let mut text = String::new();
    for part in ["text", "thinking", "content", "input"] {
        push_texts(&block[part], &mut text);
    }
    Said {
        text,
        is_entry: block["type"] == "text",
    }
}

fn push_texts(value: &Value, text: &mut String) {
    match value {
        Value::String(more) => text.extend([more.as_str(), "\n"]),
        Value::Array(values) => {
            for value in values {
                push_texts(value, text);
            }
        }
        Value::Object(fields) => {
            for value in fields.values() {
                push_texts(value, text);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = r#"{"type":"user","isSidechain":false,"entrypoint":"cli","cwd":"/src/a","sessionId":"s1","message":{"content":"open the segment"}}"#;
    const RESULT: &str = r#"{"type":"user","isSidechain":false,"entrypoint":"cli","cwd":"/src/a","sessionId":"s1","message":{"content":[{"type":"tool_result","content":"open segment"}]}}"#;

    #[test]
    fn what_people_said_is_an_entry_and_what_tools_printed_is_a_document() {
        let mut reading = Reading::default();
        let file = Path::new("projects/-src-a/s1.jsonl");
        reading.read(file, &[PROMPT, RESULT].join("\n"));
        let other = PROMPT.replace("s1", "s2");
        reading.read(Path::new("projects/-src-a/s2.jsonl"), &other);
        assert_eq!(reading.documents(), 3);
        assert_eq!(reading.entries.len(), 1);
        assert_eq!(reading.entries[0].sessions.len(), 2);
        assert_eq!(reading.places[0].folder, "-src-a");
        let documents = reading.postings.all_of(&["segment".to_owned()]);
        assert_eq!(documents, [0, 1, 2]);
        assert_eq!(reading.entries_of(&documents).len(), 1);
    }

    #[test]
    fn a_subagent_belongs_to_the_session_whose_folder_it_lies_in() {
        let check = |file: &str, expect: Option<(&str, &str)>| {
            let found = subagent(Path::new(file));
            let expect = expect.map(|(name, session)| (name.to_owned(), session.to_owned()));
            assert_eq!(found, expect, "{file}");
        };
        check(
            "projects/-src-a/s1/subagents/agent-7f.jsonl",
            Some(("agent-7f", "s1")),
        );
        check("projects/-src-a/s1.jsonl", None);
    }

    #[test]
    fn what_subagents_and_scripts_said_is_no_entry() {
        let mut reading = Reading::default();
        let file = Path::new("projects/-src-a/s1.jsonl");
        for (from, to) in [("\"cli\"", "\"sdk-cli\""), ("false", "true")] {
            reading.read(file, &PROMPT.replace(from, to));
        }
        assert!(reading.entries.is_empty());
        assert_eq!(reading.documents(), 2);
    }
}
