//! On a realistic corpus of 100 MB: every planted phrase is found, and every source reads back byte for
//! byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use sessions_tests::Home;
use sessions_tests::corpus::{Corpus, Needle};
use sessions_tests::tree::Tree;

#[test]
fn every_needle_is_found_and_every_byte_comes_back() {
    let corpus = Corpus::write("100M", 33).unwrap();
    let home = Home::new(&corpus.root()).unwrap();
    let daemon = home.start().unwrap();
    home.settle().unwrap();

    assert!(
        corpus.needles.len() >= 190,
        "{} needles",
        corpus.needles.len()
    );
    let missed: Vec<_> = corpus
        .needles
        .iter()
        .filter(|n| !is_found(&home, n))
        .collect();
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
    // A check that every kind was planted, lest one be found by never being looked for.
    let mut kinds = BTreeMap::new();
    for needle in &corpus.needles {
        *kinds.entry(needle.kind.as_str()).or_insert(0) += 1;
    }
    assert!(kinds.len() >= 18, "{kinds:?}");

    let tree = Tree::read(&corpus.root()).unwrap();
    assert!(tree.bytes() > 90_000_000, "{} bytes", tree.bytes());
    let differences = home.differences(&tree).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    daemon.stop().unwrap();
}

/// Searches as a person would paste it, in quotes, and looks for the needle's own session.
fn is_found(home: &Home, needle: &Needle) -> bool {
    let answer = home.search(&format!("\"{}\"", needle.phrase)).unwrap();
    let hits = answer["hits"].as_array().unwrap();
    hits.iter()
        .any(|hit| hit["session"] == needle.session.as_str())
}
