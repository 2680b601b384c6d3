//! The derived full-text index: what was said, by every word and every part of one.
//!
//! Owns the tokenizer, the schema, the commits and the ranking, on tantivy. Everything in it can be
//! made again from the archive. Knows no transcripts, no query language and no catalog: documents
//! come in with session ordinals, matches go out with the place of their line in the archive.

mod budget;
mod directory;
mod document;
mod error;
mod expr;
mod lexicon;
mod matches;
mod merging;
mod opening;
mod payload;
mod queue;
mod reader;
mod row;
mod schema;
mod scope;
mod search;
mod stem;
mod tokenize;
mod writer;

pub use budget::Budget;
pub use document::{Document, Position};
pub use error::IndexError;
pub use expr::Expr;
pub use matches::{Match, Matches, Tallies, Wanted};
pub use merging::Merging;
pub use opening::{Opened, RebuildReason, examine};
pub use reader::{IndexReader, Snapshot};
pub use schema::SCHEMA_VERSION;
pub use scope::{OrdinalSet, Scope};
pub use search::{DocumentName, DocumentPlace, DocumentSet};
pub use stem::stem;
pub use tokenize::{
    ENCODED_BYTES_MAX, Role, TOKEN_BYTES_MAX, TOKENIZER_VERSION, Token, tokenize, tokenize_query,
};
pub use writer::{IndexWriter, WriterBudget};
