//! An archived file as JSON.

use serde::Serialize;
use sessions_client::{Generation, Source};

use crate::moment::rfc3339;

/// An archived file.
#[derive(Debug, Serialize)]
pub(crate) struct SourceJson<'a> {
    path: &'a str,
    root: &'a str,
    kind: &'a str,
    gone: bool,
    generations: Vec<GenerationJson>,
}

#[derive(Debug, Serialize)]
struct GenerationJson {
    generation: u64,
    bytes: u64,
    opened_at: String,
    newest: bool,
}

impl<'a> SourceJson<'a> {
    /// Converts a source.
    pub(crate) fn new(source: &'a Source) -> Self {
        Self {
            path: &source.path,
            root: &source.root,
            kind: &source.kind,
            gone: source.is_gone,
            generations: source.generations.iter().map(GenerationJson::new).collect(),
        }
    }
}

impl GenerationJson {
    fn new(generation: &Generation) -> Self {
        Self {
            generation: generation.id.0,
            bytes: generation.length,
            opened_at: rfc3339(generation.opened_at),
            newest: generation.is_current,
        }
    }
}
