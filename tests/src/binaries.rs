//! The programs under test, built by the run that tests them.
//!
//! `SESSIONS_BIN_DIR` names a directory of programs that were just built (`cargo xtask test` sets it);
//! without it they are built here, into the target directory and with the profile of the test itself,
//! so that a stale program is never tested.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

/// Where the programs are.
#[derive(Debug)]
pub struct Binaries {
    /// `sessionsd`.
    pub daemon: PathBuf,
    /// `sessions`.
    pub cli: PathBuf,
    /// `sessions-hook`.
    pub hook: PathBuf,
}

/// Returns the programs, building them on the first call.
pub fn built() -> Result<&'static Binaries> {
    static BUILT: OnceLock<Result<Binaries, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| find_or_build().map_err(|error| format!("{error:#}")));
    built.as_ref().map_err(|words| anyhow!("{words}"))
}

fn find_or_build() -> Result<Binaries> {
    let directory = match env::var_os("SESSIONS_BIN_DIR") {
        Some(directory) => PathBuf::from(directory),
        None => build()?,
    };
    let find = |name: &str| {
        let path = directory.join(name);
        ensure!(path.is_file(), "there is no {}", path.display());
        Ok(path)
    };
    Ok(Binaries {
        daemon: find("sessionsd")?,
        cli: find("sessions")?,
        hook: find("sessions-hook")?,
    })
}

fn build() -> Result<PathBuf> {
    let mut cargo = cargo("build")?;
    for package in ["sessions-daemon", "sessions-cli", "sessions-hook"] {
        cargo.args(["--package", package]);
    }
    let status = cargo.status().context("could not run cargo")?;
    ensure!(status.success(), "the programs under test do not build");
    profile_dir()
}

/// Returns `cargo <verb>` for this workspace, target directory and profile.
pub fn cargo(verb: &str) -> Result<Command> {
    let profile_dir = profile_dir()?;
    let target_dir = profile_dir
        .parent()
        .context("a profile has a target directory")?;
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(program);
    cargo.current_dir(workspace()).args([verb, "--quiet"]);
    cargo.arg("--target-dir").arg(target_dir);
    if profile_dir.ends_with("release") {
        cargo.arg("--release");
    }
    Ok(cargo)
}

/// Returns the workspace's directory.
pub fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Returns `<target>/<profile>`: a test executable lies in its `deps`.
pub(crate) fn profile_dir() -> Result<PathBuf> {
    let executable = env::current_exe()?;
    let profile = executable.ancestors().nth(2);
    let profile = profile.context("a test executable lies two levels below its profile")?;
    Ok(profile.to_owned())
}
