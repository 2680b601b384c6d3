//! One derived pair: catalog and index of the same archive, brought forward together.

use std::path::Path;

use sessions_archive::{ArchiveReader, Heads, Lane};
use sessions_catalog::{Applied, Catalog, Opened as CatalogOpened};
use sessions_index::{IndexWriter, Merging, Opened as IndexOpened, Position, WriterBudget};
use sessions_model::{ArchiveId, Seq};
use sessions_query::Engine;

use super::folder::{self, Folder};
use super::sources::SourceCache;
use super::{DeriveError, Serving};

/// Threads and memory of the index's writer: two threads, since an import has two cores to fill.
const BUDGET: WriterBudget = WriterBudget {
    threads: 2,
    heap_bytes: 96 << 20,
};

/// Where a pair belongs: the folder of pairs, this boot's name, and the archive.
pub(super) type Place<'a> = (&'a Path, &'a str, ArchiveId);

/// What loading the pair that the pointer names came to.
pub(super) enum Load {
    /// It goes on from where it was.
    Ready(Box<Pair>),
    /// It cannot be used, or there is none.
    Rebuild(String),
}

/// The pair that is being written.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) catalog: Catalog,
    pub(super) index: IndexWriter,
    pub(super) sources: SourceCache,
    folder: Folder,
    archive: ArchiveId,
    applied: Applied,
    /// What the index has: ahead of the catalog after a kill between the two commits.
    indexed: Applied,
    /// Whether nothing was applied since it was last put to rest.
    is_resting: bool,
    /// Whether an import left segments behind.
    is_in_pieces: bool,
}

impl Pair {
    /// Loads the pair that the pointer names, if it has applied nothing beyond `heads`.
    pub(super) fn load(
        (derived, boot, archive): Place<'_>,
        heads: Heads,
    ) -> Result<Load, DeriveError> {
        let Some(folder) = folder::current(derived) else {
            return Ok(Load::Rebuild("there is none".into()));
        };
        if folder.is_torn(boot) {
            return Ok(Load::Rebuild(
                "the machine stopped while it was written".into(),
            ));
        }
        let (catalog, opened) = Catalog::open(&folder.catalog(), archive)?;
        let applied = match opened {
            CatalogOpened::Resumed(applied) => applied,
            CatalogOpened::Fresh => Applied::default(),
            CatalogOpened::Rebuild(reason) => {
                return Ok(Load::Rebuild(format!("catalog: {reason}")));
            }
        };
        let (index, opened) = IndexWriter::open(&folder.index(), BUDGET, archive)?;
        let position = match opened {
            IndexOpened::Found(position) => position,
            IndexOpened::Created => Position::start(archive),
            IndexOpened::Rebuild(reason) => return Ok(Load::Rebuild(format!("index: {reason}"))),
        };
        let indexed = Applied {
            backlog: position.backlog,
            live: position.live,
        };
        if indexed.backlog < applied.backlog || indexed.live < applied.live {
            return Ok(Load::Rebuild("the index is older than the catalog".into()));
        }
        // What the archive has since given the same numbers to would never be applied.
        if heads.backlog < indexed.backlog || heads.live < indexed.live {
            return Ok(Load::Rebuild(
                "the archive is older: a backup of it may have taken its place".into(),
            ));
        }
        let pair = Self::begin(
            folder,
            (catalog, applied),
            (index, indexed),
            (boot, archive),
        )?;
        Ok(Load::Ready(Box::new(pair)))
    }

    /// Makes an empty pair in a folder of its own.
    pub(super) fn create((derived, boot, archive): Place<'_>) -> Result<Self, DeriveError> {
        let folder = folder::create_next(derived).map_err(|source| DeriveError::Folder {
            dir: derived.into(),
            source,
        })?;
        let (catalog, _) = Catalog::open(&folder.catalog(), archive)?;
        let (index, _) = IndexWriter::open(&folder.index(), BUDGET, archive)?;
        let nothing = Applied::default();
        Self::begin(
            folder,
            (catalog, nothing),
            (index, nothing),
            (boot, archive),
        )
    }

    /// Begins to write a catalog and an index that have applied so much, and marks their folder.
    fn begin(
        folder: Folder,
        (catalog, applied): (Catalog, Applied),
        (index, indexed): (IndexWriter, Applied),
        (boot, archive): (&str, ArchiveId),
    ) -> Result<Self, DeriveError> {
        folder.mark(boot).map_err(|source| DeriveError::Folder {
            dir: folder.index(),
            source,
        })?;
        Ok(Self {
            catalog,
            index,
            sources: SourceCache::default(),
            folder,
            archive,
            applied,
            indexed,
            is_resting: false,
            is_in_pieces: false,
        })
    }

    /// Makes this the pair that the pointer names.
    pub(super) fn take_over(&self, derived: &Path) -> Result<(), DeriveError> {
        folder::switch(derived, &self.folder).map_err(|source| DeriveError::Folder {
            dir: derived.into(),
            source,
        })
    }

    /// Returns engines over this pair, one for each archive reader.
    pub(super) fn serving(&self, readers: Vec<ArchiveReader>) -> Result<Serving, DeriveError> {
        let index = self.index.reader()?;
        let mut engines = Vec::new();
        for archive in readers {
            engines.push(Engine::new(archive, self.catalog.reader()?, index.clone()));
        }
        Ok(Serving::new(engines))
    }

    /// Returns the bytes of the sources that were applied at the last commit.
    pub(super) fn bytes(&self) -> Result<u64, DeriveError> {
        Ok(self.catalog.reader()?.totals()?.bytes)
    }

    /// Returns how far each lane was applied, committed or not.
    pub(super) fn applied(&self) -> Applied {
        self.applied
    }

    pub(super) fn set_applied(&mut self, lane: Lane, seq: Seq) {
        self.is_resting = false;
        match lane {
            Lane::Live => self.applied.live = seq,
            Lane::Backlog => {
                self.index.set_merging(Merging::Late);
                self.is_in_pieces = true;
                self.applied.backlog = seq;
            }
        }
    }

    /// Returns whether nothing was applied since it was last put to rest.
    pub(super) fn is_resting(&self) -> bool {
        self.is_resting
    }

    /// Merges what an import left in pieces, and gives back what only haste needs. What was applied is
    /// committed.
    pub(super) fn rest(&mut self) -> Result<(), DeriveError> {
        self.is_resting = true;
        self.sources = SourceCache::default();
        let merging = if std::mem::take(&mut self.is_in_pieces) {
            Merging::Few
        } else {
            Merging::Soon
        };
        if merging == Merging::Soon {
            // What an import left is merged first: its words are another segment's then.
            self.index.reader()?.snapshot()?.prepare()?;
        }
        self.index.merge_due(merging)?;
        Ok(self.catalog.shed()?)
    }

    /// Returns whether the index has the documents of this row already.
    pub(super) fn is_indexed(&self, lane: Lane, seq: Seq) -> bool {
        match lane {
            Lane::Live => seq <= self.indexed.live,
            Lane::Backlog => seq <= self.indexed.backlog,
        }
    }

    /// Returns whether so much was applied since the last commit that it is to be written.
    pub(super) fn is_full(&self) -> bool {
        self.catalog.is_full()
    }

    /// Makes what was applied visible and lasting; free if nothing was.
    pub(super) fn commit(&mut self) -> Result<(), DeriveError> {
        if self.catalog.applied() == self.applied {
            return Ok(());
        }
        let backlog = self.applied.backlog.max(self.indexed.backlog);
        let live = self.applied.live.max(self.indexed.live);
        // The index first: what it has beyond the catalog is skipped when the catalog is replayed.
        self.index.commit(&Position {
            archive: self.archive,
            backlog,
            live,
        })?;
        self.indexed = Applied { backlog, live };
        self.catalog.commit(self.applied)?;
        Ok(())
    }

    /// Ends writing: what is there reaches the disk.
    pub(super) fn close(self) -> Result<(), DeriveError> {
        let Self {
            catalog,
            index,
            folder,
            ..
        } = self;
        // Merges under way are given up: they cost time now and are made again when they matter.
        drop((catalog, index));
        folder.unmark().map_err(|source| DeriveError::Folder {
            dir: folder.index(),
            source,
        })
    }
}
