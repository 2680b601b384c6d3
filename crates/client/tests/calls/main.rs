//! The client against a small server: versions, joined entries, errors.

#![cfg(test)]

mod server;

use sessions_client::{ClientError, ErrorKind, SearchRequest, Start, StartError};
use sessions_model::{EntryKind, SessionFilter, SessionId, SourceId};

use server::{Behaviour, Server};

fn id() -> SessionId {
    SessionId::parse("0b9d").unwrap()
}

#[tokio::test]
async fn list_comes_in_model_types() {
    let server = Server::new(Behaviour::default());
    let listing = server
        .run(Start::IfAbsent, async |client| {
            client?.list(&SessionFilter::default()).await
        })
        .await
        .unwrap();
    assert_eq!(listing.sessions[0].id, id());
    assert_eq!(listing.sessions[0].tokens.output, 7);
    assert_eq!(listing.unresolved_cwds, ["/src/parser"]);
}

#[tokio::test]
async fn entry_cut_over_messages_is_one() {
    let server = Server::new(Behaviour::default());
    let entries = server
        .run(Start::IfAbsent, async |client| {
            let mut stream = client?.read(&id()).await?;
            let mut entries = Vec::new();
            while let Some(entry) = stream.next().await? {
                entries.push(entry);
            }
            Ok(entries)
        })
        .await
        .unwrap();
    let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["one two three", "after"]);
    assert_eq!(entries[0].kind, EntryKind::Prompt);
}

#[tokio::test]
async fn bytes_are_whole_only_with_their_hash() {
    let read = async |source| {
        let server = Server::new(Behaviour::default());
        server
            .run(Start::IfAbsent, async |client| {
                let mut stream = client?.bytes(SourceId(source), None).await?;
                let mut bytes = Vec::new();
                while let Some(run) = stream.next().await? {
                    bytes.extend(run);
                }
                Ok(bytes)
            })
            .await
    };
    assert_eq!(read(1).await.unwrap(), b"one two");
    for wrong in [2, 3] {
        let error = read(wrong).await.unwrap_err();
        assert!(matches!(error, ClientError::Malformed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn wrong_query_points_at_its_bytes() {
    let server = Server::new(Behaviour::default());
    let error = server
        .run(Start::IfAbsent, async |client| {
            let request = SearchRequest {
                query: "a OR".into(),
                ..SearchRequest::default()
            };
            client?.search(request).await
        })
        .await
        .unwrap_err();
    let ClientError::BadQuery { span, message } = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(span, Some(2..4));
    assert_eq!(message, "OR stands between two words");
}

#[tokio::test]
async fn ambiguous_name_comes_with_candidates() {
    let server = Server::new(Behaviour::default());
    let error = server
        .run(Start::IfAbsent, async |client| {
            client?.resolve("0", "/src", None).await
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(error.to_string(), "2 sessions match 0");
}

#[tokio::test]
async fn newer_daemon_is_left_alone() {
    let behaviour = Behaviour {
        version: "99.0.0",
        ..Behaviour::default()
    };
    let error = Server::new(behaviour)
        .run(Start::IfAbsent, async |client| client.map(drop))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Outdated { .. }), "{error:?}");
}

#[tokio::test]
async fn what_only_reads_is_asked_again_when_the_daemon_is_killed() {
    let slow = || {
        Server::new(Behaviour {
            is_slow: true,
            ..Behaviour::default()
        })
    };
    let listing = slow()
        .run_killed(async |client| client?.list(&SessionFilter::default()).await)
        .await
        .unwrap();
    assert_eq!(listing.sessions[0].id, id());
    // What may have been done already is not asked again, and what is said is a sentence.
    let error = slow()
        .run_killed(async |client| client?.move_project("a", "b").await)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Lost { .. }), "{error:?}");
    let said = error.to_string();
    assert!(!said.contains(['{', '"']), "{said}");
}

#[tokio::test]
async fn older_daemon_is_replaced() {
    let behaviour = Behaviour {
        version: "0.0.1",
        ..Behaviour::default()
    };
    let server = Server::new(behaviour);
    let error = server
        .run(Start::IfAbsent, async |client| client.map(drop))
        .await
        .unwrap_err();
    assert!(server.was_shut_down());
    // The next daemon is looked for, and the test has none.
    assert!(
        matches!(error, ClientError::Start(StartError::Missing)),
        "{error:?}"
    );
}

#[tokio::test]
async fn older_daemon_is_talked_to_where_nothing_is_to_be_started() {
    let behaviour = Behaviour {
        version: "0.0.1",
        ..Behaviour::default()
    };
    let server = Server::new(behaviour);
    let status = server
        .run(Start::Never, async |client| client?.status().await)
        .await
        .unwrap();
    assert_eq!(status.version, "0.0.1");
    assert!(!server.was_shut_down());
}

#[tokio::test]
async fn daemon_that_takes_in_a_root_is_started_anew() {
    let behaviour = Behaviour {
        is_restarting: true,
        ..Behaviour::default()
    };
    let error = Server::new(behaviour)
        .run(Start::IfAbsent, async |client| client.map(drop))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::Start(StartError::Missing)),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_there_is_said() {
    let server = Server::absent();
    let error = server.connect(Start::Never).await.unwrap_err();
    assert!(matches!(error, ClientError::Absent), "{error:?}");
}
