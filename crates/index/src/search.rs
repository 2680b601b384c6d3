//! Runs an expression over a commit: lowers it to tantivy's queries, gathers, ranks.

mod copies;
mod gather;
mod lower;
mod rank;
mod words;

use tantivy::Searcher;
use tantivy::query::EnableScoring;

use crate::expr::Expr;
use crate::matches::Matches;
use crate::schema::Fields;
use crate::scope::Scope;

/// Returns the best match of each session and the counts.
pub(crate) fn run(
    searcher: &Searcher,
    fields: Fields,
    expr: &Expr,
    (scope, limit): (&Scope, usize),
) -> tantivy::Result<Matches> {
    let Some(query) = lower::Lowering { searcher, fields }.lower(expr)? else {
        return Ok(Matches::default());
    };
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    let gather = gather::Gather::new(scope);
    let readers = searcher.segment_readers();
    let gathered = searcher.index().search_executor().map(
        |segment| gather.segment(weight.as_ref(), segment),
        readers.iter().enumerate(),
    )?;
    gather::pick(&gathered, readers, limit)
}
