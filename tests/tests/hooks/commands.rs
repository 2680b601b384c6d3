//! `/checkpoint` and `/recall` on a terminal, whatever has become of the daemon: the answer stands on the screen,
//! and the model is asked nothing but what `/recall 1` hands it.

use rustix::process::Signal;
use sessions_tests::client::Terminal;
use sessions_tests::wait_for;

use crate::stage::{KNOWN_MAX, Stage};

/// What the client puts above an answer.
const BLOCKED: &str = "● UserPromptExpansion operation blocked by hook:";

/// What it puts before each line of one.
const INDENT: &str = "  ";

/// Returns the last answer on the screen, with what differs from run to run left out.
fn answer(screen: &str) -> String {
    let (_, below) = screen.rsplit_once(BLOCKED).unwrap_or_default();
    let lines = below.lines().skip(1);
    let lines = lines.map_while(|line| line.strip_prefix(INDENT));
    let lines: Vec<String> = lines.map(without_ids).collect();
    lines.join("\n").trim_end().to_owned()
}

fn without_ids(line: &str) -> String {
    let is_id = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let age = |said: &&str| said.ends_with(" ago") || *said == "just now";
    let aged = line.rsplit_once(" · ").filter(|(_, said)| age(said));
    let line = aged.map_or(line, |(before, _)| before);
    let words = line.split(' ');
    let words = words.map(|word| if is_id(word) { "ID" } else { word });
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

fn check(terminal: &Terminal, command: &str, expect: &str) {
    terminal.enter(command).unwrap();
    let is_shown = |screen: &str| (answer(screen) == expect).then_some(());
    let shown = terminal.shows_what(expect, is_shown);
    assert!(shown.is_ok(), "{command}: {shown:?}");
}

/// Opens a client with a session that has another in its past.
fn open(stage: &Stage) -> Terminal {
    let prompt = stage.prompt("Where is the kettle", "It stands on the copper stove");
    let terminal = stage.open(&[&prompt]);
    terminal.shows("It stands on the copper stove").unwrap();
    terminal.enter("/clear").unwrap();
    wait_for("a session that was left", KNOWN_MAX, || {
        let listed = stage.home.listed(&[])?;
        let is_left = listed
            .first()
            .is_some_and(|session| session["ended_by"] == "clear");
        Ok(is_left.then_some(()))
    })
    .unwrap();
    terminal
}

#[test]
fn commands_are_answered_on_the_screen() {
    let stage = Stage::new();
    let daemon = stage.home.start().unwrap();
    let terminal = open(&stage);
    check(
        &terminal,
        "/checkpoint before the move",
        "Checkpoint \"before the move\" saved.\nTo return to it: sessions fork ID --at ID",
    );
    check(
        &terminal,
        "/recall copper stove",
        "/recall copper stove\n\
         1  Where is the kettle [script 0] · work\n   \
            It stands on the copper stove\n   \
            sessions resume ID\n\
         /recall 1 hands the first to Claude",
    );
    // What was found is what the session is named after: it is said once.
    check(
        &terminal,
        "/recall kettle",
        "/recall kettle\n\
         1  Where is the kettle [script 0] · work\n   \
            sessions resume ID\n\
         /recall 1 hands the first to Claude",
    );
    check(
        &terminal,
        "/recall 2",
        "There is no hit 2: the last /recall found 1",
    );
    check(
        &terminal,
        "/recall kettel",
        "Nothing in past sessions matches kettel; this finds something: /recall kettle",
    );

    daemon.signal(Signal::STOP).unwrap();
    check(
        &terminal,
        "/checkpoint while it hangs",
        "checkpoint \"while it hangs\" is noted, and set when the daemon runs again\n\
         the daemon did not answer within 2 s\nrun `sessions doctor` to see what is wrong",
    );
    check(
        &terminal,
        "/recall a kettle",
        "recall \"a kettle\" was not answered\n\
         the daemon did not answer within 2 s\nrun `sessions doctor` to see what is wrong",
    );
    daemon.signal(Signal::CONT).unwrap();
    daemon.stop().unwrap();
    check(
        &terminal,
        "/checkpoint with nobody there",
        "checkpoint \"with nobody there\" is noted, and set when the daemon runs again\n\
         could not start the daemon: \
         could not find sessionsd beside this program or in PATH\nrun `sessions doctor` to see what is wrong",
    );
    assert_eq!(stage.asked(), 1, "the model was asked");
    hand_over(&stage, &terminal);
    terminal.enter("/exit").unwrap();
    terminal.leave().unwrap();
    all_are_made(&stage);
    stage.home.bytes(&["daemon", "stop"]).unwrap();
}

/// Has a command start the daemon, and gives the model what was found.
fn hand_over(stage: &Stage, terminal: &Terminal) {
    stage.install_daemon();
    terminal.enter("/checkpoint on a cold start").unwrap();
    // On a busy machine a start may take longer than a command waits.
    terminal
        .shows_what("a checkpoint", |screen| {
            let answer = answer(screen);
            let (_, said) = answer.split_once("heckpoint \"on a cold start\" ")?;
            (said.starts_with("saved") || said.starts_with("is noted")).then_some(())
        })
        .unwrap();
    stage.home.settle().unwrap();
    terminal.enter("/recall copper kettle OR stove").unwrap();
    terminal.shows("/recall copper kettle OR stove\n").unwrap();
    terminal.enter("/recall 1").unwrap();
    terminal.shows("Recalled hit 1, about ").unwrap();
    wait_for("a request", KNOWN_MAX, || {
        Ok((stage.asked() > 1).then_some(()))
    })
    .unwrap();
    let requests = stage.scripted.mock.requests();
    let asked = &requests[1].words;
    assert!(asked.contains("It stands on the copper stove"), "{asked}");
    for kept in ["Nothing in past sessions", "before the move"] {
        assert!(!asked.contains(kept), "{kept} went to the model");
    }
}

/// Each checkpoint is made once, whoever took it in.
fn all_are_made(stage: &Stage) {
    let names = wait_for("all checkpoints", KNOWN_MAX, || {
        let made = stage.home.json(&["checkpoint", "list", "--json"])?;
        let made = made.as_array().unwrap().iter();
        let names = made.map(|made| made["name"].as_str().unwrap().to_owned());
        let names: Vec<String> = names.collect();
        Ok((names.len() >= 4).then_some(names))
    });
    let expect = [
        "on a cold start",
        "with nobody there",
        "while it hangs",
        "before the move",
    ];
    assert_eq!(names.unwrap(), expect);
}
