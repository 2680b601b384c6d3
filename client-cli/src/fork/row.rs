//! What a fork has to know of a line, and the line under another session's name.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a line says of its place in the conversation.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) uuid: Option<String>,
    pub(super) parents: Vec<String>,
    /// Whether it is a subagent's.
    pub(super) is_aside: bool,
    /// The API message that it is a part of.
    pub(super) message: Option<String>,
    /// Tool calls in it, and those whose results are in it.
    pub(super) calls: Vec<String>,
    pub(super) results: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    r#type: String,
    uuid: Option<String>,
    parent_uuid: Option<String>,
    logical_parent_uuid: Option<String>,
    #[serde(default)]
    is_sidechain: bool,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    id: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Block {
    r#type: Option<String>,
    id: Option<String>,
    tool_use_id: Option<String>,
}

impl Row {
    /// Reads a line; none where it is no row.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_slice(line).ok()?;
        let parse = |raw: &'_ RawValue| {
            serde_json::from_str::<Message<'_>>(raw.get())
                .ok()
                .map(Self::of)
        };
        let mut row = fields.message.and_then(parse).unwrap_or_default();
        row.kind = fields.r#type;
        row.uuid = fields.uuid;
        row.is_aside = fields.is_sidechain;
        row.parents.extend(fields.parent_uuid);
        row.parents.extend(fields.logical_parent_uuid);
        Some(row)
    }

    fn of(message: Message<'_>) -> Self {
        let content = message.content.map(RawValue::get).unwrap_or_default();
        let blocks: Vec<Block> = serde_json::from_str(content).unwrap_or_default();
        let mut row = Self {
            message: message.id,
            ..Self::default()
        };
        for block in blocks {
            if block.r#type.as_deref() == Some("tool_use") {
                row.calls.extend(block.id);
            } else {
                row.results.extend(block.tool_use_id);
            }
        }
        row
    }
}

/// Returns `line` as a row of the session `id`; one in the tree says that it comes from `from`, so that it
/// is counted there. All else stays as the client wrote it, in the same order.
pub(super) fn renamed(line: &[u8], row: &Row, from: &str, id: &str) -> Vec<u8> {
    let Ok(Object(fields)) = serde_json::from_slice(line) else {
        return line.to_owned();
    };
    let mut parts: Vec<String> = Vec::with_capacity(fields.len() + 1);
    for (name, value) in fields.iter().filter(|(name, _)| name != "forkedFrom") {
        let value = if name == "sessionId" {
            json(id)
        } else {
            value.get().to_owned()
        };
        parts.push(format!("{}:{value}", json(name)));
    }
    if let Some(uuid) = &row.uuid {
        let (from, uuid) = (json(from), json(uuid));
        parts.push(format!(
            "\"forkedFrom\":{{\"sessionId\":{from},\"messageUuid\":{uuid}}}"
        ));
    }
    format!("{{{}}}", parts.join(",")).into_bytes()
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An object's fields in their order, values as they were written.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
