//! What can go wrong with an index.

use std::io;
use std::path::PathBuf;

use tantivy::TantivyError;

/// What failed, on what. The index is derived: any of these ends in a rebuild at worst.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The directory could not be made or emptied.
    #[error("could not prepare the index directory {dir}")]
    Prepare {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The index in the directory could not be opened for writing.
    #[error("could not open the index in {dir}")]
    Open {
        /// The directory.
        dir: PathBuf,
        /// Why.
        #[source]
        source: TantivyError,
    },
    /// Documents could not be added.
    #[error("could not add documents to the index")]
    Add(#[source] TantivyError),
    /// A commit could not be written.
    #[error("could not commit the index")]
    Commit(#[source] TantivyError),
    /// A commit could not be opened for reading.
    #[error("could not read the committed index")]
    Reload(#[source] TantivyError),
    /// A search failed while it ran.
    #[error("could not search the index")]
    Search(#[source] TantivyError),
    /// The search took more than it may, or nobody waits for it.
    #[error("the search was given up")]
    GivenUp,
    /// The checksums could not be read.
    #[error("could not verify the index")]
    Verify(#[source] TantivyError),
}
