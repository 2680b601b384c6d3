//! The Debian package.
//!
//! Knows what Debian wants to be told; must not know what the files are for. There are no maintainer scripts:
//! nothing runs before a user sets it up, and what a user has set up does nothing once the programs are gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::tree::{OPEN, PLAIN, Tree, set_mode};
use super::{Manner, NAME, Packing, VERSION};
use crate::workspace::run_visibly;

/// What is the same for every version and platform.
const ABOUT: &str = include_str!("../../../packaging/debian/about");

/// What the versions of the C library's symbols begin with.
const GLIBC: &[u8] = b"GLIBC_2.";

/// The library that every Rust program unwinds with, unless it is linked into it.
const LIBGCC: &[u8] = b"libgcc_s.so.1";

/// The unit of `Installed-Size`, in bytes.
const SIZE_UNIT: u64 = 1024;

/// The programs that libraries are loaded for; the hook has them in itself.
const LOADED: [&str; 2] = ["usr/bin/sessions", "usr/bin/sessionsd"];

/// Writes the package for the platform `host` into the folder `out`, and returns its path.
pub(super) fn write(tree: &Tree, (host, out): (&str, &Path), manner: Manner) -> Result<PathBuf> {
    let architecture = architecture(host)?;
    let root = out.join("debian-root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    tree.write_below(&root)?;
    let control = control(tree, architecture)?;
    fs::create_dir(root.join("DEBIAN"))?;
    set_mode(&root.join("DEBIAN"), OPEN)?;
    fs::write(root.join("DEBIAN/control"), control)?;
    set_mode(&root.join("DEBIAN/control"), PLAIN)?;
    let package = out.join(format!("{NAME}_{VERSION}_{architecture}.deb"));
    let packing: &[&str] = match manner.packing {
        Packing::Tight => &["-Zxz", "-z9"],
        Packing::Loose => &["-Zgzip", "-z1"],
    };
    let mut build = Command::new("dpkg-deb");
    build.args(["--build", "--root-owner-group"]).args(packing);
    // What is younger is given this time.
    build.env("SOURCE_DATE_EPOCH", manner.changed_at.to_string());
    run_visibly(build.arg(&root).arg(&package))?;
    fs::remove_dir_all(&root)?;
    Ok(package)
}

fn architecture(host: &str) -> Result<&'static str> {
    match host.split('-').next() {
        Some("x86_64") => Ok("amd64"),
        Some("aarch64") => Ok("arm64"),
        Some("i686") => Ok("i386"),
        Some("riscv64gc") => Ok("riscv64"),
        _ => bail!("what does Debian call {host}?"),
    }
}

/// What a program is given by libraries of the system.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Needs {
    /// The C library must be version 2.this.
    glibc_minor: Option<u32>,
    libgcc: bool,
}

impl Needs {
    /// Reads the names of symbols' versions and of libraries, which stand in a program as they are.
    fn of_program(bytes: &[u8]) -> Self {
        let versions = bytes.windows(GLIBC.len()).enumerate();
        let minors = versions
            .filter(|(_, window)| *window == GLIBC)
            .filter_map(|(at, _)| number(bytes.get(at + GLIBC.len()..)?));
        Self {
            glibc_minor: minors.max(),
            libgcc: bytes.windows(LIBGCC.len()).any(|window| window == LIBGCC),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            glibc_minor: self.glibc_minor.max(other.glibc_minor),
            libgcc: self.libgcc || other.libgcc,
        }
    }

    /// Returns the field that says so; none where nothing is needed.
    fn field(self) -> Option<String> {
        let glibc = self.glibc_minor;
        let glibc = glibc.map(|minor| format!("libc6 (>= 2.{minor})"));
        let libgcc = self.libgcc.then(|| "libgcc-s1".to_owned());
        let all: Vec<String> = glibc.into_iter().chain(libgcc).collect();
        (!all.is_empty()).then(|| format!("Depends: {}\n", all.join(", ")))
    }
}

/// Returns the number that bytes begin with.
fn number(bytes: &[u8]) -> Option<u32> {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    str::from_utf8(bytes.get(..length)?).ok()?.parse().ok()
}

fn control(tree: &Tree, architecture: &str) -> Result<String> {
    let (mut size, mut needs) = (0, Needs::default());
    for (place, entry) in tree.files() {
        let (length, mut content) = entry.open()?;
        size += length.div_ceil(SIZE_UNIT);
        if LOADED.contains(&place) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            needs = needs.and(Needs::of_program(&bytes));
        }
    }
    let depends = needs.field().unwrap_or_default();
    Ok(format!(
        "Package: {NAME}\nVersion: {VERSION}\nArchitecture: {architecture}\n\
         Installed-Size: {size}\n{depends}{ABOUT}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_needs_is_read_from_it() {
        let check = |bytes: &[u8], expect: Option<&str>| {
            let field = Needs::of_program(bytes).field();
            assert_eq!(field.as_deref(), expect);
        };
        check(b"nothing", None);
        check(b"\0GLIBC_2.4\0GLIBC_2.", Some("Depends: libc6 (>= 2.4)\n"));
        check(
            b"GLIBC_2.34\0x\0GLIBC_2.2.5\0libgcc_s.so.1\0",
            Some("Depends: libc6 (>= 2.34), libgcc-s1\n"),
        );
    }

    #[test]
    fn the_description_is_in_the_form_that_debian_asks_for() {
        let mut lines = ABOUT
            .lines()
            .skip_while(|line| !line.starts_with("Description: "));
        let summary = lines.next().unwrap();
        assert!(summary.len() <= "Description: ".len() + 80, "{summary}");
        for line in lines {
            assert!(line.starts_with(' ') && line.len() <= 80, "{line}");
        }
        assert!(ABOUT.ends_with('\n'));
    }
}
