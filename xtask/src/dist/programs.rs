//! The programs as they are shipped, and what they say about themselves: pages of the manual and completions.
//!
//! Must not know how packages are laid out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::{Workspace, read_output, run_visibly};

/// The programs.
#[derive(Debug)]
pub(super) struct Programs {
    /// `sessions`.
    pub(super) cli: PathBuf,
    /// `sessionsd`.
    pub(super) daemon: PathBuf,
    /// `sessions-hook`.
    pub(super) hook: PathBuf,
}

/// What describes them.
#[derive(Debug)]
pub(super) struct Pages {
    /// The folder of the manual's pages.
    pub(super) manual: PathBuf,
    /// What shells complete.
    pub(super) bash: Vec<u8>,
    /// As for bash.
    pub(super) zsh: Vec<u8>,
    /// As for bash.
    pub(super) fish: Vec<u8>,
}

impl Programs {
    /// Builds them.
    pub(super) fn build(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.build_shipped()?;
        Ok(Self {
            hook: workspace.build_hook()?,
            ..Self::in_folder(&folder)
        })
    }

    /// Takes those that were built before.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            cli: folder.join("sessions"),
            daemon: folder.join("sessionsd"),
            hook: folder.join("sessions-hook"),
        }
    }

    /// Has the command line describe itself; `folder` is for the manual.
    pub(super) fn write_pages(&self, workspace: &Workspace, folder: &Path) -> Result<Pages> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        run_visibly(Command::new(&self.cli).arg("man").arg(folder))?;
        // What has no arguments to speak of is described by hand.
        for page in ["sessionsd.1", "sessions-hook.1"] {
            let from = workspace.root.join("packaging/man").join(page);
            fs::copy(&from, folder.join(page))
                .with_context(|| format!("could not copy {}", from.display()))?;
        }
        let complete = |shell: &str| -> Result<Vec<u8>> {
            let script = read_output(Command::new(&self.cli).args(["completions", shell]))?;
            ensure!(!script.is_empty(), "there are no completions for {shell}");
            Ok(script.into_bytes())
        };
        Ok(Pages {
            manual: folder.to_owned(),
            bash: complete("bash")?,
            zsh: complete("zsh")?,
            fish: complete("fish")?,
        })
    }
}
