//! What a query asks of the index, and of which sessions.

use sessions_catalog::{Applied, Catalog, Position, SessionFacts};
use sessions_model::{ArchiveId, EntryKind, SessionId, SessionOrdinal};

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

fn sessions(of: &[u64]) -> OrdinalSet {
    of.iter().copied().map(SessionOrdinal).collect()
}

fn inside(of: &[u64]) -> Expr {
    Expr::Sessions(Arc::new(sessions(of)))
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

#[test]
fn conditions_on_sessions_become_sets() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(dir.path());
    let live = HashSet::from([SessionId::parse("s1").unwrap()]);
    let check = |text: &str, root: Option<&str>, expr: Expr, of: Option<&[u64]>| {
        let setting = Setting {
            exact: Exact::MayHold,
            now: Timestamp(0),
            utc_offset_ms: 0,
            root,
            live: &live,
        };
        let question = plan(&parse(text).unwrap(), &catalog, setting).unwrap();
        let expect = Question {
            expr,
            sessions: of.map(sessions),
        };
        assert_eq!(question, expect, "{text}");
    };
    check("x", None, word("x"), None);
    check("x", Some("/root"), word("x"), Some(&[]));
    check("project:a", None, Expr::All, Some(&[0, 3]));
    check("x project:a", None, word("x"), Some(&[0, 3]));
    check("project:a is:automated", None, Expr::All, Some(&[3]));
    check("x is:live", None, word("x"), Some(&[1]));
    check("session:s2", None, Expr::All, Some(&[2]));
    check("tag:t", None, Expr::All, Some(&[]));
    let without = Expr::And(vec![word("x"), not(inside(&[0, 3]))]);
    check("x -project:a", None, without, None);
    let either = Expr::Or(vec![
        Expr::And(vec![inside(&[0, 3]), word("x")]),
        Expr::And(vec![inside(&[1]), word("y")]),
    ]);
    check("project:a x OR project:b y", None, either, None);
}

#[test]
fn conditions_on_documents_become_expressions() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = catalog(dir.path());
    let check = |text: &str, expect: Expr| {
        let setting = Setting {
            exact: Exact::MayHold,
            now: Timestamp(86_400_000 * 10),
            utc_offset_ms: 0,
            root: None,
            live: &HashSet::new(),
        };
        let question = plan(&parse(text).unwrap(), &catalog, setting).unwrap();
        let expect = Question {
            expr: expect,
            sessions: None,
        };
        assert_eq!(question, expect, "{text}");
    };
    let day = |day: i64| Some(Timestamp(86_400_000 * day));
    check("*", Expr::All);
    check("\"a b\"", Expr::Phrase("a b".into()));
    check(
        "a* b~",
        Expr::And(vec![Expr::Prefix("a".into()), Expr::Typo("b".into())]),
    );
    check("-x", not(word("x")));
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
    check("has:image", Expr::HasImage);
    check(
        "on:yesterday..",
        Expr::Time {
            from: day(9),
            to: None,
        },
    );
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
