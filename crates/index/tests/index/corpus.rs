//! A small index and documents to put into it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sessions_index::{
    Document, Expr, IndexReader, IndexWriter, Matches, Opened, Position, Scope, Wanted,
    WriterBudget,
};
use sessions_model::{
    ArchiveId, ByteOffset, EntryKind, GenerationId, RecordKey, Seq, SessionOrdinal, Timestamp,
};
use tempfile::TempDir;

pub(crate) const ARCHIVE: ArchiveId = ArchiveId([1; 16]);
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub(crate) const BUDGET: WriterBudget = WriterBudget {
    threads: 1,
    heap_bytes: 15_000_000,
};

/// An answer in session 0, written now; `key` tells it from others and is its place in the archive.
pub(crate) fn document(key: u64, text: &str) -> Document<'_> {
    Document {
        session: SessionOrdinal(0),
        generation: GenerationId(9),
        offset: ByteOffset(key),
        block: 0,
        key: RecordKey(key),
        kind: EntryKind::Answer,
        tool: None,
        model: None,
        branch: None,
        files: &[],
        time: Some(NOW),
        is_subagent: false,
        is_error: false,
        has_image: false,
        is_cut: false,
        is_echo: false,
        text,
    }
}

/// A position in the archive of these tests.
pub(crate) fn at(backlog: u64, live: u64) -> Position {
    Position {
        archive: ARCHIVE,
        backlog: Seq(backlog),
        live: Seq(live),
    }
}

/// An index in a directory of its own.
pub(crate) struct Corpus {
    pub(crate) writer: IndexWriter,
    pub(crate) reader: IndexReader,
    dir: TempDir,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (writer, opened) = IndexWriter::open(dir.path(), BUDGET, ARCHIVE).unwrap();
        assert_eq!(opened, Opened::Created);
        let reader = writer.reader().unwrap();
        Self {
            writer,
            reader,
            dir,
        }
    }

    pub(crate) fn of(documents: &[Document<'_>]) -> Self {
        let mut corpus = Self::new();
        for document in documents {
            corpus.writer.add(document).unwrap();
        }
        corpus.commit(1);
        corpus
    }

    pub(crate) fn commit(&mut self, live: u64) {
        self.writer.commit(&at(0, live)).unwrap();
    }

    pub(crate) fn search(&self, expr: &Expr) -> Matches {
        self.search_in(
            expr,
            &Scope {
                now: NOW,
                ..Scope::default()
            },
        )
    }

    pub(crate) fn search_in(&self, expr: &Expr, scope: &Scope) -> Matches {
        self.search_for(expr, scope, Wanted::best_of(100))
    }

    pub(crate) fn search_for(&self, expr: &Expr, scope: &Scope, wanted: Wanted) -> Matches {
        let snapshot = self.reader.snapshot().unwrap();
        snapshot.search(expr, scope, wanted).unwrap()
    }

    /// How many files have names that end so.
    pub(crate) fn files_ending(&self, ending: &str) -> usize {
        self.paths_ending(ending).count()
    }

    /// Cuts every file off whose name ends so, as a loss of power may.
    pub(crate) fn tear_file_ending(&self, ending: &str) {
        for path in self.paths_ending(ending) {
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            fs::write(path, bytes.get(..bytes.len() / 2).unwrap()).unwrap();
        }
    }

    /// Leaves a file with such a name that belongs to no segment.
    pub(crate) fn forget_file_ending(&self, ending: &str) {
        let name = format!("{}.{ending}", "0".repeat(32));
        fs::write(self.dir.path().join(name), "").unwrap();
    }

    fn paths_ending(&self, ending: &str) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(move |path| path.extension().is_some_and(|found| found == ending))
    }

    /// The sessions that match, best first.
    pub(crate) fn sessions(&self, expr: &Expr) -> Vec<u64> {
        self.search(expr)
            .best
            .iter()
            .map(|hit| hit.session.0)
            .collect()
    }
}

pub(crate) fn word(typed: &str) -> Expr {
    Expr::Word(typed.to_owned())
}

/// Expects each expression to find these documents, where each is a session of its own.
pub(crate) fn check_all(corpus: &Corpus, table: &[(Expr, &[u64])]) {
    for (expr, expect) in table {
        assert_eq!(
            found(corpus, expr),
            expect.iter().copied().collect(),
            "{expr:?}"
        );
    }
}

fn found(corpus: &Corpus, expr: &Expr) -> BTreeSet<u64> {
    let matches = corpus.search(expr);
    assert_eq!(
        matches.total,
        matches.best.len() as u64,
        "each document is a session of its own"
    );
    matches.best.iter().map(|hit| hit.offset.0).collect()
}
