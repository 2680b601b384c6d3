//! The query language: text to a tree and back. It knows neither the catalog nor the index.
//!
//! Every word must be met. `OR` between two of them means either, `-word` and `NOT word` mean without, `( )`
//! groups, `"a phrase"` means in this order, `prefix*` a beginning, `word~` typos, `*` everything, and
//! `name:value` filters; `name:"a value"` holds spaces, a backslash in quotes escapes a quote or itself.
//! `'a text'` means exactly these characters, and `/a regex/` what it matches, `/a regex/i` in any case.
//!
//! People paste what they see. So these are text, not syntax:
//!
//! * a parenthesis within a word (`foo(bar)`) or one that closes nothing, an empty pair of them;
//! * a quote within a word, or one that no other closes: the words after it stand for themselves; one that
//!   opens an exact text is closed where a word ends (`'don't'`);
//! * a path: what stands between its first two slashes is a regex only if nothing follows (`/usr/lib/`);
//! * `--flag`, `->`, and a `-` that stands alone, which is nothing;
//! * a colon after what is no filter (`a::b`, `http://x`, `main.rs:42`, `TODO:now`), after a filter's
//!   name with nothing behind it (`file: x`), or two of them (`session::Id`);
//! * an `OR`, `AND` or `NOT` that has nothing to join.
//!
//! A name that is nearly a filter's is an error, as is a value that its filter does not know.

mod date;
mod exact;
mod filter;
mod lexer;
mod nearest;
mod parser;
mod show;
mod when;

use std::ops::Range;

pub use date::{Date, Span, Unit};
pub use filter::Filter;
pub use when::When;

/// Longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 4096;

/// Most words, phrases and filters of one query.
pub const TERMS_MAX: usize = 128;

/// Deepest nesting of parentheses.
pub const DEPTH_MAX: usize = 32;

/// What is asked, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Everything.
    All,
    /// A word.
    Word(String),
    /// The beginning of a word.
    Prefix(String),
    /// A word with typos.
    Typo(String),
    /// Words in this order.
    Phrase(String),
    /// Exactly these characters.
    Literal(String),
    /// What a regular expression matches.
    Regex(String),
    /// A condition on where, when and what.
    Filter(Filter),
    /// Each of them.
    And(Vec<Self>),
    /// One of them at least.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
}

/// A query that can be planned. Its [`Display`](std::fmt::Display) parses to an equal one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(crate) root: Node,
}

impl Query {
    /// Whether it asks for certain sessions by name.
    pub(crate) fn names_session(&self) -> bool {
        self.root.names_session()
    }
}

impl Node {
    fn names_session(&self) -> bool {
        match self {
            Self::Filter(Filter::Session(_)) => true,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::names_session),
            _ => false,
        }
    }
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The bytes at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl SyntaxError {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// Parses a query.
pub fn parse(text: &str) -> Result<Query, SyntaxError> {
    if text.len() > QUERY_BYTES_MAX {
        let end = text.floor_char_boundary(QUERY_BYTES_MAX);
        let message = format!("the query is longer than {QUERY_BYTES_MAX} bytes");
        return Err(SyntaxError::new(end..text.len(), message));
    }
    parser::parse(&lexer::tokens(text)?, text)
}

#[cfg(test)]
mod tests;
