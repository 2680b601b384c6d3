//! Derived facts about sessions: titles, counts, models, tokens, projects.
//!
//! Everything here can be rebuilt from the archive. One thread writes through [`Catalog`], any number
//! read through [`CatalogReader`]s. It knows neither files, nor transcripts, nor the index.
//!
//! Invariant: what the catalog says does not depend on the order in which rows reached it, so that the
//! two lanes may interleave as they like and a rebuild gives the same answers.

mod admitted;
mod calls;
mod catalog;
mod checkpoint;
mod error;
mod facts;
mod ledger;
mod operation;
mod position;
mod project;
mod reader;
mod schema;
mod sources;
mod state;
mod tag;

pub use calls::OpenCall;
pub use catalog::{Applied, Catalog, Opened};
pub use checkpoint::CheckpointWord;
pub use error::CatalogError;
pub use facts::{MessageKey, SessionFacts, SourceFacts, TokenUse};
pub use position::Position;
pub use project::project_name;
pub use reader::{CatalogReader, SessionPredicate, Totals};
pub use tag::OperationName;
