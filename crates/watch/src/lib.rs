//! Says that a path changed, and nothing more.
//!
//! [`Watcher::start`] watches config roots by file system events, or by polling where events do not
//! reach us, and [`Hints::next`] hands what changed to one consumer: coalesced by path, bounded, and
//! with a rescan of the root where something was lost. A hint may be early, late or about nothing;
//! whoever gets it looks at the disk. What a path means is not known here.

mod cover;
mod covering;
mod error;
mod file_system;
mod folder;
mod hints;
mod pending;
mod poll;
mod system;
mod watcher;

pub use error::WatchError;
pub use folder::Folder;
pub use hints::{Changed, Hints, Wake};
pub use watcher::{Method, Options, RootIndex, RootWatch, Watcher};
