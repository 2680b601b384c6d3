//! The units of systemd, and a daemon that a service manager keeps.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sessions_tests::{Home, binaries, wait_for};
use tempfile::TempDir;

/// How a daemon ends that asks its service manager for another start.
const START_AGAIN: i32 = 75;

/// How long a manager may take to listen, and a daemon to end, on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Returns a program of systemd's, whose absence is no reason to pass.
fn systemd(program: &str) -> Command {
    let runs = Command::new(program).arg("--version").output();
    assert!(
        runs.is_ok(),
        "{program} is missing; install systemd from your system's packages"
    );
    Command::new(program)
}

#[test]
fn the_units_are_as_systemd_wants_them() {
    let dir = TempDir::with_prefix("units-").unwrap();
    let packaged = binaries::workspace().join("packaging/systemd");
    let daemon = binaries::built().unwrap().daemon.display().to_string();
    let mut files = Vec::new();
    for name in ["sessionsd.socket", "sessionsd.service"] {
        let text = fs::read_to_string(packaged.join(name)).unwrap();
        files.push(dir.path().join(name));
        let text = text.replace("/usr/bin/sessionsd", &daemon);
        fs::write(dir.path().join(name), text).unwrap();
    }
    let verify = |files: &[_]| {
        let mut command = systemd("systemd-analyze");
        command
            .args(["verify", "--man=no", "--user"])
            .env("XDG_RUNTIME_DIR", dir.path());
        let output = command.args(files).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), words)
    };
    // What it does not know, it says, and ends well.
    assert_eq!(verify(&files), (true, String::new()));
    let wrong = fs::read_to_string(&files[1]).unwrap() + "Unheard=of\n";
    fs::write(&files[1], wrong).unwrap();
    assert!(verify(&files).1.contains("Unheard"));
}

/// Has a manager listen where `home`'s clients look, to start the daemon for the first of them.
fn keep(home: &Home) -> Child {
    let socket = home.socket();
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    fs::create_dir_all(home.path().join("config")).unwrap();
    fs::write(home.path().join("config/service"), "systemd\n").unwrap();
    drop(fs::remove_file(&socket));
    let set = |name: &str, value: &Path| {
        let mut word = OsString::from(format!("--setenv={name}="));
        word.push(value);
        word
    };
    let child = systemd("systemd-socket-activate")
        .arg("--listen")
        .arg(&socket)
        .arg(set("SESSIONS_HOME", home.path()))
        .arg(set("CLAUDE_CONFIG_DIR", home.config_root()))
        .arg(set("HOME", home.path()))
        .arg(&binaries::built().unwrap().daemon)
        .arg("--service")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the manager's socket", WAIT_MAX, || {
        Ok(socket.exists().then_some(()))
    })
    .unwrap();
    child
}

fn code(mut child: Child) -> Option<i32> {
    let ended = wait_for("the daemon's end", WAIT_MAX, || Ok(child.try_wait()?));
    ended.unwrap().code()
}

#[test]
fn a_manager_listens_for_the_daemon_and_starts_it_again() {
    let root = TempDir::with_prefix("root-").unwrap();
    fs::create_dir(root.path().join("projects")).unwrap();
    let home = Home::new(root.path()).unwrap();
    let child = keep(&home);
    let output = home.sessions(&["daemon", "stop"]).unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(
        words.contains("no daemon"),
        "nobody is woken to end: {output:?}"
    );
    let status = home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["pid"], child.id());

    // Another config root is no place that its sandbox lets it read: it wants to be started anew.
    let other = TempDir::with_prefix("other-").unwrap();
    fs::create_dir(other.path().join("projects")).unwrap();
    let mut named = home.command(&binaries::built().unwrap().cli);
    named.env("CLAUDE_CONFIG_DIR", other.path());
    named
        .arg("status")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // There is no manager here to be asked; the one that is played starts it below.
    named.status().unwrap();
    assert_eq!(code(child), Some(START_AGAIN));
    assert!(home.socket().exists(), "it is the manager's");

    let child = keep(&home);
    let status = home.json(&["status", "--json"]).unwrap();
    assert_eq!(status["pid"], child.id());
    assert_eq!(status["roots"].as_array().unwrap().len(), 2);
    home.bytes(&["daemon", "stop"]).unwrap();
    assert_eq!(code(child), Some(0));

    // Nobody starts one past the manager.
    fs::remove_file(home.socket()).unwrap();
    let output = home.sessions(&["status"]).unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("systemd, which keeps the daemon"), "{words}");
    assert!(!home.socket().exists());
}
