//! Claude Code's `settings.json` as text: our hooks put in and taken out, and all else left as it is written.
//!
//! Pure. The order, the indentation and the line ends stay; must not know files.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde::de::IgnoredAny;
use serde_json::Value;
use sessions_model::HookEvent;

use super::hooks::{entry, is_ours};

/// What our plugin is called, in front of the name of whatever marketplace it came from.
const PLUGIN: &str = "sessions@";

/// What some editors write in front of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// JSON, and besides what people take for it.
const COMMENTED: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Why settings are left alone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// They do not parse.
    #[error("it is no JSON: {0}")]
    Syntax(String),
    /// They hold what JSON does not have.
    #[error("it holds comments or trailing commas, with which Claude Code takes no notice of it")]
    Comments,
    /// They parse, and name something twice.
    #[error("{0} is in it twice, of which Claude Code takes the last")]
    Doubled(String),
    /// They parse, and something is not what Claude Code writes there.
    #[error("{0} in it has an unexpected form")]
    Shape(String),
}

/// Returns `text` with a hook for each event that runs `command`, in the place of older ones of ours.
pub(crate) fn with_hooks(text: &str, command: &str) -> Result<String, Unfit> {
    let is_empty = text.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty();
    let (mark, root) = parse(if is_empty { "{}\n" } else { text })?;
    let object = root.object_value().ok_or_else(|| shape("the value"))?;
    once(&object, "hooks")?;
    let hooks = object
        .object_value_or_create("hooks")
        .ok_or_else(|| shape("\"hooks\""))?;
    for event in HookEvent::ALL {
        once(&hooks, event.as_str())?;
        let groups = hooks
            .array_value_or_create(event.as_str())
            .ok_or_else(|| shape(event.as_str()))?;
        let wanted = entry(event, command);
        let ours = ours_in(&groups);
        if let [only] = &*ours
            && let Some(group) = only.parent_group()
            && is_equal(&group, &wanted)
        {
            continue;
        }
        take_out(ours);
        groups.append(wanted);
    }
    Ok(format!("{mark}{root}"))
}

/// Returns `text` without any hook of ours, and without what holds nothing then.
pub(crate) fn without_hooks(text: &str) -> Result<String, Unfit> {
    let (mark, root) = parse(text)?;
    if let Some(object) = root.object_value() {
        once(&object, "hooks")?;
    }
    let Some(hooks) = root
        .object_value()
        .and_then(|object| object.object_value("hooks"))
    else {
        return Ok(text.to_owned());
    };
    let mut is_changed = false;
    for property in hooks.properties() {
        let Some(groups) = property.array_value() else {
            continue;
        };
        let ours = ours_in(&groups);
        if ours.is_empty() {
            continue;
        }
        is_changed = true;
        take_out(ours);
        if groups.elements().is_empty() {
            property.remove();
        }
    }
    if is_changed
        && hooks.properties().is_empty()
        && let Some(property) = root.object_value().and_then(|object| object.get("hooks"))
    {
        property.remove();
    }
    Ok(format!("{mark}{root}"))
}

/// Tells whether there is one hook of ours, as we write it, for each event.
pub(crate) fn has_all_hooks(text: &str, command: &str) -> bool {
    with_hooks(text, command).is_ok_and(|with| with == text)
}

/// Returns why Claude Code takes no notice of this; none where it does.
pub(crate) fn unread(text: &str) -> Option<String> {
    let is_empty = text.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty();
    let fault = parse(text).err().filter(|_| !is_empty)?;
    Some(fault.to_string())
}

/// Returns why no hooks can be put into this; none where they can.
pub(crate) fn unfit(text: &str) -> Option<String> {
    with_hooks(text, "").err().map(|fault| fault.to_string())
}

/// Tells whether there is any hook of ours.
pub(crate) fn has_any_hook(text: &str) -> bool {
    without_hooks(text).is_ok_and(|without| without != text)
}

/// Tells whether our plugin is installed and switched on, which brings hooks and commands of its own.
pub(crate) fn uses_plugin(text: &str) -> bool {
    let object = parse(text).ok().and_then(|(_, root)| root.object_value());
    let plugins = object.and_then(|object| object.object_value("enabledPlugins"));
    let is_on = |name: String, value: Option<CstNode>| {
        let is_true = value.and_then(|value| value.to_serde_value()) == Some(Value::Bool(true));
        name.starts_with(PLUGIN) && is_true
    };
    plugins.is_some_and(|plugins| {
        let mut plugins = plugins.properties().into_iter();
        plugins.any(|plugin| is_on(plugin.decoded_name().unwrap_or_default(), plugin.value()))
    })
}

/// Fails where an object has more than one property of this name.
fn once(object: &CstObject, name: &str) -> Result<(), Unfit> {
    let properties = object.properties().into_iter();
    let named =
        properties.filter(|property| property.decoded_name().is_some_and(|own| own == name));
    if named.count() > 1 {
        return Err(Unfit::Doubled(format!("\"{name}\"")));
    }
    Ok(())
}

fn shape(what: &str) -> Unfit {
    Unfit::Shape(what.to_owned())
}

/// Returns the byte order mark, if there is one, and the tree of the rest.
fn parse(text: &str) -> Result<(&'static str, CstRootNode), Unfit> {
    let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (BYTE_ORDER_MARK, text),
        None => ("", text),
    };
    // As Claude Code reads it, which takes no comments; the tree below would.
    let read = serde_json::from_str::<IgnoredAny>(text);
    let root = CstRootNode::parse(text, &COMMENTED);
    match (read, root) {
        (Ok(_), Ok(root)) => Ok((mark, root)),
        (Ok(_), Err(error)) => Err(Unfit::Syntax(error.to_string())),
        (Err(_), Ok(_)) => Err(Unfit::Comments),
        (Err(error), Err(_)) => Err(Unfit::Syntax(error.to_string())),
    }
}

/// A hook of ours: the object that names the command.
struct Ours(CstObject);

impl Ours {
    /// Returns the group that holds it alone.
    fn parent_group(&self) -> Option<CstObject> {
        let list = self.0.parent()?.as_array()?;
        let group = list.parent()?.as_object_prop()?.parent()?.as_object()?;
        (list.elements().len() == 1).then_some(group)
    }
}

fn ours_in(groups: &CstArray) -> Vec<Ours> {
    let groups = groups.elements().into_iter();
    let lists = groups.filter_map(|group| group.as_object()?.array_value("hooks"));
    let hooks = lists.flat_map(|list| list.elements());
    let hooks = hooks.filter_map(|hook| hook.as_object());
    hooks.filter(runs_shim).map(Ours).collect()
}

fn runs_shim(hook: &CstObject) -> bool {
    let command = hook.get("command").and_then(|property| property.value());
    let command = command.and_then(|value| value.as_string_lit()?.decoded_value().ok());
    command.is_some_and(|command| is_ours(&command))
}

/// Takes hooks out, and the groups that hold nothing else.
fn take_out(ours: Vec<Ours>) {
    for hook in ours {
        match hook.parent_group() {
            Some(group) => group.remove(),
            None => hook.0.remove(),
        }
    }
}

fn is_equal(group: &CstObject, wanted: &CstInputValue) -> bool {
    group
        .to_serde_value()
        .is_some_and(|group| group == value(wanted))
}

fn value(input: &CstInputValue) -> Value {
    match input {
        CstInputValue::Null => Value::Null,
        CstInputValue::Bool(is) => Value::Bool(*is),
        CstInputValue::Number(text) => text.parse::<u64>().map_or(Value::Null, Value::from),
        CstInputValue::String(text) => Value::String(text.clone()),
        CstInputValue::Array(elements) => elements.iter().map(value).collect(),
        CstInputValue::Object(properties) => properties
            .iter()
            .map(|(name, input)| (name.clone(), value(input)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = "[ -x /usr/bin/sessions-hook ] && exec /usr/bin/sessions-hook; exit 0";

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text.trim_start_matches(BYTE_ORDER_MARK)).unwrap()
    }

    #[test]
    fn a_file_that_is_not_there_gets_hooks_for_every_event() {
        let text = with_hooks("", COMMAND).unwrap();
        insta::assert_snapshot!(text);
        let hooks = parsed(&text)["hooks"].as_object().unwrap().len();
        assert_eq!(hooks, HookEvent::ALL.len());
        assert!(has_all_hooks(&text, COMMAND));
        assert!(has_any_hook(&text));
        assert!(!has_all_hooks("{}", COMMAND) && !has_any_hook("{}"));
    }

    #[test]
    fn everything_else_stays_as_it_is_written() {
        let text = "{\r\n\t\"z\": 1e3, \"a\":[1,\r\n2],\r\n\t\"hooks\": {\r\n\t\t\"Stop\": [\r\n\t\t\t\
                    {\"hooks\":[{\"type\":\"command\",\"command\":\"mine\"}]}\r\n\t\t]\r\n\t}\r\n}";
        for mark in ["", BYTE_ORDER_MARK] {
            let with = with_hooks(&format!("{mark}{text}"), COMMAND).unwrap();
            assert!(with.starts_with(&format!("{mark}{{\r\n\t\"z\": 1e3, \"a\":[1,\r\n2],\r\n")));
            assert!(with.contains("{\"hooks\":[{\"type\":\"command\",\"command\":\"mine\"}]}"));
            assert!(with.ends_with('}'), "there was no newline at the end");
            assert_eq!(with.matches('\n').count(), with.matches("\r\n").count());
            assert_eq!(parsed(&with)["hooks"]["Stop"].as_array().unwrap().len(), 2);
            let without = without_hooks(&with).unwrap();
            assert_eq!(parsed(&without), parsed(text));
        }
    }

    #[test]
    fn older_hooks_of_ours_are_replaced_and_nothing_is_doubled() {
        let old = with_hooks("{}", "sessions-hook --old").unwrap();
        let new = with_hooks(&old, COMMAND).unwrap();
        assert!(!new.contains("--old"));
        assert_eq!(parsed(&new)["hooks"]["Stop"].as_array().unwrap().len(), 1);
        assert_eq!(with_hooks(&new, COMMAND).unwrap(), new);
    }

    #[test]
    fn a_group_that_others_share_loses_our_hook_alone() {
        let text = format!(
            r#"{{ "hooks": {{ "Stop": [ {{ "hooks": [ {{ "type": "command", "command": "mine" }},
            {{ "type": "command", "command": {} }} ] }} ] }} }}"#,
            Value::from(COMMAND)
        );
        let without = parsed(&without_hooks(&text).unwrap());
        let left = &without["hooks"]["Stop"][0]["hooks"];
        assert_eq!(left.as_array().unwrap().len(), 1);
        assert_eq!(left[0]["command"], "mine");
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let check = |text: &str, expect: &str| {
            let error = with_hooks(text, COMMAND).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        check("{", "no JSON");
        check("{a: 1}", "no JSON");
        // Claude Code takes no notice of settings with these, and so of hooks in them.
        check("{\n  // mine\n  \"a\": 1\n}", "comments");
        check("{\"a\": 1,}", "trailing commas");
        check("[]", "the value");
        check(r#"{"hooks": []}"#, "\"hooks\"");
        check(r#"{"hooks": {"Stop": {}}}"#, "Stop");
        assert!(matches!(without_hooks("{"), Err(Unfit::Syntax(_))));
    }

    #[test]
    fn the_plugin_is_seen_where_it_is_switched_on() {
        let check = |text: &str, expect: bool| assert_eq!(uses_plugin(text), expect, "{text}");
        check(
            r#"{"enabledPlugins": {"sessions@claude-sessions": true}}"#,
            true,
        );
        check(
            r#"{"enabledPlugins": {"sessions@claude-sessions": false}}"#,
            false,
        );
        check(r#"{"enabledPlugins": {"other@sessions": true}}"#, false);
        check("{}", false);
    }
}
