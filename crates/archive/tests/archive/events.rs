//! What hooks reported.

use sessions_archive::{Event, Lane, Logged};
use sessions_model::{EventId, HookEvent, Seq, SessionId, Timestamp};

use crate::support::{NOW, Scene};

fn event(id: u8, event: HookEvent, at: Timestamp) -> Event {
    Event {
        id: EventId([id; 16]),
        at,
        event,
        root: "/home/dev/.claude".into(),
        session: SessionId::parse("11111111").unwrap(),
        reason: String::new(),
        prompt: "p".into(),
        agent: String::new(),
        pid: Some(7),
        message: None,
    }
}

fn note(scene: &mut Scene, event: &Event) -> Option<Seq> {
    let mut transaction = scene.archive.begin(NOW).unwrap();
    let seq = transaction.note_event(event).unwrap();
    transaction.commit().unwrap();
    seq
}

#[test]
fn an_event_counts_once_however_often_and_from_how_many_hooks_it_comes() {
    let mut scene = Scene::new();
    let stop = event(1, HookEvent::Stop, NOW);
    let seq = note(&mut scene, &stop).unwrap();
    assert_eq!(note(&mut scene, &stop), None);
    let twin = Event {
        id: EventId([2; 16]),
        at: Timestamp(NOW.0 + 400),
        ..stop.clone()
    };
    assert_eq!(note(&mut scene, &twin), None);
    let others = [
        Event {
            prompt: "q".into(),
            ..twin.clone()
        },
        Event {
            id: EventId([3; 16]),
            agent: "a".into(),
            ..twin.clone()
        },
        Event {
            id: EventId([4; 16]),
            at: Timestamp(NOW.0 + 5_000),
            ..twin.clone()
        },
    ];
    for other in &others {
        assert!(note(&mut scene, other).is_some(), "{other:?}");
    }
    let reader = scene.archive.reader().unwrap();
    let rows = reader.log_after(Lane::Live, Seq(seq.0 - 1), 1).unwrap();
    let Logged::Event { number } = rows[0].change else {
        panic!("{rows:?}");
    };
    assert_eq!(reader.event(number).unwrap(), Some(stop));
    let sums = reader.event_sums().unwrap();
    assert_eq!(
        (sums[0].count, sums[0].last_at),
        (4, Timestamp(NOW.0 + 5_000))
    );
}

#[test]
fn a_message_is_kept_until_the_transcript_has_it() {
    let mut scene = Scene::new();
    let told = Event {
        message: Some("done".into()),
        ..event(1, HookEvent::Stop, NOW)
    };
    note(&mut scene, &told).unwrap();
    let session = told.session.clone();
    let last = |scene: &Scene| {
        scene
            .archive
            .reader()
            .unwrap()
            .last_message(&session)
            .unwrap()
    };
    for (until, expect) in [(NOW.0 - 1, true), (NOW.0, false)] {
        let mut transaction = scene.archive.begin(NOW).unwrap();
        transaction
            .forget_messages(&session, Timestamp(until))
            .unwrap();
        transaction.commit().unwrap();
        assert_eq!(last(&scene).is_some(), expect, "{until}");
    }
}

#[test]
fn old_events_are_forgotten_but_for_the_ends_of_sessions() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let mut scene = Scene::new();
    let long_ago = Timestamp(NOW.0 - 40 * DAY_MS);
    note(&mut scene, &event(1, HookEvent::Stop, long_ago)).unwrap();
    note(&mut scene, &event(2, HookEvent::SessionEnd, long_ago)).unwrap();
    note(&mut scene, &event(3, HookEvent::Stop, NOW)).unwrap();
    assert_eq!(scene.archive.prune_events(NOW).unwrap(), 1);
    let reader = scene.archive.reader().unwrap();
    assert_eq!(reader.event_sums().unwrap()[0].count, 2);
}
