//! An archive that takes nothing is never silent: whoever starts a session sees it, once a day.

use std::fs;
use std::time::Duration;

use sessions_tests::client::Terminal;

use crate::stage::Stage;

/// What the line begins with.
const OURS: &str = "Claude Sessions: ";

/// What the model's answers begin with.
const ANSWER: &str = "Aye for ";

/// Longer than events may wait before that is said.
const LONG_AGO: Duration = Duration::from_mins(11);

/// Sessions begun until the line is there: a daemon that a busy machine keeps from answering in time is asked
/// again by the next.
const BEGUN_MAX: usize = 5;

/// Begins a session, and returns what the screen shows once the model has answered in it.
fn begin(stage: &Stage, terminal: &Terminal, name: &str) -> String {
    let mut screen = String::new();
    for _ in 0..BEGUN_MAX {
        terminal.enter("/clear").unwrap();
        screen = ask(stage, terminal, name);
        // Where the turn before had not ended, the client put the command off.
        if screen.matches(ANSWER).count() == 1 {
            break;
        }
    }
    screen
}

fn ask(stage: &Stage, terminal: &Terminal, name: &str) -> String {
    let answer = format!("{ANSWER}{name}");
    let prompt = stage.prompt(&format!("Begin {name}"), &answer);
    terminal.enter(&prompt).unwrap();
    terminal.shows(&answer).unwrap()
}

/// Returns our line on `screen`, or on that of one of the next sessions.
fn hear(stage: &Stage, terminal: &Terminal, mut screen: String) -> String {
    for number in 0..BEGUN_MAX {
        if let Some(said) = said(&screen) {
            return said;
        }
        screen = begin(stage, terminal, &format!("once more {number}"));
    }
    panic!("{screen}");
}

/// Returns our line on the screen, which the client breaks where it pleases.
fn said(screen: &str) -> Option<String> {
    let (_, ours) = screen.split_once(OURS)?;
    let (ours, _) = ours.split_once("\n\n")?;
    let words: Vec<&str> = ours.split_whitespace().collect();
    Some(words.join(" "))
}

/// Lets a day pass for whoever said it.
fn next_day(stage: &Stage) {
    fs::remove_file(stage.home.path().join("state/silence-said")).unwrap();
}

fn age_spool(stage: &Stage) {
    for event in fs::read_dir(stage.home.path().join("state/spool")).unwrap() {
        let event = fs::File::options()
            .write(true)
            .open(event.unwrap().path())
            .unwrap();
        let at = event.metadata().unwrap().modified().unwrap();
        event.set_modified(at - LONG_AGO).unwrap();
    }
}

#[test]
fn an_archive_that_takes_nothing_is_said_on_the_screen_once_a_day() {
    let stage = Stage::new();
    let daemon = stage.home.start().unwrap();
    stage.home.bytes(&["daemon", "pause"]).unwrap();
    let terminal = stage.open(&[]);
    let screen = ask(&stage, &terminal, "while it is paused");
    let paused = hear(&stage, &terminal, screen);
    let expect = "archiving is paused; run `sessions doctor`";
    assert!(paused.contains(expect), "{paused}");
    let screen = begin(&stage, &terminal, "on the same day");
    assert_eq!(said(&screen), None, "{screen}");
    stage.home.bytes(&["daemon", "resume"]).unwrap();
    daemon.stop().unwrap();

    next_day(&stage);
    stage.home.configure("exclude = 7\n").unwrap();
    let daemon = stage.home.start().unwrap();
    let screen = begin(&stage, &terminal, "with wrong settings");
    let why = hear(&stage, &terminal, screen);
    let expect = "config.toml:1: expected a list of texts; run `sessions doctor`";
    assert!(
        why.starts_with("nothing archived since ") && why.ends_with(expect),
        "{why}"
    );
    daemon.stop().unwrap();

    next_day(&stage);
    let screen = begin(&stage, &terminal, "without a daemon");
    assert_eq!(said(&screen), None, "{screen}");
    age_spool(&stage);
    let screen = begin(&stage, &terminal, "long without a daemon");
    let since = said(&screen).unwrap();
    assert!(since.starts_with("nothing archived since "), "{since}");
    let screen = begin(&stage, &terminal, "still without a daemon");
    assert_eq!(said(&screen), None, "{screen}");
    terminal.enter("/exit").unwrap();
    terminal.leave().unwrap();
}
