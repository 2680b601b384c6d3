//! Every kind of expression finds what it says, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sessions_index::{Budget, Document, Expr, IndexError, Scope, Wanted};
use sessions_model::{EntryKind, SessionOrdinal};

use crate::corpus::{Corpus, NOW, check_all, document, word};

const TEXTS: [&str; 10] = [
    "call fooBarBaz now",
    "the foo_bar_baz setting",
    "foo bar baz, in prose",
    "joined foobarbaz",
    "see ./src/parse/lines.rs:42 and std::fmt::Display",
    "設定ファイルを読む",
    "released v1.2.3 🚀",
    "Café naïve",
    "the parser was rewritten yesterday",
    "baz bar foo",
];

/// Documents numbered from 0, each in a session of its own.
fn corpus_of(texts: &[&str]) -> Corpus {
    let documents: Vec<Document<'_>> = (0..)
        .zip(texts)
        .map(|(key, text)| Document {
            session: SessionOrdinal(key),
            ..document(key, text)
        })
        .collect();
    Corpus::of(&documents)
}

#[test]
fn words_are_found_whole_and_by_part() {
    let check: &[(&str, &[u64])] = &[
        ("fooBarBaz", &[0, 1, 2, 3]),
        ("foo_bar_baz", &[0, 1, 2, 3]),
        ("foobarbaz", &[0, 1, 3]),
        ("FOO", &[0, 1, 2, 9]),
        ("lines.rs", &[4]),
        ("parse/lines", &[4]),
        ("std::fmt", &[4]),
        ("Display", &[4]),
        ("42", &[4]),
        ("定", &[5]),
        ("ファイル", &[5]),
        ("ルファ", &[]),
        ("v1.2.3", &[6]),
        ("1.2.3", &[6]),
        ("2.3", &[6]),
        ("🚀", &[6]),
        ("cafe", &[7]),
        ("NAÏVE", &[7]),
        ("absent", &[]),
        ("->", &[]),
    ];
    let corpus = corpus_of(&TEXTS);
    let table: Vec<_> = check
        .iter()
        .map(|&(typed, expect)| (word(typed), expect))
        .collect();
    check_all(&corpus, &table);
}

#[test]
fn phrases_go_across_identifiers_both_ways() {
    let check: &[(&str, &[u64])] = &[
        ("foo bar baz", &[0, 1, 2]),
        ("bar foo", &[9]),
        ("call foo bar", &[0]),
        ("call fooBarBaz now", &[0]),
        ("call foobarbaz", &[0]),
        ("the foo", &[1]),
        ("joined fooBarBaz", &[3]),
        ("ファイルを", &[5]),
        ("in prose", &[2]),
        ("prose in", &[]),
    ];
    let corpus = corpus_of(&TEXTS);
    let table: Vec<_> = check
        .iter()
        .map(|&(typed, expect)| (Expr::Phrase(typed.to_owned()), expect))
        .collect();
    check_all(&corpus, &table);
}

#[test]
fn prefixes_and_typos_reach_further() {
    let prefix = |typed: &str| Expr::Prefix(typed.to_owned());
    let typo = |typed: &str| Expr::Typo(typed.to_owned());
    let corpus = corpus_of(&TEXTS);
    check_all(
        &corpus,
        &[
            (prefix("pars"), &[4, 8]),
            (prefix("foobarb"), &[0, 1, 3]),
            (prefix("foo_ba"), &[0, 1, 2, 3]),
            (prefix("std::f"), &[4]),
            (prefix("ファ"), &[5]),
            (prefix("zz"), &[]),
            (prefix("*"), &[]),
            (typo("parce"), &[4]),
            (typo("parsre"), &[4, 8]),
            (typo("fooBraBaz"), &[0, 1, 3]),
            (typo("rewriten"), &[8]),
            (typo("by"), &[]),
            (typo("zzzzzzzz"), &[]),
        ],
    );
}

#[test]
fn conditions_combine() {
    let not = |typed: &str| Expr::Not(Box::new(word(typed)));
    let corpus = corpus_of(&TEXTS);
    check_all(
        &corpus,
        &[
            (Expr::All, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            (Expr::And(vec![word("foo"), word("the")]), &[1]),
            (
                Expr::And(vec![word("foo"), not("prose"), not("call")]),
                &[1, 9],
            ),
            (Expr::And(vec![not("foo"), not("the")]), &[3, 4, 5, 6, 7]),
            (
                Expr::Or(vec![word("cafe"), word("yesterday"), word("absent")]),
                &[7, 8],
            ),
            (
                Expr::Or(vec![word("cafe"), Expr::And(vec![not("foo"), word("the")])]),
                &[7, 8],
            ),
            (Expr::Not(Box::new(not("cafe"))), &[7]),
            (Expr::And(vec![word("->"), word("cafe")]), &[7]),
            (Expr::And(vec![]), &[]),
            (Expr::Or(vec![word("->")]), &[]),
        ],
    );
}

#[test]
fn copies_of_a_row_are_one_match() {
    let copy = |session: u64, key: u64, text| Document {
        session: SessionOrdinal(session),
        ..document(key, text)
    };
    let corpus = Corpus::of(&[
        copy(1, 10, "needle one"),
        copy(0, 10, "needle one"),
        copy(0, 11, "needle two"),
        copy(2, 10, "needle one"),
        copy(2, 12, "needle three"),
        Document {
            block: 1,
            ..copy(1, 11, "needle in another block")
        },
    ]);
    let matches = corpus.search(&word("needle"));
    assert_eq!((matches.total, matches.sessions), (4, 3));
    let counts: Vec<_> = matches
        .counts
        .iter()
        .map(|(session, count)| (session.0, *count))
        .collect();
    assert_eq!(
        counts,
        [(0, 2), (1, 1), (2, 1)],
        "the session numbered first owns the copies"
    );

    let only_the_fork: Scope = Scope {
        sessions: Some([SessionOrdinal(2)].into_iter().collect()),
        ..Scope::default()
    };
    let matches = corpus.search_in(&word("needle"), &only_the_fork);
    assert_eq!((matches.total, matches.sessions), (2, 1));
}

#[test]
fn a_match_says_where_its_line_is() {
    let corpus = Corpus::of(&[Document {
        block: 3,
        ..document(77, "needle")
    }]);
    let matches = corpus.search(&word("needle"));
    let hit = matches.best[0];
    assert_eq!((hit.generation.0, hit.offset.0, hit.block), (9, 77, 3));
    assert_eq!(
        (hit.kind, hit.time, hit.more),
        (EntryKind::Answer, Some(NOW), 0)
    );
}

#[test]
fn a_search_whose_budget_is_spent_is_given_up() {
    let corpus = Corpus::of(&[document(1, "needle"), document(2, "needles")]);
    let snapshot = corpus.reader.snapshot().unwrap();
    let search = |budget: Budget| {
        let scope = Scope {
            budget,
            ..Scope::default()
        };
        let expr = Expr::Prefix("need".to_owned());
        snapshot.search(&expr, &scope, Wanted::best_of(9))
    };
    assert_eq!(search(Budget::default()).unwrap().total, 2);
    let asked = Arc::new(AtomicUsize::new(0));
    let once = Arc::clone(&asked);
    let spent = Budget::spent_when_not(move || once.fetch_add(1, Ordering::Relaxed) == 0);
    assert!(matches!(search(spent), Err(IndexError::GivenUp)));
}

#[test]
fn what_is_excluded_may_be_a_phrase_that_comes_late() {
    let texts = [
        "an early text",
        "a text with a late phrase",
        "a late phrase again",
        "a phrase, late",
    ];
    let documents = (1..).zip(texts).map(|(key, text)| Document {
        session: SessionOrdinal(key),
        ..document(key, text)
    });
    let corpus = Corpus::of(&documents.collect::<Vec<_>>());
    let without = |expr: Expr| Expr::And(vec![Expr::All, Expr::Not(Box::new(expr))]);
    let phrase = Expr::Phrase("late phrase".to_owned());
    check_all(
        &corpus,
        &[
            (without(phrase.clone()), &[1, 4]),
            (Expr::Not(Box::new(phrase)), &[1, 4]),
            (without(Expr::Word("late-phrase".to_owned())), &[1, 4]),
        ],
    );
}
