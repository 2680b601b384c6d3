//! What was said of directories, projects, checkpoints, tags and the lives of sessions, written as it was said. It does not know who said it.

use rusqlite::{Connection, params};
use sessions_model::{CheckpointId, SessionOrdinal, Timestamp};

use crate::checkpoint::{self, CheckpointWord};
use crate::project::{remote_key, store_move};
use crate::tag::{self, OperationName};

/// What the user, or a client on the user's behalf, said.
#[derive(Debug)]
pub(crate) enum Operation {
    Directory {
        cwd: String,
        common_dir: String,
        remote: String,
    },
    Move {
        from: String,
        to: String,
    },
    Checkpoint {
        id: CheckpointId,
        word: CheckpointWord,
    },
    Tag {
        operation: OperationName,
        session: SessionOrdinal,
        tag: String,
    },
    Untag {
        given: Vec<OperationName>,
    },
    Begun {
        session: SessionOrdinal,
        at: Timestamp,
    },
    Left {
        session: SessionOrdinal,
        at: Timestamp,
        reason: String,
    },
}

impl Operation {
    /// Writes it; the last word stands.
    pub(crate) fn store(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Directory {
                cwd,
                common_dir,
                remote,
            } => connection
                .prepare_cached(
                    "REPLACE INTO directory (cwd, common_dir, remote) VALUES (?1, ?2, ?3)",
                )?
                .execute([cwd, common_dir, &remote_key(remote)])
                .map(drop),
            Self::Move { from, to } => store_move(connection, from, to),
            Self::Checkpoint { id, word } => checkpoint::store(connection, *id, word),
            Self::Tag {
                operation,
                session,
                tag,
            } => tag::give(connection, (*operation, *session), tag),
            Self::Untag { given } => tag::take(connection, given),
            Self::Begun { session, at } => connection
                .prepare_cached(
                    "INSERT INTO session_life (session, begun_at) VALUES (?1, ?2)
                     ON CONFLICT (session) DO UPDATE
                     SET begun_at = max(coalesce(begun_at, ?2), ?2)",
                )?
                .execute([session.0.cast_signed(), at.0])
                .map(drop),
            Self::Left {
                session,
                at,
                reason,
            } => connection
                .prepare_cached(
                    "INSERT INTO session_life (session, left_at, reason) VALUES (?1, ?2, ?3)
                     ON CONFLICT (session) DO UPDATE SET left_at = ?2, reason = ?3
                     WHERE left_at IS NULL OR left_at <= ?2",
                )?
                .execute(params![session.0, at.0, reason])
                .map(drop),
        }
    }
}
