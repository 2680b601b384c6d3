//! A query as text that parses to an equal one.

use std::fmt::{self, Display, Write};

use super::lexer::follows_minus;
use super::{Filter, Node, Query, exact};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_char('*'),
            Self::Word(word) => f.write_str(word),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Typo(word) => write!(f, "{word}~"),
            Self::Phrase(phrase) => quote(f, phrase, '"'),
            Self::Literal(text) => quote(f, text, '\''),
            Self::Regex(pattern) => exact::write_regex(f, pattern),
            Self::Filter(filter) => filter.fmt(f),
            Self::And(nodes) => several(f, nodes, " ", |node| {
                matches!(node, Self::Or(_) | Self::And(_))
            }),
            Self::Or(nodes) => several(f, nodes, " OR ", |node| matches!(node, Self::Or(_))),
            Self::Not(node) => negated(f, node),
        }
    }
}

fn several(
    f: &mut fmt::Formatter<'_>,
    nodes: &[Node],
    between: &str,
    needs_group: impl Fn(&Node) -> bool,
) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if needs_group(node) {
            write!(f, "({node})")?;
        } else {
            node.fmt(f)?;
        }
    }
    Ok(())
}

fn negated(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    if matches!(node, Node::And(_) | Node::Or(_) | Node::Not(_)) {
        return write!(f, "-({node})");
    }
    let shown = node.to_string();
    if shown.starts_with(follows_minus) {
        write!(f, "-{shown}")
    } else {
        write!(f, "NOT {shown}")
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value) = match self {
            Self::Project(value) => ("project", value),
            Self::Session(value) => ("session", value),
            Self::Tool(value) => ("tool", value),
            Self::Model(value) => ("model", value),
            Self::Branch(value) => ("branch", value),
            Self::File(value) => ("file", value),
            Self::Tag(value) => ("tag", value),
            Self::Kind(kinds) => {
                let words: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
                return write!(f, "kind:{}", words.join(","));
            }
            Self::IsSubagent => return f.write_str("is:subagent"),
            Self::IsError => return f.write_str("is:error"),
            Self::IsAutomated => return f.write_str("is:automated"),
            Self::IsLive => return f.write_str("is:live"),
            Self::IsDeleted => return f.write_str("is:deleted"),
            Self::HasCheckpoint => return f.write_str("has:checkpoint"),
            Self::HasImage => return f.write_str("has:image"),
            Self::Before(date) => return write!(f, "before:{date}"),
            Self::After(date) => return write!(f, "after:{date}"),
            Self::On(when) => return write!(f, "on:{when}"),
        };
        write!(f, "{name}:")?;
        let is_plain = |char: char| char.is_alphanumeric() || "-_./@+#".contains(char);
        let is_bare = value.chars().all(is_plain) && !value.is_empty() && !value.starts_with("//");
        if is_bare {
            f.write_str(value)
        } else {
            quote(f, value, '"')
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str, mark: char) -> fmt::Result {
    f.write_char(mark)?;
    for char in text.chars() {
        if char == mark || char == '\\' {
            f.write_char('\\')?;
        }
        f.write_char(char)?;
    }
    f.write_char(mark)
}
