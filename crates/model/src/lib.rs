//! The words of Claude Sessions as plain data.
//!
//! Every crate but the wire and the watcher speaks in these types. Nothing here can be serialised:
//! the wire, the disk and the terminal each convert at their own edge. Nothing here does I/O.

mod checkpoint;
mod entry;
mod grep;
mod hit;
mod hook;
mod ids;
mod origin;
mod record;
mod session;
mod status;
mod terminal;
mod time;

pub use checkpoint::{Checkpoint, CheckpointPlace, GitState};
pub use entry::{Branch, Entry, EntryId, EntryKind, Tool};
pub use grep::{
    GrepEntry, GrepEvent, GrepLine, GrepMode, GrepPlace, GrepProgress, GrepSummary, GrepText,
    Pattern, PatternCase, PatternPlace, PatternSyntax,
};
pub use hit::{Coverage, Facet, Facets, Highlight, Hit, ScoreParts, SearchAnswer, Suggestion};
pub use hook::{HookEvent, HookReply, HookReport, Silence, SlashCommand};
pub use ids::{
    AgentId, ArchiveId, ByteOffset, CheckpointId, DeviceId, EventId, GenerationId, ID_BYTES_MAX,
    IdError, RootId, SHORT_ID_CHARS, Seq, SessionId, SessionOrdinal, SourceId,
};
pub use origin::{Origin, Shape, SourceKind};
pub use record::{
    Block, BlockKind, Defect, DefectKind, Message, Parsed, Record, RecordKey, RecordKind, Title,
    TitleKind, Usage,
};
pub use session::{OnDisk, Project, ProjectKey, Session, SessionFilter, Tokens};
pub use status::{DefectCount, DiskUse, Fault, FaultKind, Progress, RootStatus, Status};
pub use terminal::acts_on_terminal;
pub use time::Timestamp;
