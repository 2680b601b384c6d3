//! What the end-to-end tests stand on: a scripted model API, the real Claude Code client, and the
//! built programs in a home of their own. A map; the tests are in `tests/`.

pub mod binaries;
pub mod client;
pub mod corpus;
mod daemon;
mod home;
pub mod mock;
pub mod tree;
mod waiting;

pub use daemon::Daemon;
pub use home::Home;
pub use waiting::wait_for;
