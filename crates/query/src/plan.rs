//! From a query to what is asked of the index: one condition on documents, with conditions on sessions put
//! in as the sets that the catalog knows. It runs nothing.

use std::collections::HashSet;
use std::sync::Arc;

use sessions_catalog::{CatalogReader, SessionPredicate};
use sessions_index::{DocumentSet, Expr, OrdinalSet};
use sessions_model::{SessionId, Timestamp};

use crate::QueryError;
use crate::exact::{compile, conditions};
use crate::syntax::{Filter, Node, Query};

/// What is asked of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) expr: Expr,
    /// The sessions it is asked of; all of them if there is no set.
    pub(crate) sessions: Option<OrdinalSet>,
}

/// What a plan depends on besides the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) now: Timestamp,
    pub(crate) utc_offset_ms: i32,
    /// The config root to keep to.
    pub(crate) root: Option<&'a str>,
    /// Sessions that are running.
    pub(crate) live: &'a HashSet<SessionId>,
    /// What stands for exact conditions.
    pub(crate) exact: Exact<'a>,
}

/// What stands for a condition that only the text itself can tell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exact<'a> {
    /// That a document may meet it, and the whole query: rather too many than too few.
    MayHold,
    /// The documents that were found to meet it.
    Met(&'a [(Node, DocumentSet)]),
}

/// Plans `query`.
///
/// A set of sessions that every match must be in is looked up as matches come; one that stands anywhere
/// else is a condition like any other.
pub(crate) fn plan(
    query: &Query,
    catalog: &CatalogReader,
    setting: Setting<'_>,
) -> Result<Question, QueryError> {
    let lowering = Lowering { catalog, setting };
    let (mut exprs, mut sessions) = (Vec::new(), Vec::new());
    if let Some(root) = setting.root {
        sessions.push(lowering.sessions(&SessionPredicate::Root(root.to_owned()))?);
    }
    let nodes = match &query.root {
        Node::And(nodes) => nodes,
        only => std::slice::from_ref(only),
    };
    for node in nodes {
        match lowering.lower(node)? {
            Expr::Sessions(set) => sessions.push(set),
            Expr::All => {}
            expr => exprs.push(expr),
        }
    }
    let expr = match exprs.len() {
        0 | 1 => exprs.pop().unwrap_or(Expr::All),
        _ => Expr::And(exprs),
    };
    let sessions = sessions
        .into_iter()
        .reduce(|left, right| Arc::new(left.intersection(&right)))
        .map(|set| Arc::try_unwrap(set).unwrap_or_else(|set| (*set).clone()));
    Ok(Question { expr, sessions })
}

struct Lowering<'a> {
    catalog: &'a CatalogReader,
    setting: Setting<'a>,
}

impl Lowering<'_> {
    fn lower(&self, node: &Node) -> Result<Expr, QueryError> {
        Ok(match node {
            Node::All => Expr::All,
            Node::Word(word) => Expr::Word(word.clone()),
            Node::Prefix(prefix) => Expr::Prefix(prefix.clone()),
            Node::Typo(word) => Expr::Typo(word.clone()),
            Node::Phrase(phrase) => Expr::Phrase(phrase.clone()),
            Node::Literal(_) | Node::Regex(_) => self.exact(node)?,
            // Of what may hold, nothing follows for what does not.
            Node::Not(node) if self.is_open(node) => Expr::All,
            Node::Filter(filter) => self.filter(filter)?,
            Node::And(nodes) => Expr::And(self.each(nodes)?),
            Node::Or(nodes) => Expr::Or(self.each(nodes)?),
            Node::Not(node) => Expr::Not(Box::new(self.lower(node)?)),
        })
    }

    fn exact(&self, node: &Node) -> Result<Expr, QueryError> {
        match self.setting.exact {
            Exact::MayHold => match compile(node) {
                Some(compiled) => Ok(compiled?.1.expr()),
                None => Ok(Expr::All),
            },
            Exact::Met(met) => {
                let known = met.iter().find(|(known, _)| known == node);
                let set = known.map(|(_, set)| set.clone());
                Ok(Expr::Documents(set.unwrap_or_default()))
            }
        }
    }

    fn is_open(&self, node: &Node) -> bool {
        matches!(self.setting.exact, Exact::MayHold) && !conditions(node).is_empty()
    }

    fn each(&self, nodes: &[Node]) -> Result<Vec<Expr>, QueryError> {
        nodes.iter().map(|node| self.lower(node)).collect()
    }

    fn filter(&self, filter: &Filter) -> Result<Expr, QueryError> {
        let (now, offset_ms) = (self.setting.now, self.setting.utc_offset_ms);
        let predicate = match filter {
            Filter::Before(date) => return Ok(time(None, Some(date.span(now, offset_ms).from))),
            Filter::After(date) => return Ok(time(Some(date.span(now, offset_ms).from), None)),
            Filter::On(when) => {
                let (from, to) = when.span(now, offset_ms);
                return Ok(time(from, to));
            }
            Filter::Tool(name) => return Ok(Expr::Tool(name.clone())),
            Filter::Model(name) => return Ok(Expr::Model(name.clone())),
            Filter::Branch(name) => return Ok(Expr::Branch(name.clone())),
            Filter::File(path) => return Ok(Expr::File(path.clone())),
            Filter::IsSubagent => return Ok(Expr::IsSubagent),
            Filter::IsError => return Ok(Expr::IsError),
            Filter::HasImage => return Ok(Expr::HasImage),
            Filter::Kind(kinds) => {
                let mut kinds: Vec<_> = kinds.iter().copied().map(Expr::Kind).collect();
                return Ok(match (kinds.len(), kinds.pop()) {
                    (1, Some(only)) => only,
                    (_, last) => Expr::Or(kinds.into_iter().chain(last).collect()),
                });
            }
            Filter::Project(name) => SessionPredicate::Project(name.clone()),
            Filter::Session(name) => SessionPredicate::Session(name.clone()),
            Filter::Tag(name) => SessionPredicate::Tagged(name.clone()),
            Filter::IsAutomated => SessionPredicate::Automated,
            Filter::IsDeleted => SessionPredicate::Deleted,
            Filter::HasCheckpoint => SessionPredicate::Checkpointed,
            Filter::IsLive => {
                let live = self.setting.live.iter().cloned().collect();
                SessionPredicate::OneOf(live)
            }
        };
        self.sessions(&predicate).map(Expr::Sessions)
    }

    fn sessions(&self, predicate: &SessionPredicate) -> Result<Arc<OrdinalSet>, QueryError> {
        Ok(Arc::new(
            self.catalog.matching(predicate)?.into_iter().collect(),
        ))
    }
}

fn time(from: Option<Timestamp>, to: Option<Timestamp>) -> Expr {
    Expr::Time { from, to }
}

#[cfg(test)]
mod tests;
