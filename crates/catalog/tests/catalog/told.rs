//! A catalog to tell things to.

use std::collections::HashSet;
use std::path::Path;

use sessions_catalog::{
    Applied, Catalog, CatalogReader, Opened, Position, SessionFacts, SourceFacts,
};
use sessions_model::{
    ArchiveId, ByteOffset, RootId, Seq, Session, SessionId, SessionOrdinal, SourceId, SourceKind,
    Timestamp, TitleKind,
};

pub(crate) const ARCHIVE: ArchiveId = ArchiveId([7; 16]);

pub(crate) fn id(text: &str) -> SessionId {
    SessionId::parse(text).expect("the tests name sessions well")
}

pub(crate) fn open(dir: &Path) -> (Catalog, Opened) {
    Catalog::open(dir, ARCHIVE).expect("the catalog opens")
}

/// A catalog in a directory of its own, and the next seq.
pub(crate) struct Told {
    pub(crate) catalog: Catalog,
    pub(crate) dir: tempfile::TempDir,
    seq: u64,
}

impl Told {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("there is room");
        let (catalog, opened) = open(dir.path());
        assert_eq!(opened, Opened::Fresh);
        Self {
            catalog,
            dir,
            seq: 0,
        }
    }

    /// Tells one row of `session`, written at the second `time`.
    pub(crate) fn row(
        &mut self,
        session: &str,
        time: i64,
        facts: SessionFacts<'_>,
    ) -> SessionOrdinal {
        self.seq += 1;
        let ordinal = self.catalog.ordinal(&id(session)).expect("it is readable");
        let at = Position {
            time: Some(Timestamp(time * 1_000)),
            seq: Seq(self.seq),
            offset: ByteOffset(0),
        };
        self.catalog
            .merge(
                ordinal,
                &SessionFacts {
                    at,
                    entries: 1,
                    ..facts
                },
            )
            .expect("the catalog works");
        ordinal
    }

    pub(crate) fn prompt(&mut self, session: &str, time: i64, cwd: &str, text: &str) {
        let facts = SessionFacts {
            cwd: Some(cwd),
            prompt: Some(text),
            prompts: 1,
            entrypoint: Some("cli"),
            ..SessionFacts::default()
        };
        self.row(session, time, facts);
    }

    pub(crate) fn title(&mut self, session: &str, kind: TitleKind, text: &str) {
        self.row(
            session,
            1,
            SessionFacts {
                title: Some((kind, text)),
                ..SessionFacts::default()
            },
        );
    }

    pub(crate) fn source(
        &mut self,
        session: &str,
        source: u64,
        change: impl FnOnce(&mut SourceFacts),
    ) {
        self.seq += 1;
        let session = Some(self.catalog.ordinal(&id(session)).expect("it is readable"));
        let mut facts = SourceFacts {
            source: SourceId(source),
            session,
            root: RootId(1),
            kind: SourceKind::Transcript,
            at: Seq(self.seq),
            bytes: None,
            gone_since: None,
            is_cut: None,
            within: None,
        };
        change(&mut facts);
        self.catalog.source(&facts);
    }

    pub(crate) fn reader(&mut self) -> CatalogReader {
        let applied = Applied {
            backlog: Seq(self.seq),
            live: Seq(self.seq),
        };
        self.catalog.commit(applied).expect("the catalog works");
        self.catalog.reader().expect("the catalog works")
    }

    pub(crate) fn session(&mut self, session: &str) -> Session {
        self.reader()
            .session(&id(session), &HashSet::new())
            .expect("the catalog works")
            .expect("the catalog works")
    }
}

pub(crate) fn ids(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}
