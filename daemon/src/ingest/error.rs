//! What can go wrong between the disk and the archive.

use std::io;

use sessions_archive::ArchiveError;
use sessions_watch::WatchError;

/// Why ingesting could not start or answer.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The config roots cannot be watched.
    #[error("could not watch the config roots")]
    Watch(#[from] WatchError),
    /// The archive failed.
    #[error("could not use the archive")]
    Archive(#[from] ArchiveError),
    /// The thread did not start.
    #[error("could not start the archivist's thread")]
    Thread(#[source] io::Error),
    /// A glob of the settings is none.
    #[error("could not read the exclude pattern {pattern:?}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// The archivist has ended, or has too much to do to listen.
    #[error("the archivist does not answer")]
    Silent,
}

/// Why one look at a source failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    /// The file could not be read.
    #[error("could not read the file")]
    Read(#[from] io::Error),
    /// What is archived of it could not be read back.
    #[error("could not compare the file with the archive")]
    Archive(#[from] ArchiveError),
}
