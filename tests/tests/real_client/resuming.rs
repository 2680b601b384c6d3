//! What the client deleted comes back, and the client goes on with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use sessions_tests::client::{Scripted, installed};
use sessions_tests::mock::{bash, gate, say, text};
use sessions_tests::tree::Tree;
use sessions_tests::{Daemon, Home, binaries, wait_for};

/// How long the client's sweep, which begins five seconds after its start, may take to come.
const SWEEP_MAX: Duration = Duration::from_mins(1);
/// How long the daemon may take to see it.
const SEEN_MAX: Duration = Duration::from_secs(20);
/// Older than the client keeps anything.
const LONG_AGO: Duration = Duration::from_hours(24 * 40);

struct World {
    scripted: Scripted,
    daemon: Daemon,
    home: Home,
}

impl World {
    fn new() -> Self {
        let scripted = Scripted::new().unwrap();
        let home = Home::new(&scripted.config.root()).unwrap();
        Self {
            daemon: home.start().unwrap(),
            scripted,
            home,
        }
    }

    /// Runs `sessions` as the client's user does, with the client on its path.
    fn sessions(&self, args: &[&str]) -> Output {
        let programs = self.home.path().join("bin");
        fs::create_dir_all(&programs).unwrap();
        let claude = programs.join("claude");
        if !claude.exists() {
            std::os::unix::fs::symlink(installed().unwrap(), &claude).unwrap();
        }
        let ours = self.home.command(&binaries::built().unwrap().cli);
        let client = self
            .scripted
            .client()
            .unwrap()
            .command(self.scripted.config.root().as_path());
        let mut command = Command::new(ours.get_program());
        command.env_clear().current_dir(self.home.path());
        for (name, value) in client.get_envs().chain(ours.get_envs()) {
            value.map(|value| command.env(name, value));
        }
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display());
        command.env("PATH", path).args(args);
        command.output().unwrap()
    }

    /// Returns what the model was asked last.
    fn asked(&self) -> String {
        let requests = self.scripted.mock.requests();
        let scripted = requests
            .iter()
            .rev()
            .find(|asked| asked.taken_for == "script");
        scripted.unwrap().words.clone()
    }

    fn transcript(&self, session: &str) -> PathBuf {
        self.scripted.config.transcript(session).unwrap()
    }
}

fn age(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let times =
        fs::FileTimes::new().set_modified(file.metadata().unwrap().modified().unwrap() - LONG_AGO);
    file.set_times(times).unwrap();
}

fn words(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_the_client_swept_comes_back_and_is_gone_on_with() {
    let world = World::new();
    let directory = world.scripted.config.directory("swept").unwrap();
    let client = world.scripted.client().unwrap();
    let long = bash("seq 1 20000");
    let prompt = world.scripted.mock.prompt(
        "Moor the heron at dusk",
        [say([long]), say([text("The heron is moored")])],
    );
    let session = client.ask(&directory, &prompt, &[]).unwrap().session;
    world.home.settle().unwrap();
    let before = Tree::read(&world.scripted.config.root()).unwrap();
    assert!(before.files.len() >= 2, "a transcript and a spilled result");
    for path in before.files.keys() {
        age(&world.scripted.config.root().join(path));
    }
    drop(fs::remove_file(
        world.scripted.config.root().join(".last-cleanup"),
    ));
    let waiting = world.scripted.mock.prompt(
        "Wait for the sweep",
        [say([gate("swept"), text("It came")])],
    );
    let elsewhere = world.scripted.config.directory("elsewhere").unwrap();
    let run = client.start(&elsewhere, &waiting, &[]).unwrap();
    wait_for("the client's own sweep", SWEEP_MAX, || {
        let left = before
            .files
            .keys()
            .filter(|path| world.scripted.config.root().join(path).exists());
        Ok((left.count() == 0).then_some(()))
    })
    .unwrap();
    world.scripted.mock.open("swept");
    run.wait().unwrap();

    let more = world
        .scripted
        .mock
        .prompt("Where is it", [say([text("At the quay")])]);
    let output = world.sessions(&["resume", &session, "--", "-p", &more]);
    assert!(words(&output).contains("At the quay"), "{output:?}");
    let asked = world.asked();
    for said in [
        "Moor the heron at dusk",
        "The heron is moored",
        "Where is it",
    ] {
        assert!(asked.contains(said), "{said}");
    }
    for (path, bytes) in &before.files {
        let place = world.scripted.config.root().join(path);
        assert!(fs::read(&place).unwrap().starts_with(bytes), "{path}");
        let found = fs::metadata(&place).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{path}");
    }
    world.daemon.stop().unwrap();
}

#[test]
fn a_session_that_runs_is_neither_restored_nor_resumed() {
    let world = World::new();
    let directory = world.scripted.config.directory("live").unwrap();
    let prompt = world
        .scripted
        .mock
        .prompt("Hold the rope", [say([gate("rope"), text("Held")])]);
    let session = "5c0b2a56-7e1c-4b43-9a59-0d3f7a4c9e21";
    let run = world
        .scripted
        .client()
        .unwrap()
        .start(&directory, &prompt, &["--session-id", session])
        .unwrap();
    world.scripted.mock.wait_for("rope").unwrap();
    wait_for("the session in the archive", SEEN_MAX, || {
        let listed = world.home.listed(&["--live"])?;
        Ok((!listed.is_empty()).then_some(()))
    })
    .unwrap();
    for verb in ["restore", "resume"] {
        let output = world.sessions(&[verb, session]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("open in Claude Code, process "), "{said}");
    }
    world.scripted.mock.open("rope");
    run.wait().unwrap();
    let line = words(&world.sessions(&["resume", session, "--print", "--", "-p", "on we go"]));
    let expect = format!("claude --resume {session} -p 'on we go'\n");
    assert!(line.ends_with(&expect), "{line}");
    assert!(
        line.starts_with(&format!("cd {} && ", directory.display())),
        "{line}"
    );
    assert!(world.transcript(session).is_file());
    world.daemon.stop().unwrap();
}

/// Returns the entry of `session` whose text holds `words`.
fn entry(world: &World, session: &str, words: &str) -> String {
    wait_for("an entry", SEEN_MAX, || {
        let entries = world.home.json(&["view", "--json", session])?;
        let entries = entries.as_array().unwrap();
        let holds = |entry: &&serde_json::Value| {
            entry["text"]
                .as_str()
                .is_some_and(|text| text.contains(words))
        };
        Ok(entries
            .iter()
            .find(holds)
            .map(|entry| entry["id"].as_str().unwrap().to_owned()))
    })
    .unwrap()
}

#[test]
fn a_fork_goes_on_from_its_entry_and_leaves_its_origin_alone() {
    let world = World::new();
    let directory = world.scripted.config.directory("fork").unwrap();
    let client = world.scripted.client().unwrap();
    let both = say([
        text("Two bells"),
        bash("echo first bell"),
        bash("echo second bell"),
    ]);
    let one = world.scripted.mock.prompt(
        "Ring the bells of brass",
        [both, say([text("Both have rung")])],
    );
    let session = client.ask(&directory, &one, &[]).unwrap().session;
    entry(&world, &session, "Both have rung");
    let called = "brass bells";
    let made = world.sessions(&["checkpoint", "create", called, "--session", &session]);
    assert!(made.status.success(), "{made:?}");
    let two = world
        .scripted
        .mock
        .prompt("Now the gongs", [say([text("No gong is left")])]);
    client
        .ask(&directory, &two, &["--resume", &session])
        .unwrap();
    let before = fs::read(world.transcript(&session)).unwrap();

    // In the middle of a batch of tools: it is taken whole.
    let call = entry(&world, &session, "echo first bell");
    let more = world
        .scripted
        .mock
        .prompt("And the drums", [say([text("A drum it is")])]);
    let output = world.sessions(&["fork", &session, "--at", &call, "--", "-p", &more]);
    assert!(words(&output).contains("A drum it is"), "{output:?}");
    let asked = world.asked();
    assert!(
        asked.contains("Ring the bells of brass") && asked.contains("Two bells"),
        "{asked}"
    );
    assert!(
        !asked.contains("Both have rung") && !asked.contains("gong"),
        "{asked}"
    );

    // What was deleted is forked as well, and the fork is gone on with like any session.
    fs::remove_file(world.transcript(&session)).unwrap();
    let fork = words(&world.sessions(&["fork", &session, "--at", called, "--no-run"]));
    let fork = fork.trim();
    assert!(
        world.scripted.config.transcript(&session).is_err(),
        "a fork restores nothing"
    );
    wait_for("the fork in the archive", SEEN_MAX, || {
        let found = world.home.sessions(&["view", fork, "--raw"])?;
        Ok(found.status.success().then_some(()))
    })
    .unwrap();
    let again = world
        .scripted
        .mock
        .prompt("What rang", [say([text("It was brass")])]);
    let output = world.sessions(&["resume", fork, "--", "-p", &again]);
    assert!(words(&output).contains("It was brass"), "{output:?}");
    let asked = world.asked();
    assert!(
        asked.contains("Both have rung") && !asked.contains("gong"),
        "{asked}"
    );

    assert!(world.sessions(&["restore", &session]).status.success());
    assert_eq!(fs::read(world.transcript(&session)).unwrap(), before);
    let copied = world.home.search("kind:answer \"Both have rung\"").unwrap();
    assert_eq!(copied["total"], 1, "a copied row is one hit");
    world.daemon.stop().unwrap();
}
