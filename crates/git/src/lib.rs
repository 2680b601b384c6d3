//! What state a repository is in, by running git: the commit, the branch, what differs, and its worktrees; and that
//! state, checked out once more.
//!
//! Clients alone do this: the daemon starts no program and reads nothing beyond its roots. Must not know what
//! the state is wanted for.

mod checkout;
mod run;
mod state;
#[cfg(test)]
mod trial;
mod worktrees;

pub use checkout::{CheckOutError, Checkout};
pub use run::Git;
