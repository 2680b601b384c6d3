//! Which questions a query makes, and of which sessions.

use sessions_catalog::{Applied, Catalog, Position, SessionFacts};
use sessions_model::{ArchiveId, EntryKind, SessionId};

use super::*;
use crate::syntax::parse;

/// A catalog of four sessions: a person's in `/w/a`, `/w/b` and `/w/c`, and a script's in `/w/a`.
fn catalog(dir: &std::path::Path) -> CatalogReader {
    let (mut catalog, _) = Catalog::open(dir, ArchiveId([1; 16])).unwrap();
    for (name, cwd, entrypoint) in [
        ("s0", "/w/a", "cli"),
        ("s1", "/w/b", "cli"),
        ("s2", "/w/c", "cli"),
        ("s3", "/w/a", "sdk-cli"),
    ] {
        let ordinal = catalog.ordinal(&SessionId::parse(name).unwrap()).unwrap();
        let facts = SessionFacts {
            at: Position::default(),
            cwd: Some(cwd),
            entrypoint: Some(entrypoint),
            entries: 1,
            prompts: 1,
            ..SessionFacts::default()
        };
        catalog.merge(ordinal, &facts).unwrap();
    }
    catalog.commit(Applied::default()).unwrap();
    catalog.reader().unwrap()
}

fn word(text: &str) -> Expr {
    Expr::Word(text.to_owned())
}

#[test]
fn conditions_on_sessions_become_sets() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(dir.path());
    let check = |text: &str, root: Option<&str>, expect: &[(Expr, Option<&[u64]>)]| {
        let setting = Setting {
            now: Timestamp(0),
            utc_offset_ms: 0,
            root,
        };
        let questions = plan(&parse(text).unwrap(), &catalog, setting).unwrap();
        let expect: Vec<_> = expect
            .iter()
            .map(|(expr, sessions)| Question {
                expr: expr.clone(),
                sessions: sessions.map(|all| all.iter().copied().map(SessionOrdinal).collect()),
            })
            .collect();
        assert_eq!(questions, expect, "{text}");
    };
    check("x", None, &[(word("x"), None)]);
    check("x", Some("/root"), &[(word("x"), Some(&[]))]);
    check("project:a", None, &[(Expr::All, Some(&[0, 3]))]);
    check("x project:a", None, &[(word("x"), Some(&[0, 3]))]);
    check("x -project:a", None, &[(word("x"), Some(&[1, 2]))]);
    check(
        "x project:a -is:automated",
        None,
        &[(word("x"), Some(&[0]))],
    );
    check(
        "x (project:a OR project:b)",
        None,
        &[(word("x"), Some(&[0, 1, 3]))],
    );
    check(
        "project:a x OR project:b y",
        None,
        &[
            (word("x"), Some(&[0, 3])),
            (word("y"), Some(&[1])),
            (Expr::Or(vec![word("x"), word("y")]), Some(&[])),
        ],
    );
    check(
        "project:a OR x",
        None,
        &[(word("x"), Some(&[1, 2])), (Expr::All, Some(&[0, 3]))],
    );
    check("project:a OR -project:a", None, &[(Expr::All, None)]);
    check("project:a -project:a", None, &[]);
    check("session:s2", None, &[(Expr::All, Some(&[2]))]);
}

#[test]
fn conditions_on_documents_become_expressions() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(dir.path());
    let check = |text: &str, expect: Expr| {
        let setting = Setting {
            now: Timestamp(86_400_000 * 10),
            utc_offset_ms: 0,
            root: None,
        };
        let questions = plan(&parse(text).unwrap(), &catalog, setting).unwrap();
        assert_eq!(
            questions,
            [Question {
                expr: expect,
                sessions: None
            }],
            "{text}"
        );
    };
    let day = |day: i64| Some(Timestamp(86_400_000 * day));
    check("*", Expr::All);
    check("\"a b\"", Expr::Phrase("a b".into()));
    check(
        "a* b~",
        Expr::And(vec![Expr::Prefix("a".into()), Expr::Typo("b".into())]),
    );
    check("-x", Expr::Not(Box::new(word("x"))));
    check("x *", word("x"));
    check("kind:prompt", Expr::Kind(EntryKind::Prompt));
    check(
        "kind:call,result",
        Expr::Or(vec![
            Expr::Kind(EntryKind::ToolCall),
            Expr::Kind(EntryKind::ToolResult),
        ]),
    );
    check("tool:Bash", Expr::Tool("Bash".into()));
    check("model:m", Expr::Model("m".into()));
    check("branch:b", Expr::Branch("b".into()));
    check("file:f", Expr::File("f".into()));
    check("is:subagent", Expr::IsSubagent);
    check("is:error", Expr::IsError);
    check(
        "before:today",
        Expr::Time {
            from: None,
            to: day(10),
        },
    );
    check(
        "after:3d",
        Expr::Time {
            from: day(7),
            to: None,
        },
    );
    check(
        "on:yesterday",
        Expr::Time {
            from: day(9),
            to: day(10),
        },
    );
}
