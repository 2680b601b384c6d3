//! Which system calls are refused. Knows numbers and arguments, not who makes the calls.
//!
//! The daemon listens and is connected to; it connects to nothing. A filter sees numbers and not what pointers
//! lead to, so it cannot tell one address from another: every way to name one is refused.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// What is refused whatever its arguments: connecting, running programs, reaching into other processes,
/// and the ring that does all of this unseen.
const REFUSED: [i64; 8] = [
    libc::SYS_connect,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
];

/// The bits of a socket's type that no stream has. Other sockets take an address with each message.
const NOT_STREAM: [u64; 3] = [0b0010, 0b0100, 0b1000];

/// On `x86_64`, the bit by which the same calls are made with shorter pointers, where a kernel has that.
const X32: i64 = 0x4000_0000;

/// Calls of [`REFUSED`] that have numbers of their own there: execve, ptrace, `process_vm_readv`,
/// `process_vm_writev`, execveat.
///
/// Source: Linux, `arch/x86/entry/syscalls/syscall_64.tbl`.
const X32_REFUSED: [i64; 5] = [520, 521, 539, 540, 545];

pub(super) fn enter() -> String {
    let entered = program().and_then(|program| {
        seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())
    });
    match entered {
        Ok(()) => {
            "calls: no network, no connections but those made to it, no other programs".into()
        }
        Err(error) => format!("calls: not restricted, {error}"),
    }
}

fn program() -> Result<BpfProgram, String> {
    let text = |error: BackendError| error.to_string();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        rules.insert(call, other_sockets().map_err(text)?);
    }
    rules.insert(libc::SYS_sendto, addressed().map_err(text)?);
    if cfg!(target_arch = "x86_64") {
        let again = rules
            .iter()
            .map(|(call, rules)| (call | X32, rules.clone()));
        let again: Vec<_> = again.collect();
        rules.extend(again);
        rules.extend(X32_REFUSED.map(|call| (call | X32, Vec::new())));
    }
    let errno = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into().map_err(text)?;
    SeccompFilter::new(rules, SeccompAction::Allow, errno, machine)
        .and_then(TryInto::try_into)
        .map_err(text)
}

/// Returns what makes a socket another than a local stream: its family, or its type.
fn other_sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let mut rules = vec![rule(0, SeccompCmpOp::Ne, local)?];
    for bit in NOT_STREAM {
        rules.push(rule(1, SeccompCmpOp::MaskedEq(bit), bit)?);
    }
    Ok(rules)
}

/// Returns what makes a message one with an address.
fn addressed() -> Result<Vec<SeccompRule>, BackendError> {
    let none = SeccompCondition::new(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    Ok(vec![SeccompRule::new(vec![none])?])
}

fn rule(argument: u8, operation: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let length = SeccompCmpArgLen::Dword;
    let condition = SeccompCondition::new(argument, length, operation, value)?;
    SeccompRule::new(vec![condition])
}
