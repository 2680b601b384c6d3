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
        let root = transaction.root("/home/ada/.claude").unwrap();
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
            source,
            generation,
            offset: ByteOffset(all.len() as u64),
            line_start: ByteOffset(line_start as u64),
            fingerprint: Fingerprint {
                head: [1; 32],
                head_len: 4,
                tail: [2; 32],
                tail_len: 8,
            },
            stamp: FileStamp {
                device: u64::MAX,
                inode: 3,
                size: all.len() as u64,
                modified_ns: 1_780_000_000_000_000_000,
            },
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

pub(crate) fn origin(path: &str) -> Origin {
    let name = path.rsplit('/').next().unwrap();
    Origin {
        path: path.to_owned(),
        kind: SourceKind::Transcript,
        session: Some(SessionId::parse(name.trim_end_matches(".jsonl")).unwrap()),
        agent: None,
    }
}
