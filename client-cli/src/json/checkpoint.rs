//! A checkpoint as JSON.

use serde::Serialize;
use sessions_model::{Checkpoint, CheckpointPlace, GitState, Timestamp};

use super::time;

/// A checkpoint.
#[derive(Debug, Serialize)]
pub(crate) struct CheckpointJson<'a> {
    id: String,
    name: &'a str,
    note: &'a str,
    session: &'a str,
    at: Option<String>,
    cwd: &'a str,
    place: Option<PlaceJson<'a>>,
    git: Option<GitJson<'a>>,
}

/// Where it is.
#[derive(Debug, Serialize)]
struct PlaceJson<'a> {
    record: &'a str,
    source: u64,
    generation: u64,
    end: u64,
}

/// The repository then.
#[derive(Debug, Serialize)]
struct GitJson<'a> {
    head: &'a str,
    branch: Option<&'a str>,
    dirty: bool,
    diff_bytes: usize,
    diff_too_long: bool,
}

impl<'a> CheckpointJson<'a> {
    /// Converts a checkpoint.
    pub(crate) fn new(checkpoint: &'a Checkpoint) -> Self {
        let at: Option<Timestamp> = Some(checkpoint.at);
        Self {
            id: checkpoint.id.to_string(),
            name: &checkpoint.name,
            note: &checkpoint.note,
            session: checkpoint.session.as_str(),
            at: time(at),
            cwd: &checkpoint.cwd,
            place: checkpoint.place.as_ref().map(PlaceJson::new),
            git: checkpoint.git.as_ref().map(GitJson::new),
        }
    }
}

impl<'a> PlaceJson<'a> {
    fn new(place: &'a CheckpointPlace) -> Self {
        Self {
            record: &place.record,
            source: place.source.0,
            generation: place.generation.0,
            end: place.end.0,
        }
    }
}

impl<'a> GitJson<'a> {
    fn new(git: &'a GitState) -> Self {
        Self {
            head: &git.head,
            branch: git.branch.as_deref(),
            dirty: git.is_dirty,
            diff_bytes: git.diff.len(),
            diff_too_long: git.is_too_long,
        }
    }
}
