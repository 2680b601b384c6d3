//! Takes from the daemon what it does not need: the network, other programs, other files.
//!
//! Applied once, before anything is opened and before a thread is started. Where the kernel offers
//! less, the daemon runs with less and `status` says so. Knows paths, not what is in them.
//!
//! Invariant: the daemon opens Claude's directories for reading only, and connects to nothing.

mod probe;

use std::path::PathBuf;

pub(crate) use probe::{Attempt, Outside, probe};

/// What the daemon may touch.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    /// Directories to read: the config roots, and what the kernel tells of processes.
    pub(crate) read: Vec<PathBuf>,
    /// Directories to read and write: the daemon's own.
    pub(crate) write: Vec<PathBuf>,
}

/// What came of it, a line each for `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sandbox {
    /// What is denied, or why it is not.
    pub(crate) lines: Vec<String>,
}

/// Restricts this process for the rest of its life and says what is now denied.
///
/// Never fails: a kernel without the means leaves the daemon as it was, and the lines say so.
pub(crate) fn enter(allowed: &Allowed) -> Sandbox {
    Sandbox {
        lines: vec![files::enter(allowed), calls::enter()],
    }
}

#[cfg(target_os = "linux")]
mod files {
    use landlock::{
        ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        RulesetStatus, path_beneath_rules,
    };

    use super::Allowed;

    /// The newest set of rights this code knows; older kernels enforce the part they have.
    const RIGHTS: ABI = ABI::V5;

    pub(super) fn enter(allowed: &Allowed) -> String {
        match restrict(allowed) {
            Ok(RulesetStatus::FullyEnforced) => {
                "files: reads the config roots, writes its own directories, nothing else".into()
            }
            Ok(RulesetStatus::PartiallyEnforced) => {
                "files: restricted as far as this kernel can (Landlock, in part)".into()
            }
            Ok(RulesetStatus::NotEnforced) => {
                "files: not restricted, this kernel has no Landlock".into()
            }
            Err(error) => format!("files: not restricted, {error}"),
        }
    }

    fn restrict(allowed: &Allowed) -> Result<RulesetStatus, RulesetError> {
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(RIGHTS))?
            .create()?
            .add_rules(path_beneath_rules(
                &allowed.read,
                AccessFs::from_read(RIGHTS),
            ))?
            .add_rules(path_beneath_rules(
                &allowed.write,
                AccessFs::from_all(RIGHTS),
            ))?
            .restrict_self()?;
        Ok(status.ruleset)
    }
}

#[cfg(target_os = "linux")]
mod calls;

#[cfg(not(target_os = "linux"))]
mod files {
    pub(super) fn enter(_: &super::Allowed) -> String {
        "files: not restricted, this system has no Landlock".into()
    }
}

#[cfg(not(target_os = "linux"))]
mod calls {
    pub(super) fn enter() -> String {
        "calls: not restricted, this system has no seccomp".into()
    }
}
