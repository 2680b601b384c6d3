//! Runs an expression over a commit: lowers it to tantivy's queries, gathers, ranks.

mod bits;
mod candidate;
mod chosen;
mod contains;
mod copies;
mod documents;
mod excluded;
mod gather;
mod lower;
mod part;
mod pick;
mod proximity;
mod rank;
mod sessions;
mod spelling;
mod tally;
mod words;

use tantivy::Searcher;
use tantivy::query::{EnableScoring, Weight};

pub use chosen::DocumentSet;
pub use documents::{DocumentName, DocumentPlace};
pub(crate) use documents::{choose, count, places, set_of};
use gather::Gather;
pub(crate) use lower::Lowering;
use part::Part;
use pick::Picked;
use proximity::Proximity;
use rank::Ranking;

use crate::expr::Expr;
use crate::matches::{Matches, Wanted};
use crate::schema::Fields;
use crate::scope::Scope;

/// Matches that are held at a time: 40 bytes each, and as much again while copies are dropped.
const MATCHES_HELD_MAX: usize = 1 << 19;

/// Returns the best matches of each session and the counts.
pub(crate) fn run(
    lowering: &Lowering<'_>,
    expr: &Expr,
    (scope, wanted): (&Scope, Wanted),
) -> tantivy::Result<Matches> {
    let searcher = lowering.searcher;
    let Some(query) = lowering.lower(expr)? else {
        return Ok(Matches::default());
    };
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    let ranking = Ranking::new(scope.now, &scope.demoted);
    let seek = Seek {
        searcher,
        scope,
        ranking: &ranking,
        room: MATCHES_HELD_MAX,
    };
    let (picked, left_out) = seek.gather_parts(weight.as_ref(), wanted)?;
    let proximity = Proximity::of(expr, lowering.fields.text);
    let found = picked.rank(searcher.segment_readers(), (&ranking, &proximity))?;
    Ok(Matches { left_out, ..found })
}

/// Returns the word of the index that is nearest to one that it lacks.
pub(crate) fn nearest_word(
    searcher: &Searcher,
    fields: Fields,
    typed: &str,
) -> tantivy::Result<Option<String>> {
    spelling::nearest(searcher, fields.text, typed)
}

/// What matches are gathered from, and how.
struct Seek<'a> {
    searcher: &'a Searcher,
    scope: &'a Scope,
    ranking: &'a Ranking<'a>,
    /// Matches that are held at a time.
    room: usize,
}

impl Seek<'_> {
    /// Gathers everything at once if there is room for it, as nearly always; else part by part. Returns also
    /// how many matches the session has that is left out.
    fn gather_parts(&self, weight: &dyn Weight, wanted: Wanted) -> tantivy::Result<(Picked, u64)> {
        let readers = self.searcher.segment_readers();
        let mut picked = Picked::new(wanted);
        let mut left_out = 0;
        let mut parts = vec![Part::WHOLE];
        while let Some(part) = parts.pop() {
            let gather = Gather::new(self.scope, self.ranking, (part, self.room));
            let gathered = self.searcher.index().search_executor().map(
                |segment| gather.segment(weight, segment),
                readers.iter().enumerate(),
            )?;
            match gather.too_many() {
                Some(met) if !part.is_finest() => parts.extend(part.split(met, self.room)),
                _ => {
                    picked.take(gathered, readers)?;
                    left_out += gather.left_out();
                }
            }
        }
        Ok((picked, left_out))
    }
}

#[cfg(test)]
mod tests {
    use tantivy::query::{AllQuery, Query};
    use tantivy::{Index, IndexWriter, TantivyDocument};

    use super::*;
    use crate::schema::Fields;

    /// 3,000 documents of 1,000 records in 90 sessions and three segments.
    fn searcher() -> Searcher {
        let (schema, fields) = Fields::declare();
        let mut index = Index::create_in_ram(schema);
        index.set_tokenizers(Fields::tokenizers());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 15_000_000).unwrap();
        for number in 0..3_000_u64 {
            let mut document = TantivyDocument::new();
            document.add_u64(fields.session, number * 7 % 90);
            document.add_u64(fields.identity, number * 31 % 1_000);
            document.add_u64(fields.traits, 0);
            document.add_u64(fields.time, number % 17 * 86_400_000);
            writer.add_document(document).unwrap();
            if number % 1_000 == 999 {
                writer.commit().unwrap();
            }
        }
        writer.wait_merging_threads().unwrap();
        index.reader().unwrap().searcher()
    }

    #[test]
    fn an_answer_does_not_depend_on_how_many_matches_are_held_at_a_time() {
        let searcher = searcher();
        let scope = Scope::default();
        let ranking = Ranking::new(scope.now, &scope.demoted);
        let (_, fields) = Fields::declare();
        let scoring = EnableScoring::enabled_from_searcher(&searcher);
        let weight = AllQuery.weight(scoring).unwrap();
        let answer = |room| {
            let seek = Seek {
                searcher: &searcher,
                scope: &scope,
                ranking: &ranking,
                room,
            };
            let wanted = Wanted {
                with_tallies: true,
                ..Wanted::best_of(1_000)
            };
            let (picked, _) = seek.gather_parts(weight.as_ref(), wanted).unwrap();
            let proximity = Proximity::of(&Expr::All, fields.text);
            let readers = searcher.segment_readers();
            picked.rank(readers, (&ranking, &proximity)).unwrap()
        };
        let at_once = answer(3_000);
        assert_eq!(at_once.total, 1_000);
        for room in [2_999, 1_000, 70] {
            assert_eq!(answer(room), at_once, "{room}");
        }
    }

    #[test]
    fn no_more_matches_are_held_than_there_is_room_for() {
        let searcher = searcher();
        let scope = Scope::default();
        let ranking = Ranking::new(scope.now, &scope.demoted);
        let scoring = EnableScoring::enabled_from_searcher(&searcher);
        let weight = AllQuery.weight(scoring).unwrap();
        let gather = Gather::new(&scope, &ranking, (Part::WHOLE, 2_500));
        let segments = searcher.segment_readers().iter().enumerate();
        let gathered = segments.map(|segment| gather.segment(weight.as_ref(), segment).unwrap());
        assert!(gathered.map(|found| found.len()).sum::<usize>() <= 2_500);
        assert_eq!(gather.too_many(), Some(3_000));
    }
}
