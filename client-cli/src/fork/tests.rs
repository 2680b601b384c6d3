//! Which rows a fork takes, and how they are called there.

use super::*;

/// Writes rows: `uuid<parent`, then what the row holds: `m1` a message's line, `+c1` a call in it, `=c1` the
/// result of one; `~kind` is a row outside the tree.
fn transcript(rows: &str) -> Vec<u8> {
    let lines = rows.split_whitespace().map(|row| {
        if let Some(kind) = row.strip_prefix('~') {
            return format!(r#"{{"type":"{kind}","sessionId":"old","n":1.50}}"#);
        }
        let (tree, message) = row.split_once(':').unwrap_or((row, ""));
        let (uuid, parent) = tree.split_once('<').unwrap_or((tree, ""));
        let parent = if parent.is_empty() { "null".into() } else { format!("\"{parent}\"") };
        let content = match message.split_once(['+', '=']) {
            Some((_, call)) if message.contains('+') => format!(r#"[{{"type":"tool_use","id":"{call}"}}]"#),
            Some((_, call)) => format!(r#"[{{"type":"tool_result","tool_use_id":"{call}"}}]"#),
            None => "\"words\"".into(),
        };
        let id = message.split(['+', '=']).next().unwrap_or_default();
        let id = if id.is_empty() { String::new() } else { format!("\"id\":\"{id}\",") };
        format!(
            r#"{{"parentUuid":{parent},"type":"user","message":{{{id}"content":{content}}},"uuid":"{uuid}","sessionId":"old"}}"#
        )
    });
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

fn taken(lives: &[&str], at: Option<&str>) -> String {
    let mut conversation = Conversation::default();
    for rows in lives {
        conversation.add(&transcript(rows));
    }
    let at = conversation.find(at).unwrap();
    let bytes = conversation.up_to(at, "old", "new");
    let rows = bytes.split(|byte| *byte == b'\n').filter_map(Row::parse);
    let names = rows.map(|row| row.uuid.unwrap_or_else(|| format!("~{}", row.kind)));
    names.collect::<Vec<_>>().join(" ")
}

fn check(rows: &str, at: &str, expect: &str) {
    assert_eq!(taken(&[rows], Some(at)), expect, "{rows} at {at}");
}

#[test]
fn a_fork_holds_what_leads_to_its_entry() {
    check("a b<a c<b d<c", "b", "a b");
    check("a b<a c<b d<c", "b.2", "a b");
    // A rewound branch, from either side.
    check("a b<a c<b d<a e<d", "c", "a b c");
    check("a b<a c<b d<a e<d", "e", "a d e");
    // Two clients that wrote by turns.
    check("a b<a x<a c<b y<x d<c z<y", "d", "a b c d");
    check("a b<a x<a c<b y<x d<c z<y", "z", "a x y z");
}

#[test]
fn a_batch_of_tools_is_taken_whole() {
    let rows = "a t<a:m u<t:m+c1 v<u:m+c2 r<u:=c1 s<v:=c2 e<s";
    for at in ["t", "u", "v", "r", "s"] {
        check(rows, at, "a t u v r s");
    }
    // Results that hang on branches of their own are on the way to what follows.
    check(rows, "e", "a t u v r s e");
    // A call that nothing has answered yet.
    check("a u<a:m+c1", "u", "a u");
}

#[test]
fn state_is_taken_up_to_there_and_bookkeeping_is_not() {
    check(
        "~mode a ~last-prompt b<a ~cost-state ~file-history-snapshot c<b ~mode",
        "c",
        "~mode a b ~file-history-snapshot c",
    );
    check("~mode a b<a ~permission-mode c<b", "b", "~mode a b");
}

#[test]
fn what_a_sweep_tore_apart_is_joined() {
    // The file went while it was open, and began anew with what came after.
    assert_eq!(
        taken(&["~mode a b<a", "~mode c<b d<c"], None),
        "~mode a b c d"
    );
    // Rewritten in place: what is there twice is taken once.
    assert_eq!(taken(&["a b<a c<b", "b<a c<b d<c"], None), "a b c d");
    assert_eq!(taken(&["a b<a c<b", "a b<a"], None), "a b");
    // What a client writes at its end, after a sweep.
    assert_eq!(taken(&["a b<a", "~mode ~last-prompt"], None), "a b");
}

#[test]
fn places_are_named_by_the_start_of_their_id() {
    let mut conversation = Conversation::default();
    assert_eq!(conversation.find(None), Err(PlaceError::Empty));
    conversation.add(&transcript("0b9d 0b11<0b9d 7c<0b11"));
    let find = |name| conversation.find(Some(name));
    assert_eq!(find("7"), Ok(2));
    assert_eq!(find("0b9"), Ok(0));
    assert_eq!(find("0b"), Err(PlaceError::Ambiguous("0b".into(), 2)));
    assert_eq!(find("9"), Err(PlaceError::Unknown("9".into())));
    assert_eq!(find(""), Err(PlaceError::Unknown(String::new())));
    assert_eq!(find("g4-120"), Err(PlaceError::Unknown("g4-120".into())));
}

#[test]
fn a_row_keeps_what_it_says_under_its_new_session() {
    let mut conversation = Conversation::default();
    let line =
        r#"{"z":1.10,"sessionId":"old","uuid":"a","message":{"content":"in old"},"type":"user"}"#;
    conversation.add(line.as_bytes());
    let bytes = conversation.up_to(0, "old", "new");
    let expect = concat!(
        r#"{"z":1.10,"sessionId":"new","uuid":"a","message":{"content":"in old"},"type":"user","#,
        r#""forkedFrom":{"sessionId":"old","messageUuid":"a"}}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expect);
}
