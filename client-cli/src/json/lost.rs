//! What is not on disk any more as JSON.

use serde::Serialize;

use super::{SCHEMA, SessionJson};
use crate::commands::lost::Losses;
use crate::moment::rfc3339;

/// What is not on disk any more.
#[derive(Debug, Serialize)]
pub(crate) struct LostJson<'a> {
    schema: u32,
    restorable: Vec<SessionJson<'a>>,
    gone: Vec<GoneJson<'a>>,
    sweeps: Vec<SweepJson<'a>>,
}

#[derive(Debug, Serialize)]
struct GoneJson<'a> {
    id: &'a str,
    cwd: &'a str,
    last_prompt_at: String,
}

#[derive(Debug, Serialize)]
struct SweepJson<'a> {
    root: &'a str,
    kept_days: u32,
    last_at: Option<String>,
    next_at: String,
    takes: u64,
    gone_since: u64,
}

impl<'a> LostJson<'a> {
    /// Converts what was found.
    pub(crate) fn new(losses: &'a Losses) -> Self {
        let gone = losses.gone.iter().map(|gone| GoneJson {
            id: &gone.id,
            cwd: &gone.project,
            last_prompt_at: rfc3339(gone.last_at),
        });
        let sweeps = losses.sweeps.iter().map(|sweep| SweepJson {
            root: &sweep.root,
            kept_days: sweep.kept_days,
            last_at: sweep.last_at.map(rfc3339),
            next_at: rfc3339(sweep.next_at),
            takes: sweep.takes,
            gone_since: losses.since(sweep),
        });
        Self {
            schema: SCHEMA,
            restorable: losses.restorable.iter().map(SessionJson::new).collect(),
            gone: gone.collect(),
            sweeps: sweeps.collect(),
        }
    }
}
