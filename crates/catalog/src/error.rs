//! What can go wrong with the catalog. It does not decide what to do about it.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// A failure of the catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The directory cannot be made.
    #[error("could not make the catalog's directory {}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened, for a reason that a rebuild would not cure.
    #[error("could not open the catalog {}", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// An unusable database cannot be put out of the way.
    #[error("could not remove the unusable catalog {}", path.display())]
    Remove {
        /// The database file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A read failed.
    #[error("could not read {what} from the catalog")]
    Read {
        /// What was read.
        what: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// A write failed.
    #[error("could not write {what} to the catalog")]
    Write {
        /// What was written.
        what: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
}

impl CatalogError {
    /// Returns whether the database is damaged: a rebuild cures it.
    pub fn is_corrupt(&self) -> bool {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => is_corrupt(source),
            Self::Directory { .. } | Self::Open { .. } | Self::Remove { .. } => false,
        }
    }
}

/// Returns whether `error` says that the bytes on disk are not what was written.
pub(crate) fn is_corrupt(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            )
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

/// Says what a statement was about.
pub(crate) trait Doing<T> {
    /// Names what was read.
    fn reading(self, what: &'static str) -> Result<T, CatalogError>;
    /// Names what was written.
    fn writing(self, what: &'static str) -> Result<T, CatalogError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn reading(self, what: &'static str) -> Result<T, CatalogError> {
        self.map_err(without_statement)
            .map_err(|source| CatalogError::Read { what, source })
    }

    fn writing(self, what: &'static str) -> Result<T, CatalogError> {
        self.map_err(without_statement)
            .map_err(|source| CatalogError::Write { what, source })
    }
}

/// Leaves out the text of the statement, which tells a user nothing.
fn without_statement(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(msg))
        }
        error => error,
    }
}
