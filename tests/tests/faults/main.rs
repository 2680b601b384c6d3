//! Faults around a real daemon: nothing is lost, everything is said, the rest goes on working.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod decay;
mod idle;
mod import;
mod keeping;
mod roots;
mod sandbox;
mod settings;
mod start;
mod succession;

use std::fs;

use serde_json::Value;
use sessions_tests::Home;
use sessions_tests::corpus::copy_samples;
use tempfile::TempDir;

/// A config root with the sample sessions, and a home for a daemon that has not been started.
struct Trial {
    home: Home,
    root: TempDir,
}

impl Trial {
    fn of_samples() -> Self {
        let root = TempDir::with_prefix("root-").unwrap();
        copy_samples(root.path()).unwrap();
        let home = Home::new(root.path()).unwrap();
        Self { home, root }
    }

    /// Returns answers that must not change while the sessions do not.
    fn answers(&self) -> Vec<Value> {
        [
            "scanner",
            "kind:prompt race",
            "transaction OR grid",
            "フォーカス",
        ]
        .iter()
        .map(|query| {
            let answer = self.home.search(query).unwrap();
            let entries = answer["hits"].as_array().unwrap().iter();
            let entries: Value = entries.map(|hit| hit["entry"].clone()).collect();
            Value::from(vec![answer["total"].clone(), entries])
        })
        .collect()
    }
}

/// Returns the faults of one kind that a status names.
fn faults_of<'a>(status: &'a Value, kind: &str) -> Vec<&'a Value> {
    let faults = status["faults"].as_array().unwrap().iter();
    faults.filter(|fault| fault["kind"] == kind).collect()
}

/// Tells whether the daemon has logged these words.
fn log_has(home: &Home, words: &str) -> bool {
    let logs = fs::read_dir(home.path().join("state/logs")).unwrap();
    let mut texts = logs.flatten().map(|log| fs::read_to_string(log.path()));
    texts.any(|text| text.is_ok_and(|text| text.contains(words)))
}
