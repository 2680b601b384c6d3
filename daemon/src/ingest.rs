//! From the disk to the archive: one thread that looks where something changed and appends what is new.
//!
//! ```text
//! hints ─► queue ─► visit ─► archive            a live path goes ahead of the backlog of a scan
//!   scan ──┘          tail, comparison            reading safely; nothing is parsed here
//! ```
//! Invariant: the daemon opens Claude's directory for reading only.

mod archivist;
mod comparison;
mod disk;
mod error;
mod exclude;
mod faults;
mod handle;
mod held;
mod place;
mod queue;
mod retention;
mod tail;
mod timers;
mod visit;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use archivist::Archivist;
pub use error::IngestError;
pub(crate) use exclude::{Excludes, leads_to_any};
pub(crate) use handle::{Archiving, ArchivistHandle, Pace, Parts, Settled};
pub(crate) use place::FOLDERS;
