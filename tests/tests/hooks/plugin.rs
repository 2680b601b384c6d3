//! The plugin, installed by the real client from the folder that packages hold: its hooks and commands work
//! without a setup, and count once beside one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sessions_tests::binaries::{built, workspace};
use sessions_tests::client::Scripted;
use sessions_tests::mock::{say, text};
use sessions_tests::{Daemon, Home};

use crate::stage::EVENTS;

fn folder() -> PathBuf {
    workspace().join("packaging/plugin")
}

struct Stage {
    scripted: Scripted,
    home: Home,
    _daemon: Daemon,
}

impl Stage {
    /// Installs the plugin, whose hooks find the programs by PATH.
    fn new() -> Self {
        let scripted = Scripted::new().unwrap();
        let home = Home::new(&scripted.config.root()).unwrap();
        let stage = Self {
            _daemon: home.start().unwrap(),
            scripted,
            home,
        };
        let programs = built().unwrap().hook.parent().unwrap();
        let env = json!({
            "PATH": format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()),
            "SESSIONS_HOME": stage.home.path(),
        });
        stage.set("env", env);
        let folder = folder();
        let marketplace = folder.to_str().unwrap();
        stage.plugin(&["install", "sessions", "--marketplace", marketplace]);
        stage
    }

    /// Has the client do something about plugins, which must succeed.
    fn plugin(&self, args: &[&str]) {
        let mut command = self.scripted.client().unwrap().command(self.home.path());
        command.arg("plugin").args(args).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    }

    /// Changes one of the user's settings.
    fn set(&self, name: &str, value: Value) {
        let path = self.scripted.config.root().join("settings.json");
        let mut settings: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        settings[name] = value;
        fs::write(path, settings.to_string()).unwrap();
    }

    /// Makes a checkpoint in a session, and returns the names of all there are.
    fn checkpoint(&self, name: &str, session: &str) -> Vec<String> {
        let prompt = format!("/sessions:checkpoint {name}");
        let said = self
            .scripted
            .ask(&prompt, &["--resume", session])
            .unwrap()
            .text;
        let expect = format!("Checkpoint \"{name}\" saved.");
        assert!(said.contains(&expect), "{said}");
        let list = self.home.json(&["checkpoint", "list", "--json"]).unwrap();
        let names = list.as_array().into_iter().flatten();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Returns the hooks of each event.
fn hooks() -> serde_json::Map<String, Value> {
    let hooks = fs::read(folder().join("hooks/hooks.json")).unwrap();
    let hooks: Value = serde_json::from_slice(&hooks).unwrap();
    hooks["hooks"].as_object().unwrap().clone()
}

#[test]
fn the_client_finds_nothing_to_complain_of() {
    let scripted = Scripted::new().unwrap();
    let client = scripted.client().unwrap();
    // The one beside the marketplace's, and the marketplace's, for which a folder stands.
    for place in [".claude-plugin/plugin.json", ""] {
        let mut command = client.command(&scripted.config.root());
        command.args(["plugin", "validate", "--strict"]);
        let output = command.arg(folder().join(place)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn where_the_programs_are_not_installed_its_hooks_do_nothing() {
    let hooks = hooks();
    let mut events: Vec<&str> = hooks.keys().map(String::as_str).collect();
    let mut expect = EVENTS;
    events.sort_unstable();
    expect.sort_unstable();
    assert_eq!(events, expect);
    let mut lines: Vec<&str> = hooks
        .values()
        .map(|groups| groups[0]["hooks"][0]["command"].as_str().unwrap())
        .collect();
    lines.dedup();
    assert_eq!(lines.len(), 1, "one line for all events: {lines:?}");
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().env("PATH", Path::new("/nowhere"));
    let output = shell.args(["-c", lines[0]]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn its_commands_ask_the_model_nothing_and_count_once_beside_those_of_setup() {
    let stage = Stage::new();
    let Scripted { mock, .. } = &stage.scripted;
    let ask = |prompt: &str, args: &[&str]| stage.scripted.ask(prompt, args).unwrap();
    let prompt = mock.prompt("Good morning", [say([text("Good evening")])]);
    let session = ask(&prompt, &[]).session;
    let asked = mock.requests();
    let is_told_of = |words: &str| asked.iter().any(|request| request.words.contains(words));
    assert!(is_told_of("sessions:past-sessions"), "{asked:?}");
    assert!(!is_told_of("sessions:checkpoint"), "it is the user's alone");

    assert_eq!(stage.checkpoint("first", &session), ["first"]);
    let line = built().unwrap().hook.display().to_string();
    let hook = json!([{"hooks": [{"type": "command", "command": line, "timeout": 5}]}]);
    stage.set(
        "hooks",
        EVENTS.iter().map(|event| (*event, hook.clone())).collect(),
    );
    assert_eq!(stage.checkpoint("second", &session), ["second", "first"]);
    let said = stage.home.sessions(&["doctor"]).unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("each event is told twice"), "{said}");
    stage.home.bytes(&["setup", "--yes"]).unwrap();
    let settings = fs::read_to_string(stage.scripted.config.root().join("settings.json")).unwrap();
    assert!(!settings.contains("UserPromptSubmit"), "{settings}");
    // The plugin's hook answers the bare name, too, once setup has taken it from the client.
    let said = ask("/checkpoint third", &["--resume", &session]).text;
    assert!(said.contains("Checkpoint \"third\" saved."), "{said}");

    let said = ask("/sessions:recall evening", &["--resume", &session]).text;
    let expect = "Nothing in past sessions matches evening";
    assert!(said.contains(expect), "{said}");
    assert_eq!(mock.requests().len(), asked.len(), "the model was asked");

    stage.set("disableAllHooks", json!(true));
    ask("/sessions:recall evening", &["--resume", &session]);
    let words = mock.requests().pop().unwrap().words;
    assert!(words.contains("sessions doctor"), "{words}");
}
