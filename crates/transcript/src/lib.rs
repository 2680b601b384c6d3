//! Lines of a transcript to records, defects and entries.
//!
//! Owns what Claude Code's files mean: which file is what ([`classify`]), what a line says ([`parse`]),
//! and how a session reads ([`Conversation`]). Does no I/O, never fails and never panics: whatever the
//! bytes are, the answer is a value. Must not know where bytes are kept or how entries are shown.

mod conversation;
mod folder;
mod json_tokens;
mod key;
mod lines;
mod object;
mod origin;
mod parse;
pub mod registry;
mod row;
mod rows;
mod spill;
mod time;

pub use conversation::{Conversation, Piece, entry_id};
pub use folder::project_folder;
pub use key::record_key;
pub use lines::{LINE_BYTES_MAX, Lines};
pub use origin::{classify, is_title_file};
pub use parse::parse;
pub use rows::{Rows, rows};
pub use spill::{PASSAGE_BYTES_MAX, SpilledPassages, spilled_passages};
