//! The scenes: what a user, or bad luck, does to a session.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use sessions_tests::mock::{
    Block, Failure, agent, bash, edit, gate, read, say, text, think, write,
};
use sessions_tests::tree::paths_below;
use sessions_tests::wait_for;

use crate::play::Stage;

/// How long the client may take to note a prompt that it queues.
const QUEUE_MAX: Duration = Duration::from_secs(20);

/// How long the client may take to write what it has.
const FLUSH_MAX: Duration = Duration::from_secs(20);

type Scene = fn(&mut Stage<'_>) -> Result<()>;

/// Every scene, by name.
pub(crate) const ALL: [(&str, Scene); 12] = [
    ("tools", tools),
    ("subagent", subagent),
    ("resume, continue, fork", resume_continue_fork),
    ("compaction", compaction),
    ("rewrite in place", rewrite_in_place),
    ("API errors", api_errors),
    ("torn tail", torn_tail),
    ("killed in mid-answer", killed),
    ("deleted while it runs", deleted_live),
    ("two writers", two_writers),
    ("queued prompt", queued_prompt),
    ("worktree", worktree),
];

fn tools(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("tools")?;
    let path = |name: &str| directory.join(name).display().to_string();
    fs::write(path("notes.txt"), "gravel under marmalade\n")?;
    fs::write(path("plain.txt"), "first line\n")?;
    // The phrase is put together by the shell, so that only the result holds it.
    let spoken = bash("printf 'thistle %s\\n' 'over basalt'; echo walnut conveyor");
    let spilled = bash("seq 1 20000 | sed 's/^11777$/velvet %/; s/%/hinges creak/'");
    let failing = bash("printf 'cobalt %s\\n' 'ledger missing' >&2; exit 3");
    let script = [
        say([
            think("amber sextant wobbles"),
            text("The pewter kettle sings"),
            spoken,
        ]),
        say([read(&path("notes.txt")), read(&path("plain.txt"))]),
        say([edit(&path("plain.txt"), "first line", "juniper escapement")]),
        say([write(&path("new.txt"), "saffron bulkhead\n")]),
        say([spilled]),
        say([failing]),
        say([text("Every tarpaulin is folded")]),
    ];
    for (kind, words) in [
        ("thinking", "amber sextant wobbles"),
        ("answer", "pewter kettle sings"),
        ("tool-call", "walnut conveyor"),
        ("tool-result", "thistle over basalt"),
        ("tool-result", "gravel under marmalade"),
        ("tool-call", "juniper escapement"),
        ("tool-call", "saffron bulkhead"),
        ("tool-result", "velvet hinges creak"),
        ("tool-result", "cobalt ledger missing"),
        ("answer", "tarpaulin is folded"),
    ] {
        stage.told(kind, words);
    }
    let prompt = stage.prompt("Use every tool on the orchard ledger", script);
    let answer = stage.ask(&directory, &prompt, &[])?;
    ensure!(answer.text.contains("tarpaulin"), "{answer:?}");
    Ok(())
}

fn subagent(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("subagent")?;
    let inner = [
        say([think("mauve gimbal turns"), bash("echo quartz armada")]),
        say([text("Nine turnstiles were counted")]),
    ];
    let inner = stage.prompt("Count the turnstiles of the observatory", inner);
    let told = stage.told("answer", "The observatory is closed now");
    let script = [
        say([agent(&inner)]),
        say([text("A helper counts the bollards")]),
        say([text(told)]),
    ];
    stage.told("thinking", "mauve gimbal turns");
    stage.told("tool-call", "quartz armada");
    stage.told("answer", "Nine turnstiles were counted");
    stage.told("answer", "A helper counts the bollards");
    let prompt = stage.prompt("Send somebody to the pavilion", script);
    stage.ask(&directory, &prompt, &[])?;
    Ok(())
}

fn resume_continue_fork(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("resume")?;
    let one = answered(
        stage,
        "Open the first culvert",
        "The culvert of copper opens",
    );
    let first = stage.ask(&directory, &one, &[])?.session;
    let two = answered(
        stage,
        "Open the second culvert",
        "The culvert of zinc opens",
    );
    stage.ask(&directory, &two, &["--resume", &first])?;
    let three = answered(
        stage,
        "Open the third culvert",
        "The culvert of nickel opens",
    );
    let continued = stage.ask(&directory, &three, &["--continue"])?.session;
    ensure!(continued == first, "continued {continued}, not {first}");
    let four = answered(stage, "Take another towpath", "The towpath forks at dusk");
    let forked = stage.ask(&directory, &four, &["--resume", &first, "--fork-session"])?;
    ensure!(forked.session != first, "the fork has the same session");
    let elsewhere = stage.config.directory("resume-elsewhere")?;
    let five = answered(stage, "Go on from the other bank", "The far bank is muddy");
    stage.ask(&elsewhere, &five, &["--resume", &first])?;
    Ok(())
}

fn compaction(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("compaction")?;
    let before = answered(
        stage,
        "Describe the long viaduct",
        "The viaduct has forty arches",
    );
    let session = stage.ask(&directory, &before, &[])?.session;
    let summary = stage.told("summary", "Forty arches were described at length");
    stage.mock.set_summary(summary);
    stage
        .client
        .ask(&directory, "/compact", &["--resume", &session])?;
    let after = answered(stage, "And the parapet", "The parapet is of slate");
    stage.ask(&directory, &after, &["--resume", &session])?;
    Ok(())
}

/// A compaction of a large transcript replaces the file and drops what came before.
fn rewrite_in_place(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("rewrite")?;
    let filler = "a filler line of ordinary length for a long answer\n".repeat(8_000);
    let mut script = Vec::new();
    for _ in 0..14 {
        let blocks = [text(filler.as_str()), bash("true")];
        script.push(say(blocks).with_context(1_000));
    }
    let told = stage.told("answer", "The dredger has reached the estuary");
    script.push(say([text(told)]).with_context(1_000));
    let prompt = stage.prompt("Fill the estuary with words", script);
    let session = stage.ask(&directory, &prompt, &[])?.session;
    stage.remember(&session)?;
    stage.mock.set_summary("The estuary was filled");
    stage
        .client
        .ask(&directory, "/compact", &["--resume", &session])?;
    let size = fs::metadata(stage.transcript(&session)?)?.len();
    ensure!(size < 1 << 20, "the client did not rewrite: {size} bytes");
    Ok(())
}

fn api_errors(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("errors")?;
    let refusal = stage.told("api-error", "the sluice gate refuses");
    let refused = say([]).failing(Failure::Status(400, refusal.to_owned()));
    let prompt = stage.prompt("Ask for something refused", [refused]);
    let answer = stage.client.start(&directory, &prompt, &[])?.wait()?;
    ensure!(!answer.status.success(), "{answer:?}");
    stage.left_session(&answer.session);
    for (failure, words, said) in [
        (
            Failure::Cut,
            "Break the line once",
            "The line holds on the second try",
        ),
        (
            Failure::Event("scripted overload".to_owned()),
            "Overload the relay once",
            "The relay has cooled",
        ),
    ] {
        let said = stage.told("answer", said);
        let prompt = stage.prompt(words, [say([text(said)]).failing(failure)]);
        stage.ask(&directory, &prompt, &[])?;
    }
    Ok(())
}

fn torn_tail(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("torn")?;
    let one = answered(stage, "Moor the ferry", "The ferry is moored at pier nine");
    let session = stage.ask(&directory, &one, &[])?.session;
    let path = stage.transcript(&session)?;
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(b"{\"type\":\"user\",\"mess")?;
    let two = answered(
        stage,
        "Cast off again",
        "The ferry drifts past the lighthouse",
    );
    stage.ask(&directory, &two, &["--resume", &session])?;
    Ok(())
}

fn killed(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("killed")?;
    let session = "5e551015-0000-4000-8000-00000000dead";
    let said = stage.told("answer", "The turbine was started before the outage");
    let script = [
        say([text(said), bash("true")]),
        say([text("never whole"), gate("outage")]),
    ];
    let prompt = stage.prompt("Start the turbine", script);
    let mut run = stage
        .client
        .start(&directory, &prompt, &["--session-id", session])?;
    stage.mock.wait_for("outage")?;
    // The client writes what it has every 100 ms; what a kill takes before that is nowhere to be found.
    let path = stage.transcript(session)?;
    wait_for("the answer on disk", FLUSH_MAX, || {
        Ok(fs::read_to_string(&path)?.contains(said).then_some(()))
    })?;
    run.kill()?;
    run.wait()?;
    stage.mock.open("outage");
    stage.left_session(session);
    Ok(())
}

fn deleted_live(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("deleted")?;
    let session = "5e551015-0000-4000-8000-0000000de1e7";
    let before = stage.told("answer", "The gantry stands before the flood");
    let after = stage.told("answer", "The gantry stands after the flood");
    let script = [
        say([text(before), bash("true")]),
        say([gate("flood"), text(after)]),
    ];
    let prompt = stage.prompt("Watch the gantry", script);
    let run = stage
        .client
        .start(&directory, &prompt, &["--session-id", session])?;
    stage.mock.wait_for("flood")?;
    let path = stage.remember(session)?;
    fs::remove_file(path)?;
    stage.mock.open("flood");
    let answer = run.wait()?;
    ensure!(answer.status.success(), "{answer:?}");
    stage.left_session(session);
    // Deleted for good this time: nothing of it is left on disk.
    let path = stage.remember(session)?;
    fs::remove_file(path)?;
    Ok(())
}

fn two_writers(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("two-writers")?;
    let session = "5e551015-0000-4000-8000-000000000202";
    let said = stage.told("answer", "The first oarsman pulls");
    let held = [say([text(said), gate("oars")])];
    let prompt = stage.prompt("Row from the left", held);
    let run = stage
        .client
        .start(&directory, &prompt, &["--session-id", session])?;
    stage.mock.wait_for("oars")?;
    stage.transcript(session)?;
    let second = answered(
        stage,
        "Row from the right",
        "The second oarsman pulls harder",
    );
    stage.ask(&directory, &second, &["--resume", session])?;
    stage.mock.open("oars");
    let answer = run.wait()?;
    ensure!(answer.status.success(), "{answer:?}");
    Ok(())
}

fn queued_prompt(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("queued")?;
    let working = stage.told("answer", "The first bell is being cast");
    let both = stage.told("answer", "Both bells are cast");
    let blocks: [Block; 3] = [bash("true"), text(working), gate("bell")];
    let prompt = stage.prompt("Cast the first bell", [say(blocks), say([text(both)])]);
    let mut run = stage.client.converse(&directory)?;
    run.send(&prompt)?;
    stage.mock.wait_for("bell")?;
    let queued = stage.prompt("Cast a second bell while it cools", []);
    run.send(&queued)?;
    // The client reads its input while the answer is held; it says so in the transcript.
    let folder = stage.config.root().join("projects");
    wait_for("the queued prompt", QUEUE_MAX, || {
        let has_it = |path: &PathBuf| {
            let rows = fs::read_to_string(path);
            rows.is_ok_and(|rows| rows.contains("second bell"))
        };
        Ok(paths_below(&folder)?.into_iter().find(has_it))
    })?;
    stage.mock.open("bell");
    let answer = run.wait()?;
    ensure!(answer.status.success(), "{answer:?}");
    stage.left_session(&answer.session);
    Ok(())
}

fn worktree(stage: &mut Stage<'_>) -> Result<()> {
    let directory = stage.config.directory("worktree")?;
    let identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"];
    for args in [
        ["init", "--quiet"].as_slice(),
        &["commit", "--quiet", "--allow-empty", "-m", "1"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(&directory).args(identity).args(args);
        ensure!(git.status()?.success(), "git {args:?} failed");
    }
    let prompt = answered(
        stage,
        "Survey the second quay",
        "The second quay is of granite",
    );
    stage.ask(&directory, &prompt, &["--worktree", "quay"])?;
    Ok(())
}

/// A prompt with one answer, both to be found.
fn answered(stage: &mut Stage<'_>, words: &'static str, answer: &'static str) -> String {
    let answer = stage.told("answer", answer);
    stage.prompt(words, [say([text(answer)])])
}
