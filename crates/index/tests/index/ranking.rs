//! What comes first.

use sessions_index::{Document, Expr, Scope, Wanted};
use sessions_model::{EntryKind, SessionOrdinal, Timestamp};

use crate::corpus::{Corpus, NOW, document, word};

const DAY_MS: i64 = 24 * 3_600_000;

/// Puts each document in the session of its place and asks for "needle".
fn check(documents: &[Document<'_>], expect: &[u64]) {
    let placed: Vec<_> = (0..)
        .zip(documents)
        .map(|(place, made)| Document {
            session: SessionOrdinal(place),
            ..*made
        })
        .collect();
    assert_eq!(
        Corpus::of(&placed).sessions(&word("needle")),
        expect,
        "{documents:?}"
    );
}

fn aged(key: u64, days: i64) -> Document<'static> {
    Document {
        time: Some(Timestamp(NOW.0 - days * DAY_MS)),
        ..document(key, "a needle here")
    }
}

fn of_kind(key: u64, kind: EntryKind) -> Document<'static> {
    Document {
        kind,
        ..document(key, "a needle here")
    }
}

#[test]
fn what_was_asked_goes_before_what_was_printed() {
    use EntryKind::{Answer, Prompt, Summary, Thinking, Title, ToolCall, ToolResult};
    let order = [
        ToolResult, Thinking, ToolCall, Summary, Answer, Prompt, Title,
    ];
    let documents: Vec<_> = (1..)
        .zip(order)
        .map(|(key, kind)| of_kind(key, kind))
        .collect();
    check(&documents, &[6, 5, 4, 3, 2, 1, 0]);
}

#[test]
fn of_equals_the_newer_goes_first_then_the_session_numbered_first() {
    check(&[aged(1, 90), aged(2, 1), aged(3, 30)], &[1, 2, 0]);
    check(&[aged(1, 1), aged(2, 1), aged(3, 1)], &[0, 1, 2]);
    check(
        &[
            Document {
                time: None,
                ..aged(1, 0)
            },
            aged(2, 400),
        ],
        &[1, 0],
    );
}

#[test]
fn the_main_conversation_goes_before_subagents() {
    check(
        &[
            Document {
                is_subagent: true,
                ..aged(1, 0)
            },
            aged(2, 1),
        ],
        &[1, 0],
    );
}

#[test]
fn a_text_about_the_word_goes_before_one_that_mentions_it() {
    let mention = "a needle among very many other words that say nothing of it ".repeat(5);
    check(
        &[document(1, &mention), document(2, "needle, needle")],
        &[1, 0],
    );
}

#[test]
fn demoted_sessions_go_last() {
    let documents = [
        aged(1, 0),
        Document {
            session: SessionOrdinal(1),
            ..aged(2, 1)
        },
    ];
    let corpus = Corpus::of(&documents);
    let demoted = [SessionOrdinal(0)].into_iter().collect();
    let scope = Scope {
        demoted,
        now: NOW,
        ..Scope::default()
    };
    let matches = corpus.search_in(&word("needle"), &scope);
    assert_eq!(
        matches
            .best
            .iter()
            .map(|hit| hit.session.0)
            .collect::<Vec<_>>(),
        [1, 0]
    );
}

#[test]
fn a_session_shows_its_best_match_and_counts_the_others() {
    let corpus = Corpus::of(&[
        of_kind(1, EntryKind::ToolResult),
        of_kind(2, EntryKind::Prompt),
        of_kind(3, EntryKind::Thinking),
        Document {
            session: SessionOrdinal(1),
            ..of_kind(4, EntryKind::Answer)
        },
    ]);
    let matches = corpus.search(&word("needle"));
    let best: Vec<_> = matches
        .best
        .iter()
        .map(|hit| (hit.offset.0, hit.more))
        .collect();
    assert_eq!(best, [(2, 2), (4, 0)]);
    assert!(matches.best[0].score > matches.best[1].score);
}

#[test]
fn the_limit_bounds_what_is_shown_not_what_is_counted() {
    let documents: Vec<_> = (0..9)
        .map(|key| Document {
            session: SessionOrdinal(key),
            ..document(key, "needle")
        })
        .collect();
    let snapshot = Corpus::of(&documents).reader.snapshot().unwrap();
    let matches = snapshot
        .search(&word("needle"), &Scope::default(), Wanted::best_of(2))
        .unwrap();
    assert_eq!(
        (matches.best.len(), matches.total, matches.sessions),
        (2, 9, 9)
    );
}

#[test]
fn filters_alone_give_the_newest_first() {
    let documents = [(1, 20), (2, 0), (3, 10)].map(|(key, days)| Document {
        session: SessionOrdinal(key),
        ..aged(key, days)
    });
    let corpus = Corpus::of(&documents);
    assert_eq!(corpus.sessions(&Expr::All), [2, 3, 1]);
    assert_eq!(corpus.sessions(&Expr::Kind(EntryKind::Answer)), [2, 3, 1]);
}

/// Puts the texts in sessions of their own and asks for all the words.
fn check_words(words: &str, texts: &[&str], expect: &[u64]) {
    let documents: Vec<_> = (0..)
        .zip(texts)
        .map(|(key, text)| Document {
            session: SessionOrdinal(key),
            ..document(key, text)
        })
        .collect();
    let exprs: Vec<_> = words.split(' ').map(word).collect();
    let expr = match &*exprs {
        [only] => only.clone(),
        _ => Expr::And(exprs),
    };
    assert_eq!(Corpus::of(&documents).sessions(&expr), expect, "{words}");
}

#[test]
fn words_that_stand_together_go_before_words_that_stand_apart() {
    let apart = "lost of all that there was in that place a needle";
    let near = "lost a needle of all that there was in that place";
    let next = "all that there was in that place of lost needle a";
    let turned = "all that there was in that place of needle lost a";
    check_words("lost needle", &[apart, near, turned, next], &[3, 2, 1, 0]);
}

#[test]
fn other_forms_of_a_word_are_found_behind_the_word() {
    let texts = [
        "it parses the text",
        "they parse the text",
        "now parsing the text",
        "a sparse text of it",
    ];
    check_words("parse", &texts, &[1, 0, 2]);
    check_words("parsing", &texts, &[2, 0, 1]);
    check_words("parsing text", &texts, &[2, 0, 1]);
}

#[test]
fn what_this_program_said_goes_last_and_is_still_found() {
    let documents = [
        Document {
            is_echo: true,
            ..of_kind(1, EntryKind::Prompt)
        },
        aged(2, 900),
    ];
    check(&documents, &[1, 0]);
}

#[test]
fn a_session_shows_its_main_conversation_before_its_subagents_better_matches() {
    let corpus = Corpus::of(&[
        Document {
            is_subagent: true,
            ..of_kind(1, EntryKind::Prompt)
        },
        of_kind(2, EntryKind::ToolResult),
        of_kind(3, EntryKind::Thinking),
    ]);
    let wanted = |per_session| Wanted {
        per_session,
        ..Wanted::best_of(9)
    };
    let shown = |per_session| -> Vec<_> {
        let found = corpus.search_for(&word("needle"), &Scope::default(), wanted(per_session));
        found
            .best
            .iter()
            .map(|hit| (hit.offset.0, hit.more))
            .collect()
    };
    assert_eq!(shown(1), [(3, 2)]);
    assert_eq!(shown(2), [(3, 1), (2, 0)]);
    assert_eq!(shown(9), [(3, 0), (2, 0), (1, 0)]);
}

#[test]
fn the_session_that_is_left_out_is_counted_apart() {
    let documents = [0, 1, 1].map(|session| Document {
        session: SessionOrdinal(session),
        ..document(0, "needle")
    });
    let documents: Vec<_> = (1..)
        .zip(documents)
        .map(|(key, made)| Document {
            key: sessions_model::RecordKey(key),
            ..made
        })
        .collect();
    let corpus = Corpus::of(&documents);
    let scope = Scope {
        left_out: Some(SessionOrdinal(1)),
        ..Scope::default()
    };
    let found = corpus.search_in(&word("needle"), &scope);
    assert_eq!((found.total, found.sessions, found.left_out), (1, 1, 2));
}

#[test]
fn matches_are_counted_by_what_they_are() {
    let corpus = Corpus::of(&[
        Document {
            tool: Some("Bash"),
            ..of_kind(1, EntryKind::ToolCall)
        },
        Document {
            tool: Some("Bash"),
            ..of_kind(2, EntryKind::ToolResult)
        },
        Document {
            model: Some("m-1"),
            ..of_kind(3, EntryKind::Answer)
        },
        document(4, "nothing of it"),
    ]);
    let wanted = Wanted {
        with_tallies: true,
        ..Wanted::best_of(1)
    };
    let found = corpus.search_for(&word("needle"), &Scope::default(), wanted);
    let tallies = found.tallies.unwrap();
    assert_eq!(tallies.tools, [("Bash".to_owned(), 2)]);
    assert_eq!(tallies.models, [("m-1".to_owned(), 1)]);
    assert_eq!(tallies.kinds.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert_eq!(tallies.kinds.len(), 3);
}

#[test]
fn a_score_is_the_product_of_its_parts() {
    let corpus = Corpus::of(&[document(1, "a needle in hay")]);
    let expr = Expr::And(vec![word("needle"), word("hay")]);
    let found = corpus.search(&expr);
    let hit = &found.best[0];
    let parts = hit.parts;
    let product = parts.words
        * parts.kind
        * parts.subagent
        * parts.recency
        * parts.automated
        * parts.nearness;
    assert!((product - hit.score).abs() < 0.001 * hit.score);
    assert!(parts.nearness > 1.0 && parts.words > 0.0);
}
