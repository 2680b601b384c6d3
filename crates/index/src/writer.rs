//! The one writer of an index: batches documents, commits them with their position.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;
use sessions_model::{ArchiveId, SessionOrdinal};
use tantivy::indexer::{IndexWriterOptions, UserOperation};
use tantivy::{Index, Term};

use crate::document::{Document, Position};
use crate::error::IndexError;
use crate::merging::Merging;
use crate::opening::{self, Opened};
use crate::payload;
use crate::queue::Queue;
use crate::reader::IndexReader;
use crate::row::Row;
use crate::schema::{Facet, Fields};

/// Documents that go to one indexing thread together. A small commit so makes one segment, however
/// many threads there are.
const BATCH_DOCUMENTS_MAX: usize = 128;

/// Bytes after which a batch is sent all the same.
const BATCH_BYTES_MAX: usize = 512 << 10;

/// What tantivy needs at least for one indexing thread.
const HEAP_BYTES_MIN: usize = 15_000_000;

/// What the writer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterBudget {
    /// Indexing threads. They are started for a commit's first batch and cost nothing in between.
    pub threads: usize,
    /// Bytes of documents held before a segment is written, all threads together.
    pub heap_bytes: usize,
}

impl Default for WriterBudget {
    fn default() -> Self {
        Self {
            threads: 2,
            heap_bytes: 50_000_000,
        }
    }
}

/// The one writer of an index. Owned by one thread; dropping it forgets what is not committed.
pub struct IndexWriter {
    index: Index,
    dir: PathBuf,
    fields: Fields,
    writer: tantivy::IndexWriter<Row>,
    batch: Vec<UserOperation<Row>>,
    batch_bytes: usize,
    queue: Arc<Queue>,
    position: Position,
    is_dirty: bool,
    commits: Arc<AtomicU64>,
    keyed: FxHashMap<(SessionOrdinal, String), String>,
}

impl IndexWriter {
    /// Opens the index in `dir`, or makes one.
    ///
    /// An index that is foreign, outdated or damaged is emptied: the answer says so, and every
    /// document has to be added again. Call [`crate::examine`] first to keep it.
    pub fn open(
        dir: &Path,
        budget: WriterBudget,
        archive: ArchiveId,
    ) -> Result<(Self, Opened), IndexError> {
        let prepared = |source| IndexError::Prepare {
            dir: dir.to_owned(),
            source,
        };
        let failed = |source| IndexError::Open {
            dir: dir.to_owned(),
            source,
        };
        fs::create_dir_all(dir).map_err(prepared)?;
        let opened = opening::examine(dir, archive);
        if let Opened::Rebuild(_) = opened {
            opening::empty(dir).map_err(prepared)?;
        }
        let index = opening::open(dir).map_err(failed)?;
        let writer = start(&index, budget).map_err(failed)?;
        let position = match opened {
            Opened::Found(position) => position,
            Opened::Created | Opened::Rebuild(_) => Position::start(archive),
        };
        let (_, fields) = Fields::declare();
        let writer = Self {
            index,
            dir: dir.to_owned(),
            fields,
            writer,
            batch: Vec::new(),
            batch_bytes: 0,
            queue: Arc::default(),
            position,
            is_dirty: false,
            commits: Arc::default(),
            keyed: FxHashMap::default(),
        };
        Ok((writer, opened))
    }

    /// Adds `document`. It is found after the next commit.
    ///
    /// Waits when the indexing threads are behind by more than a named number of bytes.
    pub fn add(&mut self, document: &Document<'_>) -> Result<(), IndexError> {
        self.push(Row::new(self.fields, document))
    }

    /// Adds `document` in place of the one that has the same `name` in its session: a title, a note.
    pub fn replace(&mut self, name: &str, document: &Document<'_>) -> Result<(), IndexError> {
        let key = (document.session, name.to_owned());
        if self
            .keyed
            .get(&key)
            .is_some_and(|text| text == document.text)
        {
            return Ok(());
        }
        let facet = Facet::Keyed(document.session, name);
        self.delete(facet);
        self.push(Row::new(self.fields, document).with_facet(facet))?;
        self.remember(key, document.text);
        Ok(())
    }

    /// Removes the document that has `name` in `session`.
    pub fn remove(&mut self, session: SessionOrdinal, name: &str) {
        self.keyed.remove(&(session, name.to_owned()));
        self.delete(Facet::Keyed(session, name));
    }

    /// Makes everything added visible to [`IndexReader::snapshot`], and `position` with it.
    ///
    /// Costs nothing when nothing was added and the position is the last one. After an error the
    /// writer is of no further use: drop it and open the directory again.
    pub fn commit(&mut self, position: &Position) -> Result<(), IndexError> {
        if !self.is_dirty && *position == self.position {
            return Ok(());
        }
        self.send()?;
        let mut prepared = self.writer.prepare_commit().map_err(IndexError::Commit)?;
        prepared.set_payload(&payload::write(position));
        prepared.commit().map_err(IndexError::Commit)?;
        self.position = *position;
        self.is_dirty = false;
        self.commits.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Says when segments are merged; it holds from the next segment on.
    pub fn set_merging(&self, merging: Merging) {
        self.writer.set_merge_policy(merging.policy());
    }

    /// Merges, behind the caller's back, the segments that are due now, and from now on, by `merging`. Only
    /// what was committed is touched.
    pub fn merge_due(&mut self, merging: Merging) -> Result<(), IndexError> {
        self.set_merging(merging);
        // Segments are looked at with each commit.
        self.is_dirty = true;
        let position = self.position;
        self.commit(&position)
    }

    /// Returns whether something was added since the last commit.
    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Returns the position of the last commit.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns a reader of this index. It sees each commit as soon as it asks for a snapshot.
    pub fn reader(&self) -> Result<IndexReader, IndexError> {
        IndexReader::open(
            (&self.index, &self.dir),
            self.position.archive,
            Arc::clone(&self.commits),
        )
    }

    /// Ends the writer once the merges under way are done. Dropping it abandons them instead, which
    /// loses nothing but their work.
    pub fn finish(self) -> Result<(), IndexError> {
        self.writer
            .wait_merging_threads()
            .map_err(IndexError::Commit)
    }

    fn push(&mut self, mut row: Row) -> Result<(), IndexError> {
        let bytes = row.bytes();
        if self.batch_bytes + bytes > BATCH_BYTES_MAX || self.batch.len() >= BATCH_DOCUMENTS_MAX {
            self.send()?;
        }
        row.weigh(self.queue.admit(bytes));
        self.batch.push(UserOperation::Add(row));
        self.batch_bytes += bytes;
        self.is_dirty = true;
        Ok(())
    }

    fn delete(&mut self, facet: Facet<'_>) {
        let term = Term::from_field_text(self.fields.facets, &facet.term());
        self.batch.push(UserOperation::Delete(term));
        self.is_dirty = true;
    }

    fn send(&mut self) -> Result<(), IndexError> {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.writer.run(batch).map(drop).map_err(IndexError::Add)
    }

    /// Clients write a title again and again; the same one is not worth a deletion.
    fn remember(&mut self, key: (SessionOrdinal, String), text: &str) {
        /// Most titles and notes remembered.
        const KEYED_MAX: usize = 4_096;
        if self.keyed.len() >= KEYED_MAX {
            self.keyed.clear();
        }
        self.keyed.insert(key, text.to_owned());
    }
}

impl fmt::Debug for IndexWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexWriter")
            .field("position", &self.position)
            .field("is_dirty", &self.is_dirty)
            .finish_non_exhaustive()
    }
}

fn start(index: &Index, budget: WriterBudget) -> tantivy::Result<tantivy::IndexWriter<Row>> {
    let threads = budget.threads.max(1);
    let options = IndexWriterOptions::builder()
        .num_worker_threads(threads)
        .memory_budget_per_thread((budget.heap_bytes / threads).max(HEAP_BYTES_MIN))
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options(options)?;
    writer.set_merge_policy(Merging::Soon.policy());
    Ok(writer)
}
