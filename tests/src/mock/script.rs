//! What the model is to say: scripts of messages, messages of blocks.
//!
//! Plain data and the words to write it with; must not know HTTP.

use serde_json::{Value, json};

/// One piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Words.
    Text(String),
    /// A thought.
    Thinking(String),
    /// A tool call.
    Tool {
        /// The tool's name, as the client knows it.
        name: String,
        /// Its arguments.
        input: Value,
    },
    /// Holds the stream until the test opens the gate of this name.
    Gate(String),
}

/// What goes wrong instead of a whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An HTTP error before the first byte, each time the message is asked for.
    Status(u16, String),
    /// An error event after the blocks, the first time alone: the client asks again.
    Event(String),
    /// The connection breaks after the blocks, the first time alone.
    Cut,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    pub(super) blocks: Vec<Block>,
    pub(super) failure: Option<Failure>,
    pub(super) input_tokens: Option<u64>,
}

impl Message {
    /// Makes the message fail.
    #[must_use]
    pub fn failing(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Reports so many tokens of context, whatever the request's size: keeps the client from compacting
    /// by itself, or makes it.
    #[must_use]
    pub fn with_context(mut self, tokens: u64) -> Self {
        self.input_tokens = Some(tokens);
        self
    }

    /// Returns the reason the API gives for the end of the message.
    pub(super) fn stop_reason(&self) -> &'static str {
        let calls = |block: &Block| matches!(block, Block::Tool { .. });
        if self.blocks.iter().any(calls) {
            "tool_use"
        } else {
            "end_turn"
        }
    }
}

/// One message of these blocks, in order.
pub fn say(blocks: impl Into<Vec<Block>>) -> Message {
    Message {
        blocks: blocks.into(),
        ..Message::default()
    }
}

/// Words.
pub fn text(words: impl Into<String>) -> Block {
    Block::Text(words.into())
}

/// A thought.
pub fn think(words: impl Into<String>) -> Block {
    Block::Thinking(words.into())
}

/// A gate: the stream waits until the test opens it.
pub fn gate(name: &str) -> Block {
    Block::Gate(name.to_owned())
}

fn tool(name: &str, input: Value) -> Block {
    Block::Tool {
        name: name.to_owned(),
        input,
    }
}

/// A call of `Bash`.
pub fn bash(command: &str) -> Block {
    let input = json!({"command": command, "description": "Scripted command"});
    tool("Bash", input)
}

/// A call of `Read`.
pub fn read(path: &str) -> Block {
    tool("Read", json!({"file_path": path}))
}

/// A call of `Write`.
pub fn write(path: &str, content: &str) -> Block {
    tool("Write", json!({"file_path": path, "content": content}))
}

/// A call of `Edit`.
pub fn edit(path: &str, old: &str, new: &str) -> Block {
    let input = json!({
        "file_path": path, "old_string": old, "new_string": new, "replace_all": false,
    });
    tool("Edit", input)
}

/// A call of `Agent`: starts a subagent with `prompt`, which may carry a script's mark of its own.
pub fn agent(prompt: &str) -> Block {
    let input = json!({
        "description": "Scripted subagent", "prompt": prompt, "subagent_type": "general-purpose",
    });
    tool("Agent", input)
}
