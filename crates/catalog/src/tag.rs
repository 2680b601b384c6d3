//! Tags of sessions: an observed-remove set, in which whoever takes a tag away names the operations that gave it.

use rusqlite::{Connection, params};
use sessions_model::SessionOrdinal;

/// The name of an operation of the archive.
pub type OperationName = [u8; 16];

/// Returns what a tag is compared by.
pub(crate) fn fold_tag(tag: &str) -> String {
    tag.to_lowercase()
}

/// Gives `session` a tag, unless it is known that this was taken back.
pub(crate) fn give(
    connection: &Connection,
    (operation, session): (OperationName, SessionOrdinal),
    tag: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO session_tag (operation, session, tag, folded)
             SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM untagged WHERE operation = ?1)",
        )?
        .execute(params![operation, session.0, tag, fold_tag(tag)])
        .map(drop)
}

/// Takes back what these operations gave.
pub(crate) fn take(connection: &Connection, given: &[OperationName]) -> rusqlite::Result<()> {
    for operation in given {
        connection
            .prepare_cached("INSERT OR IGNORE INTO untagged (operation) VALUES (?1)")?
            .execute([operation])?;
        connection
            .prepare_cached("DELETE FROM session_tag WHERE operation = ?1")?
            .execute([operation])?;
    }
    Ok(())
}

/// Returns the operations that gave `session` this tag.
pub(crate) fn given(
    connection: &Connection,
    session: SessionOrdinal,
    tag: &str,
) -> rusqlite::Result<Vec<OperationName>> {
    connection
        .prepare_cached("SELECT operation FROM session_tag WHERE session = ?1 AND folded = ?2")?
        .query_map(params![session.0, fold_tag(tag)], |row| row.get(0))?
        .collect()
}

/// Returns a session's tags in order, each once, as it was first written.
pub(crate) fn of_session(
    connection: &Connection,
    session: SessionOrdinal,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT min(tag) FROM session_tag WHERE session = ?1 GROUP BY folded ORDER BY folded",
        )?
        .query_map([session.0], |row| row.get(0))?
        .collect()
}
