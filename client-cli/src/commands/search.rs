//! `sessions search`.

use std::borrow::Cow;
use std::io::{Write, stderr};
use std::ops::Range;

use sessions_client::{ClientError, SearchRequest};
use sessions_model::{SearchAnswer, SessionId};

use crate::args::Search;
use crate::commands::import;
use crate::context::Context;
use crate::error::CliError;
use crate::json::{self, AnswerJson};
use crate::output::Output;
use crate::render::results;
use crate::render::text::{columns, cut, one_line, visible};

/// Characters of a query that an error shows before, under and after its mark.
const AROUND_CHARS_MAX: usize = 60;

/// Columns of a query that an answer repeats.
const QUERY_COLUMNS_MAX: usize = 200;

/// Runs it.
pub(crate) async fn run(context: &Context, args: Search) -> Result<(), CliError> {
    let query = args.text();
    let request = SearchRequest {
        query: query.clone(),
        limit: args.limit,
        root: context.root_filter(),
        automated: args.automated,
        wait_ms: 0,
        utc_offset_ms: context.now.offset_ms(),
        asking: asking(context, &args),
        per_session: args.per_session,
        with_facets: args.facets,
        with_reasons: args.explain,
    };
    let client = context.connect().await?;
    let answer = match client.search(request).await {
        Ok(answer) => answer,
        Err(ClientError::BadQuery { span, message }) => {
            return Err(bad_query(&query, span, message));
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        let mut out = Output::direct();
        json::write(&mut out, &AnswerJson::new(&answer))?;
        out.finish()?;
    } else {
        if let Some(understood) = &answer.understood {
            writeln!(stderr(), "understood as: {}", one_line(understood))?;
        }
        if !answer.hits.is_empty() {
            let mut out = Output::paged(&context.terminal);
            write!(
                out,
                "{}",
                results::hits(&answer, &context.now, &context.terminal)
            )?;
            out.finish()?;
        }
        if !answer.coverage.complete {
            import::say_shortfall(&answer.coverage, "the answer")?;
            import::note_progress(context, &client).await?;
        }
    }
    match answer.hits.is_empty() {
        false => Ok(()),
        true if args.json => Err(CliError::nothing()),
        true => Err(nothing(&query, &answer)),
    }
}

/// The session that asks: where Claude runs this, what it holds is in its context already.
fn asking(context: &Context, args: &Search) -> Option<SessionId> {
    let own = context.own_session.as_deref().filter(|_| !args.own);
    own.and_then(|id| SessionId::parse(id).ok())
}

fn nothing(query: &str, answer: &SearchAnswer) -> CliError {
    let query = cut(&one_line(query), QUERY_COLUMNS_MAX).into_owned();
    let error = CliError::nothing().say(match answer.left_out {
        0 => format!("nothing matches {query}"),
        own => format!(
            "nothing matches {query} but {} in this session, which --own includes",
            results::matches(own)
        ),
    });
    let offers = answer.suggestions.iter().map(|offer| {
        let (query, found) = (one_line(&offer.query), results::matches(offer.total));
        format!("sessions search '{query}' finds {found}")
    });
    let offers: Vec<String> = offers.collect();
    if offers.is_empty() {
        return error;
    }
    error.hint(offers.join("; "))
}

/// Shows the query with a mark under what is wrong.
pub(super) fn bad_query(query: &str, span: Option<Range<usize>>, message: String) -> CliError {
    let mut error = CliError::usage(message);
    if let Some(span) = span {
        error.detail = pointer(query, &span);
    }
    error.hint("words, \"phrases\", prefix*, typo~, -not, OR, project:x; in a shell, put it in '…'")
}

/// Shows what stands around `span`, and no more: a query may be as long as a page.
pub(super) fn pointer(query: &str, span: &Range<usize>) -> String {
    let flat = |text: &str| visible(&text.replace(['\n', '\t', '\r'], " ")).into_owned();
    let before = flat(query.get(..span.start).unwrap_or(query));
    let before = last(&before, AROUND_CHARS_MAX);
    let marked = flat(query.get(span.clone()).unwrap_or_default());
    let marked = cut(&marked, AROUND_CHARS_MAX);
    let after = flat(query.get(span.end..).unwrap_or_default());
    let after = cut(&after, AROUND_CHARS_MAX);
    let mark = "^".repeat(columns(&marked).max(1));
    let indent = columns(&before);
    format!("  {before}{marked}{after}\n  {:indent$}{mark}", "")
}

/// Returns the end of `text`, with a mark where more stands before it.
fn last(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().rev().nth(chars_max) {
        Some((at, _)) => {
            let (_, end) = text.split_at(text.ceil_char_boundary(at + 1));
            Cow::Owned(format!("…{end}"))
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, span: Range<usize>, expect: &str) {
        let error = bad_query(query, Some(span), "here".to_owned());
        assert_eq!(error.detail, expect);
        assert_eq!(error.kind.code(), 2);
    }

    #[test]
    fn wrong_query_is_pointed_at() {
        check("a OR", 2..4, "  a OR\n    ^^");
        check("日本 (x", 7..8, "  日本 (x\n       ^");
        check("abc", 3..3, "  abc\n     ^");
        check("a\tb\u{1b}", 2..3, "  a b␛\n    ^");
        check("a", 9..12, "  a\n   ^");
    }

    #[test]
    fn long_query_is_shown_around_the_mark_alone() {
        let query = format!("{}( {}", "word ".repeat(1000), "word ".repeat(1000));
        let shown = bad_query(&query, Some(5000..5001), "here".to_owned()).detail;
        let (line, mark) = shown.split_once('\n').unwrap();
        assert!(
            line.starts_with("  …word word") && line.ends_with('…'),
            "{line}"
        );
        assert_eq!(
            mark.chars().count() - 1,
            columns(line.split_once('(').unwrap().0)
        );
        assert!(shown.len() < 300, "{shown}");
        let whole = bad_query(&query, Some(0..query.len()), "too long".to_owned());
        assert!(whole.render().len() < 600, "{}", whole.render());
    }

    #[test]
    fn error_shows_query_mark_and_hint() {
        let error = bad_query(
            "lexer OR",
            Some(6..8),
            "OR stands between two words".to_owned(),
        );
        insta::assert_snapshot!(error.render());
    }
}
