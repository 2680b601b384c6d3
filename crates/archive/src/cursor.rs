//! How far a source is archived, and how its file looked then.

use sessions_model::{ByteOffset, GenerationId, Origin, RootId, SourceId};

/// A file as `fstat` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// The file system's device.
    pub device: u64,
    /// The file's number on it.
    pub inode: u64,
    /// Its length in bytes.
    pub size: u64,
    /// Its modification time, in nanoseconds since 1970.
    pub modified_ns: i128,
}

/// BLAKE3 hashes of two places of a file, by which a rewrite is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Of its first bytes.
    pub head: [u8; 32],
    /// How many they are, at most 4 KiB.
    pub head_len: u32,
    /// Of the last bytes before the cursor.
    pub tail: [u8; 32],
    /// How many they are, at most 64 KiB.
    pub tail_len: u32,
}

/// How far a source is archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The source.
    pub source: SourceId,
    /// Its current generation.
    pub generation: GenerationId,
    /// The archived length.
    pub offset: ByteOffset,
    /// Where the unfinished line begins; `offset` if the last line is terminated.
    pub line_start: ByteOffset,
    /// What the archived part of the file hashed to.
    pub fingerprint: Fingerprint,
    /// How the file looked.
    pub stamp: FileStamp,
}

/// A source and how far it is archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub id: SourceId,
    /// The config root it is in.
    pub root: RootId,
    /// What its path means.
    pub origin: Origin,
    /// How far it is archived; none before the first bytes of its newest generation.
    pub cursor: Option<Cursor>,
    /// Whether the file was missing when last looked for.
    pub is_gone: bool,
}
