//! The truth: every byte of every source, append-only.
//!
//! A cursor and its bytes move together in one `SQLite` transaction, and each change takes the next
//! [`Seq`](sessions_model::Seq) of the log. [`Archive`] is the one writer, [`ArchiveReader`] any number
//! of readers. Nothing here knows what a record is: a line is bytes up to a newline.

mod adopt;
mod archive;
mod backup;
mod blob;
mod cache;
mod code;
mod codec;
mod cursor;
mod dictionary;
mod error;
mod event;
mod fold;
mod frame;
mod identity;
mod log;
mod loss;
mod mend;
mod notes;
mod operation;
mod place;
mod reader;
mod salvage;
mod schema;
mod source;
mod span;
mod stretch;
mod transaction;
mod verify;
mod wanted;

pub use adopt::is_lost;
pub use archive::Archive;
pub use backup::BackupReceipt;
pub use cursor::{Cursor, FileStamp, Fingerprint, SourceState};
pub use error::{ArchiveError, Damage, ErrorKind, Refusal, Step};
pub use event::{Event, EventSum};
pub use fold::Folded;
pub use identity::{Held, Presence};
pub use log::{Heads, Lane, LogRow, Logged};
pub use loss::{KnownLoss, Loss};
pub use mend::{Mended, OtherCopy};
pub use operation::{NewOperation, Operation, OperationId};
pub use place::Place;
pub use reader::{
    ArchiveReader, FrameSum, GenerationRow, LINE_BYTES_MAX, READ_BYTES_MAX, RootRow, Usage,
};
pub use salvage::Salvaged;
pub use stretch::Stretch;
pub use transaction::{TRANSACTION_BYTES_MAX, Transaction};
