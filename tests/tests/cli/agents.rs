//! What an agent is answered, with two config roots.

use std::fs;

use crate::{PARSER, Samples};

const OTHER: &str = "11111111-1112-4e12-b9d9-295c89e5b1ba";
const ROW: &str = "{\"type\":\"user\",\"uuid\":\"7\",\"cwd\":\"/src/otherroot\",\
                   \"message\":{\"role\":\"user\",\"content\":\"otherroot scanner\"}}\n";

#[test]
fn an_agent_is_answered_from_its_own_config_root_unless_the_settings_open_the_others() {
    let samples = Samples::archived();
    let home = &samples.home;
    let other = tempfile::TempDir::with_prefix("other-").unwrap();
    let folder = other.path().join("projects/-src-otherroot");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{OTHER}.jsonl")), ROW).unwrap();
    let root = other.path().to_str().unwrap();
    home.bytes(&["--root", root, "daemon", "start", "--wait"])
        .unwrap();

    // (of the agent's own root, of the other one)
    let check = |args: &[&str], expect: (bool, bool)| {
        let output = home.as_agent(args).unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let has = |sign: &str| said.contains(sign);
        assert_eq!((has(PARSER), has(OTHER)), expect, "{args:?}: {said}");
    };
    for is_open in [false, true] {
        check(&["list", "--json"], (true, is_open));
        check(&["search", "--json", "otherroot"], (false, is_open));
        check(&["view", "--sources", "--json", PARSER], (true, false));
        check(&["view", "--sources", "--json", OTHER], (false, is_open));
        let projects = home.as_agent(&["project", "list", "--json"]).unwrap();
        let projects = String::from_utf8(projects.stdout).unwrap();
        assert_eq!(projects.contains("otherroot"), is_open, "{projects}");
        let named = home.as_agent(&["--root", root, "list", "--json"]).unwrap();
        let words = String::from_utf8_lossy(&named.stderr).into_owned();
        assert_eq!(named.status.success(), is_open, "{words}");
        assert_eq!(words.contains("agents.scope"), !is_open, "{words}");
        for args in [["status", "--json"], ["lost", "--json"]] {
            let told = home.as_agent(&args).unwrap();
            let told = String::from_utf8(told.stdout).unwrap();
            assert_eq!(told.contains(root), is_open, "{args:?}: {told}");
        }
        let copy = home.path().join(format!("copy-{is_open}.db"));
        let backup = home.as_agent(&["backup", copy.to_str().unwrap()]).unwrap();
        assert_eq!(backup.status.success(), is_open, "{backup:?}");
        assert_eq!(copy.exists(), is_open);
        home.configure("agents.scope = \"all\"\n").unwrap();
        home.bytes(&["daemon", "restart"]).unwrap();
        home.settle().unwrap();
    }
    let list = home.json(&["list", "--json"]).unwrap();
    assert!(list.to_string().contains(OTHER) && list.to_string().contains(PARSER));
    // It is another one than the harness started, and ends with its home only if that goes at once.
    home.bytes(&["daemon", "stop"]).unwrap();
}
