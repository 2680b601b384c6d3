//! What a search found: the best hit of each session, with what matched marked.

use std::fmt::Write;

use sessions_model::{Highlight, Hit, SearchAnswer};

use super::facets::{facets, reasons};
use super::quantity::{count, number};
use super::text::{columns, cut, one_line, visible};
use super::{short_id, title};
use crate::moment::Now;
use crate::terminal::{Paint, Role, Terminal};

/// Spaces before a snippet.
const INDENT: usize = 4;

/// Columns of text that are kept before the first match when a snippet does not fit.
const LEAD_COLUMNS: usize = 24;

/// Returns the hits as lines, then how many there are.
pub(crate) fn hits(answer: &SearchAnswer, now: &Now, terminal: &Terminal) -> String {
    let mut text = String::new();
    let mut shown = 0;
    for of_session in answer
        .hits
        .chunk_by(|left, right| left.session.id == right.session.id)
    {
        shown += 1;
        if let Some(first) = of_session.first() {
            text.push_str(&head(first, now, terminal));
        }
        for hit in of_session {
            text.push_str(&snippet(hit, terminal));
            if let Some(reasons) = reasons(hit) {
                let reasons = terminal.paint.paint(Role::Faint, &reasons);
                writeln!(text, "{:INDENT$}{reasons}", "").expect("a string takes everything");
            }
        }
        text.push('\n');
    }
    if let Some(counted) = &answer.facets {
        text.push_str(&facets(counted, terminal));
        text.push('\n');
    }
    let foot = terminal.paint.paint(Role::Faint, &foot(answer, shown));
    writeln!(text, "{foot}").expect("a string takes everything");
    text
}

/// Returns how many matches there are.
pub(crate) fn matches(total: u64) -> String {
    count(total, "match").replace("matchs", "matches")
}

fn foot(answer: &SearchAnswer, shown: u64) -> String {
    let mut foot = format!(
        "{} in {}",
        matches(answer.total),
        count(answer.sessions, "session"),
    );
    if answer.sessions > shown {
        write!(foot, ", the best {} shown", number(shown)).expect("a string takes everything");
    }
    if answer.left_out > 0 {
        let own = matches(answer.left_out);
        write!(foot, "\n{own} in this session left out (--own)")
            .expect("a string takes everything");
    }
    foot
}

fn head(hit: &Hit, now: &Now, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let session = &hit.session;
    let id = short_id(&session.id);
    let project = one_line(&session.project);
    let age = hit
        .time
        .or(session.ended_at)
        .map(|then| now.age(then))
        .unwrap_or_default();
    let taken = columns(&id) + columns(&project) + columns(&age) + 6;
    let title = title(session);
    let room = terminal.columns.saturating_sub(taken).max(LEAD_COLUMNS);
    format!(
        "{}  {}  {}  {}\n",
        paint.paint(Role::Id, &id),
        project,
        paint.paint(Role::Faint, &age),
        paint.paint(Role::Strong, &cut(&title, room)),
    )
}

fn snippet(hit: &Hit, terminal: &Terminal) -> String {
    let paint = terminal.paint;
    let mut label = hit.kind.as_str().to_owned();
    if let Some(tool) = &hit.tool {
        label = format!("{label} {}", one_line(tool));
    }
    if hit.is_echo {
        label.push_str(" (echo)");
    }
    let more = match hit.more_in_session {
        0 => String::new(),
        more => format!("  +{} more", number(more)),
    };
    let taken = INDENT + columns(&label) + 2 + columns(&more);
    let room = terminal.columns.saturating_sub(taken).max(LEAD_COLUMNS);
    let line = marked(&hit.snippet, &hit.highlights, room, paint);
    let (label, more) = (
        paint.paint(Role::Faint, &label),
        paint.paint(Role::Faint, &more),
    );
    format!("{:INDENT$}{label}  {line}{more}\n", "")
}

/// Returns the part of `snippet` around its first match that fits `room` columns, with matches marked.
fn marked(snippet: &str, highlights: &[Highlight], room: usize, paint: Paint) -> String {
    let pieces = pieces(snippet, highlights);
    let total: usize = pieces.iter().map(|(piece, _)| columns(piece)).sum();
    let mut text = String::new();
    let mut left = room;
    for (at, (piece, is_match)) in pieces.iter().enumerate() {
        let piece = match at {
            0 if total > room && !is_match => keep_end(piece, LEAD_COLUMNS.min(room / 2)),
            _ => piece.clone(),
        };
        let fitted = cut(&piece, left).into_owned();
        left = left.saturating_sub(columns(&fitted));
        let role = if *is_match { Some(Role::Match) } else { None };
        text.push_str(&role.map_or_else(|| fitted.clone(), |role| paint.paint(role, &fitted)));
        if fitted != piece {
            break;
        }
    }
    text
}

/// Cuts a snippet into runs that matched and runs that did not, each made visible on one line.
fn pieces(snippet: &str, highlights: &[Highlight]) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut push = |range: std::ops::Range<usize>, is_match| {
        let piece = snippet.get(range).unwrap_or_default();
        if !piece.is_empty() {
            let flat = piece.replace(['\n', '\r', '\t'], " ");
            pieces.push((visible(&flat).into_owned(), is_match));
        }
    };
    for run in highlights {
        let (start, end) = (run.start as usize, run.end as usize);
        push(at..start, false);
        push(start..end, true);
        at = end;
    }
    push(at..snippet.len(), false);
    pieces
}

/// Returns the last `limit` columns of `text`, with an ellipsis where something is left out.
fn keep_end(text: &str, limit: usize) -> String {
    let mut kept = text;
    while columns(kept) > limit {
        let mut characters = kept.chars();
        characters.next();
        kept = characters.as_str();
    }
    if kept.len() == text.len() {
        kept.to_owned()
    } else {
        format!("…{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn hits_show_what_matched() {
        let text = hits(&samples::answer(), &samples::now(), &samples::coloured(100));
        insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    }

    #[test]
    fn hits_fit_a_narrow_terminal() {
        let text = hits(&samples::answer(), &samples::now(), &samples::terminal(72));
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|line| columns(line) <= 72), "{text}");
    }
}
