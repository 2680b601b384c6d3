//! What `setup`, `uninstall` and `doctor` take.

use clap::Args;

/// `sessions setup`.
#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// Ask nothing.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would change, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Leave the daemon to be started by whoever needs it.
    #[arg(long)]
    pub(crate) no_service: bool,
}

/// `sessions doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print JSON; see docs/json.md.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sessions uninstall`.
#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// Ask nothing.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would change, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}
