//! A scripted Messages API on loopback, so that the real client runs without a network or a model.
//!
//! A prompt carries the mark of a script that was registered before, and each message of the script
//! answers one request. Knows the wire format of the API; must not know what the client writes to disk.

mod answer;
mod board;
mod http;
mod script;
mod server;
mod stream;

pub use board::Recorded;
pub use script::{Block, Failure, Message, agent, bash, edit, gate, read, say, text, think, write};
pub use server::Mock;
