//! What comes first.

use sessions_index::{Document, Expr, Scope};
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
        .search(&word("needle"), &Scope::default(), 2)
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
