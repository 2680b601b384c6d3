//! An archive in a temporary folder, and the few steps that every test takes with it.

use std::path::PathBuf;

use sessions_archive::{Archive, Cursor, FileStamp, Fingerprint, Lane};
use sessions_model::{
    ByteOffset, GenerationId, Origin, RootId, SessionId, SourceId, SourceKind, Timestamp,
};

pub(crate) const NOW: Timestamp = Timestamp(1_780_000_000_000);

pub(crate) struct Scene {
    pub(crate) archive: Archive,
    pub(crate) root: RootId,
    pub(crate) dir: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("data");
        let mut archive = Archive::open(&dir, NOW).unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        let root = transaction.root("/home/dev/.claude").unwrap();
        transaction.commit().unwrap();
        Self {
            archive,
            root,
            dir,
            _folder: folder,
        }
    }

    pub(crate) fn reopen(&mut self) {
        self.archive = Archive::open(&self.dir, NOW).unwrap();
    }

    pub(crate) fn source(&mut self, path: &str) -> SourceId {
        let mut transaction = self.archive.begin(NOW).unwrap();
        let source = transaction.source(self.root, &origin(path)).unwrap();
        transaction.commit().unwrap();
        source
    }

    pub(crate) fn open(
        &mut self,
        source: SourceId,
        parent: Option<(GenerationId, ByteOffset)>,
    ) -> GenerationId {
        let mut transaction = self.archive.begin(NOW).unwrap();
        let generation = transaction
            .open_generation(source, parent, Lane::Live)
            .unwrap();
        transaction.commit().unwrap();
        generation
    }

    /// The cursor after `bytes` were added to what `generation` holds.
    pub(crate) fn cursor(
        &self,
        source: SourceId,
        generation: GenerationId,
        bytes: &[u8],
    ) -> Cursor {
        let mut all = self.read(generation);
        all.extend_from_slice(bytes);
        let line_start = all
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        Cursor {
            offset: ByteOffset(all.len() as u64),
            line_start: ByteOffset(line_start as u64),
            ..blank_cursor(source, generation)
        }
    }

    pub(crate) fn append(&mut self, source: SourceId, generation: GenerationId, bytes: &[u8]) {
        let cursor = self.cursor(source, generation, bytes);
        let mut transaction = self.archive.begin(NOW).unwrap();
        transaction.append(&cursor, bytes, Lane::Live).unwrap();
        transaction.commit().unwrap();
        let stored = self
            .archive
            .reader()
            .unwrap()
            .source(source)
            .unwrap()
            .unwrap();
        assert_eq!(stored.cursor, Some(cursor));
    }

    /// Appends without reading everything back: for many appends to one generation.
    pub(crate) fn append_unchecked(
        &mut self,
        source: SourceId,
        generation: GenerationId,
        bytes: &[u8],
    ) {
        let offset = ByteOffset(self.length(generation).0 + bytes.len() as u64);
        let cursor = Cursor {
            offset,
            line_start: offset,
            ..blank_cursor(source, generation)
        };
        let mut transaction = self.archive.begin(NOW).unwrap();
        transaction.append(&cursor, bytes, Lane::Live).unwrap();
        transaction.commit().unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("archive.db")
    }

    pub(crate) fn database_bytes(&self) -> u64 {
        self.archive
            .reader()
            .unwrap()
            .usage(NOW)
            .unwrap()
            .database_bytes
    }

    fn count(&self, sql: &str) -> u64 {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// How many frames of `generation` are its own, and how many it shares.
    pub(crate) fn blobs_of(&self, generation: GenerationId) -> (u64, u64) {
        let shares = |count: &str| {
            self.count(&format!(
                "SELECT count(*) FROM segments s WHERE generation = {generation} AND \
                 (SELECT count(*) FROM segments o WHERE o.blob = s.blob) {count}"
            ))
        };
        (shares("= 1"), shares("> 1"))
    }

    /// Blobs that nothing refers to.
    pub(crate) fn orphans(&self) -> u64 {
        self.count("SELECT count(*) FROM blobs WHERE id NOT IN (SELECT blob FROM segments)")
    }

    pub(crate) fn length(&self, generation: GenerationId) -> ByteOffset {
        let reader = self.archive.reader().unwrap();
        let sources = reader.sources().unwrap();
        let rows = sources
            .iter()
            .flat_map(|source| reader.generations(source.id).unwrap());
        rows.into_iter()
            .find(|row| row.id == generation)
            .unwrap()
            .length
    }

    pub(crate) fn read(&self, generation: GenerationId) -> Vec<u8> {
        let range = ByteOffset(0)..self.length(generation);
        self.archive
            .reader()
            .unwrap()
            .bytes(generation, range)
            .unwrap()
    }
}

fn blank_cursor(source: SourceId, generation: GenerationId) -> Cursor {
    Cursor {
        source,
        generation,
        offset: ByteOffset(0),
        line_start: ByteOffset(0),
        fingerprint: Fingerprint {
            head: [1; 32],
            head_len: 4,
            tail: [2; 32],
            tail_len: 8,
        },
        stamp: FileStamp {
            device: u64::MAX,
            inode: 3,
            size: 5,
            modified_ns: 1_780_000_000_000_000_000,
        },
    }
}

pub(crate) fn origin(path: &str) -> Origin {
    let name = path.rsplit('/').next().unwrap();
    Origin {
        path: path.to_owned(),
        kind: SourceKind::Transcript,
        session: Some(SessionId::parse(name.trim_end_matches(".jsonl")).unwrap()),
        agent: None,
    }
}

const WORDS: [&str; 16] = [
    "archive",
    "segment",
    "cursor",
    "lines",
    "whole",
    "reads",
    "back",
    "the",
    "of",
    "and",
    "session",
    "found",
    "in",
    "a",
    "keystroke",
    "never",
];

/// Lines that compress about as well as a transcript, different for each `name`, cut at `length` bytes.
pub(crate) fn lines(name: &str, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 400);
    let mut state = name.bytes().fold(0x9e37_79b9_7f4a_7c15_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    while bytes.len() < length {
        let mut words = Vec::new();
        for _ in 0..30 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            words.push(WORDS[usize::try_from(state >> 60).unwrap()]);
        }
        let row = format!(
            "{{\"type\":\"user\",\"uuid\":\"{state:016x}\",\"message\":{{\"role\":\"user\",\
             \"content\":\"{}\"}},\"sessionId\":\"{name}\"}}\n",
            words.join(" ")
        );
        bytes.extend_from_slice(row.as_bytes());
    }
    bytes.truncate(length);
    bytes
}
