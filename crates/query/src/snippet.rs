//! One line of a text around what matched best. It leaves control characters to whoever shows it.

use std::ops::Range;

use sessions_index::tokenize;
use sessions_model::Highlight;

use crate::terms::Terms;

/// Bytes of a snippet, give or take a word.
const SNIPPET_BYTES: usize = 220;

/// Bytes within which matches count as one cluster.
const CLUSTER_BYTES: usize = 160;

/// Bytes of a text that are looked through for the best place; beyond, the first will do.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Bytes that are cut into words at a time.
const PIECE_BYTES: usize = 32 << 10;

/// Matches that are weighed.
const MATCHES_MAX: usize = 2_000;

/// A line with what matched in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Snippet {
    pub(crate) text: String,
    pub(crate) highlights: Vec<Highlight>,
}

/// A word of the text that matched.
#[derive(Debug)]
struct Found {
    bytes: Range<usize>,
    word: String,
}

/// Returns the line of `text` that shows `terms` best.
pub(crate) fn snippet(text: &str, terms: &Terms) -> Snippet {
    let found = find(text, terms);
    let cluster = best_cluster(&found);
    let window = window(text, cluster);
    one_line(text, window, &found)
}

fn find(text: &str, terms: &Terms) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    let is_looked_through = |at: usize, found: &[Found]| {
        at >= text.len()
            || found.len() >= MATCHES_MAX
            || (at >= TEXT_BYTES_MAX && !found.is_empty())
    };
    while !terms.is_empty() && !is_looked_through(at, &found) {
        let end = piece_end(text, at);
        let piece = text.get(at..end).unwrap_or_default();
        let matching = tokenize(piece)
            .into_iter()
            .filter(|token| terms.matches(token));
        found.extend(matching.map(|token| Found {
            bytes: at + token.start..at + token.end,
            word: token.text,
        }));
        at = end;
    }
    found.extend(terms.exact_in(text, MATCHES_MAX).map(|bytes| Found {
        word: text.get(bytes.clone()).unwrap_or_default().to_owned(),
        bytes,
    }));
    found.sort_by_key(|found| (found.bytes.start, found.bytes.end));
    found
}

/// Ends a piece at white space, where there is some, so that no word is cut.
fn piece_end(text: &str, at: usize) -> usize {
    if text.len() - at <= PIECE_BYTES {
        return text.len();
    }
    let limit = text.floor_char_boundary(at + PIECE_BYTES);
    let piece = text.get(at..limit).unwrap_or_default();
    piece
        .rfind(char::is_whitespace)
        .filter(|end| *end > 0)
        .map_or(limit, |end| at + end)
}

/// Returns the run of matches with the most different words, then the most words, then the first.
fn best_cluster(found: &[Found]) -> Range<usize> {
    let mut best = 0..0;
    let mut best_score = 0;
    for (index, first) in found.iter().enumerate() {
        let limit = first.bytes.start + CLUSTER_BYTES;
        let inside = found
            .iter()
            .skip(index)
            .take_while(|found| found.bytes.end <= limit);
        let mut words: Vec<&str> = Vec::new();
        let mut count = 0;
        let mut end = first.bytes.end;
        for found in inside.take(CLUSTER_BYTES) {
            if !words.contains(&found.word.as_str()) {
                words.push(&found.word);
            }
            count += 1;
            end = end.max(found.bytes.end);
        }
        let score = words.len() * CLUSTER_BYTES + count;
        if score > best_score {
            best_score = score;
            best = first.bytes.start..end;
        }
    }
    best
}

/// Widens a cluster to a snippet: a third of the room before it, the rest behind, cut at spaces.
fn window(text: &str, cluster: Range<usize>) -> Range<usize> {
    let room = SNIPPET_BYTES.saturating_sub(cluster.len());
    let start = text.floor_char_boundary(cluster.start.saturating_sub(room / 3));
    let end = text.ceil_char_boundary((start + SNIPPET_BYTES).max(cluster.end).min(text.len()));
    let before = text.get(start..cluster.start).unwrap_or_default();
    let start = match before.find(char::is_whitespace) {
        Some(space) if start > 0 => start + space,
        _ => start,
    };
    let after = text.get(cluster.end..end).unwrap_or_default();
    let end = match after.rfind(char::is_whitespace) {
        Some(space) if end < text.len() && space > 0 => cluster.end + space,
        _ => end,
    };
    start..end
}

/// Copies a window with each run of white space as one space, and says where the matches came to lie.
fn one_line(text: &str, window: Range<usize>, found: &[Found]) -> Snippet {
    let shown = text.get(window.clone()).unwrap_or_default();
    let mut snippet = Snippet::default();
    if window.start > 0 {
        snippet.text.push('…');
    }
    // Where each byte of the window came to lie, for those that a match begins or ends at.
    let mut places = vec![0; shown.len() + 1];
    let mut is_space = snippet.text.is_empty();
    for (at, char) in shown.char_indices() {
        set(&mut places, at, snippet.text.len());
        if !char.is_whitespace() {
            snippet.text.push(char);
        } else if !is_space {
            snippet.text.push(' ');
        }
        is_space = char.is_whitespace();
        set(&mut places, at + char.len_utf8(), snippet.text.len());
    }
    let kept = snippet.text.trim_end().len();
    snippet.text.truncate(kept);
    if window.end < text.len() {
        snippet.text.push('…');
    }
    let inside = found
        .iter()
        .filter(|found| found.bytes.start >= window.start && found.bytes.end <= window.end);
    for found in inside {
        let place = |at: usize| places.get(at - window.start).copied().unwrap_or_default();
        highlight(
            &mut snippet.highlights,
            place(found.bytes.start)..place(found.bytes.end),
        );
    }
    snippet
}

fn set(places: &mut [usize], at: usize, place: usize) {
    if let Some(slot) = places.get_mut(at) {
        *slot = place;
    }
}

/// Adds a match to those before it; matches that overlap or touch are one.
fn highlight(highlights: &mut Vec<Highlight>, bytes: Range<usize>) {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let (start, end) = (number(bytes.start), number(bytes.end));
    match highlights.last_mut() {
        Some(last) if start <= last.end => last.end = last.end.max(end),
        _ if start < end => highlights.push(Highlight { start, end }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syntax::parse;

    fn terms(query: &str) -> Terms {
        Terms::of(&parse(query).unwrap().root)
    }

    /// The snippet with its highlights in brackets.
    fn marked(text: &str, query: &str) -> String {
        let snippet = snippet(text, &terms(query));
        let mut marked = String::new();
        let mut at = 0;
        for Highlight { start, end } in snippet.highlights {
            let [start, end] = [start, end].map(|place| usize::try_from(place).unwrap());
            marked.push_str(snippet.text.get(at..start).unwrap());
            marked.push('[');
            marked.push_str(snippet.text.get(start..end).unwrap());
            marked.push(']');
            at = end;
        }
        marked.push_str(snippet.text.get(at..).unwrap());
        marked
    }

    #[test]
    fn snippets_show_the_best_cluster_on_one_line() {
        let check = |text: &str, query: &str, expect: &str| {
            assert_eq!(marked(text, query), expect, "{query}");
        };
        check("fix  the\n\tparser now", "parser", "fix the [parser] now");
        check("  Fix the Parser\n", "fix pars*", "[Fix] the [Parser]");
        check("fix the parsr", "parser~", "fix the [parsr]");
        check("one two", "two -one", "one [two]");
        check("calls foo_bar here", "fooBar", "calls [foo_bar] here");
        check("日本語の本", "本", "日[本]語の[本]");
        check("日本語", "\"日本\"", "[日本]語");
        check("no match", "other", "no match");
        check("", "x", "");
    }

    #[test]
    fn snippets_of_long_texts_lie_around_the_matches() {
        let text = format!(
            "alpha {} alpha beta {}",
            "filler ".repeat(9_000),
            "filler ".repeat(90)
        );
        let snippet = marked(&text, "alpha beta");
        assert!(
            snippet.starts_with("…") && snippet.ends_with('…'),
            "{snippet}"
        );
        assert!(
            snippet.contains("filler [alpha] [beta] filler"),
            "{snippet}"
        );
        assert!(snippet.len() < SNIPPET_BYTES + 32, "{snippet}");
    }

    #[test]
    fn a_match_deep_in_a_text_is_shown() {
        let text = format!("{}needle", "straw ".repeat(TEXT_BYTES_MAX / 4));
        assert!(marked(&text, "needle").ends_with("straw [needle]"));
    }

    proptest! {
        #[test]
        fn highlights_lie_on_characters_in_order(text in any::<String>(), query in any::<String>()) {
            let words = query.split_whitespace().map(|word| crate::syntax::Node::Word(word.into()));
            let terms = Terms::of(&crate::syntax::Node::And(words.collect()));
            let snippet = snippet(&text, &terms);
            let mut at = 0;
            for Highlight { start, end } in snippet.highlights {
                prop_assert!(at <= start && start < end);
                let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
                prop_assert!(snippet.text.get(range).is_some());
                at = end;
            }
            prop_assert!(!snippet.text.contains('\n'));
        }
    }
}
