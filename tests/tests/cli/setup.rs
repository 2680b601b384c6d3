//! `setup`, `doctor` and `uninstall`: what is changed in a config root, and that it comes back as it was.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use sessions_tests::{Home, binaries};
use tempfile::TempDir;

/// Settings that no program would write like this.
const SETTINGS: &str = "{\r\n  \"z\": 1e3,\"hooks\": {\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"true\"}]}]},\r\n  \"model\":\"opus\"}";

/// A home, a config root, and a program in the shim's place that says that it ran.
struct Trial {
    home: Home,
    root: TempDir,
    programs: TempDir,
}

impl Trial {
    fn new() -> Self {
        let root = TempDir::with_prefix("root-").unwrap();
        fs::create_dir(root.path().join("projects")).unwrap();
        let programs = TempDir::with_prefix("bin-").unwrap();
        let built = &binaries::built().unwrap().daemon;
        let daemon = built.parent().unwrap();
        // Away from the shim that was built: what is run is to be seen. A link would lead back there.
        let program = programs.path().join("sessions");
        let linked = fs::hard_link(daemon.join("sessions"), &program);
        linked
            .or_else(|_| fs::copy(daemon.join("sessions"), &program).map(drop))
            .unwrap();
        symlink(daemon.join("sessionsd"), programs.path().join("sessionsd")).unwrap();
        let shim = programs.path().join("sessions-hook");
        let version = env!("CARGO_PKG_VERSION");
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo sessions-hook {version} ;; *) echo it ran ;; esac\n"
        );
        fs::write(&shim, script).unwrap();
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::new(root.path()).unwrap();
        Self {
            home,
            root,
            programs,
        }
    }

    fn run(&self, args: &[&str]) -> Output {
        let program = self.programs.path().join("sessions");
        let mut command = self.home.command(&program);
        let path = format!("{}:/usr/bin:/bin", self.programs.path().display());
        command.env("PATH", path).args(args).output().unwrap()
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8(output.stdout).unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}{words}");
        said
    }

    fn settings(&self) -> PathBuf {
        self.root.path().join("settings.json")
    }

    fn hooks(&self, event: &str) -> Vec<String> {
        let settings: Value = serde_json::from_slice(&fs::read(self.settings()).unwrap()).unwrap();
        let groups = settings["hooks"][event].as_array().unwrap().iter();
        let command = |group: &Value| group["hooks"][0]["command"].as_str().unwrap().to_owned();
        groups.map(command).collect()
    }
}

#[test]
fn what_setup_did_uninstall_takes_back_byte_for_byte() {
    let trial = Trial::new();
    let real = trial.home.path().join("dotfiles.json");
    fs::write(&real, SETTINGS).unwrap();
    symlink(&real, trial.settings()).unwrap();
    let said = trial.done(&["setup", "--dry-run"]);
    assert!(
        said.contains("UserPromptExpansion") && said.contains("keeps"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&real).unwrap(), SETTINGS);

    trial.done(&["setup", "--yes"]);
    assert!(trial.settings().is_symlink());
    let hooks = trial.hooks("Stop");
    assert_eq!(hooks.len(), 2);
    let ran = || {
        let output = Command::new("/bin/sh")
            .args(["-c", &hooks[1]])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(ran(), "it ran\n");
    assert!(trial.root.path().join("commands/checkpoint.md").is_file());
    let once = fs::read(&real).unwrap();
    trial.done(&["setup", "--yes"]);
    assert_eq!(
        fs::read(&real).unwrap(),
        once,
        "a second time changes nothing"
    );
    // A package that was removed.
    fs::rename(
        trial.programs.path().join("sessions-hook"),
        trial.programs.path().join("aside"),
    )
    .unwrap();
    assert_eq!(ran(), "");

    trial.done(&["uninstall", "--yes"]);
    assert_eq!(fs::read_to_string(&real).unwrap(), SETTINGS);
    assert!(trial.settings().is_symlink());
    assert!(!trial.root.path().join("commands").exists());
    trial.done(&["daemon", "stop"]);
}

#[test]
fn settings_that_were_not_there_are_gone_again() {
    let trial = Trial::new();
    trial.done(&["setup", "--yes"]);
    assert_eq!(trial.hooks("SessionEnd").len(), 1);
    trial.done(&["uninstall", "--yes"]);
    assert!(!trial.settings().exists());
}

#[test]
fn a_directory_that_holds_more_than_a_root_gets_no_hooks() {
    let trial = Trial::new();
    let home = trial.home.path().to_str().unwrap();
    let output = trial.run(&["--root", home, "setup", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(!trial.home.path().join("settings.json").exists());
}

#[test]
fn nobody_is_asked_where_nobody_is() {
    let trial = Trial::new();
    let output = trial.run(&["setup"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!trial.settings().exists());
}

#[test]
fn the_doctor_names_what_is_wrong_and_ends_with_3() {
    let trial = Trial::new();
    trial.done(&["setup", "--yes"]);
    trial.home.settle().unwrap();
    let found = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    let healthy = trial.run(&["doctor", "--json"]);
    let report = found(&healthy);
    let wrong = |report: &Value| -> Vec<String> {
        let checks = report["checks"].as_array().unwrap().iter();
        let wrong = checks.filter(|check| check["level"] == "wrong");
        wrong
            .map(|check| check["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(wrong(&report), Vec::<String>::new(), "{report:#}");
    assert!(healthy.status.success());
    fs::write(trial.settings(), "{ // no JSON\n}").unwrap();
    let output = trial.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(wrong(&found(&output)), ["settings"]);
    trial.done(&["daemon", "stop"]);
}
