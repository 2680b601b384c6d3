//! Tells what was found: each session before its entries, each record once, and no more lines than are wanted.

use std::collections::HashSet;
use std::ops::ControlFlow;

use rustc_hash::{FxHashMap, FxHashSet};
use sessions_archive::ArchiveReader;
use sessions_model::{
    EntryId, GenerationId, GrepEntry, GrepEvent, GrepLine, GrepMode, GrepPlace, GrepProgress,
    GrepSummary, Session, SessionId, SessionOrdinal, SourceKind,
};

use super::{DocumentName, DocumentPlace, GrepRequest, Grepped, Match};
use crate::exact::{Files, Looked, RawMatch};
use crate::locate::Place;
use crate::read::file_name;
use crate::search::Sight;
use crate::terms::Terms;
use crate::{QueryError, sources};

/// What is told of a search while it runs.
pub(super) struct Telling<'a> {
    sight: Sight<'a>,
    live: &'a HashSet<SessionId>,
    request: &'a GrepRequest,
    tell: &'a mut dyn FnMut(GrepEvent) -> ControlFlow<()>,
    summary: GrepSummary,
    progress: GrepProgress,
    unread: Option<QueryError>,
    /// The session that was told last, and its matches.
    session: Option<(SessionOrdinal, Told)>,
    /// Records that were met, and the document that was met last.
    met: FxHashSet<u64>,
    last: Option<(DocumentName, Copied)>,
    /// The results whose output was spilled to a generation.
    spilled: FxHashMap<GenerationId, (EntryId, Option<String>)>,
    terms: Terms,
}

/// What became of a session.
enum Told {
    /// It was told, with so many lines.
    Lines(Box<Session>, u64),
    /// The catalog does not have it yet.
    Unknown,
}

/// Whether a record was told under another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    Before,
    Never,
}

impl<'a> Telling<'a> {
    pub(super) fn new(
        (sight, live): (Sight<'a>, &'a HashSet<SessionId>),
        request: &'a GrepRequest,
        tell: &'a mut dyn FnMut(GrepEvent) -> ControlFlow<()>,
    ) -> Self {
        Self {
            sight,
            live,
            request,
            tell,
            summary: GrepSummary::default(),
            progress: GrepProgress::default(),
            unread: None,
            session: None,
            met: FxHashSet::default(),
            last: None,
            spilled: FxHashMap::default(),
            terms: Terms::default(),
        }
    }

    /// Notes that all is looked through, and why.
    pub(super) fn scans(&mut self, why: String) {
        self.summary.scan = Some(why);
    }

    /// Notes how many texts will be looked at.
    pub(super) fn expect(&mut self, texts: u64) {
        self.progress.total = texts;
    }

    /// Notes that so many texts were looked at.
    pub(super) fn done(&mut self, texts: u64) -> ControlFlow<()> {
        self.progress.done += texts;
        self.summary.texts += texts;
        (self.tell)(GrepEvent::Progress(self.progress))
    }

    /// Notes a text that could not be read.
    pub(super) fn unread(&mut self, error: QueryError) -> ControlFlow<()> {
        self.summary.unread += 1;
        self.unread.get_or_insert(error);
        ControlFlow::Continue(())
    }

    /// Tells of matches, unless they are those of a copy.
    pub(super) fn found(&mut self, found: Match) -> ControlFlow<()> {
        if self.copied(&found.place) == Copied::Before {
            return ControlFlow::Continue(());
        }
        if self.enter(found.place.session).is_break() {
            return ControlFlow::Break(());
        }
        let Some((_, Told::Lines(session, _))) = &self.session else {
            return ControlFlow::Continue(());
        };
        let session = session.id.clone();
        let Match {
            place,
            entry,
            tool,
            call,
            lines,
            count,
        } = found;
        if self.request.mode != GrepMode::Lines {
            return self.counted(count);
        }
        let (entry, tool) = match (entry, call) {
            (Some(entry), Some(call)) if tool.is_none() => {
                let tool = self.place().tool_of(place.generation, place.offset, &call);
                (entry, tool.unwrap_or_default())
            }
            (Some(entry), _) => (entry, tool),
            (None, _) => self.result_of(&session, &place),
        };
        self.lines(GrepEntry {
            entry,
            kind: Some(place.kind),
            tool,
            time: place.time,
            lines,
        })
    }

    /// Looks through the files of one session, and tells of their lines.
    pub(super) fn files(
        &mut self,
        ordinal: SessionOrdinal,
        (files, readers): (Files<'_>, &mut Vec<ArchiveReader>),
    ) -> Result<ControlFlow<()>, QueryError> {
        let known = self.sight.catalog.by_ordinals(&[ordinal], self.live)?;
        let Some((_, session)) = known.into_iter().next() else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut is_settled = false;
        let ended = files.look(&session.id, readers, &mut |looked| match looked {
            Looked::Found(found) => {
                is_settled = true;
                self.raw(ordinal, found)?;
                match self.request.mode {
                    GrepMode::Sessions => ControlFlow::Break(()),
                    GrepMode::Lines | GrepMode::Counts => ControlFlow::Continue(()),
                }
            }
            Looked::Unread(error) => self.unread(error),
            Looked::Done(bytes) => self.done(bytes),
        })?;
        let is_over = self.summary.is_limited || !(files.is_wanted)();
        let goes_on = is_settled && self.request.mode == GrepMode::Sessions && !is_over;
        Ok(if goes_on {
            ControlFlow::Continue(())
        } else {
            ended
        })
    }

    fn raw(&mut self, ordinal: SessionOrdinal, found: RawMatch) -> ControlFlow<()> {
        self.enter(ordinal)?;
        let is_match = |line: &&GrepLine| line.place == GrepPlace::Match;
        let count = found.lines.iter().filter(is_match).count() as u64;
        if self.request.mode != GrepMode::Lines {
            return self.counted(count);
        }
        self.lines(GrepEntry {
            entry: EntryId(found.path),
            kind: None,
            tool: None,
            time: None,
            lines: found.lines,
        })
    }

    /// Tells the last of it; returns the sums.
    pub(super) fn finish(mut self) -> Grepped {
        let _over = self.leave();
        Grepped {
            summary: self.summary,
            unread: self.unread,
        }
    }

    fn copied(&mut self, place: &DocumentPlace) -> Copied {
        match self.last {
            Some((name, copied)) if name == place.name => copied,
            _ => {
                let copied = if self.met.insert(place.identity) {
                    Copied::Never
                } else {
                    Copied::Before
                };
                self.last = Some((place.name, copied));
                copied
            }
        }
    }

    /// Tells of a session, once.
    fn enter(&mut self, ordinal: SessionOrdinal) -> ControlFlow<()> {
        if self.session.as_ref().is_some_and(|told| told.0 == ordinal) {
            return ControlFlow::Continue(());
        }
        self.leave()?;
        let known = self.sight.catalog.by_ordinals(&[ordinal], self.live);
        let known = known.map(|known| known.into_iter().next());
        let told = match known {
            Ok(Some((_, session))) => Told::Lines(Box::new(session), 0),
            Ok(None) => Told::Unknown,
            Err(error) => {
                self.unread.get_or_insert(error.into());
                Told::Unknown
            }
        };
        let event = match &told {
            Told::Lines(session, _) => Some(GrepEvent::Session(session.clone())),
            Told::Unknown => None,
        };
        self.session = Some((ordinal, told));
        let Some(event) = event else {
            return ControlFlow::Continue(());
        };
        self.summary.sessions += 1;
        (self.tell)(event)
    }

    /// Tells how many lines the last session has.
    fn leave(&mut self) -> ControlFlow<()> {
        match self.session.take() {
            Some((_, Told::Lines(_, lines))) if self.request.mode == GrepMode::Counts => {
                (self.tell)(GrepEvent::Counted(lines))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn counted(&mut self, lines: u64) -> ControlFlow<()> {
        self.summary.lines += lines;
        if let Some((_, Told::Lines(_, told))) = &mut self.session {
            *told += lines;
        }
        let is_enough = self.request.mode == GrepMode::Sessions
            && self.request.limit > 0
            && self.summary.sessions >= self.request.limit;
        if is_enough {
            self.summary.is_limited = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Tells an entry's lines, as many as are still wanted.
    fn lines(&mut self, mut entry: GrepEntry) -> ControlFlow<()> {
        let left = match self.request.limit {
            0 => u64::MAX,
            limit => limit - self.summary.lines,
        };
        let matches = (0..).zip(&entry.lines);
        let matches = matches.filter(|(_, line)| line.place == GrepPlace::Match);
        let places: Vec<usize> = matches.map(|(at, _)| at).collect();
        let is_enough = places.len() as u64 >= left;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX);
        if let Some(first_unwanted) = places.get(wanted) {
            let last = wanted.checked_sub(1).and_then(|last| places.get(last));
            let behind = usize::try_from(self.request.around.1).unwrap_or(usize::MAX);
            let end = last.map_or(0, |last| last.saturating_add(behind) + 1);
            entry.lines.truncate(end.min(*first_unwanted));
        }
        let told = (places.len() as u64).min(left);
        self.counted(told)?;
        (self.tell)(GrepEvent::Entry(entry))?;
        if is_enough {
            self.summary.is_limited = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn place(&self) -> Place<'_> {
        Place {
            archive: self.sight.archive,
            catalog: self.sight.catalog,
            terms: &self.terms,
        }
    }

    /// Returns the entry of the result whose output was spilled to the generation at `place`, and its tool.
    fn result_of(
        &mut self,
        session: &SessionId,
        place: &DocumentPlace,
    ) -> (EntryId, Option<String>) {
        if let Some(known) = self.spilled.get(&place.generation) {
            return known.clone();
        }
        let found = self.find_result(session, place).ok().flatten();
        let found = found.unwrap_or_else(|| {
            let name = format!("g{}-{}", place.generation, place.offset);
            (name, None)
        });
        let found = (EntryId(found.0), found.1);
        self.spilled.insert(place.generation, found.clone());
        found
    }

    fn find_result(
        &self,
        session: &SessionId,
        place: &DocumentPlace,
    ) -> Result<Option<(String, Option<String>)>, QueryError> {
        let Sight {
            archive, catalog, ..
        } = self.sight;
        for source in sources::of_session(archive, catalog, session)? {
            if source.origin.kind != SourceKind::ToolResult {
                continue;
            }
            let generations = archive.generations(source.id)?;
            if generations.iter().any(|row| row.id == place.generation) {
                let name = file_name(&source.origin.path);
                return self.place().result_of(session, name);
            }
        }
        Ok(None)
    }
}
