//! What the client is answered on the standard output, in its own words for it.
//!
//! Knows what the client shows of an answer; must not know where it came from.

use std::io::{self, Write};

use serde::Serialize;
use sessions_model::{HookEvent, HookReply, acts_on_terminal};

use crate::report::cut;

/// The longest text that is passed on, in bytes: the client has no limit of its own for most.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Prints an answer; nothing where it is empty. A client that no longer reads is as good as one that did.
pub(crate) fn print(event: HookEvent, reply: &HookReply) {
    if let Some(mut line) = line(event, reply) {
        line.push('\n');
        drop(io::stdout().write_all(line.as_bytes()));
    }
}

/// Prints which version this is, for whoever looks for one that is left from before.
pub(crate) fn print_version() {
    let line = concat!("sessions-hook ", env!("CARGO_PKG_VERSION"), "\n");
    drop(io::stdout().write_all(line.as_bytes()));
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_specific_output: Option<Specific>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Specific {
    hook_event_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_context: Option<String>,
    /// The reason says what was asked: the client need not repeat it.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppress_original_prompt: Option<bool>,
}

fn line(event: HookEvent, reply: &HookReply) -> Option<String> {
    let mut answer = Answer {
        system_message: reply.notice.as_deref().map(harmless),
        ..Answer::default()
    };
    // Only a command is blocked, or given something with it: a prompt of the user's never is.
    if event == HookEvent::UserPromptExpansion {
        answer.reason = reply.block.as_deref().map(harmless);
        answer.decision = answer.reason.as_ref().map(|_| "block");
        let context = reply.context.as_deref().map(harmless);
        let is_answered = answer.reason.is_some() || context.is_some();
        answer.hook_specific_output = is_answered.then(|| Specific {
            hook_event_name: event.as_str(),
            suppress_original_prompt: answer.reason.as_ref().map(|_| true),
            additional_context: context,
        });
    }
    let is_empty = answer.system_message.is_none() && answer.hook_specific_output.is_none();
    let line = (!is_empty).then(|| serde_json::to_string(&answer));
    line?.ok()
}

/// Returns the text within its limit and without anything that acts on a terminal: the client shows it raw.
fn harmless(text: &str) -> String {
    let is_shown = |letter: &char| matches!(letter, '\n' | '\t') || !acts_on_terminal(*letter);
    cut(text, ANSWER_BYTES_MAX)
        .chars()
        .filter(is_shown)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: HookEvent, reply: &HookReply, expect: Option<&str>) {
        assert_eq!(line(event, reply).as_deref(), expect);
    }

    fn block(text: &str) -> HookReply {
        HookReply {
            block: Some(text.into()),
            ..HookReply::default()
        }
    }

    #[test]
    fn a_command_is_answered_in_the_form_that_the_client_shows_best() {
        check(
            HookEvent::UserPromptExpansion,
            &block("two\nlines \u{1b}[31mred\u{7}"),
            Some(
                "{\"decision\":\"block\",\"reason\":\"two\\nlines [31mred\",\"hookSpecificOutput\":\
                 {\"hookEventName\":\"UserPromptExpansion\",\"suppressOriginalPrompt\":true}}",
            ),
        );
        check(
            HookEvent::UserPromptExpansion,
            &HookReply {
                context: Some("found".into()),
                ..HookReply::default()
            },
            Some(
                "{\"hookSpecificOutput\":{\"hookEventName\":\"UserPromptExpansion\",\
                 \"additionalContext\":\"found\"}}",
            ),
        );
    }

    #[test]
    fn nothing_but_a_command_is_ever_blocked() {
        for event in HookEvent::ALL {
            check(event, &HookReply::default(), None);
            if event != HookEvent::UserPromptExpansion {
                check(event, &block("no"), None);
            }
        }
        let notice = HookReply {
            notice: Some("dead".into()),
            ..block("no")
        };
        let expect = Some("{\"systemMessage\":\"dead\"}");
        check(HookEvent::SessionStart, &notice, expect);
    }

    #[test]
    fn an_answer_is_bounded() {
        let long = "ü".repeat(ANSWER_BYTES_MAX);
        let line = line(HookEvent::UserPromptExpansion, &block(&long)).unwrap();
        assert!(line.len() < ANSWER_BYTES_MAX + 200);
    }
}
