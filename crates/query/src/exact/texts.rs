//! Texts that may match, read from the archive in the order of its frames, each frame once where texts lie
//! close together. Knows nothing of patterns.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use memchr::{memchr, memchr_iter};
use rustc_hash::{FxHashMap, FxHashSet};
use sessions_archive::{ArchiveReader, LINE_BYTES_MAX as FRAME_LINE_BYTES_MAX};
use sessions_index::{DocumentName, DocumentPlace};
use sessions_model::{Block, ByteOffset, EntryId, GenerationId, Parsed, Record};
use sessions_transcript::{LINE_BYTES_MAX, PASSAGE_BYTES_MAX, entry_id, parse, spilled_passages};

use crate::QueryError;

/// Bytes that are read at once where texts lie close together.
const WINDOW_BYTES: u64 = 1 << 20;

/// Bytes between two texts from which on each is read by itself: about a frame.
const GAP_BYTES: u64 = 256 << 10;

/// What is known of texts before they are read.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Generations of spilled output, whose texts are passages.
    pub(crate) spilled: FxHashSet<GenerationId>,
    /// Texts that stand in no file.
    pub(crate) outside: FxHashMap<DocumentName, (EntryId, String)>,
    /// Held by whoever reads a line that is longer than most memory should be spent on.
    pub(crate) long_line: Mutex<()>,
}

/// A text and whose it is.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    /// A block of a record.
    Block(&'a Record<'a>, &'a Block<'a>),
    /// The lines that begin in a passage of spilled output; how many come before them, when asked.
    Passage(&'a str, u64),
    /// What stands in no file.
    Outside(&'a EntryId, &'a str),
}

impl Text<'_> {
    /// Returns the text itself.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Block(_, block) => &block.text,
            Self::Passage(text, _) | Self::Outside(_, text) => text,
        }
    }

    /// Returns how many lines of the entry come before it.
    pub(crate) fn lines_before(&self) -> u64 {
        match self {
            Self::Passage(_, lines) => *lines,
            Self::Block(..) | Self::Outside(..) => 0,
        }
    }

    /// Returns the name of the entry at `place`, where the text itself says it.
    pub(crate) fn entry(&self, place: &DocumentPlace) -> Option<EntryId> {
        match self {
            Self::Block(record, block) => Some(entry_id(
                record,
                place.generation,
                place.offset,
                block.index,
            )),
            Self::Passage(..) => None,
            Self::Outside(entry, _) => Some((*entry).clone()),
        }
    }
}

/// Reads texts, and keeps the bytes around the last one.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    archive: &'a ArchiveReader,
    known: &'a Known,
    window: Window,
    counted: Counted,
}

/// Bytes of a generation.
#[derive(Debug, Default)]
struct Window {
    generation: GenerationId,
    start: u64,
    bytes: Vec<u8>,
}

/// Lines of a generation that were counted.
#[derive(Debug, Default)]
struct Counted {
    generation: GenerationId,
    end: u64,
    lines: u64,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(archive: &'a ArchiveReader, known: &'a Known) -> Self {
        Self {
            archive,
            known,
            window: Window::default(),
            counted: Counted::default(),
        }
    }

    /// Hands the text of each of `places`, which are in the order of the archive, to `each`, or why it cannot
    /// be read.
    pub(crate) fn read(
        &mut self,
        places: &[DocumentPlace],
        mut each: impl FnMut(&DocumentPlace, Result<Text<'_>, QueryError>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let known = self.known;
        let is_of_one_line = |left: &DocumentPlace, right: &DocumentPlace| {
            (left.generation, left.offset) == (right.generation, right.offset)
        };
        let mut rest = places;
        for line in places.chunk_by(is_of_one_line) {
            let Some(first) = line.first() else { continue };
            if let Some((entry, text)) = known.outside.get(&first.name) {
                each(first, Ok(Text::Outside(entry, text)))?;
            } else if known.spilled.contains(&first.generation) {
                match self.passage(first) {
                    Ok((text, before)) => each(first, Ok(Text::Passage(&text, before)))?,
                    Err(error) => each(first, Err(error))?,
                }
            } else {
                self.blocks((line, rest), &mut each)?;
            }
            rest = rest.get(line.len()..).unwrap_or_default();
        }
        ControlFlow::Continue(())
    }

    /// Reads the blocks of one line; what comes after it decides how much is read at once.
    fn blocks(
        &mut self,
        (line, rest): (&[DocumentPlace], &[DocumentPlace]),
        each: &mut impl FnMut(&DocumentPlace, Result<Text<'_>, QueryError>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(first) = line.first() else {
            return ControlFlow::Continue(());
        };
        let _alone;
        let long;
        let bytes = match self.line(first, rest) {
            Ok(Line::Near(range)) => self.window.bytes.get(range).unwrap_or_default(),
            Ok(Line::Far(bytes)) if bytes.len() < FRAME_LINE_BYTES_MAX => {
                long = bytes;
                &long
            }
            Ok(Line::Far(_)) => {
                let alone = self.known.long_line.lock();
                _alone = alone.unwrap_or_else(PoisonError::into_inner);
                match self.long_line(first) {
                    Ok(bytes) => {
                        long = bytes;
                        &long
                    }
                    Err(error) => return each(first, Err(error)),
                }
            }
            Err(error) => return each(first, Err(error)),
        };
        let Parsed::Record(record) = parse(bytes) else {
            return ControlFlow::Continue(());
        };
        for place in line {
            let mut blocks = record.blocks.iter();
            if let Some(block) = blocks.find(|block| block.index == place.block) {
                each(place, Ok(Text::Block(&record, block)))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Finds the line at `place`: in the window if there is more to read close by, else by itself.
    fn line(&mut self, place: &DocumentPlace, rest: &[DocumentPlace]) -> Result<Line, QueryError> {
        if let Some(range) = self.window.line(place) {
            return Ok(Line::Near(range));
        }
        let mut end = place.offset.0;
        for next in rest {
            let is_near = next.generation == place.generation
                && next.offset.0.saturating_sub(end) < GAP_BYTES
                && next.offset.0 - place.offset.0 < WINDOW_BYTES;
            if !is_near {
                break;
            }
            end = next.offset.0;
        }
        if end > place.offset.0 {
            let length = self.archive.length(place.generation)?.0;
            let end = length.min(end + GAP_BYTES / 4);
            let range = place.offset..ByteOffset(end);
            // What is damaged there may be none of this line.
            if let Ok(bytes) = self.archive.bytes(place.generation, range) {
                self.window = Window {
                    generation: place.generation,
                    start: place.offset.0,
                    bytes,
                };
                if let Some(range) = self.window.line(place) {
                    return Ok(Line::Near(range));
                }
            }
        }
        let line = self.archive.frame_line(place.generation, place.offset)?;
        Ok(Line::Far(line))
    }

    /// Reads a line that is longer than those that are read at once, as far as one is parsed.
    fn long_line(&self, place: &DocumentPlace) -> Result<Vec<u8>, QueryError> {
        let length = self.archive.length(place.generation)?.0;
        let limit = length.min(place.offset.0 + LINE_BYTES_MAX as u64 + 1);
        let mut line = Vec::new();
        let mut at = place.offset.0;
        while at < limit {
            let end = limit.min(at + WINDOW_BYTES);
            let range = ByteOffset(at)..ByteOffset(end);
            let bytes = self.archive.bytes(place.generation, range)?;
            let newline = memchr(b'\n', &bytes);
            let (taken, _) = bytes.split_at(newline.unwrap_or(bytes.len()));
            line.extend_from_slice(taken);
            if newline.is_some() {
                break;
            }
            at = end;
        }
        Ok(line)
    }

    /// Reads the lines that begin in the passage at `place`, and counts those before.
    fn passage(&mut self, place: &DocumentPlace) -> Result<(String, u64), QueryError> {
        let length = self.archive.length(place.generation)?.0;
        let from = place.offset.0.saturating_sub(1);
        let mut end = length.min(place.offset.0 + PASSAGE_BYTES_MAX as u64);
        let mut bytes = self
            .archive
            .bytes(place.generation, ByteOffset(from)..ByteOffset(end))?;
        let before = usize::try_from(place.offset.0 - from).unwrap_or(0);
        let own = bytes.get(before..).unwrap_or_default();
        let passage = spilled_passages(own).next();
        let passage_bytes = match (&passage, memchr::memrchr(b'\n', own)) {
            (Some(_), Some(newline)) if end < length => newline + 1,
            _ => own.len(),
        };
        let mut stop = before + passage_bytes;
        while bytes.get(stop - 1).is_some_and(|byte| *byte != b'\n') && end < length {
            // The line goes on behind the passage.
            let next = length.min(end + PASSAGE_BYTES_MAX as u64);
            let more = ByteOffset(end)..ByteOffset(next);
            bytes.extend(self.archive.bytes(place.generation, more)?);
            let rest = bytes.get(stop..).unwrap_or_default();
            stop += memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            end = next;
            if bytes.len() > FRAME_LINE_BYTES_MAX {
                break;
            }
        }
        // A line that began before belongs to the passage before.
        let begins_within = before == 1 && bytes.first().is_some_and(|byte| *byte != b'\n');
        let start = if begins_within {
            let own = bytes.get(before..stop).unwrap_or_default();
            before + memchr(b'\n', own).map_or(own.len(), |newline| newline + 1)
        } else {
            before
        };
        let text = bytes.get(start..stop).unwrap_or_default();
        let lines = self.count_lines(place, from + start as u64)?;
        Ok((String::from_utf8_lossy(text).into_owned(), lines))
    }

    /// Counts the lines of a generation up to `end`.
    fn count_lines(&mut self, place: &DocumentPlace, end: u64) -> Result<u64, QueryError> {
        if self.counted.generation != place.generation || self.counted.end > end {
            self.counted = Counted {
                generation: place.generation,
                ..Counted::default()
            };
        }
        while self.counted.end < end {
            let next = end.min(self.counted.end + WINDOW_BYTES);
            let range = ByteOffset(self.counted.end)..ByteOffset(next);
            let bytes = self.archive.bytes(place.generation, range)?;
            self.counted.lines += memchr_iter(b'\n', &bytes).count() as u64;
            self.counted.end = next;
        }
        Ok(self.counted.lines)
    }
}

/// Where a line was found.
enum Line {
    /// In the window.
    Near(std::ops::Range<usize>),
    /// By itself.
    Far(Vec<u8>),
}

impl Window {
    /// Returns where the line at `place` is in the window, if all of it is.
    fn line(&self, place: &DocumentPlace) -> Option<std::ops::Range<usize>> {
        if self.generation != place.generation {
            return None;
        }
        let at = usize::try_from(place.offset.0.checked_sub(self.start)?).ok()?;
        let length = memchr(b'\n', self.bytes.get(at..)?)?;
        Some(at..at + length)
    }
}
