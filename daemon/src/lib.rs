//! sessionsd: archives, indexes and serves Claude Code sessions.
//!
//! ```text
//! ingest: watch ─► tail ─► archive      one thread, owns the archive
//! derive: log ─► catalog + index        one thread, owns the pair
//! rpc ─► backend ─► engines             asynchronous; questions run on blocking threads
//! ```
//! The archive comes first: nothing but reading precedes it, and all else can be rebuilt from it.

mod annotation;
mod app;
mod backend;
mod causes;
mod clock;
mod config;
mod derive;
mod footing;
mod ingest;
mod live;
mod lock;
mod logs;
mod reserve;
mod roots;
mod rpc;
mod salvage;
mod sandbox;
mod socket;
mod succession;
mod supervise;
mod suspicion;

pub use app::{AppError, Ended, Origin, check_sandbox, run};
pub use causes::chain;
pub use ingest::IngestError;
pub use salvage::SalvageError;
pub use succession::{IN_A_ROW, SERVICE, START_AGAIN, SUCCEED, called, in_a_row, stand_by};
