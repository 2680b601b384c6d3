//! Inflected forms of English words, which are alternatives to the word that was asked for: the index holds
//! words as they were written.

use rust_stemmers::{Algorithm, Stemmer};

/// Shortest word that has other forms, in letters.
const LETTERS_MIN: usize = 3;

/// Longest word that has.
const LETTERS_MAX: usize = 24;

/// What an English word may end in.
const ENDINGS: [&str; 17] = [
    "", "s", "es", "e", "ed", "d", "ing", "er", "ers", "y", "ies", "ied", "ly", "ion", "ions",
    "ment", "ments",
];

/// Returns what the forms of an English word have in common (Porter's second algorithm); none for what is no
/// word of a few Latin letters.
pub fn stem(word: &str) -> Option<String> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
    let has_forms = is_plain && (LETTERS_MIN..=LETTERS_MAX).contains(&word.len());
    has_forms.then(|| Stemmer::create(Algorithm::English).stem(word).into_owned())
}

/// Returns what may be other forms of `word`: whether there are such words is for the index to say.
pub(crate) fn forms(word: &str) -> Vec<String> {
    let Some(common) = stem(word) else {
        return Vec::new();
    };
    let stemmer = Stemmer::create(Algorithm::English);
    let mut forms = Vec::new();
    for base in bases(word, &common) {
        for ending in ENDINGS {
            let form = format!("{base}{ending}");
            let is_form = form != word && stemmer.stem(&form) == common;
            if is_form && !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// What endings are put to: the stem, without its last letter where that changes (`queri`, `hope`), with its
/// last consonant doubled (`stopp`), and the word without what it may end in, of which a stem may lack more
/// (`represent`, whose stem is `repres`).
fn bases(word: &str, common: &str) -> Vec<String> {
    let mut bases = vec![common.to_owned()];
    bases.extend(common.strip_suffix(['e', 'i', 'y']).map(str::to_owned));
    let last = common.chars().next_back();
    bases.extend(last.map(|last| format!("{common}{last}")));
    let endings = ENDINGS
        .iter()
        .filter_map(|ending| word.strip_suffix(ending));
    bases.extend(endings.map(str::to_owned));
    bases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_forms() {
        let check = |word: &str, expect: &[&str]| {
            let found = forms(word);
            for form in expect {
                assert!(
                    found.iter().any(|one| one == form),
                    "{word}: {form} of {found:?}"
                );
            }
        };
        check("parse", &["parses", "parsed", "parsing"]);
        check("parsing", &["parse", "parses", "parsed"]);
        check("query", &["queries", "queried", "querying"]);
        check("queries", &["query"]);
        check("stop", &["stops", "stopped", "stopping"]);
        check("stopped", &["stop", "stopping"]);
        check("hoping", &["hope", "hoped", "hopes"]);
        check("connection", &["connections", "connect", "connected"]);
        check("fixes", &["fix", "fixed", "fixing"]);
        check("representing", &["represent", "represents", "represented"]);
        check("duplicates", &["duplicate", "duplicated", "duplicating"]);
        check("recognizing", &["recognize", "recognized", "recognizes"]);
    }

    #[test]
    fn what_is_no_english_word_has_none() {
        for word in ["", "is", "sha256", "日本", "café", "x"] {
            assert!(forms(word).is_empty(), "{word}");
        }
        assert!(!forms("parser").contains(&"parser".to_owned()));
    }
}
