//! Exact conditions anywhere in a query: each becomes the set of the documents that meet it, among those that
//! may match the whole query.

use std::ops::ControlFlow;

use sessions_index::{DocumentName, DocumentPlace, DocumentSet};
use sessions_model::{Pattern, PatternSyntax};

use super::{Batches, Give, Looked, Matcher, Need, Text};
use crate::QueryError;
use crate::plan::{Exact, Question, Setting, plan};
use crate::syntax::{Node, Query, parse};

/// Most exact conditions of one query; each is a bit of what is said of a text.
const CONDITIONS_MAX: usize = 64;

/// Exact conditions and the documents that meet them.
pub(crate) type Met = Vec<(Node, DocumentSet)>;

/// Compiles what an exact condition looks for; none for other nodes.
pub(crate) fn compile(node: &Node) -> Option<Result<(Matcher, Need), QueryError>> {
    let (text, syntax) = match node {
        Node::Literal(text) => (text, PatternSyntax::Literal),
        Node::Regex(text) => (text, PatternSyntax::Regex),
        _ => return None,
    };
    let pattern = Pattern {
        text: text.clone(),
        syntax,
        ..Pattern::default()
    };
    // Where it stands in the query is not known any more.
    Some(Matcher::new(&pattern).map_err(|error| match error {
        QueryError::Pattern { message, .. } => QueryError::Syntax {
            span: 0..0,
            message: format!("{node}: {message}"),
            hint: None,
        },
        error => error,
    }))
}

/// Returns the exact conditions of a query, each once.
pub(crate) fn conditions(node: &Node) -> Vec<&Node> {
    let mut found = Vec::new();
    gather(node, &mut found);
    found
}

/// Tells whether texts themselves have to be looked at for a query.
pub fn has_exact(query: &str) -> bool {
    parse(query).is_ok_and(|query| !conditions(&query.root).is_empty())
}

fn gather<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match node {
        Node::Literal(_) | Node::Regex(_) if !found.contains(&node) => found.push(node),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| gather(node, found)),
        Node::Not(node) => gather(node, found),
        _ => {}
    }
}

impl Batches<'_> {
    /// Looks which documents meet the exact conditions of `query`.
    pub(crate) fn resolve(self, query: &Query, setting: Setting<'_>) -> Result<Met, QueryError> {
        let conditions = conditions(&query.root);
        if conditions.is_empty() {
            return Ok(Met::new());
        }
        if conditions.len() > CONDITIONS_MAX {
            let message = format!("the query has more than {CONDITIONS_MAX} exact conditions");
            return Err(QueryError::Syntax {
                span: 0..0,
                message,
                hint: None,
            });
        }
        let compiled = conditions.iter().filter_map(|node| compile(node));
        let matchers: Vec<Matcher> = compiled
            .map(|compiled| compiled.map(|(matcher, _)| matcher))
            .collect::<Result<_, _>>()?;
        let setting = Setting {
            exact: Exact::MayHold,
            ..setting
        };
        let Question { expr, sessions } = plan(query, self.sight.catalog, setting)?;
        let set = self.sight.snapshot.choose(&expr, sessions.as_ref())?;
        let met = self.meeting(&set, &matchers)?;
        let snapshot = self.sight.snapshot;
        let sets = met.into_iter().map(|names| snapshot.set_of(names));
        Ok(conditions.into_iter().cloned().zip(sets).collect())
    }

    /// Returns, for each of `matchers`, the documents of `set` in whose texts it matches.
    fn meeting(
        self,
        set: &DocumentSet,
        matchers: &[Matcher],
    ) -> Result<Vec<Vec<DocumentName>>, QueryError> {
        let look = |place: &DocumentPlace, text: &Text<'_>, give: Give<'_, (DocumentName, u64)>| {
            let text = text.as_str().as_bytes();
            let met = matchers.iter().enumerate().fold(0, |met, (bit, matcher)| {
                met | u64::from(matcher.is_match(text)) << bit
            });
            if met == 0 {
                return ControlFlow::Continue(());
            }
            give((place.name, met))
        };
        let mut met = vec![Vec::new(); matchers.len()];
        let mut unread = None;
        let ended = self.look(set, &look, &mut |looked| {
            match looked {
                Looked::Found((name, bits)) => {
                    let wanted = met.iter_mut().enumerate();
                    for (_, names) in wanted.filter(|(bit, _)| bits & 1 << bit != 0) {
                        names.push(name);
                    }
                }
                Looked::Unread(error) => {
                    unread.get_or_insert(error);
                }
                Looked::Done(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        match unread {
            Some(error) if met.iter().all(Vec::is_empty) => Err(error),
            _ if ended.is_break() => Ok(vec![Vec::new(); matchers.len()]),
            _ => Ok(met),
        }
    }
}
