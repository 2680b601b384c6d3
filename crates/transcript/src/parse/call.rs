//! A tool call as text: what was asked, readable and with every string of the input in it.

use std::borrow::Cow;

use crate::json_tokens::{Token, tokens};

/// The longest path, in bytes, of the systems the client runs on.
const PATH_BYTES_MAX: usize = 4096;

/// A call's input as text, and the files it names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CallText<'a> {
    pub(super) text: String,
    pub(super) files: Vec<Cow<'a, str>>,
}

/// Renders the input of a call to `tool`, valid JSON: the strings in order, a line each. The names of
/// fields are left out where everyone knows them.
pub(super) fn call_text<'a>(tool: &str, input: &'a str) -> CallText<'a> {
    let is_plain = is_well_known(tool);
    let mut call = CallText {
        text: String::with_capacity(input.len()),
        ..CallText::default()
    };
    let (mut names_file, mut describes) = (false, false);
    for (depth, token) in tokens(input) {
        match token {
            Token::Key(key) => {
                names_file = depth == 1 && is_file_key(&key);
                describes = depth == 1 && tool == "Bash" && key == "description";
                if !is_plain {
                    call.text.push_str(&key);
                    call.text.push_str(": ");
                }
            }
            // Whoever copies the command does not run what it is for.
            Token::Text(text) if describes => push_comment(&mut call.text, &text),
            Token::Text(text) => {
                push_line(&mut call.text, &text);
                if names_file && depth == 1 && !text.is_empty() && text.len() <= PATH_BYTES_MAX {
                    call.files.push(text);
                }
            }
            Token::Literal(literal) if !is_plain => push_line(&mut call.text, literal),
            Token::Literal(_) => {}
        }
    }
    call.text.truncate(call.text.trim_end().len());
    call
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn push_comment(text: &mut String, words: &str) {
    for line in words.lines() {
        text.push_str("# ");
        push_line(text, line);
    }
}

fn is_file_key(key: &str) -> bool {
    matches!(key, "file_path" | "notebook_path" | "path")
}

fn is_well_known(tool: &str) -> bool {
    matches!(
        tool,
        "Agent"
            | "AskUserQuestion"
            | "Bash"
            | "BashOutput"
            | "Edit"
            | "EnterPlanMode"
            | "ExitPlanMode"
            | "Glob"
            | "Grep"
            | "KillShell"
            | "LS"
            | "MultiEdit"
            | "NotebookEdit"
            | "NotebookRead"
            | "Read"
            | "Skill"
            | "Task"
            | "TodoWrite"
            | "WebFetch"
            | "WebSearch"
            | "Write"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tool: &str, input: &str, text: &str, files: &[&str]) {
        let call = call_text(tool, input);
        assert_eq!(
            (call.text.as_str(), call.files),
            (text, files.iter().map(|f| (*f).into()).collect())
        );
    }

    #[test]
    fn well_known_calls_read_without_field_names() {
        let bash = r#"{"command":"ls\n-l","timeout":5,"description":"List"}"#;
        check("Bash", bash, "ls\n-l\n# List", &[]);
        let lines = r#"{"description":"a\nb","command":"ls"}"#;
        check("Bash", lines, "# a\n# b\nls", &[]);
        let edit = r#"{"file_path":"/a b.rs","old_string":"x","new_string":"y"}"#;
        check("Edit", edit, "/a b.rs\nx\ny", &["/a b.rs"]);
        let todo = r#"{"todos":[{"content":"c","status":"done"}]}"#;
        check("TodoWrite", todo, "c\ndone", &[]);
    }

    #[test]
    fn other_calls_keep_field_names_and_literals() {
        let input = r#"{"path":"/p","deep":{"path":"/q","n":[1,null]},"":""}"#;
        check(
            "mcp__x__y",
            input,
            "path: /p\ndeep: path: /q\nn: 1\nnull\n:",
            &["/p"],
        );
        check("mcp__x__y", "null", "null", &[]);
        check("mcp__x__y", "{}", "", &[]);
    }
}
