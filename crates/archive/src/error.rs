//! What can go wrong with the archive, and how a caller tells one failure from another.
//!
//! Knows nothing of hints or of what a person should do next: that is the caller's.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sessions_model::{ByteOffset, GenerationId, SourceId};

pub(crate) type Result<T, E = ArchiveError> = std::result::Result<T, E>;

/// Why the archive could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The database refused a step.
    #[error("could not {step}")]
    Database {
        /// What was being done, to what.
        step: Step,
        /// What `SQLite` says.
        #[source]
        source: rusqlite::Error,
    },
    /// A file or a folder could not be read or written.
    #[error("could not {step}{}", elsewhere(step, path))]
    File {
        /// What was being done.
        step: Step,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The database was written by a newer version of the program.
    #[error("archive {} has schema {found}, this program knows up to {known}", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// The file is a database, but not an archive.
    #[error("{} is not an archive", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Bytes that were archived cannot be read back.
    #[error("bytes {start} to {end} of generation {generation} are damaged: {damage}")]
    Damaged {
        /// The generation that owns the bytes.
        generation: GenerationId,
        /// The first byte lost.
        start: ByteOffset,
        /// One past the last byte lost.
        end: ByteOffset,
        /// What was found in their place.
        damage: Damage,
    },
    /// The caller asked for something that would break an invariant; nothing was changed.
    #[error("refused to {step}: {refusal}")]
    Refused {
        /// What was asked.
        step: Step,
        /// Why not.
        refusal: Refusal,
    },
    /// A row holds a value that this version has no meaning for.
    #[error("could not {step}: a row holds {value} as its {column}")]
    BadRow {
        /// What was being done.
        step: Step,
        /// The column.
        column: &'static str,
        /// The value found.
        value: i64,
    },
    /// No random bytes could be drawn.
    #[error("could not draw a random id")]
    Random(#[source] getrandom::Error),
    /// The compressor failed.
    #[error("could not compress a frame")]
    Compress(#[source] io::Error),
}

/// Names a file, unless the step has named it.
fn elsewhere(step: &Step, path: &Path) -> String {
    let path = path.display().to_string();
    if step.to_string().ends_with(&path) {
        String::new()
    } else {
        format!(" at {path}")
    }
}

/// What was being done when something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Opening or creating a database.
    Open(PathBuf),
    /// Bringing an older schema up to date.
    Migrate(PathBuf),
    /// Beginning a transaction.
    Begin,
    /// Committing a transaction.
    Commit,
    /// Recording a config root.
    AddRoot(String),
    /// Recording a source.
    AddSource(String),
    /// Opening a generation of a source.
    OpenGeneration(SourceId),
    /// Appending to a generation.
    Append(GenerationId),
    /// Writing a source's cursor.
    MoveCursor(SourceId),
    /// Marking a source as gone or back.
    Mark(SourceId),
    /// Recording an annotation.
    Operate,
    /// Recording what a hook reported.
    NoteEvent,
    /// Writing a setting.
    Set(String),
    /// Reading bytes.
    Read(GenerationId),
    /// Reading the log.
    ReadLog,
    /// Reading sources, generations, roots or operations.
    List,
    /// Reading a setting.
    ReadSetting(String),
    /// Folding a generation.
    Fold(GenerationId),
    /// Emptying the write-ahead log.
    Checkpoint,
    /// Copying the whole archive.
    BackUp(PathBuf),
    /// Writing a file again that was removed while it was open.
    PutBack(PathBuf),
    /// Copying what the user wrote.
    CopyNotes(PathBuf),
    /// Reading everything back.
    Verify,
    /// Putting lost bytes back.
    Mend(GenerationId),
    /// Writing beside the archive whose it is.
    NoteIdentity,
    /// Noting what is lost.
    RecordLoss,
    /// Copying what is left of a damaged archive.
    Salvage(PathBuf),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(path) => write!(f, "open archive {}", path.display()),
            Self::Migrate(path) => write!(f, "migrate archive {}", path.display()),
            Self::Begin => f.write_str("begin a transaction"),
            Self::Commit => f.write_str("commit a transaction"),
            Self::AddRoot(path) => write!(f, "add root {path}"),
            Self::AddSource(path) => write!(f, "add source {path}"),
            Self::OpenGeneration(source) => write!(f, "open a generation of source {source}"),
            Self::Append(generation) => write!(f, "append to generation {generation}"),
            Self::MoveCursor(source) => write!(f, "move the cursor of source {source}"),
            Self::Mark(source) => write!(f, "mark source {source}"),
            Self::Operate => f.write_str("record an annotation"),
            Self::NoteEvent => f.write_str("record what a hook reported"),
            Self::Set(key) => write!(f, "write setting {key}"),
            Self::Read(generation) => write!(f, "read generation {generation}"),
            Self::ReadLog => f.write_str("read the log"),
            Self::List => f.write_str("list what is archived"),
            Self::ReadSetting(key) => write!(f, "read setting {key}"),
            Self::Fold(generation) => write!(f, "fold generation {generation}"),
            Self::Checkpoint => f.write_str("empty the write-ahead log"),
            Self::BackUp(path) => write!(f, "back up to {}", path.display()),
            Self::PutBack(path) => write!(f, "put back {}", path.display()),
            Self::CopyNotes(path) => write!(f, "copy notes to {}", path.display()),
            Self::Verify => f.write_str("verify the archive"),
            Self::Mend(generation) => write!(f, "mend generation {generation}"),
            Self::NoteIdentity => f.write_str("note whose the archive is"),
            Self::RecordLoss => f.write_str("note what is lost"),
            Self::Salvage(path) => write!(f, "salvage {}", path.display()),
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are no bytes.
    #[error("there are no bytes")]
    Empty,
    /// More bytes than one transaction or one read may carry.
    #[error("it is over the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The bytes do not begin where the generation ends.
    #[error("the generation ends at {length}, the bytes begin elsewhere")]
    NotAtEnd {
        /// The generation's length.
        length: ByteOffset,
    },
    /// There is no such generation of this source, or it is not its newest.
    #[error("the source has no such current generation")]
    NotCurrent,
    /// There is no such generation.
    #[error("there is no such generation")]
    Unknown,
    /// The cursor contradicts itself or what is archived.
    #[error("the cursor does not fit the archived bytes")]
    BadCursor,
    /// The parent is unknown or shorter than the common prefix.
    #[error("the parent generation does not reach that far")]
    BadParent,
    /// The range ends after the generation does, or is reversed.
    #[error("the range is not within the generation's {length} bytes")]
    OutOfRange {
        /// The generation's length.
        length: ByteOffset,
    },
    /// An earlier step of the transaction failed: it can only be dropped.
    #[error("an earlier step of the transaction failed")]
    Failed,
    /// A file is already there.
    #[error("a file of that name exists")]
    Exists,
    /// The copy does not read back.
    #[error("the copy does not read back")]
    BadCopy,
    /// Nobody wants it any more.
    #[error("it is not wanted any more")]
    Unwanted,
    /// More was archived meanwhile than the write-ahead log may hold.
    #[error("too much is being archived meanwhile: try again when that is done")]
    Overtaken,
}

/// What was found instead of archived bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Nothing is stored for the range.
    #[error("nothing is stored")]
    Missing,
    /// The database cannot read the stored frame.
    #[error("the stored frame is unreadable")]
    Unreadable,
    /// The frame does not decompress to what its hash says.
    #[error("the hash differs")]
    Hash,
    /// The frame was written with a codec or dictionary that this version does not have.
    #[error("the codec is unknown")]
    Codec,
}

/// Failures by what a caller can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No space is left: free some, then try again.
    DiskFull,
    /// Another process holds the database: try again later.
    Busy,
    /// The database file is broken: salvage it.
    Corrupt,
    /// One range of bytes is lost, the rest is readable.
    Damaged,
    /// A newer version of the program is needed.
    NewerSchema,
    /// The request itself was wrong.
    Refused,
    /// Anything else: permissions, a missing folder, a bug.
    Other,
}

impl ArchiveError {
    /// Returns what a caller can do about this.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database { source, .. } => database_kind(source),
            Self::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
                _ => ErrorKind::Other,
            },
            Self::NewerSchema { .. } => ErrorKind::NewerSchema,
            Self::Damaged { .. } => ErrorKind::Damaged,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::Foreign { .. } | Self::BadRow { .. } => ErrorKind::Corrupt,
            Self::Random(_) | Self::Compress(_) => ErrorKind::Other,
        }
    }

    pub(crate) fn refused(step: Step, refusal: Refusal) -> Self {
        Self::Refused { step, refusal }
    }
}

fn database_kind(error: &rusqlite::Error) -> ErrorKind {
    use rusqlite::ErrorCode;
    use rusqlite::types::FromSqlError;
    match error {
        rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DiskFull => ErrorKind::DiskFull,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => ErrorKind::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => ErrorKind::Corrupt,
            _ => ErrorKind::Other,
        },
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
            ErrorKind::Corrupt
        }
        rusqlite::Error::FromSqlConversionFailure(_, _, cause) if cause.is::<FromSqlError>() => {
            ErrorKind::Corrupt
        }
        _ => ErrorKind::Other,
    }
}

/// Says what was being done when the database failed.
pub(crate) trait During<T> {
    fn during(self, step: impl FnOnce() -> Step) -> Result<T>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, step: impl FnOnce() -> Step) -> Result<T> {
        self.map_err(|source| ArchiveError::Database {
            step: step(),
            source: without_statement(source),
        })
    }
}

/// Leaves out the text of the statement, which tells a user nothing.
fn without_statement(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(msg))
        }
        error => error,
    }
}
