//! An archive with its derived pair in a temporary folder, and files to put into it.

use std::collections::{HashMap, HashSet};

use sessions_archive::{Archive, Cursor, FileStamp, Fingerprint, Lane, Logged};
use sessions_catalog::{Applied, Catalog, Position as Place, SessionFacts, SourceFacts};
use sessions_index::{Document, IndexWriter, Position, WriterBudget};
use sessions_model::{
    ByteOffset, EntryKind, GenerationId, Parsed, RootId, SearchAnswer, Seq, SessionId, SourceId,
    SourceKind, Timestamp,
};
use sessions_query::{Engine, QueryError, SearchRequest};
use sessions_transcript::{Lines, classify, parse, record_key, spilled_passages};

/// 2026-06-01T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp(1_780_272_000_000);

pub(crate) struct World {
    archive: Archive,
    catalog: Catalog,
    index: IndexWriter,
    root: RootId,
    applied: Seq,
    files: HashMap<String, (SourceId, GenerationId, u64)>,
    _dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut archive = Archive::open(&dir.path().join("archive"), NOW).unwrap();
        let mut transaction = archive.begin(NOW).unwrap();
        let root = transaction.root("/home/u/.claude").unwrap();
        transaction.commit().unwrap();
        let (catalog, _) = Catalog::open(&dir.path().join("catalog"), archive.id()).unwrap();
        let budget = WriterBudget {
            threads: 1,
            heap_bytes: 15_000_000,
        };
        let (index, _) =
            IndexWriter::open(&dir.path().join("index"), budget, archive.id()).unwrap();
        let files = HashMap::new();
        Self {
            archive,
            catalog,
            index,
            root,
            applied: Seq(0),
            files,
            _dir: dir,
        }
    }

    /// Appends `text` to the file at `path`.
    pub(crate) fn append(&mut self, path: &str, text: &str) {
        if !self.files.contains_key(path) {
            self.open(path, None);
        }
        let (source, generation, length) = self.files[path];
        let offset = length + text.len() as u64;
        let unfinished = text.len() - text.rfind('\n').map_or(0, |newline| newline + 1);
        let cursor = Cursor {
            source,
            generation,
            offset: ByteOffset(offset),
            line_start: ByteOffset(offset - unfinished as u64),
            fingerprint: Fingerprint {
                head: [0; 32],
                head_len: 0,
                tail: [0; 32],
                tail_len: 0,
            },
            stamp: FileStamp {
                device: 0,
                inode: 0,
                size: 0,
                modified_ns: 0,
            },
        };
        let mut transaction = self.archive.begin(NOW).unwrap();
        transaction
            .append(&cursor, text.as_bytes(), Lane::Live)
            .unwrap();
        transaction.commit().unwrap();
        self.files
            .insert(path.to_owned(), (source, generation, offset));
        self.derive();
    }

    /// Rewrites the file at `path`: its first `kept` bytes stay.
    pub(crate) fn rewrite(&mut self, path: &str, kept: usize, text: &str) {
        self.open(path, Some(kept as u64));
        self.append(path, text);
    }

    fn open(&mut self, path: &str, kept: Option<u64>) {
        let origin = classify(path).unwrap();
        let mut transaction = self.archive.begin(NOW).unwrap();
        let source = transaction.source(self.root, &origin).unwrap();
        let parent = kept.map(|kept| (self.files[path].1, ByteOffset(kept)));
        let generation = transaction
            .open_generation(source, parent, Lane::Live)
            .unwrap();
        transaction.commit().unwrap();
        self.files
            .insert(path.to_owned(), (source, generation, kept.unwrap_or(0)));
    }

    /// Brings catalog and index up to the archive's head.
    fn derive(&mut self) {
        let reader = self.archive.reader().unwrap();
        self.catalog.root(self.root, "/home/u/.claude");
        for row in reader.log_after(Lane::Live, self.applied, 1_000).unwrap() {
            self.applied = row.seq;
            if let Logged::Append {
                source,
                generation,
                end,
                line_start,
                ..
            } = row.change
            {
                let bytes = reader.bytes(generation, line_start..end).unwrap();
                let kind = reader.source(source).unwrap().unwrap().origin;
                let run = Run {
                    seq: row.seq,
                    source,
                    generation,
                    start: line_start,
                    bytes: &bytes,
                };
                self.apply(&run, kind.kind, kind.session.as_ref());
            }
        }
        let [backlog, live] = [Seq(0), self.applied];
        self.catalog.commit(Applied { backlog, live }).unwrap();
        self.index
            .commit(&Position {
                archive: self.archive.id(),
                backlog,
                live,
            })
            .unwrap();
    }

    fn apply(&mut self, run: &Run<'_>, kind: SourceKind, session: Option<&SessionId>) {
        match kind {
            SourceKind::ToolResult => {
                for (offset, text) in spilled_passages(run.bytes) {
                    let at = ByteOffset(run.start.0 + offset.0);
                    let key = record_key(text.as_bytes());
                    let document = document(run, at, EntryKind::ToolResult, key, &text);
                    let session = self.catalog.ordinal(session.unwrap()).unwrap();
                    self.index
                        .add(&Document {
                            session,
                            ..document
                        })
                        .unwrap();
                }
            }
            SourceKind::Transcript | SourceKind::Subagent => {
                for (at, line) in Lines::new(run.bytes, run.start) {
                    if let Parsed::Record(record) = parse(line) {
                        let named = record.session.as_deref().unwrap();
                        let id = session.cloned().unwrap_or(SessionId::parse(named).unwrap());
                        self.record(run, at, (&id, kind), &record);
                    }
                }
            }
            _ => {}
        }
    }

    fn record(
        &mut self,
        run: &Run<'_>,
        at: ByteOffset,
        (id, kind): (&SessionId, SourceKind),
        record: &sessions_model::Record<'_>,
    ) {
        let session = self.catalog.ordinal(id).unwrap();
        let place = Place {
            time: record.time,
            seq: run.seq,
            offset: at,
        };
        self.catalog.source(&SourceFacts {
            source: run.source,
            session: Some(session),
            root: self.root,
            kind,
            at: run.seq,
            bytes: Some(at.0),
            gone_since: None,
            is_cut: None,
            within: None,
        });
        let is_new = self.catalog.admit(session, record.key).unwrap();
        let facts = SessionFacts::of(record, place, kind);
        self.catalog
            .merge(session, &if is_new { facts } else { facts.uncounted() })
            .unwrap();
        for block in record.blocks.iter().filter(|_| is_new) {
            let document = document(run, at, block.kind, record.key, &block.text);
            self.index
                .add(&Document {
                    session,
                    block: block.index,
                    tool: block.tool.as_deref(),
                    time: record.time,
                    branch: record.branch.as_deref(),
                    is_subagent: kind == SourceKind::Subagent,
                    is_error: block.is_error,
                    ..document
                })
                .unwrap();
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        let archive = self.archive.reader().unwrap();
        Engine::new(
            archive,
            self.catalog.reader().unwrap(),
            self.index.reader().unwrap(),
        )
    }

    pub(crate) fn try_search(&self, query: &str) -> Result<SearchAnswer, QueryError> {
        self.ask(&request(query))
    }

    pub(crate) fn ask(&self, request: &SearchRequest) -> Result<SearchAnswer, QueryError> {
        let searched = self.engine().search(request, &HashSet::new())?;
        Ok(searched.answer)
    }

    pub(crate) fn search(&self, query: &str) -> SearchAnswer {
        self.try_search(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }
}

pub(crate) fn request(query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        limit: 10,
        now: NOW,
        ..SearchRequest::default()
    }
}

/// Bytes that came with one row of the log.
struct Run<'a> {
    seq: Seq,
    source: SourceId,
    generation: GenerationId,
    start: ByteOffset,
    bytes: &'a [u8],
}

fn document<'a>(
    run: &Run<'_>,
    offset: ByteOffset,
    kind: EntryKind,
    key: sessions_model::RecordKey,
    text: &'a str,
) -> Document<'a> {
    Document {
        session: sessions_model::SessionOrdinal(0),
        generation: run.generation,
        offset,
        block: 0,
        key,
        kind,
        tool: None,
        model: None,
        branch: None,
        files: &[],
        time: None,
        is_subagent: false,
        is_error: false,
        has_image: false,
        is_cut: false,
        is_echo: false,
        text,
    }
}

/// A line of a transcript: what every row has, and `rest`.
pub(crate) fn row(session: &str, uuid: &str, parent: &str, rest: &str) -> String {
    let parent = if parent.is_empty() {
        "null".to_owned()
    } else {
        format!("\"{parent}\"")
    };
    format!(
        "{{\"parentUuid\":{parent},\"isSidechain\":false,\"userType\":\"external\",\
         \"cwd\":\"/w/{session}\",\"sessionId\":\"{session}\",\"version\":\"2.1.330\",\
         \"gitBranch\":\"main\",\"entrypoint\":\"cli\",\"uuid\":\"{uuid}\",\
         \"timestamp\":\"2026-05-01T10:00:00.000Z\",{rest}}}\n"
    )
}

pub(crate) fn prompt(session: &str, uuid: &str, parent: &str, text: &str) -> String {
    let rest = format!(
        "\"type\":\"user\",\"promptSource\":\"typed\",\"origin\":{{\"kind\":\"human\"}},\
         \"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}"
    );
    row(session, uuid, parent, &rest)
}

pub(crate) fn call(session: &str, uuid: &str, parent: &str, id: &str, command: &str) -> String {
    let rest = format!(
        "\"type\":\"assistant\",\"requestId\":\"r{id}\",\"message\":{{\"id\":\"m{id}\",\
         \"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[{{\"type\":\"tool_use\",\
         \"id\":\"{id}\",\"name\":\"Bash\",\"input\":{{\"command\":\"{command}\"}}}}],\
         \"usage\":{{\"input_tokens\":1,\"output_tokens\":2}},\"stop_reason\":\"tool_use\"}}"
    );
    row(session, uuid, parent, &rest)
}

pub(crate) fn result(session: &str, uuid: &str, parent: &str, id: &str, text: &str) -> String {
    let rest = format!(
        "\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":[{{\"type\":\"tool_result\",\
         \"tool_use_id\":\"{id}\",\"content\":\"{text}\"}}]}}"
    );
    row(session, uuid, parent, &rest)
}
