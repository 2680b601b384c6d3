//! Which session somebody means.

use std::collections::HashSet;

use rusqlite::Connection;
use sessions_model::{Session, SessionId};

use super::row::{LATEST_FIRST, SessionRow};
use crate::project::Projects;

/// Candidates that one answer holds.
const CANDIDATES_MAX: usize = 50;

/// How well a name fits a session, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the id.
    Id,
    /// It begins the id, or is the title.
    Begins,
    /// The title holds it.
    Holds,
    /// It begins the id of a session of which no conversation is archived, only files beside one.
    FilesOnly,
}

/// Returns the sessions that fit `name` best.
pub(super) fn resolve(
    connection: &Connection,
    name: &str,
    root: Option<&str>,
    live: &HashSet<SessionId>,
) -> rusqlite::Result<Vec<Session>> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let folded = name.to_lowercase();
    let mut statement = connection.prepare_cached(LATEST_FIRST)?;
    let mut rows = statement.query(())?;
    let mut best = Fit::FilesOnly;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let row = SessionRow::read(row)?;
        let Some(mut fit) = fit(&row, name, &folded).filter(|fit| *fit <= best) else {
            continue;
        };
        if !row.is_listed(connection)? {
            if fit == Fit::Holds {
                continue;
            }
            fit = Fit::FilesOnly;
        }
        if fit > best || !row.is_in_root(connection, root)? {
            continue;
        }
        if fit < best {
            found.clear();
            best = fit;
        }
        if found.len() < CANDIDATES_MAX {
            found.push(row);
        }
    }
    let projects = Projects::load(connection)?;
    found
        .into_iter()
        .map(|row| row.into_session(connection, &projects, live))
        .collect()
}

fn fit(row: &SessionRow, name: &str, folded: &str) -> Option<Fit> {
    let id = row.id.as_str();
    if id == name {
        Some(Fit::Id)
    } else if id.starts_with(name) || row.title == name {
        Some(Fit::Begins)
    } else if row.title.to_lowercase().contains(folded) {
        Some(Fit::Holds)
    } else {
        None
    }
}

/// Returns the latest session that has `cwd` among its directories.
pub(super) fn latest_in(
    connection: &Connection,
    cwd: &str,
    root: Option<&str>,
    live: &HashSet<SessionId>,
) -> rusqlite::Result<Option<Session>> {
    let ordinals: HashSet<u64> = connection
        .prepare_cached("SELECT session FROM session_cwd WHERE cwd = ?1")?
        .query_map([cwd], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if ordinals.is_empty() {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached(LATEST_FIRST)?;
    let mut rows = statement.query(())?;
    let mut automated = None;
    while let Some(row) = rows.next()? {
        if !ordinals.contains(&row.get(0)?) {
            continue;
        }
        let row = SessionRow::read(row)?;
        if !row.is_listed(connection)? || !row.is_in_root(connection, root)? {
            continue;
        }
        if !row.is_automated {
            return row
                .into_session(connection, &Projects::load(connection)?, live)
                .map(Some);
        }
        automated = automated.or(Some(row));
    }
    let projects = Projects::load(connection)?;
    automated
        .map(|row| row.into_session(connection, &projects, live))
        .transpose()
}
