//! How many matches are of each project, kind, tool, model and month, by the names that people know.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use sessions_catalog::CatalogReader;
use sessions_index::Tallies;
use sessions_model::{EntryKind, Facet, Facets, SessionOrdinal, Timestamp};

use crate::QueryError;

/// Most names of a class that are answered.
const NAMES_MAX: usize = 100;

const HOUR_MS: i64 = 3_600_000;

/// Names what was counted: `by_session` are the matches of each session.
pub(crate) fn facets(
    catalog: &CatalogReader,
    (tallies, by_session): (&Tallies, &[(SessionOrdinal, u64)]),
    utc_offset_ms: i32,
) -> Result<Facets, QueryError> {
    let of_session: FxHashMap<SessionOrdinal, String> =
        catalog.project_names()?.into_iter().collect();
    let projects = by_session.iter().filter_map(|(session, count)| {
        let name = of_session.get(session)?;
        Some((name.clone(), *count))
    });
    let kinds = tallies.kinds.iter().filter_map(|(code, count)| {
        let kind = EntryKind::from_code(*code)?;
        Some((kind.as_str().to_owned(), *count))
    });
    let months = tallies.hours.iter().filter_map(|(hour, count)| {
        let at_ms = i64::try_from(*hour).ok()?.checked_mul(HOUR_MS)?;
        Some((month(Timestamp(at_ms), utc_offset_ms)?, *count))
    });
    let mut months = summed(months);
    months.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Facets {
        projects: most_first(summed(projects)),
        kinds: most_first(summed(kinds)),
        tools: most_first(summed(tallies.tools.iter().cloned())),
        models: most_first(summed(tallies.models.iter().cloned())),
        months,
    })
}

fn summed(counts: impl Iterator<Item = (String, u64)>) -> Vec<Facet> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (name, count) in counts {
        *sums.entry(name).or_default() += count;
    }
    let facet = |(name, count)| Facet { name, count };
    sums.into_iter().map(facet).collect()
}

fn most_first(mut facets: Vec<Facet>) -> Vec<Facet> {
    facets.sort_by_key(|facet| Reverse(facet.count));
    facets.truncate(NAMES_MAX);
    facets
}

/// The month that it is where local time is so far ahead of UTC.
fn month(at: Timestamp, utc_offset_ms: i32) -> Option<String> {
    let local = at.millis().checked_add(i64::from(utc_offset_ms))?;
    let local = jiff::Timestamp::from_millisecond(local).ok()?;
    let date = local.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some(format!("{:04}-{:02}", date.year(), date.month()))
}
