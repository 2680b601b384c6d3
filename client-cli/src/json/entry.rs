//! An entry as JSON.

use serde::Serialize;
use sessions_model::{AgentId, Branch, Entry, Tool, Usage};

use super::time;

/// An entry.
#[derive(Debug, Serialize)]
pub(crate) struct EntryJson<'a> {
    id: &'a str,
    kind: &'static str,
    time: Option<String>,
    text: &'a str,
    tool: Option<ToolJson<'a>>,
    is_error: bool,
    agent: Option<&'a str>,
    started: Option<&'a str>,
    abandoned: bool,
    withdrawn: bool,
    model: Option<&'a str>,
    usage: Option<UsageJson>,
    images: u32,
    record_type: &'a str,
}

#[derive(Debug, Serialize)]
struct ToolJson<'a> {
    name: &'a str,
    call: &'a str,
    files: &'a [String],
}

#[derive(Debug, Serialize)]
struct UsageJson {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_creation: u64,
}

impl<'a> EntryJson<'a> {
    /// Converts an entry.
    pub(crate) fn new(entry: &'a Entry) -> Self {
        Self {
            id: &entry.id.0,
            kind: entry.kind.as_str(),
            time: time(entry.time),
            text: &entry.text,
            tool: entry.tool.as_ref().map(ToolJson::new),
            is_error: entry.is_error,
            agent: entry.agent.as_ref().map(AgentId::as_str),
            started: entry.started.as_ref().map(AgentId::as_str),
            abandoned: entry.branch == Branch::Abandoned,
            withdrawn: entry.is_withdrawn,
            model: entry.model.as_deref(),
            usage: entry.usage.map(UsageJson::new),
            images: entry.images,
            record_type: &entry.record_type,
        }
    }
}

impl<'a> ToolJson<'a> {
    fn new(tool: &'a Tool) -> Self {
        Self {
            name: &tool.name,
            call: &tool.call,
            files: &tool.files,
        }
    }
}

impl UsageJson {
    fn new(usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_creation: usage.cache_creation,
        }
    }
}
