//! Why there is no answer.

use std::ops::Range;

use sessions_archive::ArchiveError;
use sessions_catalog::CatalogError;
use sessions_index::IndexError;

use crate::syntax::SyntaxError;

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The query does not parse.
    #[error("{message}")]
    Syntax {
        /// The bytes of the query at fault.
        span: Range<usize>,
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: Option<String>,
    },
    /// A pattern cannot be matched.
    #[error("{message}")]
    Pattern {
        /// The bytes of the pattern at fault.
        span: Range<usize>,
        /// What is wrong.
        message: String,
    },
    /// The archive failed.
    #[error("could not ask the archive")]
    Archive(#[from] ArchiveError),
    /// The catalog failed.
    #[error("could not ask the catalog")]
    Catalog(#[from] CatalogError),
    /// The index failed.
    #[error("could not ask the index")]
    Index(#[source] IndexError),
    /// It took more than it may, or nobody waits for it.
    #[error("the query was given up")]
    GivenUp,
}

impl From<IndexError> for QueryError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::GivenUp => Self::GivenUp,
            other => Self::Index(other),
        }
    }
}

impl From<SyntaxError> for QueryError {
    fn from(error: SyntaxError) -> Self {
        let SyntaxError {
            span,
            message,
            hint,
        } = error;
        Self::Syntax {
            span,
            message,
            hint,
        }
    }
}
