//! What was said of directories and projects, written as it was said. It does not know who said it.

use rusqlite::Connection;

use crate::project::{remote_key, store_move};

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
        }
    }
}
