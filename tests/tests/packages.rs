//! The packages, made of the programs under test: the Debian package is installed into a directory and its programs
//! run there; the same files give the same bytes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sessions_tests::Home;
use sessions_tests::binaries::{built, cargo};
use sessions_tests::tree::paths_below;
use tempfile::TempDir;

/// A checksum of nothing in particular.
const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Runs a command, which must succeed, and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Packages the programs under test.
fn package() -> TempDir {
    let out = TempDir::with_prefix("packages-").unwrap();
    let mut command = cargo("run").unwrap();
    command.args(["--package", "xtask", "--", "dist", "--programs"]);
    command.arg(built().unwrap().cli.parent().unwrap());
    command.args(["--source-url", "https://example.org/v.tar.gz"]);
    command.args(["--source-sha256", SHA256, "--out"]);
    run(command.arg(out.path()));
    out
}

fn with_end(folder: &Path, end: &str) -> PathBuf {
    let mut paths = paths_below(folder).unwrap().into_iter();
    paths
        .find(|path| path.to_string_lossy().ends_with(end))
        .unwrap()
}

/// Has dpkg do something in a directory as if it were `/`, by whoever runs this.
fn dpkg(root: &Path, args: &[&str], what: &Path) {
    let mut command = Command::new("dpkg");
    command.arg(format!("--root={}", root.display()));
    // There is no C library in it, and nobody but root may give files to root.
    command.args(["--force-depends", "--force-not-root", "--force-bad-path"]);
    // Small systems are told to leave manuals out.
    command.args(["--path-include=*", "--log=/dev/null"]);
    run(command.args(args).arg(what));
}

/// Makes a directory that dpkg takes for a system on which nothing is installed.
fn fresh_root() -> TempDir {
    let root = TempDir::with_prefix("root-").unwrap();
    let admin = root.path().join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(admin.join(folder)).unwrap();
    }
    fs::write(admin.join("status"), "").unwrap();
    root
}

#[test]
fn the_debian_package_is_installed_runs_and_is_removed() {
    let packages = package();
    let deb = with_end(packages.path(), ".deb");
    let root = fresh_root();
    dpkg(root.path(), &["--install"], &deb);
    let usr = root.path().join("usr");
    for file in [
        "share/man/man1/sessions.1.gz",
        "share/man/man1/sessions-search.1.gz",
        "share/man/man1/sessionsd.1.gz",
        "share/bash-completion/completions/sessions",
        "share/zsh/vendor-completions/_sessions",
        "share/fish/vendor_completions.d/sessions.fish",
        "share/claude-sessions/plugin/.claude-plugin/plugin.json",
        "share/claude-sessions/plugin/hooks/hooks.json",
        "share/doc/claude-sessions/copyright",
        "lib/systemd/user/sessionsd.socket",
    ] {
        assert!(usr.join(file).is_file(), "{file} is missing");
    }
    let config = TempDir::new().unwrap();
    sessions_tests::corpus::copy_samples(config.path()).unwrap();
    let home = Home::new(config.path()).unwrap();
    let program = |name: &str| home.command(&usr.join("bin").join(name));
    let version = run(program("sessionsd").arg("--version"));
    assert_eq!(
        version,
        format!("sessionsd {}\n", env!("CARGO_PKG_VERSION"))
    );
    // It finds the daemon beside itself, and starts it.
    run(program("sessions").args(["daemon", "start", "--wait"]));
    let list = program("sessions").args(["list", "--json"]).output();
    let told = program("sessions-hook").output();
    run(program("sessions").args(["daemon", "stop"]));
    let list = String::from_utf8(list.unwrap().stdout).unwrap();
    assert!(list.contains("Card list on CSS grid"), "{list}");
    let told = told.unwrap();
    assert!(told.status.success() && told.stdout.is_empty(), "{told:?}");

    dpkg(root.path(), &["--purge"], Path::new("claude-sessions"));
    assert!(!usr.exists(), "{:?}", paths_below(&usr));
}

#[test]
fn the_same_programs_give_the_same_packages() {
    let (one, other) = (package(), package());
    let sums = |folder: &TempDir| fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&one), sums(&other));
    let names = |folder: &TempDir| -> Vec<String> {
        let sums = sums(folder);
        let names = sums.lines().filter_map(|line| line.split_once("  "));
        names.map(|(_, name)| name.to_owned()).collect()
    };
    for name in names(&one) {
        let bytes = |folder: &TempDir| fs::read(folder.path().join(&name)).unwrap();
        assert!(bytes(&one) == bytes(&other), "{name}");
    }
    let count = paths_below(one.path()).unwrap().len();
    assert_eq!((names(&one).len(), count), (3, 4), "{:?}", names(&one));
}
