//! The facts of one session as they grow: each merge is monotone, so its order does not matter.

use std::collections::hash_map::Entry;

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use sessions_model::{SessionId, SessionOrdinal, Timestamp, TitleKind, Tokens, Usage};

use crate::error::Doing;
use crate::position::{Placed, Position, keep_first, keep_last};
use crate::{CatalogError, SessionFacts};

mod rows;

pub(crate) use rows::session_id;

/// Working directories kept of a session: the earliest.
const CWDS_MAX: usize = 64;

/// Models kept of a session: the earliest.
const MODELS_MAX: usize = 32;

/// Characters kept of a title or a prompt's first line.
const LINE_CHARS_MAX: usize = 200;

/// The largest number that a column holds.
pub(crate) const COUNT_MAX: u64 = i64::MAX.cast_unsigned();

/// Session states kept in memory between commits.
const STATES_HELD_MAX: usize = 256;

/// What is known of one session.
#[derive(Debug, Clone)]
pub(crate) struct State {
    id: SessionId,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    entries: u64,
    prompts: u64,
    name: Option<(TitleKind, Placed<String>)>,
    first_prompt: Option<Placed<String>>,
    last_prompt: Option<Placed<String>>,
    branch: Option<Placed<String>>,
    entrypoint: Option<Placed<String>>,
    worktree_of: Option<Placed<String>>,
    is_interactive: bool,
    tokens: Tokens,
    cwds: Vec<Placed<String>>,
    models: Vec<Placed<String>>,
    is_changed: bool,
}

impl State {
    fn new(id: SessionId) -> Self {
        Self {
            id,
            started_at: None,
            ended_at: None,
            entries: 0,
            prompts: 0,
            name: None,
            first_prompt: None,
            last_prompt: None,
            branch: None,
            entrypoint: None,
            worktree_of: None,
            is_interactive: false,
            tokens: Tokens::default(),
            cwds: Vec::new(),
            models: Vec::new(),
            is_changed: true,
        }
    }

    /// Takes in what one row says.
    pub(crate) fn merge(&mut self, facts: &SessionFacts<'_>) {
        self.is_changed = true;
        self.entries += facts.entries;
        self.prompts += facts.prompts;
        if let Some(time) = facts.at.time {
            self.started_at = Some(self.started_at.map_or(time, |at| at.min(time)));
            self.ended_at = Some(self.ended_at.map_or(time, |at| at.max(time)));
        }
        if let Some(cwd) = facts.cwd {
            keep_earliest(&mut self.cwds, CWDS_MAX, facts.at, cwd);
        }
        if let Some(model) = facts.model {
            keep_earliest(&mut self.models, MODELS_MAX, facts.at, model);
        }
        if let Some(branch) = facts.branch {
            keep_last(&mut self.branch, facts.at, branch);
        }
        if let Some(worktree_of) = facts.worktree_of {
            keep_last(&mut self.worktree_of, facts.at, worktree_of);
        }
        if let Some(entrypoint) = facts.entrypoint {
            self.is_interactive |= !is_script(entrypoint);
            keep_first(&mut self.entrypoint, facts.at, entrypoint);
        }
        if let Some((kind, text)) = facts.title {
            self.merge_name(kind, facts.at, text);
        }
        if let Some(prompt) = facts.prompt {
            self.merge_prompt(facts.at, prompt);
        }
    }

    /// Names have no time: the file's order decides among those of one kind.
    fn merge_name(&mut self, kind: TitleKind, at: Position, text: &str) {
        let at = at.in_file();
        let is_better = match &self.name {
            Some((held, old)) => (kind, at) > (*held, old.at),
            None => true,
        };
        let value = first_line(text);
        if is_better && !value.is_empty() {
            self.name = Some((kind, Placed { at, value }));
        }
    }

    fn merge_prompt(&mut self, at: Position, prompt: &str) {
        let line = first_line(prompt);
        if !line.is_empty() {
            keep_first(&mut self.first_prompt, at, &line);
            keep_last(&mut self.last_prompt, at, &line);
        }
    }

    /// Counts a message's tokens.
    pub(crate) fn add_tokens(&mut self, usage: Usage) {
        self.is_changed = true;
        let sum = |count: u64, more| count.saturating_add(more).min(COUNT_MAX);
        self.tokens.input = sum(self.tokens.input, usage.input);
        self.tokens.output = sum(self.tokens.output, usage.output);
        self.tokens.cache_read = sum(self.tokens.cache_read, usage.cache_read);
        self.tokens.cache_creation = sum(self.tokens.cache_creation, usage.cache_creation);
    }

    /// Takes back a message's tokens: they belong to another session, or were fewer than they are now.
    pub(crate) fn subtract_tokens(&mut self, usage: Usage) {
        self.is_changed = true;
        let tokens = &mut self.tokens;
        tokens.input = tokens.input.saturating_sub(usage.input);
        tokens.output = tokens.output.saturating_sub(usage.output);
        tokens.cache_read = tokens.cache_read.saturating_sub(usage.cache_read);
        tokens.cache_creation = tokens.cache_creation.saturating_sub(usage.cache_creation);
    }

    /// Whether a script ran it: every row that says how the client was started says so, nobody named it,
    /// and it was asked one thing at most.
    fn is_automated(&self) -> bool {
        let is_named = matches!(self.name, Some((TitleKind::Custom, _)));
        self.entrypoint.is_some() && !self.is_interactive && !is_named && self.prompts <= 1
    }

    /// The directory the session was started in.
    fn cwd(&self) -> Option<&str> {
        self.cwds
            .iter()
            .min_by_key(|cwd| cwd.at)
            .map(|cwd| &*cwd.value)
    }
}

/// Whether `entrypoint` is that of a program that runs the client. Whatever is not known to be one is
/// taken for a person's: a session folded away by mistake would be missed.
fn is_script(entrypoint: &str) -> bool {
    entrypoint.starts_with("sdk") || entrypoint == "mcp" || entrypoint.contains("github-action")
}

/// Returns the first line that holds something, its white space collapsed, within the limit.
fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let mut short = String::new();
    let mut room = LINE_CHARS_MAX;
    for part in line.split_whitespace() {
        if !short.is_empty() {
            short.push(' ');
            room -= 1;
        }
        let length = part.chars().count();
        short.extend(part.chars().take(room));
        room = room.saturating_sub(length);
        if room <= 1 {
            break;
        }
    }
    short
}

/// Keeps the `max` values whose first position is the earliest. What was pushed out and comes back
/// earlier is taken in again, so that the order of arrival does not matter.
fn keep_earliest(list: &mut Vec<Placed<String>>, max: usize, at: Position, value: &str) {
    if let Some(known) = list.iter_mut().find(|known| known.value == value) {
        known.at = known.at.min(at);
        return;
    }
    if list.len() >= max {
        let latest = (0..list.len()).max_by_key(|index| list[*index].at);
        match latest {
            Some(latest) if at < list[latest].at => list.swap_remove(latest),
            _ => return,
        };
    }
    let value = value.to_owned();
    list.push(Placed { at, value });
}

/// The sessions in work.
#[derive(Debug, Default)]
pub(crate) struct States {
    states: FxHashMap<SessionOrdinal, State>,
}

impl States {
    /// Adds a session that the catalog has not seen.
    pub(crate) fn create(&mut self, ordinal: SessionOrdinal, id: SessionId) {
        self.states.insert(ordinal, State::new(id));
    }

    /// Returns the state of a session that was created before.
    pub(crate) fn get(
        &mut self,
        connection: &Connection,
        ordinal: SessionOrdinal,
    ) -> Result<&mut State, CatalogError> {
        Ok(match self.states.entry(ordinal) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(rows::load(connection, ordinal).reading("the facts of a session")?)
            }
        })
    }

    /// Returns whether something is not written yet.
    pub(crate) fn has_changes(&self) -> bool {
        self.states.values().any(|state| state.is_changed)
    }

    /// Writes what changed.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), CatalogError> {
        for (ordinal, state) in &mut self.states {
            if state.is_changed {
                rows::store(connection, *ordinal, state).writing("the facts of a session")?;
                state.is_changed = false;
            }
        }
        if self.states.len() > STATES_HELD_MAX {
            self.states.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_are_short_and_on_one_line() {
        let check = |text: &str, expect: &str| assert_eq!(first_line(text), expect);
        check("  \n\n  fix\tthe   parser \nand more", "fix the parser");
        check("", "");
        check(&"é".repeat(300), &"é".repeat(200));
        check(
            &"ab ".repeat(100),
            "ab ".repeat(67).get(..200).unwrap_or_default().trim_end(),
        );
    }

    #[test]
    fn scripts_are_told_from_people() {
        let check = |entrypoint, expect| assert_eq!(is_script(entrypoint), expect, "{entrypoint}");
        check("cli", false);
        check("claude-vscode", false);
        check("claude-desktop", false);
        check("something-new", false);
        check("sdk-cli", true);
        check("sdk-ts", true);
        check("claude-code-github-action", true);
    }
}
