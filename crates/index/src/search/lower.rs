//! Lowers an expression to tantivy's queries. Words score; filters only choose.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use sessions_model::Timestamp;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, RangeQuery,
    TermQuery, TermSetQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

use super::contains::contains;
use super::excluded::Excluded;
use super::sessions::InSessions;
use super::words;
use crate::budget::{Budget, Costly};
use crate::expr::Expr;
use crate::lexicon::Lexicons;
use crate::schema::{BRANCH_PREFIX, Facet, Fields, MODEL_PREFIX, TOOL_PREFIX};
use crate::stem::forms;

/// Most exact values of a class that are looked through in each segment.
const FACET_VALUES_MAX: usize = 65_536;

/// What another form of a word is worth beside the word.
const FORM_SHARE: f32 = 0.85;
/// What a document counts for that was chosen before: about as much as a word that is neither rare nor common.
const CHOSEN_SCORE: f32 = 4.0;

/// A condition; none where an expression asks for nothing (`->`).
type Found = Option<Box<dyn Query>>;

/// What an expression is lowered against.
pub(crate) struct Lowering<'a> {
    pub(crate) searcher: &'a Searcher,
    pub(crate) fields: Fields,
    pub(crate) budget: &'a Budget,
    pub(crate) lexicons: &'a Lexicons,
}

impl Lowering<'_> {
    /// Returns the query for `expr`, or `None` if it is no condition.
    pub(super) fn lower(&self, expr: &Expr) -> tantivy::Result<Found> {
        let text = self.fields.text;
        Ok(match expr {
            Expr::All => Some(filter(Box::new(AllQuery))),
            Expr::Word(typed) => self.word(typed)?,
            Expr::Phrase(typed) => words::phrase(text, typed),
            Expr::Prefix(typed) => words::prefix(text, typed).map(|query| self.costly(query)),
            Expr::Typo(typed) => {
                let words = words::typo(text, typed).into_iter();
                all_of(words.map(|query| self.costly(query)).collect())
            }
            Expr::File(path) => words::phrase(self.fields.files, path).map(filter),
            Expr::And(exprs) => self.and(exprs)?,
            Expr::Or(exprs) => self.or(exprs)?,
            Expr::Not(_) => self.and(std::slice::from_ref(expr))?,
            Expr::Kind(kind) => Some(self.facet(Facet::Kind(*kind))),
            Expr::IsSubagent => Some(self.facet(Facet::Subagent)),
            Expr::IsError => Some(self.facet(Facet::Error)),
            Expr::HasImage => Some(self.facet(Facet::Image)),
            Expr::Sessions(sessions) => Some(Box::new(InSessions(Arc::clone(sessions)))),
            Expr::Tool(name) => Some(self.facets(TOOL_PREFIX, &|tool| is_tool(tool, name))?),
            Expr::Model(name) => {
                Some(self.facets(MODEL_PREFIX, &|model| model.contains(&name.to_lowercase()))?)
            }
            Expr::Branch(name) => Some(self.facets(BRANCH_PREFIX, &|at| is_branch(at, name))?),
            Expr::Time { from, to } => Some(self.time(*from, *to)),
            Expr::Contains(text) => Some(filter(Box::new(contains(self, text)?))),
            Expr::Documents(set) => Some(Box::new(ConstScoreQuery::new(
                Box::new(set.clone()),
                CHOSEN_SCORE,
            ))),
        })
    }

    fn costly(&self, inner: Box<dyn Query>) -> Box<dyn Query> {
        let budget = self.budget.clone();
        Box::new(Costly { inner, budget })
    }

    /// The word as typed, or, for less, another form of it.
    fn word(&self, typed: &str) -> tantivy::Result<Found> {
        let Some(exact) = words::phrase(self.fields.text, typed) else {
            return Ok(None);
        };
        let mut ways = vec![exact];
        if let Some(word) = words::only_word(typed) {
            let rarity = |count: u64| inverse_frequency(count, self.searcher.num_docs());
            let term = |word: &str| Term::from_field_text(self.fields.text, word);
            let exact = rarity(self.searcher.doc_freq(&term(&word))?);
            for form in forms(&word) {
                let form = term(&form);
                let count = self.searcher.doc_freq(&form)?;
                if count > 0 {
                    // As if the form were as rare as what was asked for: a rare one is no better.
                    let share = FORM_SHARE * (exact / rarity(count)).min(1.0);
                    ways.push(Box::new(BoostQuery::new(words::single(form), share)));
                }
            }
        }
        Ok(Some(words::any(ways)))
    }

    fn and(&self, exprs: &[Expr]) -> tantivy::Result<Found> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for expr in exprs {
            let (occur, inner) = match expr {
                Expr::Not(inner) => (Occur::MustNot, inner.as_ref()),
                other => (Occur::Must, other),
            };
            let query = self.lower(inner)?.map(|query| match occur {
                Occur::MustNot => Box::new(Excluded(query)) as Box<dyn Query>,
                Occur::Must | Occur::Should => query,
            });
            clauses.extend(query.map(|query| (occur, query)));
        }
        if clauses.is_empty() {
            return Ok(None);
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, filter(Box::new(AllQuery))));
        }
        Ok(Some(Box::new(BooleanQuery::new(clauses))))
    }

    fn or(&self, exprs: &[Expr]) -> tantivy::Result<Found> {
        let mut ways = Vec::new();
        for expr in exprs {
            ways.extend(self.lower(expr)?);
        }
        Ok((!ways.is_empty()).then(|| Box::new(BooleanQuery::union(ways)) as Box<dyn Query>))
    }

    fn facet(&self, facet: Facet<'_>) -> Box<dyn Query> {
        let term = Term::from_field_text(self.fields.facets, &facet.term());
        filter(Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
    }

    /// Every exact value of the class `prefix` that `is_meant`, by its folded text.
    fn facets(
        &self,
        prefix: &str,
        is_meant: &dyn Fn(&str) -> bool,
    ) -> tantivy::Result<Box<dyn Query>> {
        let mut terms = BTreeSet::new();
        for reader in self.searcher.segment_readers() {
            let inverted = reader.inverted_index(self.fields.facets)?;
            let mut values = inverted.terms().range().ge(prefix).into_stream()?;
            for _ in 0..FACET_VALUES_MAX {
                let value = values
                    .next()
                    .and_then(|(key, _)| std::str::from_utf8(key).ok());
                let Some(value) = value.and_then(|value| value.strip_prefix(prefix)) else {
                    break;
                };
                if is_meant(value) {
                    let term = format!("{prefix}{value}");
                    terms.insert(Term::from_field_text(self.fields.facets, &term));
                }
            }
        }
        Ok(match terms.pop_first() {
            None => Box::new(EmptyQuery),
            Some(only) if terms.is_empty() => {
                filter(Box::new(TermQuery::new(only, IndexRecordOption::Basic)))
            }
            Some(first) => {
                terms.insert(first);
                filter(Box::new(TermSetQuery::new(terms)))
            }
        })
    }

    fn time(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Box<dyn Query> {
        let bound = |time: Timestamp| {
            let millis = u64::try_from(time.millis()).unwrap_or(0).max(1);
            Term::from_field_u64(self.fields.time, millis)
        };
        // 0 stands for no time at all, which no range includes.
        let lower = Bound::Included(bound(from.unwrap_or_default()));
        let upper = to.map_or(Bound::Unbounded, |to| Bound::Excluded(bound(to)));
        filter(Box::new(RangeQuery::new(lower, upper)))
    }
}

/// What a word that is in `count` of `documents` weighs (BM25).
#[expect(clippy::cast_precision_loss, reason = "a weight needs few digits")]
fn inverse_frequency(count: u64, documents: u64) -> f32 {
    let (count, documents) = (count as f32, documents.max(count) as f32);
    (1.0 + (documents - count + 0.5) / (count + 0.5)).ln()
}

/// Keeps a condition out of the score.
fn filter(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn all_of(mut queries: Vec<Box<dyn Query>>) -> Found {
    match queries.len() {
        0 | 1 => queries.pop(),
        _ => Some(Box::new(BooleanQuery::intersection(queries))),
    }
}

/// `bash` means `Bash`, and `github` means `mcp__github__create_issue`.
fn is_tool(tool: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    tool == name || tool.split("__").any(|part| part == name)
}

/// `login` means `feature/login`, not `login-page`.
fn is_branch(branch: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    branch
        .strip_suffix(name.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
