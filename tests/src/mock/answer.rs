//! Decides what a request is answered with.
//!
//! Pure: a request's JSON and the board's scripts in, an answer out. Must not know sockets.

use serde_json::{Map, Value, json};

use super::board::{Board, Recorded};
use super::script::{Message, say, text};

/// An answer and what it was made from.
#[derive(Debug)]
pub(super) struct Answer {
    /// For the record.
    pub(super) recorded: Recorded,
    /// What to say.
    pub(super) message: Message,
}

/// Answers the body of a request for a message.
pub(super) fn answer(request: &Value, board: &Board) -> Answer {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let (taken_for, step, message) = choose(request, messages, board);
    let recorded = Recorded {
        taken_for,
        step,
        messages: messages.len(),
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        words: messages.iter().map(words_of).collect::<Vec<_>>().join("\n"),
    };
    Answer { recorded, message }
}

type Choice = (&'static str, Option<(usize, usize)>, Message);

fn choose(request: &Value, messages: &[Value], board: &Board) -> Choice {
    let last = messages.last().map(words_of).unwrap_or_default();
    if let Some(schema) = asked_schema(request) {
        let value = fill(schema).to_string();
        return ("schema", None, say([text(value)]));
    }
    if request["max_tokens"] == 1 {
        return ("probe", None, say([text("#")]));
    }
    if last.contains("detailed summary") && last.contains("<summary>") {
        let summary = format!("<summary>\n{}\n</summary>", board.summary());
        return ("summary", None, say([text(summary)]));
    }
    if let Some(step) = newest_step(messages)
        && let Some(message) = board.message(step.0, step.1)
    {
        return ("script", Some(step), message);
    }
    ("echo", None, say([text("Understood.")]))
}

/// Returns the newest script that a user message names, and how many answers it has had.
fn newest_step(messages: &[Value]) -> Option<(usize, usize)> {
    let (at, script) = messages
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, message)| {
            let is_user = message["role"] == "user";
            let script = is_user.then(|| last_mark(&words_of(message))).flatten()?;
            Some((at, script))
        })?;
    let answers = messages
        .iter()
        .skip(at)
        .filter(|m| m["role"] == "assistant");
    Some((script, answers.count()))
}

const MARK_START: &str = "[script ";

/// Returns the mark that makes a prompt run script `number`.
pub(super) fn mark(number: usize) -> String {
    format!("{MARK_START}{number}]")
}

fn last_mark(words: &str) -> Option<usize> {
    let (_, after) = words.rsplit_once(MARK_START)?;
    let (number, _) = after.split_once(']')?;
    number.parse().ok()
}

/// Returns the text of a message, its blocks joined.
fn words_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(words) => words.clone(),
        Value::Array(blocks) => {
            let words = blocks.iter().filter_map(|block| block["text"].as_str());
            words.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn asked_schema(request: &Value) -> Option<&Value> {
    let formats = [
        &request["output_config"]["format"],
        &request["output_format"],
    ];
    let format = formats.into_iter().find(|f| f["type"] == "json_schema")?;
    Some(&format["schema"])
}

/// Returns a small value that the schema allows.
fn fill(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object();
            let fields = properties.into_iter().flatten();
            let filled: Map<_, _> = fields.map(|(k, v)| (k.clone(), fill(v))).collect();
            Value::Object(filled)
        }
        Some("array") => json!([]),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("Scripted title"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &Value, expect: (&str, Option<(usize, usize)>)) {
        let board = Board::default();
        board.add_script(vec![say([text("first")]), say([text("second")])]);
        board.add_script(vec![say([text("other")])]);
        let got = answer(request, &board).recorded;
        assert_eq!((got.taken_for, got.step), expect, "{request}");
    }

    #[test]
    fn the_newest_marked_prompt_decides_what_is_said() {
        let user = |words: &str| json!({"role": "user", "content": words});
        let model = json!({"role": "assistant", "content": "x"});
        let ask = |messages: Vec<Value>| json!({"model": "m", "messages": messages});
        check(&ask(vec![user("go [script 0]")]), ("script", Some((0, 0))));
        let second = vec![user("go [script 0]"), model.clone(), user("tool result")];
        check(&ask(second), ("script", Some((0, 1))));
        let newer = vec![user("[script 0]"), model.clone(), user("[script 1]")];
        check(&ask(newer), ("script", Some((1, 0))));
        let exhausted = vec![user("[script 1]"), model, user("more")];
        check(&ask(exhausted), ("echo", None));
        check(&ask(vec![user("[script 77]")]), ("echo", None));
        check(&ask(vec![]), ("echo", None));
    }

    #[test]
    fn what_the_client_asks_for_itself_is_answered() {
        let words = "Write a detailed summary within <summary> tags. [script 0]";
        let summary =
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": words}]}]});
        check(&summary, ("summary", None));
        check(&json!({"max_tokens": 1, "messages": []}), ("probe", None));
        let schema = json!({"type": "object", "properties": {"title": {"type": "string"}}});
        let title = json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}});
        check(&title, ("schema", None));
        assert_eq!(fill(&schema), json!({"title": "Scripted title"}));
    }
}
