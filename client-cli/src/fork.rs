//! A conversation up to one of its entries, as a session of its own.
//!
//! Works on lines in memory; must not know where they come from or go. The client's own `--fork-session` of a
//! file that was cut short takes the branch with the latest row, whichever was meant, and makes no session
//! before something is prompted. So the rows that lead to the entry are chosen here, and those alone.

mod row;

use std::collections::{HashMap, HashSet};

use row::Row;

/// Rows without a place in the tree that a fork takes along, as the client's own does: what the session was
/// set to, and what its edits can be undone by.
const STATE: [&str; 6] = [
    "mode",
    "permission-mode",
    "atis-latch",
    "tools-used",
    "file-history-snapshot",
    "file-history-delta",
];

/// Why there is nothing to fork at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
    /// No row has such a name.
    #[error("no message of the conversation is called {0}")]
    Unknown(String),
    /// Several have.
    #[error("{1} messages of the conversation begin with {0}")]
    Ambiguous(String, usize),
    /// There is no conversation.
    #[error("the session holds no message")]
    Empty,
}

/// The lines of a transcript, of all lives it had, each row once.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    lines: Vec<Vec<u8>>,
    rows: Vec<Row>,
    by_uuid: HashMap<String, usize>,
    known: HashSet<blake3::Hash>,
    /// The last row of the last life that has any: what a client writes at its end alone has none.
    end: Option<usize>,
}

impl Conversation {
    /// Adds what a file was in one of its lives, the oldest first. Lines that are no row are left out.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let mut added = HashSet::new();
        let mut end = None;
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            let Some(row) = Row::parse(line) else {
                continue;
            };
            if let Some(uuid) = &row.uuid {
                let at = self.by_uuid.get(uuid).copied();
                let at = at.unwrap_or_else(|| self.push(line, row));
                if !self.rows[at].is_aside {
                    end = Some(at);
                }
            } else {
                let hash = blake3::hash(line);
                if !self.known.contains(&hash) {
                    self.push(line, row);
                }
                added.insert(hash);
            }
        }
        self.known.extend(added);
        self.end = end.or(self.end);
    }

    fn push(&mut self, line: &[u8], row: Row) -> usize {
        let at = self.rows.len();
        if let Some(uuid) = &row.uuid {
            self.by_uuid.insert(uuid.clone(), at);
        }
        self.lines.push(line.to_owned());
        self.rows.push(row);
        at
    }

    /// Finds the row that an entry's name, or the start of it, means; the last one where none is given.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<usize, PlaceError> {
        let Some(name) = name else {
            return self.end.ok_or(PlaceError::Empty);
        };
        // A block after the first of a row is called after the row and its number.
        let uuid = name.split_once('.').map_or(name, |(uuid, _)| uuid);
        if let Some(at) = self.by_uuid.get(uuid) {
            return Ok(*at);
        }
        let mut found = self
            .by_uuid
            .iter()
            .filter(|(known, _)| known.starts_with(uuid));
        match (found.next(), found.count()) {
            (Some((_, at)), 0) if !uuid.is_empty() => Ok(*at),
            (Some(_), more) if !uuid.is_empty() => {
                Err(PlaceError::Ambiguous(name.to_owned(), more + 1))
            }
            _ => Err(PlaceError::Unknown(name.to_owned())),
        }
    }

    /// Returns the name of a row.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.rows[at].uuid.as_deref().unwrap_or_default()
    }

    /// Returns the lines of the session `id` that holds what leads to the row `at`, through the results of
    /// the tools that were called with it, as a fork of `from`.
    pub(crate) fn up_to(&self, at: usize, from: &str, id: &str) -> Vec<u8> {
        let kept = self.leading_to(at);
        let end = kept.iter().max().copied().unwrap_or(at);
        let mut bytes = Vec::new();
        for (at, (row, line)) in self.rows.iter().zip(&self.lines).enumerate().take(end + 1) {
            let is_state = row.uuid.is_none() && STATE.contains(&row.kind.as_str());
            if kept.contains(&at) || is_state {
                bytes.extend(row::renamed(line, row, from, id));
                bytes.push(b'\n');
            }
        }
        bytes
    }

    /// Returns the rows that lead to `at`: each row's parents, across compactions too, and with each message
    /// all its lines and the results of all its calls, which hang on branches of their own.
    fn leading_to(&self, at: usize) -> HashSet<usize> {
        let mut of_message: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut results: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut calls: HashMap<&str, usize> = HashMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            row.message
                .iter()
                .for_each(|id| of_message.entry(id).or_default().push(at));
            row.results
                .iter()
                .for_each(|id| results.entry(id).or_default().push(at));
            calls.extend(row.calls.iter().map(|id| (id.as_str(), at)));
        }
        let (mut kept, mut pending) = (HashSet::new(), vec![at]);
        while let Some(at) = pending.pop() {
            if !kept.insert(at) {
                continue;
            }
            let row = &self.rows[at];
            let parents = row.parents.iter().filter_map(|uuid| self.by_uuid.get(uuid));
            pending.extend(parents);
            pending.extend(row.results.iter().filter_map(|id| calls.get(id.as_str())));
            let lines = row
                .message
                .iter()
                .filter_map(|id| of_message.get(id.as_str()));
            pending.extend(lines.flatten());
            let answers = row.calls.iter().filter_map(|id| results.get(id.as_str()));
            pending.extend(answers.flatten());
        }
        kept
    }
}

#[cfg(test)]
mod tests;
