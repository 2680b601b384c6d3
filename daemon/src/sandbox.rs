//! Takes from the daemon what it does not need: the network, other programs, other files.
//!
//! Applied once, before anything is opened and before a thread is started. Where the kernel offers
//! less, the daemon runs with less and `status` says so. Knows paths, not what is in them.
//!
//! Invariant: the daemon opens Claude's directories for reading only, and has no way to the network.

mod probe;

use std::path::PathBuf;

pub(crate) use probe::{Attempt, probe};

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
mod calls {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };

    /// What is refused whatever its arguments: running programs, tracing, and the ring that could
    /// open sockets unseen.
    const REFUSED: [i64; 4] = [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_io_uring_setup,
    ];

    pub(super) fn enter() -> String {
        let entered = program().and_then(|program| {
            seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())
        });
        match entered {
            Ok(()) => "calls: no internet sockets, no other programs".into(),
            Err(error) => format!("calls: not restricted, {error}"),
        }
    }

    fn program() -> Result<BpfProgram, String> {
        let text = |error: seccompiler::BackendError| error.to_string();
        let not_local = SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Ne,
            u64::from(libc::AF_UNIX.unsigned_abs()),
        )
        .map_err(text)?;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
        rules.insert(
            libc::SYS_socket,
            vec![SeccompRule::new(vec![not_local]).map_err(text)?],
        );
        let errno = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let machine = std::env::consts::ARCH.try_into().map_err(text)?;
        SeccompFilter::new(rules, SeccompAction::Allow, errno, machine)
            .and_then(TryInto::try_into)
            .map_err(text)
    }
}

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
