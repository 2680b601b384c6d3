//! A named place in a session, to which one can return.

use crate::{ByteOffset, CheckpointId, GenerationId, SessionId, SourceId, Timestamp};

/// A named place in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its id.
    pub id: CheckpointId,
    /// Its name; may be empty.
    pub name: String,
    /// What the user noted; may be empty.
    pub note: String,
    /// The session.
    pub session: SessionId,
    /// When it was made.
    pub at: Timestamp,
    /// The session's working directory then.
    pub cwd: String,
    /// Where it is; none until the record it stands behind is archived.
    pub place: Option<CheckpointPlace>,
    /// The repository then; none until a client has said it, and where there is none.
    pub git: Option<GitState>,
}

/// Behind which record a checkpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointPlace {
    /// The record's `uuid`.
    pub record: String,
    /// The main transcript.
    pub source: SourceId,
    /// Its generation.
    pub generation: GenerationId,
    /// One past the last byte of the record's line.
    pub end: ByteOffset,
}

/// What a client read of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitState {
    /// The commit, in hex; empty before the first.
    pub head: String,
    /// The branch; none where the commit itself is checked out.
    pub branch: Option<String>,
    /// Whether files differ from the commit, or are not tracked.
    pub is_dirty: bool,
    /// What differs, as `git diff --binary` says it; empty in lists.
    pub diff: Vec<u8>,
    /// Whether the diff was longer than is kept, and is left out whole.
    pub is_too_long: bool,
}

impl GitState {
    /// The longest diff that is kept, in bytes.
    pub const DIFF_BYTES_MAX: usize = 1 << 20;
}
