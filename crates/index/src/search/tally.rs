//! Counts matches by kind, tool, model and month. It holds names, never documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::SegmentReader;
use tantivy::columnar::{ColumnValues, StrColumn};

use super::candidate::Candidate;
use crate::matches::Tallies;
use crate::schema::{MODEL, TOOL, TRAITS, Traits};

/// Most different names of a class that are counted; those that come later are left out.
const NAMES_MAX: usize = 10_000;

const HOUR_MS: u64 = 3_600_000;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: FxHashMap<u8, u64>,
    tools: BTreeMap<String, u64>,
    models: BTreeMap<String, u64>,
    /// By the hour since 1970, so that whoever knows the zone can make months of them.
    hours: BTreeMap<u64, u64>,
}

impl Tally {
    /// Counts the matches of one segment.
    pub(super) fn count(
        &mut self,
        reader: &SegmentReader,
        candidates: &[Candidate],
    ) -> tantivy::Result<()> {
        let traits: Arc<dyn ColumnValues<u64>> =
            reader.fast_fields().column_first_or_default(TRAITS)?;
        for candidate in candidates {
            let kind = Traits::unpack(traits.get_val(candidate.doc)).kind;
            *self.kinds.entry(kind.code()).or_default() += 1;
            if candidate.time > 0 {
                *self.hours.entry(candidate.time / HOUR_MS).or_default() += 1;
            }
        }
        count_names(&mut self.tools, reader.fast_fields().str(TOOL)?, candidates)?;
        count_names(
            &mut self.models,
            reader.fast_fields().str(MODEL)?,
            candidates,
        )
    }

    pub(super) fn finish(self) -> Tallies {
        Tallies {
            kinds: self.kinds.into_iter().collect(),
            tools: self.tools.into_iter().collect(),
            models: self.models.into_iter().collect(),
            hours: self.hours.into_iter().collect(),
        }
    }
}

fn count_names(
    names: &mut BTreeMap<String, u64>,
    column: Option<StrColumn>,
    candidates: &[Candidate],
) -> tantivy::Result<()> {
    let Some(column) = column else {
        return Ok(());
    };
    let mut by_number: FxHashMap<u64, u64> = FxHashMap::default();
    for candidate in candidates {
        for number in column.term_ords(candidate.doc) {
            *by_number.entry(number).or_default() += 1;
        }
    }
    for (number, count) in by_number {
        let mut name = String::new();
        column.ord_to_str(number, &mut name)?;
        if names.len() < NAMES_MAX || names.contains_key(&name) {
            *names.entry(name).or_default() += count;
        }
    }
    Ok(())
}
