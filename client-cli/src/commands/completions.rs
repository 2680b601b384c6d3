//! `sessions completions`, and the pages of the manual for packages.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::CliError;
use crate::output::Output;

/// The program that is completed.
pub(super) const PROGRAM: &str = "sessions";

/// Prints what a shell is to complete.
pub(crate) fn run(shell: Shell) -> Result<(), CliError> {
    let mut out = Output::direct();
    out.write_all(&script(shell))?;
    Ok(out.finish()?)
}

/// Returns what makes a shell complete commands.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    script
}

/// Writes a page for the program and for each verb into `dir`.
pub(crate) fn manual(dir: &Path) -> Result<(), CliError> {
    clap_mangen::generate_to(Cli::command(), dir).map_err(|error| CliError::unwritten(dir, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        manual(dir.path()).unwrap();
        for page in ["sessions.1", "sessions-setup.1", "sessions-daemon-stop.1"] {
            assert!(dir.path().join(page).is_file(), "{page}");
        }
    }
}
