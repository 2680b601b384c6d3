//! The workspace on disk and the programs run in it.
//!
//! Owns paths and child processes; knows nothing of what the commands are for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Where the project lies and where it is built.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has no folder above it")?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => {
                std::path::absolute(folder).context("could not read the target folder")?
            }
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Returns a cargo command in the workspace's folder, with standard input closed.
    pub(crate) fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Returns a command of the compiler.
    pub(crate) fn rustc(&self) -> Command {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Returns the platform this runs on, as the compiler names it.
    pub(crate) fn host(&self) -> Result<String> {
        let version = read_output(self.rustc().arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned)
            .context("rustc does not name its host")
    }

    /// Returns a git command in the workspace's folder.
    pub(crate) fn git(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Builds the daemon and the CLI, and returns the folder they are in.
    pub(crate) fn build_programs(&self, profile: Profile) -> Result<PathBuf> {
        let mut cargo = self.cargo();
        cargo.args(["build", "--bins"]);
        match profile {
            Profile::Release => {
                cargo.args(["--release", "-p", "sessions-daemon", "-p", "sessions-cli"])
            }
            // As the tests select it: with other features every dependency would be built twice.
            Profile::Debug => cargo.arg("--workspace"),
        };
        run_visibly(&mut cargo)?;
        Ok(self.target.join(profile.folder()))
    }

    /// Builds the daemon and the command line as they are shipped, and returns the folder they are in.
    pub(crate) fn build_shipped(&self) -> Result<PathBuf> {
        let packages = ["sessions-daemon", "sessions-cli"];
        self.build_for_others(&packages, (&[], &[]))
    }

    /// Builds the hook shim as it is shipped, and returns it: without libraries to be loaded, which take longer
    /// than all that it does.
    pub(crate) fn build_hook(&self) -> Result<PathBuf> {
        // Measured: at a fixed address, for size, and without what would be needed to unwind it, it is a third
        // smaller and starts no later. Elsewhere, programs must be movable and load the system's library.
        let script = self.root.join("hook-shim/no-unwinding.ld");
        let script = format!("-Clink-arg=-Wl,-T,{}", script.display());
        let flags: &[&str] = if cfg!(target_os = "linux") {
            &[
                "-Ctarget-feature=+crt-static",
                "-Crelocation-model=static",
                "-Clink-arg=-Wl,--no-eh-frame-hdr",
                &script,
            ]
        } else {
            &[]
        };
        // One call and out: there is nobody to catch a panic for, unlike in the daemon.
        let profile: &[_] = &[("OPT_LEVEL", "z"), ("PANIC", "abort")];
        let folder = self.build_for_others(&["sessions-hook"], (profile, flags))?;
        Ok(folder.join("sessions-hook"))
    }

    /// Builds programs for other machines, and returns the folder they are in.
    fn build_for_others(
        &self,
        packages: &[&str],
        (profile, flags): (&[(&str, &str)], &[&str]),
    ) -> Result<PathBuf> {
        let host = self.host()?;
        let mut cargo = self.cargo();
        cargo.args(["build", "--locked", "--profile", "dist"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        // With a target named, what runs while building is built as ever.
        cargo.args(["--target", &host]);
        // What a defect says of its place is not to tell where this machine keeps things.
        let remap =
            |from: PathBuf, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut all = vec![remap(self.root.clone(), "claude-sessions")];
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo_home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        all.extend(cargo_home.map(|home| remap(home.join("registry/src"), "registry")));
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        // Unlike in RUSTFLAGS, a path may hold blanks.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
        for (key, value) in profile {
            cargo.env(format!("CARGO_PROFILE_DIST_{key}"), value);
        }
        run_visibly(&mut cargo)?;
        Ok(self.target.join(host).join("dist"))
    }
}

/// How programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As shipped.
    Release,
    /// As tested.
    Debug,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

/// Runs a command whose output goes where ours goes; an exit code other than 0 is an error.
pub(crate) fn run_visibly(command: &mut Command) -> Result<()> {
    println!("$ {}", describe(command));
    let status = command
        .status()
        .with_context(|| format!("could not run {}", describe(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", describe(command));
    }
    Ok(())
}

/// Runs a command and returns its standard output; an exit code other than 0 is an error.
pub(crate) fn read_output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("could not run {}", describe(command)))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} ended with {}: {}",
            describe(command),
            output.status,
            reason.trim()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} wrote bytes that are no text", describe(command)))
}

/// Finds a program on the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
