//! Filters choose by what a document is.

use std::borrow::Cow;

use sessions_index::{Document, Expr};
use sessions_model::{EntryKind, SessionOrdinal, Timestamp};

use crate::corpus::{Corpus, NOW, check_all, document, word};

const DAY_MS: i64 = 24 * 3_600_000;

/// Six documents that differ in what they are, each in the session of its number.
fn corpus() -> Corpus {
    let files = [
        Cow::Borrowed("/home/me/src/parse/lines.rs"),
        Cow::Borrowed("README.md"),
    ];
    let base = |key: u64| Document {
        session: SessionOrdinal(key),
        ..document(key, "same text")
    };
    Corpus::of(&[
        Document {
            kind: EntryKind::Prompt,
            branch: Some("feature/login"),
            ..base(0)
        },
        Document {
            model: Some("claude-Opus-4-5"),
            time: Some(Timestamp(NOW.0 - DAY_MS)),
            ..base(1)
        },
        Document {
            kind: EntryKind::ToolCall,
            tool: Some("Bash"),
            files: &files,
            ..base(2)
        },
        Document {
            kind: EntryKind::ToolCall,
            tool: Some("mcp__github__get_issue"),
            ..base(3)
        },
        Document {
            is_error: true,
            is_subagent: true,
            time: None,
            ..base(4)
        },
        Document {
            branch: Some("login-page"),
            time: Some(Timestamp(1)),
            ..base(5)
        },
    ])
}

#[test]
fn kinds_and_flags_are_exact() {
    check_all(
        &corpus(),
        &[
            (Expr::Kind(EntryKind::Prompt), &[0]),
            (Expr::Kind(EntryKind::ToolCall), &[2, 3]),
            (Expr::Kind(EntryKind::Note), &[]),
            (Expr::IsSubagent, &[4]),
            (Expr::IsError, &[4]),
            (Expr::Not(Box::new(Expr::IsError)), &[0, 1, 2, 3, 5]),
        ],
    );
}

#[test]
fn names_match_as_people_say_them() {
    let tool = |name: &str| Expr::Tool(name.to_owned());
    let model = |name: &str| Expr::Model(name.to_owned());
    let branch = |name: &str| Expr::Branch(name.to_owned());
    check_all(
        &corpus(),
        &[
            (tool("bash"), &[2]),
            (tool("GitHub"), &[3]),
            (tool("mcp__github__get_issue"), &[3]),
            (tool("issue"), &[]),
            (model("OPUS"), &[1]),
            (model("sonnet"), &[]),
            (branch("login"), &[0]),
            (branch("Feature/Login"), &[0]),
            (branch("login-page"), &[5]),
            (branch("gin"), &[]),
            (Expr::And(vec![tool("bash"), word("text")]), &[2]),
            (Expr::And(vec![tool("bash"), word("absent")]), &[]),
        ],
    );
}

#[test]
fn files_match_by_parts_of_one_path() {
    let file = |path: &str| Expr::File(path.to_owned());
    check_all(
        &corpus(),
        &[
            (file("lines.rs"), &[2]),
            (file("src/parse"), &[2]),
            (file("readme"), &[2]),
            (file("src/lines"), &[]),
        ],
    );
}

#[test]
fn times_are_from_a_moment_to_before_another() {
    let time = |from: Option<i64>, to: Option<i64>| Expr::Time {
        from: from.map(Timestamp),
        to: to.map(Timestamp),
    };
    check_all(
        &corpus(),
        &[
            (time(Some(NOW.0), None), &[0, 2, 3]),
            (time(None, Some(NOW.0)), &[1, 5]),
            (time(Some(NOW.0 - DAY_MS), Some(NOW.0)), &[1]),
            (time(None, None), &[0, 1, 2, 3, 5]),
        ],
    );
}
