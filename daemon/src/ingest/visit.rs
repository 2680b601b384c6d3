//! One look at one source: what there is to write about it. It writes nothing itself.

use sessions_archive::{ArchiveError, ArchiveReader, Cursor, Lane, SourceState, Transaction};
use sessions_model::{ByteOffset, Origin, RootId, Shape};

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
    /// The bytes that both generations begin with, where a new one is to be opened.
    reopen: Option<ByteOffset>,
    /// What follows.
    pub(crate) next: Next,
}

/// Looks at a source.
pub(crate) fn visit(
    tail: &mut Tail,
    subject: &Subject<'_>,
    reader: &ArchiveReader,
) -> Result<Visit, LookError> {
    let Some((known, cursor)) = subject.known.and_then(|known| Some((known, known.cursor?))) else {
        let pass = tail.pass(subject.file, &Start::beginning(), subject.ending()?)?;
        return Ok(from_pass(pass, |next| (!next.is_empty()).then_some(None)));
    };
    let stamp = subject.file.stat()?;
    let is_suspect = subject.is_suspect
        || known.is_gone
        || stamp.inode != cursor.stamp.inode
        || (subject.shape == Shape::Snapshot && !is_same(&stamp, &cursor.stamp));
    if !is_suspect {
        let pass = tail.pass(subject.file, &Start::after(&cursor), subject.ending()?)?;
        if pass != Pass::Differs {
            return Ok(from_pass(pass, |next| {
                is_news(next, &cursor).then_some(None)
            }));
        }
    }
    let archived = Comparison::new(cursor.generation, cursor.offset);
    match archived.finish(subject.file, reader)? {
        Verdict::Differs { common } => return rewritten(tail, subject, common),
        Verdict::Shorter { common } if subject.is_quiet()? => {
            return rewritten(tail, subject, common);
        }
        // All of it is archived. Perhaps whoever writes it anew has only begun.
        Verdict::Shorter { .. } => {
            let size = subject.file.stat()?.size;
            return Ok(Visit::Nothing(Rest::Unterminated { size }));
        }
        Verdict::Going | Verdict::Same => {}
    }
    let pass = tail.pass(subject.file, &Start::after(&cursor), subject.ending()?)?;
    let is_back = known.is_gone;
    Ok(from_pass(pass, |next| {
        (is_back || is_news(next, &cursor)).then_some(None)
    }))
}

/// A new generation, and what follows in it.
fn rewritten(tail: &mut Tail, subject: &Subject<'_>, common: u64) -> Result<Visit, LookError> {
    let base = match subject.shape {
        Shape::Lines => common,
        // A version is a whole.
        Shape::Snapshot => 0,
    };
    let start = match base {
        0 => Start::beginning(),
        _ => Start::at_line(subject.file, base)?,
    };
    let pass = tail.pass(subject.file, &start, subject.ending()?)?;
    Ok(from_pass(pass, |_| Some(Some(ByteOffset(base)))))
}

fn from_pass(pass: Pass, reopen: impl FnOnce(&Next) -> Option<Option<ByteOffset>>) -> Visit {
    match pass {
        Pass::Follows(next) => match reopen(&next) {
            Some(reopen) => Visit::Write(Draft { reopen, next }),
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
        let generation = match (known.and_then(|known| known.cursor), self.reopen) {
            (Some(cursor), None) => cursor.generation,
            (Some(cursor), Some(base)) => {
                transaction.open_generation(id, Some((cursor.generation, base)), lane)?
            }
            (None, _) => transaction.open_generation(id, None, lane)?,
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
