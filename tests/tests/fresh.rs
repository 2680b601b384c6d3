//! A search sees every line that was on disk when it was asked: ten thousand times, a line is appended and asked
//! for at once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use sessions_client::{Client, Connection, SearchRequest, Start};
use sessions_paths::{Environment, Paths};
use sessions_tests::Home;

const ROUNDS: u32 = 10_000;

/// Transcripts that are appended to, one after the other.
const SESSIONS: u32 = 7;

fn row(session: &str, round: u32) -> String {
    format!(
        "{{\"type\":\"user\",\"uuid\":\"00000000-0000-4000-8000-{round:012}\",\"cwd\":\"/w\",\
         \"sessionId\":\"{session}\",\"timestamp\":\"2026-05-01T10:00:00.000Z\",\
         \"message\":{{\"role\":\"user\",\"content\":\"look at w{round}w\"}}}}\n"
    )
}

fn connection(home: &Home) -> Connection {
    let environment = Environment {
        sessions_home: Some(home.path().to_owned()),
        claude_config_dir: Some(home.config_root().to_owned()),
        home: Some(home.path().to_owned()),
        ..Environment::read().unwrap()
    };
    Connection {
        paths: Paths::choose(&environment).unwrap(),
        environment,
        root: None,
        program: None,
        start: Start::Never,
        agent_root: None,
    }
}

#[test]
fn each_of_ten_thousand_searches_finds_the_line_that_was_appended_before_it() {
    let root = tempfile::TempDir::with_prefix("fresh-").unwrap();
    let folder = root.path().join("projects/-w");
    std::fs::create_dir_all(&folder).unwrap();
    let home = Home::new(root.path()).unwrap();
    let daemon = home.start().unwrap();
    home.settle().unwrap();
    let names: Vec<String> = (0..SESSIONS)
        .map(|number| format!("11111111-2222-4333-8444-{number:012}"))
        .collect();
    let mut files: Vec<_> = names
        .iter()
        .map(|name| {
            let path = folder.join(format!("{name}.jsonl"));
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.unwrap()
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::connect(&connection(&home)).await.unwrap();
        for round in 0..ROUNDS {
            let place = (round % SESSIONS) as usize;
            let line = row(&names[place], round);
            files[place].write_all(line.as_bytes()).unwrap();
            let request = SearchRequest {
                query: format!("w{round}w"),
                limit: 1,
                wait_ms: u32::try_from(Duration::from_secs(20).as_millis()).unwrap(),
                ..SearchRequest::default()
            };
            let answer = client.search(request).await.unwrap();
            let coverage = &answer.coverage;
            assert_eq!(answer.total, 1, "round {round}: {coverage:?}");
            assert!(coverage.complete, "round {round}: {coverage:?}");
        }
    });
    daemon.stop().unwrap();
}
