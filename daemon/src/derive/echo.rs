//! What of a transcript repeats what this program said there: answers of our own commands, which hold the words
//! of whatever was searched for, and are no answer to anybody who searches for them again.

use sessions_model::{Block, EntryKind};

use crate::backend::{RECALL_FOOT, RECALL_HEAD};

/// Our command line.
const PROGRAM: &str = "sessions";

/// Its verbs that print what was said in a session.
const VERBS: [&str; 9] = [
    "search",
    "grep",
    "view",
    "list",
    "export",
    "lost",
    "checkpoint",
    "fork",
    "resume",
];

/// Words that stand before a program's name.
const BEFORE_PROGRAM: [&str; 6] = ["sudo", "command", "exec", "time", "env", "xargs"];

/// Whether `block` is a call that asks us, or shows what we answered. The result of a call is for whoever
/// remembers the call.
pub(super) fn is_echo(block: &Block<'_>) -> bool {
    match block.kind {
        EntryKind::ToolCall => {
            let tool = block.tool.as_deref().unwrap_or_default();
            is_our_tool(tool) || asks_us(&block.text)
        }
        EntryKind::Prompt | EntryKind::System | EntryKind::Command => {
            block.text.contains(RECALL_HEAD) || block.text.contains(RECALL_FOOT)
        }
        _ => false,
    }
}

/// Whether the tool is of our MCP server: `mcp__sessions__search`, also where a plugin brings it.
fn is_our_tool(tool: &str) -> bool {
    let mut parts = tool.split("__");
    let server = parts
        .next()
        .filter(|first| *first == "mcp")
        .and(parts.next());
    server.is_some_and(|server| server == PROGRAM || server.ends_with("_sessions"))
}

/// Whether one of the commands in a line of shell is ours.
fn asks_us(script: &str) -> bool {
    // Most scripts do not name us at all.
    script.contains(PROGRAM)
        && script
            .split(['|', '&', ';', '\n', '(', ')', '`'])
            .any(is_our_command)
}

fn is_our_command(command: &str) -> bool {
    let is_setting = |word: &&str| word.contains('=') || BEFORE_PROGRAM.contains(word);
    let mut words = command.split_whitespace().skip_while(is_setting);
    let program = words.next().map(|word| word.trim_matches(['"', '\'']));
    let is_ours = program.and_then(|path| path.rsplit('/').next()) == Some(PROGRAM);
    is_ours && words.any(|word| VERBS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_ours_are_told_from_others() {
        let check = |script: &str, expect: bool| assert_eq!(asks_us(script), expect, "{script}");
        check("sessions search --json 'tokenizer unicode'", true);
        check("sessions view 3f9a1c07 | grep -i tokenizer", true);
        check("cd /src && /usr/bin/sessions grep fn", true);
        check("HOME=/x sessions list", true);
        check("echo $(sessions search x)", true);
        check("sessions --root /r search x", true);
        check("sessions status", false);
        check("git commit -m 'sessions search'", false);
        check("cat sessions/search.rs", false);
        check("ls", false);
    }

    #[test]
    fn tools_of_our_server_are_ours() {
        let check = |tool: &str, expect: bool| assert_eq!(is_our_tool(tool), expect, "{tool}");
        check("mcp__sessions__search", true);
        check("mcp__plugin_sessions__search", true);
        check("mcp__github__sessions", false);
        check("Bash", false);
    }
}
