//! One look at one source: what there is to write about it. It writes nothing itself.

use sessions_archive::{ArchiveError, ArchiveReader, Cursor, Lane, SourceState, Transaction};
use sessions_model::{ByteOffset, GenerationId, Origin, RootId, Shape};

use super::comparison::{Comparison, Verdict};
use super::disk::{SourceFile, is_same};
use super::error::LookError;
use super::tail::{Ending, Next, Pass, Rest, Start, Tail};

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// The open file.
    pub(crate) file: &'a dyn SourceFile,
    /// How it changes.
    pub(crate) shape: Shape,
    /// What the archive has of it.
    pub(crate) known: Option<&'a SourceState>,
    /// Whether there is reason to compare all of it.
    pub(crate) is_suspect: bool,
    /// When an unterminated line counts as left behind.
    pub(crate) patience: Patience,
}

/// When an unterminated line counts as left behind by its writer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// If the file was last changed at or before this time, in nanoseconds since 1970.
    pub(crate) changed_before_ns: i128,
    /// If the file still has the size it had when the wait began.
    pub(crate) size_seen: Option<u64>,
    /// If nobody can append to the file any more.
    pub(crate) is_dead: bool,
}

/// What a look came to.
#[derive(Debug)]
pub(crate) enum Visit {
    /// Nothing to write.
    Nothing(Rest),
    /// Something to write.
    Write(Draft),
    /// The file was changing: look again in a moment.
    Again,
}

/// What to write about a source.
#[derive(Debug)]
pub(crate) struct Draft {
    onto: Onto,
    /// What follows.
    pub(crate) next: Next,
}

/// What the bytes go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Onto {
    /// Nothing: it is the source's first generation.
    Nothing,
    /// This generation.
    Generation(GenerationId),
    /// So many bytes that a new generation shares with this one.
    Beginning(GenerationId, ByteOffset),
}

/// What the archive has of a source that a file is compared with.
#[derive(Debug, Clone, Copy)]
struct Held {
    generation: GenerationId,
    end: ByteOffset,
    /// None after a salvage that lost some of it: then nothing is taken for granted.
    cursor: Option<Cursor>,
    is_gone: bool,
}

/// Looks at a source.
pub(crate) fn visit(
    tail: &mut Tail,
    subject: &Subject<'_>,
    reader: &ArchiveReader,
) -> Result<Visit, LookError> {
    let Some(held) = subject.held(reader)? else {
        let pass = tail.pass(subject.file, &Start::beginning(), subject.ending()?)?;
        return Ok(from_pass(pass, |next| {
            (!next.is_empty()).then_some(Onto::Nothing)
        }));
    };
    let onto = Onto::Generation(held.generation);
    if let Some(cursor) = held.cursor.filter(|_| !held.is_gone)
        && !subject.is_suspect(&cursor)?
    {
        let pass = tail.pass(subject.file, &Start::after(&cursor), subject.ending()?)?;
        if pass != Pass::Differs {
            return Ok(from_pass(pass, |next| {
                is_news(next, &cursor).then_some(onto)
            }));
        }
    }
    let archived = Comparison::new(held.generation, held.end);
    match archived.finish(subject.file, reader)? {
        // What cannot be read back is archived anew.
        Verdict::Differs { common } | Verdict::Lost { common } => {
            return rewritten(tail, subject, (held.generation, common));
        }
        Verdict::Shorter { common } if subject.is_quiet()? => {
            return rewritten(tail, subject, (held.generation, common));
        }
        // All of it is archived. Perhaps whoever writes it anew has only begun.
        Verdict::Shorter { .. } => {
            let size = subject.file.stat()?.size;
            return Ok(Visit::Nothing(Rest::Unterminated { size }));
        }
        Verdict::Going | Verdict::Same => {}
    }
    let start = match &held.cursor {
        Some(cursor) => Start::after(cursor),
        None => Start::at(subject.file, held.end.0)?,
    };
    let pass = tail.pass(subject.file, &start, subject.ending()?)?;
    Ok(from_pass(pass, |next| {
        let is_known = held.cursor.filter(|_| !held.is_gone);
        let is_wanted = is_known.is_none_or(|cursor| is_news(next, &cursor));
        is_wanted.then_some(onto)
    }))
}

/// A new generation, and what follows in it.
fn rewritten(
    tail: &mut Tail,
    subject: &Subject<'_>,
    (parent, common): (GenerationId, u64),
) -> Result<Visit, LookError> {
    let base = match subject.shape {
        Shape::Lines => common,
        // A version is a whole.
        Shape::Snapshot => 0,
    };
    let start = match base {
        0 => Start::beginning(),
        _ => Start::at(subject.file, base)?,
    };
    let pass = tail.pass(subject.file, &start, subject.ending()?)?;
    Ok(from_pass(pass, |_| {
        Some(Onto::Beginning(parent, ByteOffset(base)))
    }))
}

fn from_pass(pass: Pass, onto: impl FnOnce(&Next) -> Option<Onto>) -> Visit {
    match pass {
        Pass::Follows(next) => match onto(&next) {
            Some(onto) => Visit::Write(Draft { onto, next }),
            None => Visit::Nothing(next.rest),
        },
        // It was the same a moment ago, so it is changing now.
        Pass::Differs | Pass::Unsteady => Visit::Again,
    }
}

/// Tells whether there is something to write: bytes, or a stamp that spares the next start a look.
fn is_news(next: &Next, cursor: &Cursor) -> bool {
    !next.is_empty() || (next.rest == Rest::Nothing && !is_same(&next.stamp, &cursor.stamp))
}

impl Subject<'_> {
    /// Returns what the archive has of it; none if it is new.
    fn held(&self, reader: &ArchiveReader) -> Result<Option<Held>, LookError> {
        let Some(known) = self.known else {
            return Ok(None);
        };
        let is_gone = known.is_gone;
        if let Some(cursor) = known.cursor {
            return Ok(Some(Held {
                generation: cursor.generation,
                end: cursor.offset,
                cursor: Some(cursor),
                is_gone,
            }));
        }
        let newest = reader.generations(known.id)?.pop();
        Ok(newest.map(|newest| Held {
            generation: newest.id,
            end: newest.length,
            cursor: None,
            is_gone,
        }))
    }

    /// Tells whether there is reason to compare all of it.
    fn is_suspect(&self, cursor: &Cursor) -> Result<bool, LookError> {
        let stamp = self.file.stat()?;
        Ok(self.is_suspect
            || stamp.inode != cursor.stamp.inode
            || (self.shape == Shape::Snapshot && !is_same(&stamp, &cursor.stamp)))
    }

    fn ending(&self) -> Result<Ending, LookError> {
        let is_whole = self.shape == Shape::Snapshot || self.patience.is_dead || self.is_quiet()?;
        Ok(if is_whole {
            Ending::Anywhere
        } else {
            Ending::Newline
        })
    }

    /// Tells whether nothing has happened to the file for a while.
    fn is_quiet(&self) -> Result<bool, LookError> {
        let stamp = self.file.stat()?;
        let Patience {
            changed_before_ns,
            size_seen,
            ..
        } = self.patience;
        Ok(stamp.modified_ns <= changed_before_ns || size_seen == Some(stamp.size))
    }
}

impl Draft {
    /// Writes this about the source, and returns what the archive then has of it.
    pub(crate) fn write(
        &self,
        transaction: &mut Transaction<'_>,
        bytes: &[u8],
        target: &Target<'_>,
    ) -> Result<SourceState, ArchiveError> {
        let Target {
            root,
            origin,
            known,
            lane,
        } = *target;
        let id = match known {
            Some(known) => known.id,
            None => transaction.source(root, origin)?,
        };
        if known.is_some_and(|known| known.is_gone) {
            transaction.mark_back(id, lane)?;
        }
        let generation = match self.onto {
            Onto::Nothing => transaction.open_generation(id, None, lane)?,
            Onto::Generation(generation) => generation,
            Onto::Beginning(parent, base) => {
                transaction.open_generation(id, Some((parent, base)), lane)?
            }
        };
        let cursor = Cursor {
            source: id,
            generation,
            offset: self.next.offset,
            line_start: self.next.line_start,
            fingerprint: self.next.fingerprint,
            stamp: self.next.stamp,
        };
        if bytes.is_empty() {
            transaction.observe(&cursor)?;
        } else {
            transaction.append(&cursor, bytes, lane)?;
        }
        let origin = origin.clone();
        Ok(SourceState {
            id,
            root,
            origin,
            cursor: Some(cursor),
            is_gone: false,
        })
    }
}

/// What a draft is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The root's number.
    pub(crate) root: RootId,
    /// What the source is.
    pub(crate) origin: &'a Origin,
    /// What the archive has of it.
    pub(crate) known: Option<&'a SourceState>,
    /// The lane to log in.
    pub(crate) lane: Lane,
}
