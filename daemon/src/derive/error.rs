//! Why the derived pair could not be brought forward.

use std::io;
use std::path::PathBuf;

use sessions_archive::ArchiveError;
use sessions_catalog::CatalogError;
use sessions_index::IndexError;
use sessions_model::SourceId;

/// What failed, on what.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeriveError {
    /// The archive could not be read.
    #[error("could not read the archive")]
    Archive(#[from] ArchiveError),
    /// The catalog failed.
    #[error("the catalog failed")]
    Catalog(#[from] CatalogError),
    /// The index failed.
    #[error("the index failed")]
    Index(#[from] IndexError),
    /// A folder of a pair could not be made, marked or switched.
    #[error("could not write the derived pair in {dir}")]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Too little space is left.
    #[error(
        "indexing waits: fewer than {} MB are free where {} is, and those are left to others",
        wanted / 1_000_000, dir.display()
    )]
    NoSpace {
        /// Where.
        dir: PathBuf,
        /// What the settings leave to others.
        wanted: u64,
    },
    /// The log names a source that is not there.
    #[error("the archive's log names source {0}, which it does not have")]
    NoSource(SourceId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_space_says_no_number_that_changes_meanwhile() {
        let error = DeriveError::NoSpace {
            dir: "/data/derived".into(),
            wanted: 512_000_000,
        };
        assert_eq!(
            error.to_string(),
            "indexing waits: fewer than 512 MB are free where /data/derived is, and those are left to others"
        );
    }
}
