//! Exact search in the archived bytes of files, line by line. Nothing of them is indexed as it stands, so all of
//! them are read.

use std::ops::ControlFlow;
use std::sync::Mutex;

use memchr::{memchr_iter, memrchr};
use rustc_hash::FxHashSet;
use sessions_archive::{ArchiveReader, GenerationRow, SourceState};
use sessions_model::{ByteOffset, GenerationId, GrepLine, SessionId};

use super::batch::open;
use super::work::{Give, in_order};
use super::{Around, Looked, Matcher, Shown, matching};
use crate::search::Sight;
use crate::{QueryError, sources};

/// Bytes that are read at once, and most bytes of a line that are looked at together.
const WINDOW_BYTES: u64 = 4 << 20;
const LINE_BYTES_MAX: usize = 64 << 20;

/// Bytes of lines that are given on together.
const PIECE_BYTES: usize = 256 << 10;

/// How the bytes of files are looked through.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) sight: Sight<'a>,
    pub(crate) matcher: &'a Matcher,
    pub(crate) around: Around,
    /// The only lines that count, by where they begin; every line where there is no set.
    pub(crate) lines: Option<&'a FxHashSet<(GenerationId, ByteOffset)>>,
    pub(crate) is_wanted: &'a (dyn Fn() -> bool + Sync),
}

/// Lines of a file that match.
#[derive(Debug)]
pub(crate) struct RawMatch {
    pub(crate) path: String,
    pub(crate) lines: Vec<GrepLine>,
}

/// What one generation of a file has of its own.
struct Unit {
    path: String,
    row: GenerationRow,
}

impl Files<'_> {
    /// Hands the lines that match in the files of `session` to `take`, in order.
    pub(crate) fn look(
        self,
        session: &SessionId,
        readers: &mut Vec<ArchiveReader>,
        take: Give<'_, Looked<RawMatch>>,
    ) -> Result<ControlFlow<()>, QueryError> {
        let Sight {
            archive, catalog, ..
        } = self.sight;
        let mut units = Vec::new();
        for source in sources::of_session(archive, catalog, session)? {
            let SourceState { id, origin, .. } = source;
            units.extend(archive.generations(id)?.into_iter().map(|row| Unit {
                path: origin.path.clone(),
                row,
            }));
        }
        open(archive, readers)?;
        let Self {
            matcher,
            around,
            lines,
            is_wanted,
            ..
        } = self;
        let alone = Mutex::new(());
        let tools = readers.iter_mut().collect::<Vec<_>>();
        Ok(in_order(
            &units,
            tools,
            |archive, unit, give| {
                let reading = Reading {
                    archive,
                    unit,
                    matcher,
                    around,
                    lines,
                };
                match reading.run((is_wanted, &alone), give) {
                    Ok(ended) => ended,
                    Err(error) => give(Looked::Unread(error)),
                }
            },
            take,
        ))
    }
}

/// One generation that is read.
struct Reading<'a> {
    archive: &'a ArchiveReader,
    unit: &'a Unit,
    matcher: &'a Matcher,
    around: Around,
    lines: Option<&'a FxHashSet<(GenerationId, ByteOffset)>>,
}

impl Reading<'_> {
    fn run(
        &self,
        (is_wanted, _alone): (&(dyn Fn() -> bool + Sync), &Mutex<()>),
        give: Give<'_, Looked<RawMatch>>,
    ) -> Result<ControlFlow<()>, QueryError> {
        let (base, length) = (self.unit.row.base.0, self.unit.row.length.0);
        let (mut at, mut lines_before) = self.line_start(base)?;
        let mut rest: Vec<u8> = Vec::new();
        while at < length {
            if !is_wanted() {
                return Ok(ControlFlow::Break(()));
            }
            let begins = at - rest.len() as u64;
            let end = length.min(at + WINDOW_BYTES);
            let range = ByteOffset(at)..ByteOffset(end);
            rest.extend(self.archive.bytes(self.unit.row.id, range)?);
            at = end;
            let whole = match memrchr(b'\n', &rest) {
                _ if at == length || rest.len() > LINE_BYTES_MAX => rest.len(),
                Some(newline) => newline + 1,
                None => continue,
            };
            let (text, left) = rest.split_at(whole);
            if self.search(text, (begins, lines_before), give).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            lines_before += memchr_iter(b'\n', text).count() as u64;
            rest = left.to_vec();
        }
        Ok(give(Looked::Done(length - base)))
    }

    /// Returns where the line begins that holds byte `base`, and how many lines there are before.
    fn line_start(&self, base: u64) -> Result<(u64, u64), QueryError> {
        let (mut at, mut start, mut lines) = (0, 0, 0);
        while at < base {
            let end = base.min(at + WINDOW_BYTES);
            let range = ByteOffset(at)..ByteOffset(end);
            let bytes = self.archive.bytes(self.unit.row.id, range)?;
            if let Some(newline) = memrchr(b'\n', &bytes) {
                start = at + newline as u64 + 1;
            }
            lines += memchr_iter(b'\n', &bytes).count() as u64;
            at = end;
        }
        Ok((start, lines))
    }

    /// Looks through whole lines, which begin at `begins` behind so many others.
    fn search(
        &self,
        text: &[u8],
        (begins, lines_before): (u64, u64),
        give: Give<'_, Looked<RawMatch>>,
    ) -> ControlFlow<()> {
        let mut shown = Shown::of(self.matcher, (text, lines_before), self.around);
        let found = |lines| {
            Looked::Found(RawMatch {
                path: self.unit.path.clone(),
                lines,
            })
        };
        matching(self.matcher, text, |number, line| {
            let offset = ByteOffset(begins + line.start as u64);
            let counts = |lines: &FxHashSet<_>| lines.contains(&(self.unit.row.id, offset));
            if self.lines.is_none_or(counts) {
                shown.add(number, line);
            }
            if shown.bytes() > PIECE_BYTES {
                return give(found(shown.take()));
            }
            ControlFlow::Continue(())
        })?;
        let lines = shown.finish();
        if lines.is_empty() {
            return ControlFlow::Continue(());
        }
        give(found(lines))
    }
}
