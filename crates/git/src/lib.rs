//! What state a repository is in, by running git: the commit, the branch, and what differs.
//!
//! Clients alone do this: the daemon starts no program and reads nothing beyond its roots. Must not know what
//! the state is wanted for.

mod run;
mod state;

pub use run::Git;
