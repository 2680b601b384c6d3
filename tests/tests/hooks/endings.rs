//! However a session is left, the daemon knows how.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sessions_tests::client::{Terminal, keys};

use crate::stage::Stage;

const FIRST: &str = "7d1b6f4e-3c52-4a8e-9d07-2f5e8c1a6b30";

#[test]
fn a_session_that_is_left_for_another_says_so() {
    let stage = Stage::new();
    let _daemon = stage.home.start().unwrap();
    let prompt = stage.prompt("Call the ferry", "It is called");
    let terminal = stage.open(&["--session-id", FIRST, &prompt]);
    terminal.shows("It is called").unwrap();
    stage.ended_by(FIRST, ());
    terminal.enter("/clear").unwrap();
    stage.ended_by(FIRST, "clear");

    terminal
        .enter(&stage.prompt("Call the pilot", "He is called"))
        .unwrap();
    terminal.shows("He is called").unwrap();
    let listed = stage.home.listed(&[]).unwrap();
    let second = listed.iter().find(|session| session["id"] != FIRST);
    let second = second.unwrap()["id"].as_str().unwrap();
    stage.ended_by(second, ());
    terminal.enter(&format!("/resume {FIRST}")).unwrap();
    terminal.shows("It is called").unwrap();
    stage.ended_by(second, "resume");
    stage.ended_by(FIRST, ());

    terminal.enter("/exit").unwrap();
    terminal.leave().unwrap();
    stage.ended_by(FIRST, "prompt_input_exit");
    stage.ended_by(second, "resume");
}

/// Longer than the client says that a key is wanted again.
const HINT_MAX: Duration = Duration::from_secs(2);

/// A way to leave a client.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// A key, which the client wants pressed twice, and what it calls it.
    Twice(&'static str, &'static str),
    /// A command.
    Line(&'static str),
    Signal(Signal),
    /// The terminal is closed.
    Closing,
}

fn leave(terminal: &mut Terminal, way: Way) {
    match way {
        Way::Twice(key, name) => {
            let again = format!("Press {name} again to exit");
            let mut pressed = None::<Instant>;
            // One that comes while the client is at something else does that something else.
            let hint = terminal.shows_what(&again, |screen| {
                if screen.contains(&again) {
                    return Some(());
                }
                if pressed.is_none_or(|at| at.elapsed() > HINT_MAX) {
                    terminal.press(key).ok()?;
                    pressed = Some(Instant::now());
                }
                None
            });
            hint.unwrap();
            terminal.press(key).unwrap();
        }
        Way::Line(line) => terminal.enter(line).unwrap(),
        Way::Signal(signal) => terminal.signal(signal).unwrap(),
        Way::Closing => terminal.close(),
    }
}

#[test]
fn a_client_that_ends_says_why_or_is_said_to_be_killed() {
    let ways = [
        (Way::Twice(keys::CTRL_C, "Ctrl-C"), "prompt_input_exit"),
        (Way::Twice(keys::CTRL_D, "Ctrl-D"), "prompt_input_exit"),
        (Way::Line("/logout"), "logout"),
        (Way::Signal(Signal::INT), "other"),
        (Way::Signal(Signal::TERM), "other"),
        (Way::Closing, "other"),
        (Way::Signal(Signal::KILL), "killed"),
    ];
    let stage = Stage::new();
    let _daemon = stage.home.start().unwrap();
    for (number, (way, expect)) in ways.into_iter().enumerate() {
        let session = format!("7d1b6f4e-3c52-4a8e-9d07-{number:012}");
        let answer = format!("Boat {number} is moored");
        let prompt = stage.prompt("Moor the boat", &answer);
        let mut terminal = stage.open(&["--session-id", &session, &prompt]);
        terminal.shows(&answer).unwrap();
        // The client is on its feet, and known to be.
        stage.ended_by(&session, ());
        leave(&mut terminal, way);
        terminal.wait().unwrap();
        stage.ended_by(&session, expect);
    }
}
