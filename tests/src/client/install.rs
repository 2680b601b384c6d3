//! Installs the client once per target directory.
//!
//! Knows npm; must not know how the client is run.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::binaries::profile_dir;

/// The version of `@anthropic-ai/claude-code` that the tests drive.
pub const VERSION: &str = "2.1.330";

const PACKAGE: &str = "@anthropic-ai/claude-code";

/// Returns the client's executable, installing it first where no earlier run has.
///
/// It lives beside the build's profile directory, so `cargo clean` removes it.
pub fn installed() -> Result<&'static Path> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| install().map_err(|error| format!("{error:#}")));
    match installed {
        Ok(path) => Ok(path),
        Err(words) => Err(anyhow!("{words}")),
    }
}

fn install() -> Result<PathBuf> {
    let profile = profile_dir()?;
    let cache = profile
        .parent()
        .context("a profile has a target directory")?;
    let prefix = cache.join(format!("claude-code-{VERSION}"));
    if !prefix.exists() {
        fs::create_dir_all(cache)?;
        let staging = tempfile::Builder::new()
            .prefix("claude-code-staging-")
            .tempdir_in(cache)
            .with_context(|| format!("could not make a directory in {}", cache.display()))?;
        run_npm(staging.path())?;
        find_executable(staging.path())?;
        publish(&staging.keep(), &prefix)?;
    }
    find_executable(&prefix)
}

/// Moves a whole installation to its place; one that another process put there first is as good.
fn publish(staging: &Path, prefix: &Path) -> Result<()> {
    if let Err(error) = fs::rename(staging, prefix) {
        fs::remove_dir_all(staging)?;
        let lost_race = prefix.exists();
        ensure!(lost_race, "could not publish {}: {error}", prefix.display());
    }
    Ok(())
}

fn run_npm(prefix: &Path) -> Result<()> {
    // The package's own script only links the executable to a second name.
    let output = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--no-save", "--loglevel=error", "--prefix"])
        .arg(prefix)
        .arg(format!("{PACKAGE}@{VERSION}"))
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "npm is not installed: these tests drive the real client ({PACKAGE}@{VERSION}); \
             install Node.js 20 or later with npm, for example \"apt-get install npm\""
        ),
        output => output.context("could not run npm")?,
    };
    ensure!(
        output.status.success(),
        "npm could not install {PACKAGE}@{VERSION}; is registry.npmjs.org within reach?\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Returns the executable of the platform's package.
fn find_executable(prefix: &Path) -> Result<PathBuf> {
    let scope = prefix.join("node_modules/@anthropic-ai");
    let packages = fs::read_dir(&scope).with_context(|| scope.display().to_string())?;
    for package in packages {
        let executable = package?.path().join("claude");
        if executable.is_file() {
            return Ok(executable);
        }
    }
    bail!(
        "{PACKAGE}@{VERSION} has no executable for {}-{}; remove {} to try again",
        env::consts::OS,
        env::consts::ARCH,
        prefix.display()
    )
}
