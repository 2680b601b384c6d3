//! What is said of checkpoints, as operations of the archive: one for each thing said.
//!
//! The subject is the checkpoint; the value is JSON, to which later versions may add.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sessions_archive::{NewOperation, Operation};
use sessions_model::{
    ByteOffset, CheckpointId, CheckpointPlace, GenerationId, GitState, SessionId, SourceId,
    Timestamp,
};

const SUBJECT: &str = "checkpoint:";
const MADE: &str = "checkpoint.made";
const PLACED: &str = "checkpoint.placed";
const GIT: &str = "checkpoint.git";
const GONE: &str = "checkpoint.gone";

/// How hard a diff is packed: it is small, and written once.
const DIFF_LEVEL: i32 = 9;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// The longest note, in bytes.
const NOTE_BYTES_MAX: usize = 8 << 10;

/// One thing said of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was made.
    Made(Made),
    /// The record was found that it stands behind.
    Placed(CheckpointPlace),
    /// A client told of the repository.
    Git(GitState),
    /// It was deleted.
    Gone {
        /// The session it was in.
        session: SessionId,
    },
}

/// A checkpoint as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) note: String,
    pub(crate) session: SessionId,
    pub(crate) at: Timestamp,
    pub(crate) cwd: String,
    /// How long the transcript was, where that is known: what is within stands before the checkpoint.
    pub(crate) transcript_bytes: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct MadeValue {
    name: String,
    note: String,
    session: String,
    at: i64,
    cwd: String,
    transcript_bytes: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct PlacedValue {
    record: String,
    source: u64,
    generation: u64,
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct GitValue {
    head: String,
    branch: Option<String>,
    is_dirty: bool,
    is_too_long: bool,
    /// In Base64, the diff packed with zstd; empty where there is none.
    diff: String,
}

impl Said {
    /// Returns what is wrong with it, if anything is.
    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Made(made) if made.name.len() > NAME_BYTES_MAX => Some(format!(
                "a checkpoint's name has at most {NAME_BYTES_MAX} bytes"
            )),
            Self::Made(made) if made.name.contains(char::is_control) => {
                Some("a checkpoint's name is one line, without control characters".into())
            }
            Self::Made(made) if made.note.len() > NOTE_BYTES_MAX => {
                Some(format!("a note has at most {NOTE_BYTES_MAX} bytes"))
            }
            Self::Git(git) if git.diff.len() > GitState::DIFF_BYTES_MAX => {
                let limit = GitState::DIFF_BYTES_MAX;
                Some(format!(
                    "a diff has at most {limit} bytes: a longer one is left out"
                ))
            }
            _ => None,
        }
    }

    /// Returns it as the archive keeps it.
    pub(super) fn to_operation(&self, id: CheckpointId) -> NewOperation {
        let (field, value) = match self {
            Self::Made(made) => (MADE, json(&MadeValue::new(made))),
            Self::Placed(place) => (PLACED, json(&PlacedValue::new(place))),
            Self::Git(git) => (GIT, json(&GitValue::new(git))),
            Self::Gone { session } => (GONE, session.as_str().to_owned()),
        };
        NewOperation {
            subject: format!("{SUBJECT}{id}"),
            field: field.to_owned(),
            value,
        }
    }

    /// Returns what an operation says of a checkpoint; none if it says nothing of one, or a newer version
    /// wrote it.
    pub(super) fn from_operation(operation: &Operation) -> Option<(CheckpointId, Self)> {
        let id = CheckpointId::parse(operation.subject.strip_prefix(SUBJECT)?)?;
        let value = &*operation.value;
        let said = match &*operation.field {
            MADE => Self::Made(serde_json::from_str::<MadeValue>(value).ok()?.into_made()?),
            PLACED => Self::Placed(
                serde_json::from_str::<PlacedValue>(value)
                    .ok()?
                    .into_place(),
            ),
            GIT => Self::Git(serde_json::from_str::<GitValue>(value).ok()?.into_state()?),
            GONE => Self::Gone {
                session: SessionId::parse(value).ok()?,
            },
            _ => return None,
        };
        Some((id, said))
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

impl MadeValue {
    fn new(made: &Made) -> Self {
        Self {
            name: made.name.clone(),
            note: made.note.clone(),
            session: made.session.as_str().to_owned(),
            at: made.at.millis(),
            cwd: made.cwd.clone(),
            transcript_bytes: made.transcript_bytes,
        }
    }

    fn into_made(self) -> Option<Made> {
        Some(Made {
            name: self.name,
            note: self.note,
            session: SessionId::parse(&self.session).ok()?,
            at: Timestamp(self.at),
            cwd: self.cwd,
            transcript_bytes: self.transcript_bytes,
        })
    }
}

impl PlacedValue {
    fn new(place: &CheckpointPlace) -> Self {
        Self {
            record: place.record.clone(),
            source: place.source.0,
            generation: place.generation.0,
            end: place.end.0,
        }
    }

    fn into_place(self) -> CheckpointPlace {
        CheckpointPlace {
            record: self.record,
            source: SourceId(self.source),
            generation: GenerationId(self.generation),
            end: ByteOffset(self.end),
        }
    }
}

impl GitValue {
    fn new(git: &GitState) -> Self {
        let packed = match &*git.diff {
            [] => Vec::new(),
            diff => zstd::bulk::compress(diff, DIFF_LEVEL).expect("a level that there is"),
        };
        Self {
            head: git.head.clone(),
            branch: git.branch.clone(),
            is_dirty: git.is_dirty,
            is_too_long: git.is_too_long,
            diff: STANDARD.encode(packed),
        }
    }

    /// Unpacks the diff; a state whose diff does not unpack is none.
    fn into_state(self) -> Option<GitState> {
        let packed = STANDARD.decode(&self.diff).ok()?;
        let diff = match &*packed {
            [] => Vec::new(),
            packed => zstd::bulk::decompress(packed, GitState::DIFF_BYTES_MAX).ok()?,
        };
        Some(GitState {
            head: self.head,
            branch: self.branch,
            is_dirty: self.is_dirty,
            diff,
            is_too_long: self.is_too_long,
        })
    }
}

#[cfg(test)]
mod tests {
    use sessions_archive::OperationId;
    use sessions_model::DeviceId;

    use super::*;

    fn check(said: &Said) {
        let id = CheckpointId([7; 16]);
        let NewOperation {
            subject,
            field,
            value,
        } = said.to_operation(id);
        let operation = Operation {
            number: 1,
            id: OperationId([0; 16]),
            device: DeviceId([0; 16]),
            lamport: 1,
            at: Timestamp(0),
            subject,
            field,
            value,
        };
        let read = Said::from_operation(&operation);
        assert_eq!(read, Some((id, said.clone())));
    }

    #[test]
    fn what_is_said_of_a_checkpoint_reads_back() {
        let session = SessionId::parse("3f9a1c2e").unwrap();
        check(&Said::Made(Made {
            name: "before \"the\" change\n".into(),
            note: "検索".into(),
            session: session.clone(),
            at: Timestamp(-5),
            cwd: "/src".into(),
            transcript_bytes: Some(1 << 40),
        }));
        check(&Said::Placed(CheckpointPlace {
            record: "u".into(),
            source: SourceId(3),
            generation: GenerationId(4),
            end: ByteOffset(5),
        }));
        for diff in [
            Vec::new(),
            vec![0xff, 0, b'\n'],
            vec![b'x'; GitState::DIFF_BYTES_MAX],
        ] {
            check(&Said::Git(GitState {
                head: "abc".into(),
                branch: None,
                is_dirty: true,
                diff,
                is_too_long: false,
            }));
        }
        check(&Said::Gone { session });
    }
}
