//! What was probably meant by a word that nobody knows.

use strsim::osa_distance;

/// Returns the word that is an edit away from `typed`, or two from a longer one; two neighbours that are
/// swapped are one edit.
pub(super) fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = match typed.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    words
        .map(|word| (osa_distance(typed, word), word))
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_word_is_taken_for_it() {
        let check = |typed, expect| {
            let words = ["project", "model", "on", "is"];
            assert_eq!(nearest(typed, words.into_iter()), expect, "{typed}");
        };
        check("projct", Some("project"));
        check("modle", Some("model"));
        check("oon", Some("on"));
        check("in", None);
        check("https", None);
    }
}
