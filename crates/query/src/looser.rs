//! Queries that ask for less, nearest first, for when nothing matched.

use std::cell::RefCell;

use sessions_index::tokenize_query;

use crate::QueryError;
use crate::syntax::{Node, Query};

/// Shortest word that typos are tried for, in characters.
const TYPO_CHARS_MIN: usize = 4;

/// Returns looser forms of `query`: words for phrases, with typos, without filters, any of the words.
pub(crate) fn looser(query: &Query) -> Vec<Query> {
    let mut looser: Vec<Query> = Vec::new();
    let words = phrases_to_words(&query.root);
    let typos = with_typos(&words);
    let unfiltered = without_filters(&words);
    let unfiltered_typos = unfiltered.as_ref().map(with_typos);
    let any = unfiltered.as_ref().and_then(any_of);
    for root in [Some(words), Some(typos), unfiltered, unfiltered_typos, any]
        .into_iter()
        .flatten()
    {
        let candidate = Query { root };
        if candidate != *query && !looser.contains(&candidate) {
            looser.push(candidate);
        }
    }
    looser
}

/// Returns `query` with each word that the index lacks as the `nearest` one that it has; none if that changes
/// nothing.
pub(crate) fn respelled(
    query: &Query,
    nearest: &dyn Fn(&str) -> Result<Option<String>, QueryError>,
) -> Result<Option<Query>, QueryError> {
    let fault = RefCell::new(None);
    let root = map(&query.root, &|node| match node {
        Node::Word(word) => match nearest(word) {
            Ok(Some(nearest)) => Node::Word(nearest),
            Ok(None) => node.clone(),
            Err(error) => {
                fault.replace(Some(error));
                node.clone()
            }
        },
        other => other.clone(),
    });
    match fault.into_inner() {
        Some(error) => Err(error),
        None => Ok((root != query.root).then_some(Query { root })),
    }
}

fn map(node: &Node, leaf: &dyn Fn(&Node) -> Node) -> Node {
    let all = |nodes: &[Node]| nodes.iter().map(|node| map(node, leaf)).collect::<Vec<_>>();
    match node {
        // Nested alternatives of one sort are one list, as the parser makes them.
        Node::And(nodes) => Node::And(all(nodes).into_iter().flat_map(flatten_and).collect()),
        Node::Or(nodes) => Node::Or(all(nodes)),
        // What is excluded stays as it is: excluding more would not be looser.
        Node::Not(_) => node.clone(),
        other => leaf(other),
    }
}

fn flatten_and(node: Node) -> Vec<Node> {
    match node {
        Node::And(nodes) => nodes,
        node => vec![node],
    }
}

fn phrases_to_words(node: &Node) -> Node {
    map(node, &|node| match node {
        Node::Phrase(phrase) => {
            // What would be read as syntax is left out.
            let is_plain = |word: &&str| {
                word.chars()
                    .all(|char| char.is_alphanumeric() || char == '_')
            };
            let is_word = |word: &&str| is_plain(word) && !matches!(*word, "OR" | "AND" | "NOT");
            let words = phrase.split_whitespace().filter(is_word);
            let mut words: Vec<_> = words.map(|word| Node::Word(word.to_owned())).collect();
            match words.len() {
                0 => node.clone(),
                1 => words.remove(0),
                _ => Node::And(words),
            }
        }
        other => other.clone(),
    })
}

fn with_typos(node: &Node) -> Node {
    map(node, &|node| match node {
        Node::Word(word) => {
            let is_plain = word.chars().all(char::is_alphanumeric);
            let is_long = word.chars().count() >= TYPO_CHARS_MIN;
            if is_plain && is_long {
                Node::Typo(word.clone())
            } else {
                node.clone()
            }
        }
        other => other.clone(),
    })
}

/// Returns the query without its filters, if something is left and something was dropped.
fn without_filters(node: &Node) -> Option<Node> {
    match node {
        Node::Filter(_) => None,
        Node::And(nodes) => {
            let mut left: Vec<_> = nodes.iter().filter_map(without_filters).collect();
            match left.len() {
                0 | 1 => left.pop(),
                _ => Some(Node::And(left)),
            }
        }
        Node::Or(nodes) => {
            let mut left: Vec<_> = nodes.iter().filter_map(without_filters).collect();
            match left.len() {
                0 | 1 => left.pop(),
                _ => Some(Node::Or(left)),
            }
        }
        Node::Not(inner) => without_filters(inner).map(|inner| Node::Not(Box::new(inner))),
        other => Some(other.clone()),
    }
}

/// Returns any of several words for all of them.
fn any_of(node: &Node) -> Option<Node> {
    let Node::And(nodes) = node else {
        return None;
    };
    let is_sought = |node: &&Node| !matches!(node, Node::Not(_));
    let mut words: Vec<Node> = Vec::new();
    for node in nodes.iter().filter(is_sought) {
        match node {
            Node::Or(more) => words.extend(more.iter().cloned()),
            other => words.push(other.clone()),
        }
    }
    // A mark stands for nothing: as one of several it would be no help.
    words.retain(|node| !matches!(node, Node::Word(word) if tokenize_query(word).is_empty()));
    (words.len() > 1).then_some(Node::Or(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn looser_queries_ask_for_less_step_by_step() {
        let check = |text: &str, expect: &[&str]| {
            let shown: Vec<_> = looser(&parse(text).unwrap())
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(shown, expect, "{text}");
        };
        check("parser", &["parser~"]);
        check("the parser", &["the parser~", "the OR parser"]);
        check(
            "\"the parser\"",
            &["the parser", "the parser~", "the OR parser"],
        );
        check("x project:a", &["x"]);
        check("kind:prompt", &[]);
        check("*", &[]);
        check("error -warning", &["error~ -warning"]);
        check("\"a OR b\" c", &["a b c", "a OR b OR c"]);
        check("foo::bar x", &["foo::bar OR x"]);
        check("esc | x", &["esc OR x"]);
    }

    #[test]
    fn looser_queries_parse_to_themselves() {
        for text in [
            "\"a (b) c\" d",
            "(a OR \"b c\") file:x -y",
            "\"OR\" abcd",
            "(a OR b) (c OR d)",
        ] {
            for query in looser(&parse(text).unwrap()) {
                assert_eq!(parse(&query.to_string()).unwrap(), query, "{text}: {query}");
            }
        }
    }
}
