//! From a query to what is asked of the index: conditions on documents, each with the sessions it is
//! asked of. It asks the catalog for sets of sessions, and runs nothing.
//!
//! Conditions on sessions may stand anywhere in a query (`project:a x OR project:b y`), and the index
//! knows documents alone. So the sessions are parted by which of those conditions they meet; for each
//! part the conditions are put in as true or false, what is left is asked of that part, and parts that
//! are left with the same question are asked together. The usual query makes one question of it.

use sessions_catalog::{CatalogReader, SessionPredicate};
use sessions_index::{Expr, OrdinalSet};
use sessions_model::{SessionOrdinal, Timestamp};

use crate::QueryError;
use crate::syntax::{Filter, Node, Query, SESSION_FILTERS_MAX};

/// One question to the index.
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
}

/// Plans `query`.
pub(crate) fn plan(
    query: &Query,
    catalog: &CatalogReader,
    setting: Setting<'_>,
) -> Result<Vec<Question>, QueryError> {
    let mut predicates = Vec::new();
    gather(&query.root, &mut predicates);
    // The parser refuses more; two to the power of them are the parts.
    predicates.truncate(SESSION_FILTERS_MAX);
    let sets = Sets::read(catalog, &predicates, setting.root)?;
    let mut questions: Vec<(Expr, u32)> = Vec::new();
    for part in 0..1_u32 << predicates.len() {
        let lowering = Lowering {
            predicates: &predicates,
            part,
            setting,
        };
        let expr = match lowering.lower(&query.root) {
            Lowered::Never => continue,
            Lowered::Always => Expr::All,
            Lowered::Asked(expr) => expr,
        };
        match questions.iter_mut().find(|(known, _)| *known == expr) {
            Some((_, parts)) => *parts |= 1 << part,
            None => questions.push((expr, 1 << part)),
        }
    }
    let questions = questions.into_iter();
    Ok(questions
        .map(|(expr, parts)| Question {
            expr,
            sessions: sets.of_parts(parts),
        })
        .collect())
}

/// The conditions on sessions, each once.
fn gather(node: &Node, predicates: &mut Vec<SessionPredicate>) {
    match node {
        Node::And(nodes) | Node::Or(nodes) => {
            for node in nodes {
                gather(node, predicates);
            }
        }
        Node::Not(node) => gather(node, predicates),
        Node::Filter(filter) => {
            if let Some(predicate) = predicate(filter)
                && !predicates.contains(&predicate)
            {
                predicates.push(predicate);
            }
        }
        Node::All | Node::Word(_) | Node::Prefix(_) | Node::Typo(_) | Node::Phrase(_) => {}
    }
}

fn predicate(filter: &Filter) -> Option<SessionPredicate> {
    match filter {
        Filter::Project(name) => Some(SessionPredicate::Project(name.clone())),
        Filter::Session(name) => Some(SessionPredicate::Session(name.clone())),
        Filter::IsAutomated => Some(SessionPredicate::Automated),
        _ => None,
    }
}

/// Which part each session is in: bit `n` of its number says whether it meets predicate `n`.
struct Sets {
    parts: Vec<u32>,
    parts_count: u32,
    root: Option<OrdinalSet>,
}

impl Sets {
    fn read(
        catalog: &CatalogReader,
        predicates: &[SessionPredicate],
        root: Option<&str>,
    ) -> Result<Self, QueryError> {
        let end = usize::try_from(catalog.ordinals_end()?.0).unwrap_or(usize::MAX);
        let mut parts = vec![
            0;
            if predicates.is_empty() && root.is_none() {
                0
            } else {
                end
            }
        ];
        for (bit, predicate) in predicates.iter().enumerate() {
            for ordinal in catalog.matching(predicate)? {
                let index = usize::try_from(ordinal.0).unwrap_or(usize::MAX);
                if let Some(part) = parts.get_mut(index) {
                    *part |= 1 << bit;
                }
            }
        }
        let root = match root {
            Some(root) => {
                let inside = catalog.matching(&SessionPredicate::Root(root.to_owned()))?;
                Some(inside.into_iter().collect())
            }
            None => None,
        };
        Ok(Self {
            parts,
            parts_count: 1 << predicates.len(),
            root,
        })
    }

    /// Returns the sessions of the parts whose bits are set, or nothing if that is every session.
    fn of_parts(&self, wanted: u32) -> Option<OrdinalSet> {
        let is_every = wanted.count_ones() == self.parts_count;
        if is_every && self.root.is_none() {
            return None;
        }
        let ordinals = (0..).map(SessionOrdinal).zip(&self.parts);
        let is_wanted = |(ordinal, part): &(SessionOrdinal, &u32)| {
            let is_in_root = self
                .root
                .as_ref()
                .is_none_or(|root| root.contains(*ordinal));
            is_in_root && wanted & (1 << **part) != 0
        };
        Some(
            ordinals
                .filter(is_wanted)
                .map(|(ordinal, _)| ordinal)
                .collect(),
        )
    }
}

/// A condition with those on sessions put in.
#[derive(Debug, PartialEq, Eq)]
enum Lowered {
    Always,
    Never,
    Asked(Expr),
}

struct Lowering<'a> {
    predicates: &'a [SessionPredicate],
    part: u32,
    setting: Setting<'a>,
}

impl Lowering<'_> {
    fn lower(&self, node: &Node) -> Lowered {
        let expr = match node {
            Node::All => return Lowered::Always,
            Node::Word(word) => Expr::Word(word.clone()),
            Node::Prefix(prefix) => Expr::Prefix(prefix.clone()),
            Node::Typo(word) => Expr::Typo(word.clone()),
            Node::Phrase(phrase) => Expr::Phrase(phrase.clone()),
            Node::Filter(filter) => return self.filter(filter),
            Node::And(nodes) => return self.join(nodes, &Lowered::Never),
            Node::Or(nodes) => return self.join(nodes, &Lowered::Always),
            Node::Not(node) => {
                return match self.lower(node) {
                    Lowered::Always => Lowered::Never,
                    Lowered::Never => Lowered::Always,
                    Lowered::Asked(expr) => Lowered::Asked(Expr::Not(Box::new(expr))),
                };
            }
        };
        Lowered::Asked(expr)
    }

    /// Joins conditions of which one that comes to `decides` decides alone, and the other constant says
    /// nothing: `Never` for each of them, `Always` for one of them.
    fn join(&self, nodes: &[Node], decides: &Lowered) -> Lowered {
        let is_and = *decides == Lowered::Never;
        let mut exprs = Vec::new();
        for node in nodes {
            match self.lower(node) {
                Lowered::Asked(expr) => exprs.push(expr),
                Lowered::Never if is_and => return Lowered::Never,
                Lowered::Always if !is_and => return Lowered::Always,
                Lowered::Never | Lowered::Always => {}
            }
        }
        match exprs.len() {
            0 if is_and => Lowered::Always,
            0 => Lowered::Never,
            1 => exprs.pop().map_or(Lowered::Never, Lowered::Asked),
            _ if is_and => Lowered::Asked(Expr::And(exprs)),
            _ => Lowered::Asked(Expr::Or(exprs)),
        }
    }

    fn filter(&self, filter: &Filter) -> Lowered {
        let span =
            |date: &crate::syntax::Date| date.span(self.setting.now, self.setting.utc_offset_ms);
        let (from, to) = match filter {
            Filter::Before(date) => (None, Some(span(date).from)),
            Filter::After(date) => (Some(span(date).from), None),
            Filter::On(date) => (Some(span(date).from), Some(span(date).to)),
            other => return self.condition(other),
        };
        Lowered::Asked(Expr::Time { from, to })
    }

    fn condition(&self, filter: &Filter) -> Lowered {
        if let Some(predicate) = predicate(filter) {
            let bit = self.predicates.iter().position(|known| *known == predicate);
            let holds = bit.is_some_and(|bit| self.part & (1 << bit) != 0);
            return if holds {
                Lowered::Always
            } else {
                Lowered::Never
            };
        }
        Lowered::Asked(match filter {
            Filter::Tool(name) => Expr::Tool(name.clone()),
            Filter::Model(name) => Expr::Model(name.clone()),
            Filter::Branch(name) => Expr::Branch(name.clone()),
            Filter::File(path) => Expr::File(path.clone()),
            Filter::IsSubagent => Expr::IsSubagent,
            Filter::IsError => Expr::IsError,
            Filter::Kind(kinds) => {
                let mut kinds: Vec<_> = kinds.iter().copied().map(Expr::Kind).collect();
                match (kinds.len(), kinds.pop()) {
                    (1, Some(only)) => only,
                    (_, last) => Expr::Or(kinds.into_iter().chain(last).collect()),
                }
            }
            _ => Expr::All,
        })
    }
}

#[cfg(test)]
mod tests;
