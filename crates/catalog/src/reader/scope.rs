//! Sets of sessions, for a search that is restricted to them.

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use sessions_model::{ProjectKey, SessionId, SessionOrdinal};

use crate::project::{Projects, project_name};
use crate::tag::fold_tag;

/// What holds of a session as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionPredicate {
    /// It belongs to this project: a name, a key, an address, or a directory.
    Project(String),
    /// Its id begins so, or, where no id does, its title holds this, whatever the case.
    Session(String),
    /// One of its sources is in this config root.
    Root(String),
    /// A script ran it.
    Automated,
    /// The user gave it this tag, whatever the case.
    Tagged(String),
    /// The client's directory holds nothing of it any more.
    Deleted,
    /// It has a checkpoint.
    Checkpointed,
    /// It is one of these.
    OneOf(Vec<SessionId>),
}

/// Returns the sessions for which `predicate` holds.
pub(super) fn matching(
    connection: &Connection,
    predicate: &SessionPredicate,
) -> rusqlite::Result<Vec<SessionOrdinal>> {
    match predicate {
        SessionPredicate::Project(wanted) => in_project(connection, wanted),
        SessionPredicate::Session(name) => {
            let begun = "SELECT ordinal FROM session WHERE substr(id, 1, length(?1)) = ?1";
            let begun = ordinals(connection, begun, [name])?;
            if begun.is_empty() {
                titled(connection, name)
            } else {
                Ok(begun)
            }
        }
        SessionPredicate::Root(path) => {
            let inside = "SELECT DISTINCT session FROM source JOIN root ON root.id = source.root
                 WHERE root.path = ?1 AND session IS NOT NULL";
            ordinals(connection, inside, [path])
        }
        SessionPredicate::Automated => ordinals(
            connection,
            "SELECT ordinal FROM session WHERE is_automated",
            (),
        ),
        SessionPredicate::Tagged(tag) => {
            let tagged = "SELECT DISTINCT session FROM session_tag WHERE folded = ?1";
            ordinals(connection, tagged, [fold_tag(tag)])
        }
        SessionPredicate::Deleted => {
            let gone = "SELECT session FROM placed WHERE session IS NOT NULL AND NOT is_moved
                 GROUP BY session HAVING min(is_gone)";
            ordinals(connection, gone, ())
        }
        SessionPredicate::Checkpointed => {
            let checkpointed = "SELECT DISTINCT ordinal FROM checkpoint
                 JOIN session ON session.id = checkpoint.session WHERE NOT is_gone";
            ordinals(connection, checkpointed, ())
        }
        SessionPredicate::OneOf(sessions) => one_of(connection, sessions),
    }
}

fn one_of(
    connection: &Connection,
    sessions: &[SessionId],
) -> rusqlite::Result<Vec<SessionOrdinal>> {
    let mut found = Vec::new();
    for session in sessions {
        let named = "SELECT ordinal FROM session WHERE id = ?1";
        found.extend(ordinals(connection, named, [session.as_str()])?);
    }
    Ok(found)
}

fn ordinals(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<SessionOrdinal>> {
    connection
        .prepare_cached(sql)?
        .query_map(params, |row| row.get(0).map(SessionOrdinal))?
        .collect()
}

fn titled(connection: &Connection, part: &str) -> rusqlite::Result<Vec<SessionOrdinal>> {
    let part = part.to_lowercase();
    let mut statement =
        connection.prepare_cached("SELECT ordinal, coalesce(name, first_prompt) FROM session")?;
    let mut rows = statement.query(())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let title: Option<String> = row.get(1)?;
        if title.is_some_and(|title| title.to_lowercase().contains(&part)) {
            found.push(SessionOrdinal(row.get(0)?));
        }
    }
    Ok(found)
}

fn in_project(connection: &Connection, wanted: &str) -> rusqlite::Result<Vec<SessionOrdinal>> {
    let of_sessions = of_projects(connection, |projects, key| projects.is_meant(key, wanted))?;
    let meant = of_sessions.into_iter().filter(|(_, is_meant)| *is_meant);
    Ok(meant.map(|(session, _)| session).collect())
}

/// Returns the name of each session's project.
pub(super) fn project_names(
    connection: &Connection,
) -> rusqlite::Result<Vec<(SessionOrdinal, String)>> {
    of_projects(connection, |_, key| project_name(key).to_owned())
}

/// Says something of each session's project. Sessions share few directories: each is looked up once.
fn of_projects<T: Clone>(
    connection: &Connection,
    say: impl Fn(&Projects, &ProjectKey) -> T,
) -> rusqlite::Result<Vec<(SessionOrdinal, T)>> {
    let projects = Projects::load(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT ordinal, cwd, worktree_of FROM session")?;
    let mut rows = statement.query(())?;
    let mut said = FxHashMap::default();
    let mut of_sessions = Vec::new();
    while let Some(row) = rows.next()? {
        let place: (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        let of_place = said.entry(place).or_insert_with_key(|(cwd, worktree_of)| {
            let key = projects.of_session(cwd.as_deref(), worktree_of.as_deref());
            say(&projects, &key)
        });
        of_sessions.push((SessionOrdinal(row.get(0)?), of_place.clone()));
    }
    Ok(of_sessions)
}
