//! How a session reads: what spans more than one line.

mod branches;
mod subagents;
mod whole;

use sessions_model::{AgentId, Branch, ByteOffset, Entry, GenerationId};
use sessions_transcript::{Conversation, Lines, Piece};

/// A transcript's text as one generation of one source.
pub(crate) struct Source<'a> {
    pub(crate) agent: Option<&'a str>,
    pub(crate) generation: u64,
    pub(crate) is_withdrawn: bool,
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn main(text: &'a str) -> Self {
        Self {
            agent: None,
            generation: 1,
            is_withdrawn: false,
            text,
        }
    }

    pub(crate) fn agent(agent: &'a str, text: &'a str) -> Self {
        Self {
            agent: Some(agent),
            ..Self::main(text)
        }
    }

    pub(crate) fn push_to(&self, conversation: &mut Conversation) {
        let agent = self
            .agent
            .map(|agent| AgentId::parse(agent).expect("tests use plain names"));
        for (offset, line) in Lines::new(self.text.as_bytes(), ByteOffset(0)) {
            conversation.push(&Piece {
                agent: agent.as_ref(),
                generation: GenerationId(self.generation),
                offset,
                is_withdrawn: self.is_withdrawn,
                line,
            });
        }
    }
}

pub(crate) fn entries(sources: &[Source<'_>]) -> Vec<Entry> {
    let mut conversation = Conversation::default();
    for source in sources {
        source.push_to(&mut conversation);
    }
    conversation.into_entries(&|_| None)
}

/// Checks the texts of a main transcript in order; what is on no branch of the end has a `-` before it.
pub(crate) fn check(rows: &[String], expect: &[&str]) {
    let entries = entries(&[Source::main(&lines(rows))]);
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| match entry.branch {
            Branch::Current => entry.text.clone(),
            Branch::Abandoned => format!("-{}", entry.text),
        })
        .collect();
    assert_eq!(texts, expect);
}

pub(crate) fn lines(rows: &[String]) -> String {
    rows.join("\n") + "\n"
}

fn row(kind: &str, uuid: &str, parent: &str, rest: &str) -> String {
    let parent = if parent.is_empty() {
        "null".into()
    } else {
        format!("\"{parent}\"")
    };
    format!(r#"{{"type":"{kind}","uuid":"{uuid}","parentUuid":{parent},{rest}}}"#)
}

pub(crate) fn prompt(uuid: &str, parent: &str, text: &str) -> String {
    row(
        "user",
        uuid,
        parent,
        &format!(r#""message":{{"content":"{text}"}}"#),
    )
}

pub(crate) fn answer(uuid: &str, parent: &str, text: &str) -> String {
    let content = format!(r#"[{{"type":"text","text":"{text}"}}]"#);
    row(
        "assistant",
        uuid,
        parent,
        &format!(r#""message":{{"content":{content}}}"#),
    )
}

/// A call to `Agent` with id `t-<uuid>`, part of API message `message`.
pub(crate) fn call(uuid: &str, parent: &str, message: &str, asked: &str) -> String {
    let content = format!(
        r#"[{{"type":"tool_use","id":"t-{uuid}","name":"Agent","input":{{"prompt":"{asked}"}}}}]"#
    );
    let message = format!(r#""message":{{"id":"{message}","content":{content}}}"#);
    row("assistant", uuid, parent, &message)
}

/// The result of the call in row `of`, hanging on that row.
pub(crate) fn result(uuid: &str, of: &str, text: &str, copy: &str) -> String {
    let content =
        format!(r#"[{{"type":"tool_result","tool_use_id":"t-{of}","content":"{text}"}}]"#);
    let rest = format!(r#""toolUseResult":{copy},"message":{{"content":{content}}}"#);
    row("user", uuid, of, &rest)
}

pub(crate) fn boundary(uuid: &str, logical_parent: &str) -> String {
    let rest = format!(r#""subtype":"compact_boundary","logicalParentUuid":"{logical_parent}""#);
    row("system", uuid, "", &rest)
}

pub(crate) fn notice(uuid: &str, parent: &str, text: &str) -> String {
    row(
        "system",
        uuid,
        parent,
        &format!(r#""subtype":"informational","content":"{text}""#),
    )
}
