//! What queries mean, and what is said of those that mean nothing.

use proptest::prelude::*;

use super::*;

#[test]
fn queries_mean_what_their_debug_form_says() {
    let check = |text: &str, expect: &str| {
        let query = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(shape(&query.root), expect, "{text}");
    };
    check("foo bar", "and[foo bar]");
    check("foo AND bar", "and[foo bar]");
    check("foo OR bar baz", "or[foo and[bar baz]]");
    check("(foo OR bar) baz", "and[or[foo bar] baz]");
    check("(foo bar) baz", "and[foo bar baz]");
    check("foo -bar NOT baz", "and[foo !bar !baz]");
    check("-(foo bar)", "!and[foo bar]");
    check("-(-foo)", "foo");
    check(
        "\"a phrase\" pre* typo~ *",
        "and[\"a phrase\" pre* typo~ ALL]",
    );
    check("\"say \\\"hi\\\" C:\\\\x\"", "\"say \"hi\" C:\\x\"");
    check("project:x tool:Bash", "and[Project(\"x\") Tool(\"Bash\")]");
    check(
        "PROJECT:\"my x\" -file:a/b.rs",
        "and[Project(\"my x\") !File(\"a/b.rs\")]",
    );
    check("kind:prompt", "Kind([Prompt])");
    check(
        "kind:result,call,prompt",
        "Kind([Prompt, ToolCall, ToolResult])",
    );
    check(
        "is:subagent is:error is:automated",
        "and[IsSubagent IsError IsAutomated]",
    );
    check(
        "before:today after:3d",
        "and[Before(Today) After(Ago(3, Day))]",
    );
    check("on:2026-05", "On(Within(Month(2026, 5)))");
    check("on:may..", "On(Between(Some(MonthOfYear(5)), None))");
    check("tag:x has:image", "and[Tag(\"x\") HasImage]");
    check(
        "is:live is:deleted has:checkpoint",
        "and[IsLive IsDeleted HasCheckpoint]",
    );
    check("'a (b)' c", "and['a (b)' c]");
    check("'don't' 'C:\\x' 'it\\'s'", "and['don't' 'C:\\x' 'it's']");
    check("-'x' NOT 'y'", "and[!'x' !'y']");
    check("'C:\\' x", "and['C:\\' x]");
    check("'a\\\\b'", "'a\\b'");
    check("/fn \\w+ \\(/ x", "and[/fn \\w+ \\(/ x]");
    check("/a\\/b/i", "/(?i)a/b/");
    check("(/x/ OR y)", "or[/x/ y]");
    check("日本 OR 語", "or[日本 語]");
}

#[test]
fn pasted_text_is_searched_for() {
    let check = |text: &str, expect: &str| {
        let query = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(shape(&query.root), expect, "{text}");
    };
    check("foo(bar)", "foo(bar)");
    check("(foo(bar) baz)", "and[foo(bar) baz]");
    check("fn main() {", "and[fn main() {]");
    check("foo) bar", "and[foo) bar]");
    check("a::b std::fmt::Display", "and[a::b std::fmt::Display]");
    check("session::Id file::open", "and[session::Id file::open]");
    check(
        "http://x/y main.rs:42 TODO:now 12:30",
        "and[http://x/y main.rs:42 TODO:now 12:30]",
    );
    check("error in file: foo", "and[error in file: foo]");
    check("cargo test --workspace", "and[cargo test --workspace]");
    check("fn f() -> u8", "and[fn f() -> u8]");
    check("a - b", "and[a b]");
    check("say \"hello", "and[say hello]");
    check("it's 5\" wide", "and[it's 5\" wide]");
    check(
        "println!(\"hello world\")",
        "and[println!(\"hello world\")]",
    );
    check("() foo \"\"", "foo");
    check("foo OR", "foo");
    check("OR foo OR OR bar NOT", "or[foo bar]");
    check("/usr/lib/", "/usr/lib/");
    check("cd /usr and /bin", "and[cd /usr and /bin]");
    check("and / or / not", "and[and / or / not]");
    check("rock 'n roll", "and[rock 'n roll]");
    check("'foo', 'bar'", "and['foo', 'bar']");
    check("~/code *.rs **", "and[~/code *.rs **]");
}

#[test]
fn errors_point_at_what_is_wrong() {
    let check = |text: &str, at: &str, message: &str, hint: &str| {
        let error = parse(text).expect_err(text);
        assert_eq!(text.get(error.span.clone()), Some(at), "{text}");
        assert!(error.message.contains(message), "{text}: {}", error.message);
        let given = error.hint.unwrap_or_default();
        assert!(given.contains(hint), "{text}: {given}");
    };
    check("", "", "empty", "word");
    check("  OR () \"\" ", "  OR () \"\" ", "empty", "word");
    check("foo (bar", "(", "not closed", "add )");
    check("foo projct:x", "projct:", "no filter projct:", "project:");
    check(
        "modle:x",
        "modle:",
        "no filter",
        "to search for the text, quote it",
    );
    check(
        "has:chekpoint",
        "chekpoint",
        "no has:chekpoint",
        "has:checkpoint?",
    );
    check("has:x", "x", "no has:x", "has:checkpoint, has:image");
    check("is:odd", "odd", "no is:odd", "is:subagent");
    check(
        "is:automted",
        "automted",
        "no is:",
        "did you mean is:automated?",
    );
    check("after:a..b", "a..b", "after: takes one date", "on:a..b");
    check(
        "on:2026-05..2026-04",
        "2026-05..2026-04",
        "before it begins",
        "2026-04..2026-05",
    );
    check("kind:promt", "promt", "no kind", "kind:prompt");
    check("kind:\"\"", "\"\"", "no kind", "kinds are prompt");
    check("x before:whenever", "whenever", "no date", "2026-05");
    check(
        "/fo(o/",
        "(",
        "no regular expression: unclosed group",
        "quotes",
    );
    check("x /a\\/(/", "/a\\/(/", "unclosed group", "quotes");
    check("/a{9999999999}/", "9999999999", "no regular expression", "");
}

#[test]
fn absurd_queries_are_refused() {
    let check = |text: String, message: &str| {
        let error = parse(&text).expect_err(message);
        assert!(error.message.contains(message), "{}", error.message);
        assert!(
            text.get(error.span).is_some(),
            "the span lies within the text"
        );
    };
    check("é".repeat(QUERY_BYTES_MAX), "longer than 4096 bytes");
    check("x ".repeat(TERMS_MAX + 1), "more than 128 words");
    check("(".repeat(DEPTH_MAX + 1), "nested deeper than 32");
    check("-( ".repeat(DEPTH_MAX + 1), "nested deeper");
    check("(".repeat(QUERY_BYTES_MAX), "more than 128 words");
    check(format!("/{}a{}/", "(".repeat(99), ")".repeat(99)), "nest");
    assert!(
        parse(&format!(
            "{}x{}",
            "(".repeat(DEPTH_MAX),
            ")".repeat(DEPTH_MAX)
        ))
        .is_ok()
    );
    assert!(parse(&"x ".repeat(TERMS_MAX)).is_ok());
}

/// The tree in few characters.
fn shape(node: &Node) -> String {
    let list = |nodes: &[Node]| nodes.iter().map(shape).collect::<Vec<_>>().join(" ");
    match node {
        Node::All => "ALL".to_owned(),
        Node::Word(word) => word.clone(),
        Node::Prefix(prefix) => format!("{prefix}*"),
        Node::Typo(word) => format!("{word}~"),
        Node::Phrase(phrase) => format!("\"{phrase}\""),
        Node::Literal(text) => format!("'{text}'"),
        Node::Regex(pattern) => format!("/{pattern}/"),
        Node::Filter(filter) => format!("{filter:?}"),
        Node::And(nodes) => format!("and[{}]", list(nodes)),
        Node::Or(nodes) => format!("or[{}]", list(nodes)),
        Node::Not(node) => format!("!{}", shape(node)),
    }
}

fn piece() -> impl Strategy<Value = String> {
    let syntax = [
        " ",
        "  ",
        "(",
        ")",
        "\"",
        "-",
        "--",
        "*",
        "~",
        ":",
        "::",
        "\\",
        "OR",
        "AND",
        "NOT",
        "/",
        "project:",
        "file:",
        "kind:prompt",
        "is:error",
        "after:3d",
        "on:2026-05-01",
        "foo",
        "b_r",
        "é漢",
        "'",
        "/i",
        "[a-z]",
        "is:live",
        "has:image",
        "on:mon..",
        "tag:",
    ];
    prop_oneof![
        4 => proptest::sample::select(syntax.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_within_its_bounds(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn what_is_shown_parses_to_the_same(pieces in proptest::collection::vec(piece(), 0..24)) {
        if let Ok(query) = parse(&pieces.concat()) {
            let shown = query.to_string();
            prop_assert_eq!(parse(&shown), Ok(query), "{}", shown);
        }
    }
}
