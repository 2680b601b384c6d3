//! What exact search stands on: documents that may hold a fragment, and documents that were chosen before.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sessions_index::{Document, Expr, OrdinalSet, Snapshot};
use sessions_model::SessionOrdinal;

use crate::corpus::{Corpus, document, word};

/// Documents numbered from 0, each in a session of its own, two segments of them.
fn corpus_of(texts: &[String]) -> Corpus {
    let mut corpus = Corpus::new();
    for (key, text) in (0..).zip(texts) {
        let session = SessionOrdinal(key);
        corpus
            .writer
            .add(&Document {
                session,
                ..document(key, text)
            })
            .unwrap();
        if key == texts.len() as u64 / 2 {
            corpus.commit(1);
        }
    }
    corpus.commit(2);
    corpus
}

fn contains(text: &str) -> Expr {
    Expr::Contains(text.to_owned())
}

fn chosen(snapshot: &Snapshot, expr: &Expr) -> BTreeSet<u64> {
    let set = snapshot.choose(expr, None).unwrap();
    let sessions: OrdinalSet = (0..64).map(SessionOrdinal).collect();
    let places = snapshot.places(&set, &sessions).unwrap();
    assert_eq!(places.len() as u64, set.len());
    assert_eq!(snapshot.set_of(places.iter().map(|place| place.name)), set);
    places.iter().map(|place| place.offset.0).collect()
}

#[test]
fn a_fragment_narrows_to_few_documents() {
    let texts = [
        "call parseLines(now)",
        "the parse_lines of it",
        "parse it, in lines",
        "\u{1b}[31merror\u{1b}[0m: no such file",
        "    12→let port = 8080;",
        "nothing of the kind",
    ];
    let corpus = corpus_of(&texts.map(str::to_owned));
    let snapshot = corpus.reader.snapshot().unwrap();
    let check = |fragment: &str, expect: &[u64]| {
        let expect = expect.iter().copied().collect();
        assert_eq!(chosen(&snapshot, &contains(fragment)), expect, "{fragment}");
    };
    check("parseLines", &[0, 1]);
    check("seLin", &[0, 1]);
    check("parse", &[0, 1, 2]);
    check("parse_lines of", &[1]);
    check("error", &[3]);
    // Of colours, too, digits may be a part.
    check("8080", &[3, 4]);
    check("absent", &[]);
    check("e", &[0, 1, 2, 3, 4, 5]);
    check("", &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn documents_that_were_chosen_stand_for_themselves_in_a_query() {
    let texts = ["alpha one", "alpha two", "beta one", "beta two"];
    let mut corpus = corpus_of(&texts.map(str::to_owned));
    corpus
        .writer
        .replace("title", &document(9, "beta one"))
        .unwrap();
    corpus.writer.remove(SessionOrdinal(0), "title");
    corpus.commit(3);
    let snapshot = corpus.reader.snapshot().unwrap();
    let beta = snapshot.choose(&word("beta"), None).unwrap();
    assert_eq!(beta.len(), 2);
    let first = [SessionOrdinal(0), SessionOrdinal(2)].into_iter().collect();
    let first = snapshot.choose(&Expr::All, Some(&first)).unwrap();
    assert_eq!(
        snapshot.count(&first).unwrap(),
        [(SessionOrdinal(0), 1), (SessionOrdinal(2), 1)]
    );
    let check = |expr: Expr, expect: &[u64]| {
        assert_eq!(chosen(&snapshot, &expr), expect.iter().copied().collect());
        let mut found = corpus.sessions(&expr);
        found.sort_unstable();
        assert_eq!(found, expect, "{expr:?}");
    };
    let documents = || Expr::Documents(beta.clone());
    check(documents(), &[2, 3]);
    check(Expr::Not(Box::new(documents())), &[0, 1]);
    check(Expr::And(vec![documents(), word("two")]), &[3]);
    check(Expr::Or(vec![documents(), word("one")]), &[0, 2, 3]);
    check(Expr::Documents(beta.union(&first)), &[0, 2, 3]);
}

#[test]
fn the_words_of_a_large_segment_are_kept_in_a_file_as_long_as_it_is_there() {
    let words = |from: usize| -> String {
        let words = (from..from + 12_000).map(|word| format!("w{word:05}x "));
        words.collect::<Vec<_>>().concat()
    };
    let mut corpus = Corpus::new();
    corpus.writer.add(&document(1, &words(0))).unwrap();
    corpus.writer.add(&document(2, &words(12_000))).unwrap();
    corpus.commit(1);
    let files = |corpus: &Corpus| corpus.files_ending("words");
    assert_eq!(files(&corpus), 0);
    let snapshot = corpus.reader.snapshot().unwrap();
    assert_eq!(chosen(&snapshot, &contains("3456x ")), [1, 2].into());
    assert_eq!(files(&corpus), 1);
    assert_eq!(chosen(&snapshot, &contains("w13456")), [2].into());
    corpus.tear_file_ending("words");
    assert_eq!(chosen(&snapshot, &contains("13456x")), [2].into());
    corpus.writer.add(&document(3, &words(30_000))).unwrap();
    corpus.commit(2);
    corpus.forget_file_ending("words");
    let snapshot = corpus.reader.snapshot().unwrap();
    snapshot.prepare().unwrap();
    assert_eq!(files(&corpus), 1);
    assert_eq!(chosen(&snapshot, &contains("31000x")), [3].into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_document_that_holds_a_fragment_is_always_found(
        texts in prop::collection::vec(
            "([a-zA-Z0-9_]{1,9}[ .:\n]|\\\\n|    [0-9]{1,4}→|\u{1b}\\[[0-9]{1,2}m|[日本éß→]{1,2}|(aB3dE5fG7){20,40}){1,14}",
            1..24,
        ),
        places in prop::collection::vec((any::<prop::sample::Index>(), 0..90_usize, 1..24_usize), 40),
    ) {
        let corpus = corpus_of(&texts);
        let snapshot = corpus.reader.snapshot().unwrap();
        for (text, start, length) in places {
            let text = text.get(&texts);
            let fragment: String = text.chars().skip(start).take(length).collect();
            let found = chosen(&snapshot, &contains(&fragment));
            for (key, text) in (0..).zip(&texts) {
                let is_held = text.contains(&fragment);
                prop_assert!(!is_held || found.contains(&key), "{fragment:?} in {text:?}");
            }
        }
    }
}
