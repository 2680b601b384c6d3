//! The mock and the real client understand each other: what a script says is what the client tells.

use std::fs;

use sessions_tests::client::{Client, Config, installed};
use sessions_tests::mock::{Mock, bash, say, text, think};
use sessions_tests::tree::Tree;

#[test]
fn a_scripted_turn_reaches_the_transcript() {
    let mock = Mock::start().unwrap();
    let config = Config::new().unwrap();
    let client = Client {
        executable: installed().unwrap(),
        config: &config,
        api: mock.url(),
    };
    let directory = config.directory("turn").unwrap();
    let script = [
        say([
            think("a thought"),
            text("an answer"),
            bash("echo $((6 * 7))"),
        ]),
        say([text("the end")]),
    ];
    let prompt = mock.prompt("Do it", script);
    let answer = client.ask(&directory, &prompt, &[]).unwrap();
    assert_eq!(answer.text, "the end");
    let steps: Vec<_> = mock.requests().iter().map(|request| request.step).collect();
    assert_eq!(steps, [Some((0, 0)), Some((0, 1))]);
    let transcript = fs::read_to_string(config.transcript(&answer.session).unwrap()).unwrap();
    for words in ["a thought", "an answer", "\"42\"", "the end"] {
        assert!(transcript.contains(words), "{words}");
    }
    assert!(Tree::read(&config.root()).unwrap().bytes() > 10_000);
}
