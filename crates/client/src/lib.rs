//! Connects to the daemon, starts it if absent, and speaks in model types.
//!
//! With the daemon's own edge this is the one place that names generated types. It must not know how
//! answers are shown, nor how the daemon keeps what it keeps.

mod calls;
mod checkpoints;
mod connect;
mod convert;
mod detail;
mod error;
mod grep;
mod holder;
pub mod hook;
mod service;
mod start;
mod streams;
mod version;

pub use calls::{
    DirectoryFacts, Generation, Listing, SearchRequest, SessionFiles, Source, Verification,
};
pub use checkpoints::NewCheckpoint;
pub use connect::{Client, Connection, Start};
pub use error::{ClientError, ErrorKind, StartError};
pub use grep::{Found, GrepRequest};
pub use start::{DAEMON, find_program};
pub use streams::{BackupChunk, Backups, Bytes, Entries, Updates, Verifications, WatchUpdate};
pub use version::Version;
