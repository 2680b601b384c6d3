//! Checkpoints and the lives of sessions.

use std::collections::HashSet;

use sessions_catalog::{Applied, CheckpointWord, SessionFacts};
use sessions_model::{
    ByteOffset, CheckpointId, CheckpointPlace, GenerationId, GitState, Seq, SourceId, Timestamp,
};

use crate::told::{Told, id};

const SESSION: &str = "3f9a1c2e-0000";

fn words() -> Vec<CheckpointWord> {
    vec![
        CheckpointWord::Made {
            name: "Before".into(),
            note: String::new(),
            session: id(SESSION),
            at: Timestamp(5),
            cwd: "/src".into(),
            operation: 3,
        },
        CheckpointWord::Placed(CheckpointPlace {
            record: "u".into(),
            source: SourceId(1),
            generation: GenerationId(2),
            end: ByteOffset(9),
        }),
        CheckpointWord::Git {
            state: GitState {
                head: "abc".into(),
                is_dirty: true,
                ..GitState::default()
            },
            operation: 4,
        },
    ]
}

fn commit(told: &mut Told) {
    told.catalog
        .commit(Applied {
            backlog: Seq(1),
            live: Seq(1),
        })
        .unwrap();
}

#[test]
fn what_is_said_of_a_checkpoint_adds_up_in_any_order() {
    let all = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let checkpoint = CheckpointId([0xab; 16]);
    let mut first = None;
    for order in all {
        let mut told = Told::new();
        for at in order {
            told.catalog.checkpoint(checkpoint, words()[at].clone());
            commit(&mut told);
        }
        let reader = told.reader();
        let listed = reader.checkpoints((Some(&id(SESSION)), None), 10).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed, *first.get_or_insert(listed.clone()), "{order:?}");
        assert_eq!(reader.checkpoint_described_by(checkpoint).unwrap(), Some(4));
        for (name, expect) in [("ABab", 1), ("before", 1), ("Bef", 0), ("abc", 0)] {
            let meant = reader.checkpoints_meant(name, None).unwrap();
            assert_eq!(meant.len(), expect, "{name}");
        }
        assert!(
            reader
                .checkpoints_meant("before", Some("/elsewhere"))
                .unwrap()
                .is_empty()
        );
        told.catalog.checkpoint(checkpoint, CheckpointWord::Gone);
        commit(&mut told);
        assert!(
            told.reader()
                .checkpoints((None, None), 10)
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_checkpoint_waits_until_it_is_placed() {
    let mut told = Told::new();
    told.catalog
        .checkpoint(CheckpointId([1; 16]), words()[0].clone());
    commit(&mut told);
    assert_eq!(told.reader().pending_checkpoints().unwrap(), [3]);
    told.catalog
        .checkpoint(CheckpointId([1; 16]), words()[1].clone());
    commit(&mut told);
    assert!(told.reader().pending_checkpoints().unwrap().is_empty());
}

#[test]
fn a_session_that_nobody_left_and_nobody_has_open_was_killed() {
    let check = |begun: &[i64], left: &[(i64, &str)], expect: Option<&str>| {
        let mut told = Told::new();
        let facts = SessionFacts {
            entries: 1,
            ..SessionFacts::default()
        };
        let session = told.row(SESSION, 1, facts);
        for at in begun {
            told.catalog.begun(session, Timestamp(*at));
        }
        for (at, reason) in left {
            told.catalog.left(session, Timestamp(*at), reason);
        }
        commit(&mut told);
        let reader = told.reader();
        let ended_by = |live: HashSet<_>| {
            let session = reader.session(&id(SESSION), &live).unwrap().unwrap();
            session.ended_by
        };
        assert_eq!(
            ended_by(HashSet::new()).as_deref(),
            expect,
            "{begun:?} {left:?}"
        );
        assert_eq!(ended_by(HashSet::from([id(SESSION)])), None);
    };
    check(&[], &[], None);
    check(&[1], &[], Some("killed"));
    check(&[1], &[(2, "clear")], Some("clear"));
    check(&[3, 1], &[(2, "clear")], Some("killed"));
    check(&[1], &[(4, "other"), (2, "clear")], Some("other"));
}
