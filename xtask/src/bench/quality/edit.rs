//! Words as they come out wrong: with a typo, or in another inflection.

use super::words::Postings;
use crate::corpus::random::Random;

/// Shorter words are typed right.
pub(crate) const TYPO_LETTERS_MIN: usize = 5;
/// Shorter stems are no words.
const STEM_LETTERS_MIN: usize = 3;
/// Documents that a form stands in: what stands in fewer may be no word.
const FORM_DOCUMENTS_MIN: usize = 5;
/// Typos that are tried until one is another word.
const TRIES: usize = 8;

/// Returns `word` with one letter exchanged, left out, put in, or swapped with its neighbour.
pub(crate) fn with_typo(word: &str, random: &mut Random) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < TYPO_LETTERS_MIN {
        return None;
    }
    (0..TRIES)
        .map(|_| edit(letters.clone(), random))
        .find(|typo| typo != word)
}

fn edit(mut letters: Vec<char>, random: &mut Random) -> String {
    let letter = char::from(*random.pick(b"abcdefghijklmnopqrstuvwxyz"));
    // The first letter is mostly right.
    let at = random.between(1, letters.len());
    match random.below(4) {
        0 => letters[at] = letter,
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letter),
        _ => letters.swap(at - 1, at),
    }
    letters.into_iter().collect()
}

/// Returns other forms of `word` by the simple rules of English; some of them are no words.
pub(crate) fn inflections(word: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for stem in stems(word) {
        forms.push(plural(&stem));
        let short = stem.strip_suffix('e').unwrap_or(&stem);
        forms.extend([format!("{short}ing"), format!("{short}ed")]);
        if let Some(last) = doubled(&stem) {
            forms.extend([format!("{stem}{last}ing"), format!("{stem}{last}ed")]);
        }
        forms.push(stem);
    }
    forms.retain(|form| form != word);
    forms.sort();
    forms.dedup();
    forms
}

/// What `word` may be a form of; itself where it has no ending.
fn stems(word: &str) -> Vec<String> {
    let verb = word.strip_suffix("ing").or_else(|| word.strip_suffix("ed"));
    let mut stems = if let Some(stem) = verb {
        let bare = stem.strip_suffix(|c: char| stem.chars().rev().nth(1) == Some(c));
        let bare = bare.map(str::to_owned);
        bare.into_iter()
            .chain([stem.to_owned(), format!("{stem}e")])
            .collect()
    } else if let Some(stem) = word.strip_suffix("ies") {
        vec![format!("{stem}y")]
    } else if let Some(stem) = word.strip_suffix("es").filter(|stem| takes_es(stem)) {
        vec![stem.to_owned(), format!("{stem}e")]
    } else if let Some(stem) = word.strip_suffix('s').filter(|stem| !ends_hissing(stem)) {
        vec![stem.to_owned()]
    } else {
        vec![word.to_owned()]
    };
    stems.retain(|stem| stem.len() >= STEM_LETTERS_MIN);
    stems
}

fn plural(stem: &str) -> String {
    match stem.strip_suffix('y') {
        Some(short) if !short.ends_with(['a', 'e', 'o', 'u']) => format!("{short}ies"),
        _ if takes_es(stem) => format!("{stem}es"),
        _ => format!("{stem}s"),
    }
}

fn takes_es(stem: &str) -> bool {
    ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| stem.ends_with(end))
}

/// Whether an `s` behind it is part of the word: `class`, `status`, `this`.
fn ends_hissing(stem: &str) -> bool {
    stem.ends_with(['s', 'u', 'i'])
}

/// The consonant that is doubled before an ending: `run`, `running`.
fn doubled(stem: &str) -> Option<char> {
    let mut last = stem.chars().rev();
    let (end, vowel) = (last.next()?, last.next()?);
    let is_vowel = |c: char| "aeiou".contains(c);
    (!is_vowel(end) && !"wxy".contains(end) && is_vowel(vowel)).then_some(end)
}

/// Returns another form of `word` that somebody uses and `text` does not.
pub(crate) fn other_form(
    word: &str,
    text: &[String],
    postings: &Postings,
    random: &mut Random,
) -> Option<String> {
    let forms: Vec<String> = inflections(word)
        .into_iter()
        .filter(|form| postings.count(form) >= FORM_DOCUMENTS_MIN && !text.contains(form))
        .collect();
    (!forms.is_empty()).then(|| random.pick(&forms).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_one_edit_away() {
        let mut random = Random::new(5);
        for _ in 0..200 {
            let typo = with_typo("segment", &mut random).unwrap();
            assert_ne!(typo, "segment");
            assert!(typo.starts_with(['s', 'e']), "{typo}");
            assert!((6..=8).contains(&typo.len()), "{typo}");
        }
        assert_eq!(with_typo("open", &mut random), None);
    }

    #[test]
    fn inflections_follow_english() {
        let check = |word: &str, expect: &str| {
            let forms = inflections(word);
            assert!(forms.iter().any(|form| form == expect), "{word}: {forms:?}");
            assert!(!forms.iter().any(|form| form == word), "{word}: {forms:?}");
        };
        check("cache", "caches");
        check("cache", "caching");
        check("caches", "cache");
        check("caching", "cached");
        check("query", "queries");
        check("queries", "query");
        check("running", "run");
        check("run", "running");
        check("boxes", "box");
        check("branch", "branches");
        check("failed", "fails");
    }

    #[test]
    fn a_form_is_used_by_others_and_not_in_the_text() {
        let mut postings = Postings::default();
        for document in 0..5 {
            postings.add(document, "caches cached");
        }
        postings.add(5, "caching");
        let text = ["cache".to_owned(), "cached".to_owned()];
        let form = other_form("cache", &text, &postings, &mut Random::new(1));
        assert_eq!(form.as_deref(), Some("caches"));
        assert_eq!(
            other_form("zebra", &[], &postings, &mut Random::new(1)),
            None
        );
    }
}
