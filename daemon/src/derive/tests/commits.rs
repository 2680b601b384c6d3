//! What single appends cost: commits when somebody asks, or after a short quiet, and segments that stay few.

use std::time::Duration;

use sessions_archive::{ArchiveReader, Heads, Lane};
use sessions_model::Seq;
use tokio::sync::watch;

use super::{SESSION, World};
use crate::derive::{Deriver, Parts};

const APPENDS: u64 = 1_000;
const WAIT: Duration = Duration::from_mins(1);

/// Appends that are asked for one by one.
const ASKED: u64 = 200;

/// Segments that may be there at any time: a few of each size, and those that wait to be merged.
const SEGMENTS_MAX: usize = 100;

struct Following {
    world: World,
    reader: ArchiveReader,
    heads: watch::Sender<Heads>,
    deriver: Deriver,
}

impl Following {
    fn new() -> Self {
        let world = World::new();
        let reader = world.archive.reader().unwrap();
        let heads = watch::Sender::new(reader.heads().unwrap());
        let parts = Parts {
            heads: heads.subscribe(),
            ..world.parts()
        };
        let deriver = Deriver::start(parts, world.runtime.handle().clone()).unwrap();
        Self {
            world,
            reader,
            heads,
            deriver,
        }
    }

    fn append(&mut self, number: u64) -> Seq {
        let line = format!(
            "{{\"type\":\"user\",\"uuid\":\"u{number}\",\"sessionId\":\"{SESSION}\",\
             \"message\":{{\"role\":\"user\",\"content\":\"needle {number}\"}}}}\n"
        );
        self.world.append(&line, Lane::Live);
        let heads = self.reader.heads().unwrap();
        self.heads.send_replace(heads);
        heads.live
    }

    fn show(&self, live: Seq) {
        let shown = self.deriver.show(live, WAIT);
        let shown = self.world.runtime.block_on(shown).unwrap();
        assert_eq!(shown.live, live);
    }

    /// Commits so far and segments now.
    fn cost(&self) -> (u64, usize) {
        let serving = self.deriver.serving().unwrap();
        let mut lease = self.world.runtime.block_on(serving.lease()).unwrap();
        lease.engine().index_commits().unwrap()
    }
}

#[test]
fn a_thousand_appends_that_nobody_asks_for_are_a_few_commits() {
    let mut following = Following::new();
    let mut last = Seq(0);
    for number in 0..APPENDS {
        last = following.append(number);
    }
    following.show(last);
    let (commits, segments) = following.cost();
    assert!(commits <= 12, "{commits} commits");
    assert!(segments <= SEGMENTS_MAX, "{segments} segments");
    following.deriver.stop();
}

#[test]
fn appends_that_are_asked_for_are_a_commit_each_and_segments_stay_few() {
    let mut following = Following::new();
    let mut segments_most = 0;
    for number in 0..ASKED {
        let live = following.append(number);
        following.show(live);
        segments_most = segments_most.max(following.cost().1);
    }
    let (commits, _) = following.cost();
    assert!((ASKED..=ASKED + 12).contains(&commits), "{commits} commits");
    assert!(
        segments_most <= SEGMENTS_MAX,
        "{segments_most} segments at once"
    );
    following.deriver.stop();
}
