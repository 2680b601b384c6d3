//! `cargo xtask test`: everything that can fail, in one command.
//!
//! Owns the order of the steps and the check for what must be installed. Nothing is skipped in silence:
//! where a program is missing, it says what to install and fails before anything is built.

use anyhow::{Result, bail};
use clap::Args;

use crate::tidy;
use crate::workspace::{Profile, Workspace, find_program, run_visibly};

/// What to test.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Passed on to `cargo test`, for example `-p sessions-archive`.
    #[arg(last = true)]
    cargo_arguments: Vec<String>,
}

/// A program that the tests run, and how to get it.
struct Needed {
    program: &'static str,
    why: &'static str,
    install: &'static str,
}

const NEEDED: &[Needed] = &[
    Needed {
        program: "git",
        why: "tidy reads the list of tracked files",
        install: "install git from your system's packages, for example \"apt-get install git\"",
    },
    Needed {
        program: "node",
        why: "the tests drive the real Claude Code client",
        install: "install Node.js 20 or newer: \"apt-get install nodejs\", \"brew install node\" or https://nodejs.org",
    },
    Needed {
        program: "npm",
        why: "the tests fetch the Claude Code client from the npm registry",
        install: "install npm, which comes with Node.js: \"apt-get install npm\" or \"brew install node\"",
    },
    #[cfg(target_os = "linux")]
    Needed {
        program: "dpkg",
        why: "the tests build the Debian package with dpkg-deb, and install it into a directory",
        install: "on other systems than Debian's: \"dnf install dpkg\" or \"pacman -S dpkg\"",
    },
    #[cfg(target_os = "linux")]
    Needed {
        program: "systemd-analyze",
        why: "the tests have systemd look at its units",
        install: "install systemd from your system's packages, for example \"apt-get install systemd\"; it need not run",
    },
    #[cfg(target_os = "linux")]
    Needed {
        program: "systemd-socket-activate",
        why: "the tests have the daemon started for its socket",
        install: "install systemd from your system's packages, for example \"apt-get install systemd\"; it need not run",
    },
];

/// Runs every test.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    require_programs()?;
    tidy::run(workspace)?;
    let programs = workspace.build_programs(Profile::Debug)?;
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--no-fail-fast"])
        .env("SESSIONS_BIN_DIR", programs);
    if options.cargo_arguments.is_empty() {
        cargo.arg("--workspace");
    }
    cargo.args(&options.cargo_arguments);
    run_visibly(&mut cargo)
}

fn require_programs() -> Result<()> {
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|needed| find_program(needed.program).is_none())
        .map(|needed| {
            format!(
                "{} is missing: {}\n  hint: {}",
                needed.program, needed.why, needed.install
            )
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", missing.join("\n"))
}
