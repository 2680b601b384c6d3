//! What `sessions setup` writes, as the real client takes it.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use sessions_tests::client::Scripted;
use sessions_tests::mock::{say, text};
use sessions_tests::{Home, wait_for};

/// How long what a hook told may take to be known.
const KNOWN_MAX: Duration = Duration::from_secs(30);

/// Returns what the doctor says of `name`: its level and its message.
fn diagnosis(home: &Home, name: &str) -> (String, String) {
    let output = home.sessions(&["doctor", "--json"]).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut checks = report["checks"].as_array().unwrap().iter();
    let found = checks.find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name}: {report:#}"));
    let word = |field: &str| found[field].as_str().unwrap().to_owned();
    (word("level"), word("message"))
}

#[test]
fn what_setup_wrote_is_run_answered_and_taken_back() {
    let scripted = Scripted::new().unwrap();
    let root = scripted.config.root();
    let home = Home::new(&root).unwrap();
    let _daemon = home.start().unwrap();
    let settings = root.join("settings.json");
    let before = fs::read(&settings).unwrap();
    home.bytes(&["setup", "--yes"]).unwrap();
    assert!(
        diagnosis(&home, "firing")
            .1
            .contains("has reported anything yet")
    );

    let prompt = scripted.mock.prompt("Hello", [say([text("Good day")])]);
    let answer = scripted.ask(&prompt, &[]).unwrap();
    assert_eq!((&*answer.text, &*answer.stderr), ("Good day", ""));
    wait_for("a hook that is heard", KNOWN_MAX, || {
        Ok((diagnosis(&home, "firing").0 == "good").then_some(()))
    })
    .unwrap();
    let asked = scripted.mock.requests().len();
    let resumed = ["--resume", &*answer.session];
    let said = scripted.ask("/checkpoint here", &resumed).unwrap().text;
    assert!(said.contains("Checkpoint \"here\" saved."), "{said}");
    assert_eq!(scripted.mock.requests().len(), asked);

    // The client takes no notice of settings with a comment, without a word.
    let with = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("// mine\n{with}")).unwrap();
    let said = scripted.ask("/checkpoint unheard", &resumed);
    assert!(
        !said.is_ok_and(|said| said.text.contains("saved")),
        "a hook ran"
    );
    let (level, message) = diagnosis(&home, "settings");
    assert_eq!(level, "wrong");
    assert!(message.contains("comments"), "{message}");
    fs::write(&settings, with).unwrap();

    home.bytes(&["uninstall", "--yes"]).unwrap();
    assert_eq!(fs::read(&settings).unwrap(), before);
    assert!(!root.join("commands").exists());
}
