//! Reads commits: a snapshot is one, and stays what it is while it is held.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use sessions_model::{ArchiveId, SessionOrdinal};
use tantivy::{Index, ReloadPolicy, Searcher, SegmentReader};

use crate::budget::Budget;
use crate::document::Position;
use crate::error::IndexError;
use crate::expr::Expr;
use crate::lexicon::Lexicons;
use crate::matches::{Matches, Wanted};
use crate::opening;
use crate::payload;
use crate::schema::Fields;
use crate::scope::{OrdinalSet, Scope};
use crate::search::{self, DocumentName, DocumentPlace, DocumentSet, Lowering};

/// Most threads that one search is spread over, a segment each; searches share them.
const SEARCH_THREADS_MAX: usize = 4;

fn search_threads() -> usize {
    available_parallelism().map_or(1, |cores| cores.get().min(SEARCH_THREADS_MAX))
}

/// Hands out snapshots. Cheap to clone; every clone sees the same commits.
#[derive(Clone)]
pub struct IndexReader {
    shared: Arc<Shared>,
}

struct Shared {
    index: Index,
    reader: tantivy::IndexReader,
    fields: Fields,
    archive: ArchiveId,
    lexicons: Arc<Lexicons>,
    commits: Arc<AtomicU64>,
    current: Mutex<(u64, Snapshot)>,
}

impl IndexReader {
    pub(crate) fn open(
        (index, dir): (&Index, &Path),
        archive: ArchiveId,
        commits: Arc<AtomicU64>,
    ) -> Result<Self, IndexError> {
        let seen = commits.load(Ordering::Acquire);
        let position = committed(index, archive)?;
        let mut index = index.clone();
        index
            .set_multithread_executor(search_threads())
            .map_err(IndexError::Reload)?;
        let builder = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader: tantivy::IndexReader = builder.try_into().map_err(IndexError::Reload)?;
        let (_, fields) = Fields::declare();
        let lexicons = Arc::new(Lexicons::open(dir).map_err(IndexError::Reload)?);
        let first = Snapshot {
            searcher: reader.searcher(),
            fields,
            position,
            lexicons: Arc::clone(&lexicons),
        };
        let current = Mutex::new((seen, first));
        let shared = Shared {
            index,
            reader,
            fields,
            archive,
            lexicons,
            commits,
            current,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Returns the last commit. Costs a lock unless there was a commit since the last call.
    pub fn snapshot(&self) -> Result<Snapshot, IndexError> {
        let commits = self.shared.commits.load(Ordering::Acquire);
        {
            let current = self
                .shared
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if current.0 == commits {
                return Ok(current.1.clone());
            }
        }
        self.reload()
    }

    /// Returns how many commits its writer made.
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Acquire)
    }

    /// Opens the last commit again, and lets go of files that merges have replaced.
    pub fn reload(&self) -> Result<Snapshot, IndexError> {
        let shared = &self.shared;
        let mut current = shared
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The position is read before the segments: a commit in between may add documents that the
        // snapshot does not speak of, never the other way round.
        let commits = shared.commits.load(Ordering::Acquire);
        let position = committed(&shared.index, shared.archive)?;
        shared.reader.reload().map_err(IndexError::Reload)?;
        let searcher = shared.reader.searcher();
        let snapshot = Snapshot {
            searcher,
            fields: shared.fields,
            position,
            lexicons: Arc::clone(&shared.lexicons),
        };
        *current = (commits, snapshot.clone());
        Ok(snapshot)
    }
}

impl IndexReader {
    /// Reads every file back and returns the names of those whose checksum is wrong, in order.
    ///
    /// # Errors
    /// When a file cannot be read at all.
    pub fn damaged(&self) -> Result<Vec<String>, IndexError> {
        opening::damaged(&self.shared.index).map_err(IndexError::Verify)
    }
}

impl fmt::Debug for IndexReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexReader")
            .field("archive", &self.shared.archive)
            .finish_non_exhaustive()
    }
}

/// One commit, for as long as it is held.
#[derive(Clone)]
pub struct Snapshot {
    searcher: Searcher,
    fields: Fields,
    position: Position,
    lexicons: Arc<Lexicons>,
}

impl Snapshot {
    /// Returns how far the archive's log is applied in what this snapshot shows.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns how many documents it holds.
    pub fn documents(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Returns how many segments they are spread over.
    pub fn segments(&self) -> usize {
        self.searcher.segment_readers().len()
    }

    /// Finds what `expr` asks for: the best matches of each session in `scope`, the best session first, as much
    /// as is `wanted`.
    ///
    /// The expression's depth is the stack's: whoever parses a query bounds it.
    pub fn search(
        &self,
        expr: &Expr,
        scope: &Scope,
        wanted: Wanted,
    ) -> Result<Matches, IndexError> {
        let found = search::run(&self.lowering(&scope.budget), expr, (scope, wanted));
        if scope.budget.is_spent() {
            return Err(IndexError::GivenUp);
        }
        found.map_err(IndexError::Search)
    }
}

impl Snapshot {
    /// Returns the word that is nearest to `typed`, the most frequent of those as near; none if there is the
    /// word itself, if it is no plain word, or if nothing is near.
    pub fn nearest_word(&self, typed: &str) -> Result<Option<String>, IndexError> {
        search::nearest_word(&self.searcher, self.fields, typed).map_err(IndexError::Search)
    }

    /// Finds every document that `expr` asks for in `sessions`, or in all of them where there is no set: a bit
    /// for each document that there is.
    pub fn choose(
        &self,
        expr: &Expr,
        sessions: Option<&OrdinalSet>,
    ) -> Result<DocumentSet, IndexError> {
        search::choose(&self.lowering(&Budget::default()), expr, sessions)
            .map_err(IndexError::Search)
    }

    /// Returns how many documents of `set` each session has, by ordinal.
    pub fn count(&self, set: &DocumentSet) -> Result<Vec<(SessionOrdinal, u64)>, IndexError> {
        search::count(self.searcher.segment_readers(), set).map_err(IndexError::Search)
    }

    /// Returns where the documents of `set` stand that are in `sessions`, in no order.
    pub fn places(
        &self,
        set: &DocumentSet,
        sessions: &OrdinalSet,
    ) -> Result<Vec<DocumentPlace>, IndexError> {
        search::places(self.searcher.segment_readers(), set, sessions).map_err(IndexError::Search)
    }

    /// Returns the set of the documents of these names.
    pub fn set_of(&self, names: impl IntoIterator<Item = DocumentName>) -> DocumentSet {
        search::set_of(self.searcher.segment_readers(), names)
    }

    /// Makes ready what finding parts of words needs, and lets go of what merges have replaced. What cannot be
    /// written is made when it is asked for.
    pub fn prepare(&self) -> Result<(), IndexError> {
        let readers = self.searcher.segment_readers();
        for reader in readers {
            let words = reader.inverted_index(self.fields.text);
            let words = words.map_err(IndexError::Search)?;
            let made = self.lexicons.of(reader.segment_id(), words.terms());
            made.map_err(|error| IndexError::Search(error.into()))?;
        }
        let kept: Vec<_> = readers.iter().map(SegmentReader::segment_id).collect();
        let swept = self.lexicons.sweep(&kept);
        swept.map_err(|error| IndexError::Search(error.into()))
    }

    fn lowering<'a>(&'a self, budget: &'a Budget) -> Lowering<'a> {
        Lowering {
            budget,
            searcher: &self.searcher,
            fields: self.fields,
            lexicons: &self.lexicons,
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

fn committed(index: &Index, archive: ArchiveId) -> Result<Position, IndexError> {
    let metas = index.load_metas().map_err(IndexError::Reload)?;
    let position = metas
        .payload
        .and_then(|payload| payload::read(&payload).ok());
    Ok(position.unwrap_or_else(|| Position::start(archive)))
}
