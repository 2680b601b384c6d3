//! The bench the tests stand on: a config root, an archive, and an archivist that can be restarted.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sessions_archive::{Archive, ArchiveReader, GenerationRow, Heads, SourceState};
use sessions_model::{ByteOffset, Timestamp};
use sessions_watch::Method;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use crate::clock::SystemClock;
use crate::ingest::archivist::Archivist;
use crate::ingest::disk::{Disk, SystemDisk};
use crate::ingest::{ArchivistHandle, Excludes, Pace, Parts, Settled};
use crate::suspicion::Suspicion;

/// Far beyond what any of this takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The main transcript that most tests write.
pub(super) const MAIN: &str = "projects/-p/015937b6-1112-4e12-b9d9-295c89e5b1ba.jsonl";

pub(super) struct Bench {
    home: TempDir,
    runtime: Runtime,
    pub(super) pace: Pace,
    pub(super) method: Method,
    pub(super) excludes: Excludes,
    pub(super) hold: Option<String>,
    pub(super) beside: Vec<PathBuf>,
    pub(super) suspicion: Suspicion,
    running: Option<Running>,
}

struct Running {
    handle: ArchivistHandle,
    reader: ArchiveReader,
    heads: watch::Receiver<Heads>,
}

/// A pace at which nothing happens by itself within a test.
pub(super) fn patient() -> Pace {
    let never = Duration::from_hours(1);
    Pace {
        line: never,
        steady: Duration::from_millis(1),
        steady_max: Duration::from_millis(20),
        unreadable: never,
        compare: never,
        fold: never,
        rest: Duration::ZERO,
        audit: never,
        checkpoint: never,
        poll: Duration::from_millis(20),
        beside: never,
    }
}

impl Bench {
    /// A root with an empty `projects` folder, and no archivist yet.
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["root/projects/-p", "archive", "cookies"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        Self {
            home,
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            pace: patient(),
            method: Method::Events,
            excludes: Excludes::default(),
            hold: None,
            beside: Vec::new(),
            suspicion: Suspicion::default(),
            running: None,
        }
    }

    /// A running archivist on a fresh root that it has looked through: what is written from now on is news.
    pub(super) fn started() -> Self {
        let mut bench = Self::new();
        bench.start();
        bench.settled();
        bench
    }

    pub(super) fn start(&mut self) {
        self.start_on(Box::new(SystemDisk));
    }

    pub(super) fn start_on(&mut self, disk: Box<dyn Disk>) {
        let archive = self.open_archive();
        let reader = archive.reader().unwrap();
        let (sender, heads) = watch::channel(Heads::default());
        let parts = Parts {
            archive,
            roots: vec![self.path("")],
            excludes: self.excludes.clone(),
            hold: self.hold.clone(),
            clock: Arc::new(SystemClock),
            cookie_dir: self.home.path().join("cookies"),
            data_dir: self.home.path().join("archive"),
            heads: sender,
            free_bytes_min: 0,
            pace: self.pace,
            method: self.method,
            beside: self.beside.clone(),
            stir: mpsc::channel(1).0,
            suspicion: self.suspicion.clone(),
        };
        let handle = Archivist::start_on(parts, disk).unwrap();
        self.running = Some(Running {
            handle,
            reader,
            heads,
        });
    }

    /// Ends the archivist without giving it time to finish anything, and starts another.
    pub(super) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    pub(super) fn stop(&mut self) {
        self.handle().stop();
        self.running = None;
    }

    pub(super) fn open_archive(&self) -> Archive {
        Archive::open(&self.home.path().join("archive"), Timestamp(0)).unwrap()
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn handle(&self) -> &ArchivistHandle {
        &self.running.as_ref().expect("started").handle
    }

    pub(super) fn reader(&self) -> &ArchiveReader {
        &self.running.as_ref().expect("started").reader
    }

    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.home.path().join("root").join(below)
    }

    pub(super) fn write(&self, below: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        fs::write(self.path(below), bytes).unwrap();
    }

    pub(super) fn append(&self, below: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path(below))
            .unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    /// Writes a file beside and renames it over, as the client's own compaction does.
    pub(super) fn replace(&self, below: &str, bytes: impl AsRef<[u8]>) {
        let beside = self.path(&format!("{below}.compact.tmp.0a1b2c3d"));
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, self.path(below)).unwrap();
    }

    pub(super) fn remove(&self, below: &str) {
        fs::remove_file(self.path(below)).unwrap();
    }

    pub(super) fn open_to_edit(&self, below: &str) -> File {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(below))
            .unwrap()
    }

    pub(super) fn settle(&self) -> Settled {
        self.wait(self.handle().settle(PATIENCE))
    }

    /// Settles, and expects everything to be archived.
    pub(super) fn settled(&self) {
        let settled = self.settle();
        assert!(settled.complete, "{:?}", settled.reason);
    }

    /// Waits until `is_so`, looking whenever the archive's position moved, and now and then.
    pub(super) fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < end,
                "it did not come to pass; {:?}",
                self.handle().faults()
            );
            let heads = &mut self.running.as_mut().expect("started").heads;
            let changed = async {
                drop(tokio::time::timeout(Duration::from_millis(10), heads.changed()).await);
            };
            self.runtime.block_on(changed);
        }
    }

    pub(super) fn source(&self, below: &str) -> Option<SourceState> {
        let sources = self.reader().sources().unwrap();
        sources
            .into_iter()
            .find(|source| source.origin.path == below)
    }

    pub(super) fn generations(&self, below: &str) -> Vec<GenerationRow> {
        let source = self.source(below);
        source.map_or_else(Vec::new, |source| {
            self.reader().generations(source.id).unwrap()
        })
    }

    pub(super) fn bytes_of(&self, generation: &GenerationRow) -> Vec<u8> {
        self.reader()
            .bytes(generation.id, ByteOffset(0)..generation.length)
            .unwrap()
    }

    /// Returns the bytes of the newest generation; none if nothing of the path is archived.
    pub(super) fn archived(&self, below: &str) -> Vec<u8> {
        self.generations(below)
            .last()
            .map_or_else(Vec::new, |last| self.bytes_of(last))
    }

    /// Expects the archive to hold the file as it is, and its newest generation to be the `count`th.
    pub(super) fn holds(&self, below: &str, count: usize) {
        let expect = fs::read(self.path(below)).unwrap();
        assert_eq!(self.archived(below), expect, "{below}");
        assert_eq!(self.generations(below).len(), count, "{below}");
    }
}

/// Returns `count` rows, from the `from`th, each of about `bytes` bytes.
pub(super) fn rows(from: usize, count: usize, bytes: usize) -> String {
    let filler = "x".repeat(bytes.saturating_sub(30));
    let row = |row| format!("{{\"row\":{row},\"text\":\"{filler}\"}}\n");
    (from..from + count).map(row).collect::<Vec<_>>().concat()
}
