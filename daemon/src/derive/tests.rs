//! The derived pair over a real archive: replay, lanes and kills between its two commits.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sessions_archive::{Archive, Cursor, FileStamp, Fingerprint, Heads, Lane};
use sessions_catalog::Applied;
use sessions_index::Position;
use sessions_model::{
    ByteOffset, FaultKind, GenerationId, Session, SessionFilter, SourceId, Timestamp,
};
use sessions_query::SearchRequest;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use super::pair::{Load, Pair};
use super::thread::Worker;
use super::{Board, Deriver, Parts};
use crate::clock::SystemClock;
use crate::suspicion::Suspicion;

mod commits;
mod moved;
mod title;
mod unfinished;

const NOW: Timestamp = Timestamp(1_780_000_000_000);
const BOOT: &str = "this boot";
const SESSION: &str = "11111111-2222-4333-8444-555555555555";

/// An archive, and a worker that derives from it.
struct World {
    dir: tempfile::TempDir,
    archive: Archive,
    source: SourceId,
    generation: GenerationId,
    length: u64,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("derived")).unwrap();
        let mut archive = Archive::open(&dir.path().join("archive"), NOW).unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        let root = transaction.root("/home/dev/.claude").unwrap();
        let path = format!("projects/-x/{SESSION}.jsonl");
        let origin = sessions_transcript::classify(&path).unwrap();
        let source = transaction.source(root, &origin).unwrap();
        let generation = transaction
            .open_generation(source, None, Lane::Backlog)
            .unwrap();
        transaction.commit().unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self {
            dir,
            archive,
            source,
            generation,
            length: 0,
            runtime,
        }
    }

    fn append(&mut self, bytes: &str, lane: Lane) {
        self.append_from(self.length + bytes.len() as u64, bytes, lane);
    }

    /// Appends bytes after which the line that begins at `line_start` is unfinished, or nothing is.
    fn append_from(&mut self, line_start: u64, bytes: impl AsRef<[u8]>, lane: Lane) {
        let bytes = bytes.as_ref();
        self.length += bytes.len() as u64;
        let offset = ByteOffset(self.length);
        let cursor = Cursor {
            source: self.source,
            generation: self.generation,
            offset,
            line_start: ByteOffset(line_start),
            fingerprint: Fingerprint {
                head: [0; 32],
                head_len: 0,
                tail: [0; 32],
                tail_len: 0,
            },
            stamp: FileStamp {
                device: 1,
                inode: 1,
                size: self.length,
                modified_ns: 0,
            },
        };
        let mut transaction = self.archive.begin(NOW).unwrap();
        transaction.append(&cursor, bytes, lane).unwrap();
        transaction.commit().unwrap();
    }

    fn derived(&self) -> PathBuf {
        self.dir.path().join("derived")
    }

    fn parts(&self) -> Parts {
        Parts {
            archive: self.archive.reader().unwrap(),
            archive_id: self.archive.id(),
            derived: self.derived(),
            free_bytes_min: 0,
            heads: watch::Sender::new(self.archive.reader().unwrap().heads().unwrap()).subscribe(),
            clock: Arc::new(SystemClock),
            started_at: NOW,
            suspicion: Suspicion::default(),
        }
    }

    fn worker(&self) -> Worker {
        let (_, inbox) = mpsc::channel(1);
        Worker::new(
            self.parts(),
            self.runtime.handle().clone(),
            inbox,
            Arc::new(Board::new()),
        )
    }

    fn create(&self) -> Pair {
        Pair::create((&self.derived(), BOOT, self.archive.id())).unwrap()
    }

    fn load(&self, boot: &str) -> Load {
        self.load_behind(boot, self.archive.reader().unwrap().heads().unwrap())
    }

    fn load_behind(&self, boot: &str, heads: Heads) -> Load {
        Pair::load((&self.derived(), boot, self.archive.id()), heads).unwrap()
    }

    /// Applies each lane whole, in this order.
    fn apply(&self, pair: &mut Pair, lanes: [Lane; 2]) {
        let mut worker = self.worker();
        for lane in lanes {
            while worker.apply_lane(pair, lane).unwrap() > 0 {}
        }
    }

    /// Returns what a list and a search for `word` say.
    fn answers(&self, pair: &Pair, word: &str) -> (Vec<Session>, u64) {
        let serving = Arc::new(pair.serving(vec![self.archive.reader().unwrap()]).unwrap());
        let mut lease = self.runtime.block_on(serving.lease()).unwrap();
        let nobody = HashSet::new();
        let sessions = lease
            .engine()
            .list(&SessionFilter::default(), &nobody)
            .unwrap();
        let request = SearchRequest {
            query: word.into(),
            limit: 10,
            with_automated: true,
            now: NOW,
            ..SearchRequest::default()
        };
        (
            sessions,
            lease
                .engine()
                .search(&request, &nobody)
                .unwrap()
                .answer
                .total,
        )
    }
}

fn prompt(number: u32, text: &str) -> String {
    format!(
        r#"{{"type":"user","uuid":"u{number}","parentUuid":null,"sessionId":"{SESSION}","cwd":"/src/x","#
    ) + &format!(
        r#""timestamp":"2026-05-01T10:00:{number:02}.000Z","message":{{"role":"user","content":"{text}"}}}}"#
    ) + "\n"
}

fn filled() -> World {
    let mut world = World::new();
    for number in 0..20 {
        let lane = if number % 3 == 0 {
            Lane::Live
        } else {
            Lane::Backlog
        };
        world.append(&prompt(number, &format!("quartz number {number}")), lane);
    }
    world
}

#[test]
fn a_kill_between_the_two_commits_costs_nothing_and_doubles_nothing() {
    let world = filled();
    let mut pair = world.create();
    pair.take_over(&world.derived()).unwrap();
    world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
    let Applied { backlog, live } = pair.applied();
    let position = Position {
        archive: world.archive.id(),
        backlog,
        live,
    };
    pair.index.commit(&position).unwrap();
    drop(pair);
    let Load::Ready(mut pair) = world.load(BOOT) else {
        panic!("the pair goes on")
    };
    assert_eq!(
        pair.applied(),
        Applied::default(),
        "the catalog was not committed"
    );
    world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
    pair.commit().unwrap();
    let (sessions, total) = world.answers(&pair, "quartz");
    assert_eq!((sessions.len(), sessions[0].prompts, total), (1, 20, 20));
}

#[test]
fn lanes_in_either_order_give_the_same_answers() {
    let world = filled();
    let [one, other] = [[Lane::Live, Lane::Backlog], [Lane::Backlog, Lane::Live]].map(|lanes| {
        let mut pair = world.create();
        world.apply(&mut pair, lanes);
        pair.commit().unwrap();
        world.answers(&pair, "quartz")
    });
    assert_eq!(one, other);
    assert_eq!(one.0[0].title, "quartz number 0");
}

#[test]
fn a_pair_of_a_boot_that_ended_badly_is_built_anew() {
    let world = filled();
    let pair = world.create();
    pair.take_over(&world.derived()).unwrap();
    drop(pair);
    assert!(matches!(world.load("the next boot"), Load::Rebuild(_)));
    let Load::Ready(pair) = world.load(BOOT) else {
        panic!("a kill tears nothing")
    };
    pair.close().unwrap();
    assert!(matches!(world.load("the next boot"), Load::Ready(_)));
}

#[test]
fn a_line_in_two_appends_is_parsed_once_it_is_whole() {
    let mut world = World::new();
    let line = prompt(1, "split in two");
    let (first, second) = line.split_at(40);
    world.append_from(0, first, Lane::Live);
    world.append(second, Lane::Live);
    let mut pair = world.create();
    world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
    pair.commit().unwrap();
    let (sessions, total) = world.answers(&pair, "split");
    assert_eq!((sessions[0].prompts, total), (1, 1));
}

#[test]
fn a_pair_that_is_ahead_of_its_archive_is_built_anew() {
    let mut world = World::new();
    world.append(&prompt(1, "first"), Lane::Live);
    world.append(&prompt(2, "second"), Lane::Backlog);
    let heads = world.archive.reader().unwrap().heads().unwrap();
    let mut pair = world.create();
    world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
    pair.take_over(&world.derived()).unwrap();
    pair.commit().unwrap();
    pair.close().unwrap();
    let none = Heads::default();
    let older = [
        Heads {
            live: none.live,
            ..heads
        },
        Heads {
            backlog: none.backlog,
            ..heads
        },
    ];
    for heads in older {
        let Load::Rebuild(reason) = world.load_behind(BOOT, heads) else {
            panic!("{heads:?} is behind what was applied");
        };
        assert!(reason.contains("backup"), "{reason}");
    }
    assert!(matches!(world.load(BOOT), Load::Ready(_)));
}

/// Returns the defects that are counted, but for what the archive has lost.
fn defects(world: &World) -> Vec<(String, u64)> {
    let mut pair = world.create();
    world.apply(&mut pair, [Lane::Backlog, Lane::Live]);
    pair.commit().unwrap();
    let serving = Arc::new(pair.serving(vec![world.archive.reader().unwrap()]).unwrap());
    let mut lease = world.runtime.block_on(serving.lease()).unwrap();
    let defects = lease.engine().defects().unwrap();
    let counted = defects
        .into_iter()
        .map(|defect| (defect.name, defect.count));
    counted.collect()
}

#[test]
fn a_defect_is_counted_once_however_often_its_line_is_derived() {
    let mut world = World::new();
    world.append("no json\nnor this\n", Lane::Live);
    let before = defects(&world);
    assert_eq!(before, [("json".to_owned(), 2)]);
    let origin = sessions_transcript::classify(&format!("projects/-x/{SESSION}.jsonl")).unwrap();
    let mut transaction = world.archive.begin(NOW).unwrap();
    let root = transaction.root("/home/dev/.claude").unwrap();
    transaction
        .adopt_source(world.source, root, &origin)
        .unwrap();
    transaction.commit().unwrap();
    assert_eq!(
        defects(&world),
        before,
        "what was put back is derived again"
    );
}

#[test]
fn no_row_keeps_those_after_it_from_being_found() {
    let long = "w".repeat(300_000);
    let hostile = [
        r#"{"type":"assistant","message":{"id":"m","usage":{"output_tokens":18446744073709551615}}}"#.into(),
        r#"{"type":"assistant","message":{"id":"n","usage":{"input_tokens":-1,"output_tokens":1e300}}}"#.into(),
        r#"{"type":"user","uuid":"","timestamp":"0000-01-01T00:00:00Z","message":{"content":"a\u0000b"}}"#.into(),
        r#"{"type":"user","timestamp":"9999-12-31T23:59:60.999999999+23:59","message":{"content":""}}"#.into(),
        r#"{"type":"custom-title","customTitle":"\u0000\u001b[31m"}"#.into(),
        format!(r#"{{"type":"custom-title","customTitle":"{long}"}}"#),
        format!(r#"{{"type":"{long}","uuid":"{long}","cwd":"{long}","gitBranch":"{long}"}}"#),
        format!(r#"{{"type":"assistant","message":{{"model":"{long}","content":"{long}"}}}}"#),
    ];
    let mut world = World::new();
    for row in hostile {
        let row: String = row;
        world.append(&format!("{row}\n"), Lane::Live);
    }
    world.append(&prompt(1, "quartz"), Lane::Live);
    let mut pair = world.create();
    world.apply(&mut pair, [Lane::Backlog, Lane::Live]);
    pair.commit().unwrap();
    assert_eq!(world.answers(&pair, "quartz").1, 1);
}

#[test]
fn a_line_longer_than_any_that_is_read_is_one_defect() {
    let mut world = World::new();
    let piece = vec![b'x'; 8 << 20];
    for _ in 0..9 {
        world.append_from(0, &piece, Lane::Live);
    }
    world.append("{}\n", Lane::Live);
    world.append(&prompt(1, "quartz"), Lane::Live);
    assert_eq!(defects(&world), [("too-long".to_owned(), 1)]);
}

#[test]
fn a_queued_prompt_is_found_once_whether_it_was_sent_or_not() {
    let note = "{\"type\":\"queue-operation\",\"operation\":\"enqueue\",\"content\":\"quartz\"}\n";
    let steered = "{\"type\":\"attachment\",\"uuid\":\"7\",\"attachment\":\
                   {\"type\":\"queued_command\",\"prompt\":\"quartz\"}}\n";
    let again = note.replace(
        "enqueue\"",
        "enqueue\",\"timestamp\":\"2026-01-02T03:04:05Z\"",
    );
    let sent = prompt(1, "quartz");
    let check = |rows: &[&str], expect: u64| {
        let mut world = World::new();
        let mut pair = world.create();
        for row in rows {
            world.append(row, Lane::Live);
            world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
            pair.commit().unwrap();
        }
        assert_eq!(world.answers(&pair, "quartz").1, expect, "{rows:?}");
        world.append(&rows.concat(), Lane::Backlog);
        let mut whole = world.create();
        world.apply(&mut whole, [Lane::Live, Lane::Backlog]);
        whole.commit().unwrap();
        assert_eq!(world.answers(&whole, "quartz").1, expect, "{rows:?}");
    };
    check(&[note], 1);
    check(&[note, steered], 1);
    check(&[note, &sent], 1);
    check(&[note, steered, &again], 2);
    check(&[steered, &sent], 2);
}

#[test]
fn lines_that_show_nothing_leave_no_trace() {
    let mut world = World::new();
    let nothing = ["{}", "no json", r#"{"type":"progress"}"#];
    world.append(
        &format!("{}\n", nothing.join("\n")).repeat(20_000),
        Lane::Live,
    );
    assert_eq!(defects(&world)[0].1, 20_000);
    let catalogs = std::fs::read_dir(world.derived()).unwrap().flatten();
    let sizes = catalogs.filter_map(|pair| {
        let bytes = |name| std::fs::metadata(pair.path().join("catalog").join(name));
        Some(bytes("catalog.db").ok()?.len() + bytes("catalog.db-wal").map_or(0, |wal| wal.len()))
    });
    let sizes: Vec<u64> = sizes.collect();
    assert!(matches!(*sizes, [bytes] if bytes < 300_000), "{sizes:?}");
}

#[test]
fn the_end_of_a_line_whose_beginning_is_lost_is_no_defect() {
    let mut world = World::new();
    let mut noise = vec![0; 20_000];
    blake3::Hasher::new_derive_key("noise for a test")
        .finalize_xof()
        .fill(&mut noise);
    noise.retain(|byte| *byte != b'\n');
    world.append_from(0, &noise, Lane::Live);
    world.append(&format!("its end\n{}", prompt(1, "quartz")), Lane::Live);
    let database = world.dir.path().join("archive/archive.db");
    world.archive.rest().unwrap();
    let mut file = std::fs::read(&database).unwrap();
    let window = &noise[1_000..1_032];
    let at = file.windows(32).position(|found| found == window).unwrap();
    file[at] ^= 1;
    std::fs::write(&database, file).unwrap();
    assert_eq!(defects(&world), []);
    let mut pair = world.create();
    world.apply(&mut pair, [Lane::Backlog, Lane::Live]);
    pair.commit().unwrap();
    assert_eq!(world.answers(&pair, "quartz").1, 1);
}

#[test]
fn neither_a_question_nor_a_rebuild_takes_the_space_that_archiving_needs() {
    let mut world = World::new();
    world.append(&prompt(1, "no room"), Lane::Live);
    let live = world.archive.reader().unwrap().heads().unwrap().live;
    for is_rebuild in [false, true] {
        // Nothing is said to be new, so that nothing else looks at the space.
        let (_heads, heads) = watch::channel(Heads::default());
        let parts = Parts {
            free_bytes_min: u64::MAX,
            heads,
            ..world.parts()
        };
        let deriver = Deriver::start(parts, world.runtime.handle().clone()).unwrap();
        let asked = world.runtime.block_on(async {
            if is_rebuild {
                deriver.rebuild().await
            } else {
                deriver.show(live, Duration::from_mins(1)).await
            }
        });
        assert_eq!(asked, None, "{is_rebuild}");
        // Whoever asked hears of it a moment before the fault is there.
        deriver.stop();
        assert_eq!(
            deriver.fault().unwrap().kind,
            FaultKind::Disk,
            "{is_rebuild}"
        );
    }
}
