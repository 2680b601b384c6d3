//! Counts of matches, and why a match ranks as it does.

use std::fmt::Write;

use sessions_model::{Facet, Facets, Hit};

use super::quantity::number;
use super::text::{columns, one_line};
use crate::terminal::{Role, Terminal};

/// Names of a class that are shown.
const NAMES_SHOWN: usize = 8;

/// Returns a line for each class of which there is something.
pub(crate) fn facets(facets: &Facets, terminal: &Terminal) -> String {
    let months = facets.months.iter().rev().cloned().collect::<Vec<_>>();
    let classes = [
        ("project", &facets.projects),
        ("kind", &facets.kinds),
        ("tool", &facets.tools),
        ("model", &facets.models),
        ("month", &months),
    ];
    let width = classes
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (name, counts) in classes.iter().filter(|(_, counts)| !counts.is_empty()) {
        let label = terminal.paint.paint(Role::Faint, &format!("{name:width$}"));
        let room = terminal.columns.saturating_sub(width + 2);
        writeln!(text, "{label}  {}", one_class(counts, room)).expect("a string takes everything");
    }
    text
}

/// As many names as fit, and how many more there are.
fn one_class(counts: &[Facet], room: usize) -> String {
    let mut line = String::new();
    for (shown, facet) in counts.iter().enumerate() {
        let more = format!(" +{} more", counts.len() - shown);
        let item = format!("{} {}", one_line(&facet.name), number(facet.count));
        let item = if shown == 0 {
            item
        } else {
            format!(", {item}")
        };
        let is_full = columns(&line) + columns(&item) + columns(&more) > room;
        if shown == NAMES_SHOWN || (shown > 0 && is_full) {
            line.push_str(&more);
            break;
        }
        line.push_str(&item);
    }
    line
}

/// Returns what a hit's score was made of; nothing if that was not asked for.
pub(crate) fn reasons(hit: &Hit) -> Option<String> {
    let parts = hit.parts?;
    let mut text = format!(
        "score {:.2} = words {:.2} × {} {:.2}",
        hit.score,
        parts.words,
        hit.kind.as_str(),
        parts.kind
    );
    let others = [
        ("recency", parts.recency),
        ("subagent", parts.subagent),
        ("script", parts.automated),
        ("nearness", parts.nearness),
    ];
    for (name, share) in others {
        if (share - 1.0).abs() > 0.005 {
            write!(text, " × {name} {share:.2}").expect("a string takes everything");
        }
    }
    if hit.is_echo {
        text.push_str("; last, since it repeats an answer of ours");
    }
    Some(text)
}
