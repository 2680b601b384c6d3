//! `fork --worktree`: the code and the conversation of a checkpoint come back together.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use sessions_tests::{Home, wait_for};
use tempfile::TempDir;

const SESSION: &str = "0d6a6c1e-38a6-4d8f-9a53-6f3a4e9b7a11";

fn git(cwd: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=A", "-c", "user.email=a@b.invalid"]);
    git.current_dir(cwd)
        .env("HOME", cwd)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

/// A session of one question and its answer, that ran in `cwd`.
fn write_session(root: &Path, cwd: &Path) {
    let row = |uuid: &str, parent: Option<&str>, kind: &str, text: &str| {
        json!({
            "uuid": uuid, "parentUuid": parent, "type": kind, "sessionId": SESSION, "cwd": cwd,
            "isSidechain": false, "timestamp": "2026-05-01T12:00:00.000Z", "version": "2.1.330",
            "message": {"role": kind, "content": [{"type": "text", "text": text}]},
        })
    };
    let (one, two) = (
        "1f0ad1f2-1e7f-4f5e-8a52-111111111111",
        "1f0ad1f2-1e7f-4f5e-8a52-222222222222",
    );
    let asked = row(one, None, "user", "Count the lighthouses");
    let answered = row(two, Some(one), "assistant", "There are nine");
    let lines = format!("{asked}\n{answered}\n");
    let folder = root.join("projects/-code");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{SESSION}.jsonl")), lines).unwrap();
}

/// A repository whose one file has been changed since its commit; returns a directory in it.
fn changed_repository(code: &Path) -> PathBuf {
    let cwd = code.join("repository/inner");
    fs::create_dir_all(&cwd).unwrap();
    git(&cwd, &["init", "--quiet", ".."]);
    fs::write(cwd.join("lights.txt"), "8\n").unwrap();
    git(&cwd, &["add", "."]);
    git(&cwd, &["commit", "--quiet", "--message=eight"]);
    fs::write(cwd.join("lights.txt"), "9\n").unwrap();
    cwd
}

/// Makes one that is called as the other is, in another session.
fn checkpoint_of_another(home: &Home, cwd: &Path) {
    let other = "1d6a6c1e-38a6-4d8f-9a53-6f3a4e9b7a11";
    let row = json!({
        "uuid": "2f0ad1f2-1e7f-4f5e-8a52-111111111111", "parentUuid": null, "type": "user", "sessionId": other,
        "cwd": cwd, "timestamp": "2026-05-01T12:00:00.000Z", "message": {"role": "user", "content": "Quay"},
    });
    fs::write(
        home.config_root()
            .join(format!("projects/-code/{other}.jsonl")),
        format!("{row}\n"),
    )
    .unwrap();
    home.bytes(&["checkpoint", "create", "nine", "--session", other])
        .unwrap();
}

#[test]
fn the_code_of_a_checkpoint_comes_back_with_its_conversation() {
    let code = TempDir::with_prefix("code-").unwrap();
    let cwd = changed_repository(code.path());
    let root = TempDir::with_prefix("root-").unwrap();
    write_session(root.path(), &cwd);
    let home = Home::new(root.path()).unwrap();
    let daemon = home.start().unwrap();
    home.settle().unwrap();
    let made = ["checkpoint", "create", "nine", "--session", SESSION];
    home.bytes(&made).unwrap();
    let list = ["checkpoint", "list", "--session", SESSION, "--json"];
    wait_for("a bound checkpoint", crate::BOUND_MAX, || {
        Ok(home.json(&list)?[0]["place"].is_object().then_some(()))
    })
    .unwrap();
    checkpoint_of_another(&home, &cwd);
    // Both go on.
    git(&cwd, &["commit", "--quiet", "--all", "--message=nine"]);
    fs::write(cwd.join("lights.txt"), "none\n").unwrap();

    let tree = code.path().join("beside");
    let fork = [
        "fork",
        SESSION,
        "--at",
        "nine",
        "--worktree",
        tree.to_str().unwrap(),
    ];
    let printed = home.bytes(&[&fork[..], &["--print"]].concat()).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let directory = tree.join("inner");
    let starts = format!("cd {} && ", directory.display());
    assert!(
        printed.starts_with(&starts) && printed.contains("claude --resume "),
        "{printed}"
    );
    assert_eq!(
        fs::read_to_string(directory.join("lights.txt")).unwrap(),
        "9\n"
    );
    assert_eq!(
        fs::read_to_string(cwd.join("lights.txt")).unwrap(),
        "none\n"
    );

    // What cannot be is refused, and makes no session.
    let transcripts = || {
        fs::read_dir(root.path().join("projects/-code"))
            .unwrap()
            .count()
    };
    let before = transcripts();
    let check = |args: &[&str], code: i32, expect: &str| {
        let output = home.sessions(args).unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {words}");
        assert!(words.contains(expect), "{args:?}: {words}");
        assert_eq!(transcripts(), before);
    };
    check(&fork, 3, "already exists");
    let entry = ["fork", SESSION, "--at", "1f0ad1f2-1e7f", "--worktree", "x"];
    check(&entry, 1, "checkpoint");
    check(&["fork", SESSION, "--worktree", "x"], 2, "--at");
    daemon.stop().unwrap();
}

#[test]
fn a_worktree_that_git_still_knows_is_offered_though_no_row_names_it() {
    let (code, root) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let code = code.path().canonicalize().unwrap();
    let cwd = changed_repository(&code);
    let tree = code.join("tree");
    let place = tree.to_str().unwrap();
    git(&cwd, &["worktree", "add", "--quiet", "-b", "quay", place]);
    write_session(root.path(), &tree);
    let home = Home::new(root.path()).unwrap();
    let daemon = home.start().unwrap();
    home.settle().unwrap();
    // A client that lists it says which repository the directory belongs to.
    wait_for("the project to be known", Duration::from_secs(10), || {
        let list = home.json(&["list", "--json"])?;
        Ok((list[0]["project"] == "repository").then_some(()))
    })
    .unwrap();
    fs::remove_dir_all(&tree).unwrap();
    let refused = home.sessions(&["resume", SESSION, "--print"]).unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    let expect = format!("worktree add -f -f {place} quay\" makes it again");
    assert!(said.contains(&expect), "{said}");
    fs::create_dir(&tree).unwrap();
    let printed = home.bytes(&["resume", SESSION, "--print"]).unwrap();
    assert!(printed.starts_with(format!("cd {place} ").as_bytes()));
    daemon.stop().unwrap();
}
