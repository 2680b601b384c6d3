//! `cargo xtask dist`: packages for this machine's platform.
//!
//! Owns the options and the order of the work: build, lay out, pack, sum up. The same commit gives the same bytes:
//! entries are sorted, belong to nobody, and are as old as the commit.

mod debian;
mod homebrew;
mod layout;
mod programs;
mod tarball;
mod tree;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::workspace::{Workspace, find_program, read_output};
use homebrew::Source;
use programs::Programs;

/// The version of every program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the packages are called.
const NAME: &str = "claude-sessions";

/// What to package.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder to write to; `packages` in the target folder if not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Packages the programs of this folder, packed loosely, instead of building them: for tests.
    #[arg(long, hide = true)]
    programs: Option<PathBuf>,
    /// Where the sources of this version can be downloaded: writes the Homebrew formula.
    #[arg(long, requires = "source_sha256")]
    source_url: Option<String>,
    /// Their checksum.
    #[arg(long, requires = "source_url", value_parser = homebrew::checksum)]
    source_sha256: Option<String>,
}

/// How packages are made.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Seconds since 1970 that everything was last changed at.
    changed_at: u64,
    packing: Packing,
}

/// How hard it is tried to make packages small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// As small as can be.
    Tight,
    /// Quickly.
    Loose,
}

/// Writes the packages and `SHA256SUMS`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let default = || workspace.target.join("packages");
    let out = options.out.clone().unwrap_or_else(default);
    fs::create_dir_all(&out).with_context(|| format!("could not make {}", out.display()))?;
    let host = workspace.host()?;
    let (programs, packing) = match &options.programs {
        Some(folder) => (Programs::in_folder(folder), Packing::Loose),
        None => (Programs::build(workspace)?, Packing::Tight),
    };
    let manner = Manner {
        changed_at: changed_at(workspace)?,
        packing,
    };
    let pages = programs.write_pages(workspace, &out.join("pages"))?;
    let mut written = Vec::new();
    let name = format!("{NAME}-{VERSION}-{host}");
    let tarball = out.join(format!("{name}.tar.gz"));
    let tree = layout::of_tarball(&workspace.root, &programs, &pages)?;
    tarball::write(&tree, (&name, &tarball), manner)?;
    written.push(tarball);
    // Nothing but Debian's own tool knows Debian's format well; elsewhere, nobody would install it.
    if host.contains("linux") && find_program("dpkg-deb").is_some() {
        let tree = layout::of_debian(&workspace.root, &programs, &pages)?;
        written.push(debian::write(&tree, (&host, &out), manner)?);
    } else {
        println!("no Debian package: there is no dpkg-deb");
    }
    if let (Some(url), Some(sha256)) = (&options.source_url, &options.source_sha256) {
        written.push(homebrew::write(&out, Source { url, sha256 })?);
    }
    fs::remove_dir_all(out.join("pages"))?;
    sum_up(&out, &written)
}

/// Returns when the last commit was made, unless `SOURCE_DATE_EPOCH` says otherwise.
///
/// Source: <https://reproducible-builds.org/specs/source-date-epoch/>.
fn changed_at(workspace: &Workspace) -> Result<u64> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => read_output(workspace.git().args(["log", "-1", "--format=%ct"]))?,
    };
    let seconds = seconds.trim().parse();
    seconds.context("neither SOURCE_DATE_EPOCH nor git says when the last change was")
}

/// Writes the checksums of what was written.
fn sum_up(out: &Path, written: &[PathBuf]) -> Result<()> {
    let mut lines = String::new();
    for path in written {
        let name = path.file_name().context("a package has a name")?;
        writeln!(lines, "{}  {}", sha256(path)?, name.display())?;
        println!(
            "wrote {} ({} bytes)",
            path.display(),
            path.metadata()?.len()
        );
    }
    let sums = out.join("SHA256SUMS");
    fs::write(&sums, lines).with_context(|| format!("could not write {}", sums.display()))
}

fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut digits = String::new();
    for byte in Sha256::digest(bytes) {
        write!(digits, "{byte:02x}")?;
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_what_others_say_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("abc");
        fs::write(&file, "abc").unwrap();
        let expect = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&file).unwrap(), expect);
    }

    #[test]
    fn the_plugin_has_the_version_of_the_programs() {
        let workspace = Workspace::find().unwrap();
        let folder = workspace.root.join("packaging/plugin/.claude-plugin");
        let read = |name: &str| -> serde_json::Value {
            serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
        };
        assert_eq!(read("plugin.json")["version"], VERSION);
        assert_eq!(read("marketplace.json")["plugins"][0]["version"], VERSION);
    }
}
