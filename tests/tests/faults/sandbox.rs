//! What the daemon's sandbox really denies, tried from inside it.

use crate::Trial;
use sessions_tests::binaries;

/// Invariant: the daemon opens Claude's directory for reading only, and connects to nothing.
#[test]
#[cfg(target_os = "linux")]
fn the_sandbox_denies_what_it_says_it_denies() {
    let trial = Trial::of_samples();
    let program = &binaries::built().unwrap().daemon;
    let output = trial
        .home
        .command(program)
        .arg("--check-sandbox")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let root = trial.home.config_root().display().to_string();
    let write = format!("write in {root}");
    let settings = format!("write in {}/config", trial.home.path().display());
    for what in [
        write.as_str(),
        settings.as_str(),
        "read /etc/passwd",
        "open an internet socket",
        "connect to a Unix socket",
        "connect to an abstract Unix socket",
        "send a datagram to a Unix socket",
        "send a datagram over a pair of sockets",
        "run a program",
    ] {
        let line = format!("{what}: denied");
        assert!(said.lines().any(|said| said == line), "{what} in:\n{said}");
    }
}
