//! A small index and documents to put into it.

use std::collections::BTreeSet;

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
    _dir: TempDir,
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
            _dir: dir,
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
