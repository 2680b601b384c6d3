//! The query language and its answers.
//!
//! [`syntax`] reads a query, a plan makes questions to the index of it, and [`Engine`] joins what they
//! find with the catalog's facts and the archive's text. Nothing here writes anything, and nothing knows
//! how bytes reached the archive or how answers reach a user.

mod checkpoint;
mod engine;
mod error;
mod exact;
mod facets;
mod grep;
mod locate;
mod long_line;
mod looser;
mod plan;
mod read;
mod search;
mod snippet;
mod sources;
pub mod syntax;
mod terms;

pub use checkpoint::Unplaced;
pub use engine::Engine;
pub use error::QueryError;
pub use exact::{PATTERN_BYTES_MAX, has_exact};
pub use grep::{GrepRequest, Grepped, Listener};
pub use read::Reading;
pub use search::{SearchRequest, Searched};
pub use sessions_index::Budget;
pub use sources::{GenerationListing, SourceListing};
