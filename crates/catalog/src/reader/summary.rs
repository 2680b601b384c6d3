//! Sums over all sessions: projects, totals, defects, directories that nobody has told about.

use std::path::Path;

use rusqlite::Connection;
use rustc_hash::FxHashMap;
use sessions_model::{DefectCount, Project, Timestamp};

use crate::project::{Projects, project_name};

/// Sums over all sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Sessions that have a row or a transcript.
    pub sessions: u64,
    /// Entries.
    pub entries: u64,
    /// Prompts of main conversations.
    pub prompts: u64,
    /// Sources.
    pub sources: u64,
    /// Bytes of all sources, as they were on disk.
    pub bytes: u64,
}

/// Adds up everything.
pub(super) fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    let listed =
        "SELECT count(*), coalesce(sum(entries), 0), coalesce(sum(prompts), 0) FROM session
        WHERE entries > 0
        OR EXISTS (SELECT 1 FROM source WHERE source.session = ordinal AND source.kind = 0)";
    let sessions = connection.prepare_cached(listed)?.query_row((), |row| {
        Ok(Totals {
            sessions: row.get(0)?,
            entries: row.get(1)?,
            prompts: row.get(2)?,
            ..Totals::default()
        })
    })?;
    let sources = "SELECT count(*), coalesce(sum(bytes), 0) FROM source";
    connection.prepare_cached(sources)?.query_row((), |row| {
        Ok(Totals {
            sources: row.get(0)?,
            bytes: row.get(1)?,
            ..sessions
        })
    })
}

/// Lists what did not parse.
pub(super) fn defects(connection: &Connection) -> rusqlite::Result<Vec<DefectCount>> {
    connection
        .prepare_cached("SELECT name, lines FROM defect ORDER BY lines DESC, name")?
        .query_map((), |row| {
            Ok(DefectCount {
                name: row.get(0)?,
                count: row.get(1)?,
            })
        })?
        .collect()
}

/// Lists the directories that the client must look up, since the daemon may not.
pub(super) fn unresolved_cwds(
    connection: &Connection,
    limit: u32,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT cwd FROM session
             WHERE cwd IS NOT NULL AND cwd NOT IN (SELECT cwd FROM directory)
             GROUP BY cwd ORDER BY max(ended_at) DESC, cwd LIMIT ?1",
        )?
        .query_map([limit], |row| row.get(0))?
        .collect()
}

/// Gathers the sessions under their projects.
pub(super) fn projects(
    connection: &Connection,
    root: Option<&str>,
) -> rusqlite::Result<Vec<Project>> {
    gather(connection, &Projects::load(connection)?, root)
}

/// Gathers the sessions of the projects that `wanted` may mean, and of those below it, if it is a directory.
pub(super) fn projects_meant(
    connection: &Connection,
    wanted: &str,
) -> rusqlite::Result<Vec<Project>> {
    let known = Projects::load(connection)?;
    let mut projects = gather(connection, &known, None)?;
    let is_below = |cwd: &String| wanted.starts_with('/') && Path::new(cwd).starts_with(wanted);
    projects.retain(|project| {
        known.is_meant(&project.key, wanted) || project.cwds.iter().any(is_below)
    });
    Ok(projects)
}

fn gather(
    connection: &Connection,
    known: &Projects,
    root: Option<&str>,
) -> rusqlite::Result<Vec<Project>> {
    let mut statement = connection.prepare_cached(
        "SELECT cwd, worktree_of, count(*), sum(is_automated), max(ended_at),
            sum((SELECT coalesce(sum(bytes), 0) FROM placed
                 WHERE placed.session = ordinal AND NOT is_moved))
         FROM session WHERE entries > 0 AND (?1 IS NULL OR EXISTS (
             SELECT 1 FROM source JOIN root ON root.id = source.root
             WHERE source.session = ordinal AND root.path = ?1))
         GROUP BY cwd, worktree_of",
    )?;
    let mut rows = statement.query([root])?;
    let mut projects = FxHashMap::<_, Project>::default();
    while let Some(row) = rows.next()? {
        let cwd: Option<String> = row.get(0)?;
        let worktree_of: Option<String> = row.get(1)?;
        let key = known.of_session(cwd.as_deref(), worktree_of.as_deref());
        let project = projects.entry(key).or_default();
        project.sessions += row.get::<_, u64>(2)?;
        project.automated += row.get::<_, u64>(3)?;
        project.last_at = project
            .last_at
            .max(row.get::<_, Option<i64>>(4)?.map(Timestamp));
        project.bytes += row.get::<_, u64>(5)?;
        project.cwds.extend(cwd);
    }
    let mut projects: Vec<_> = projects
        .into_iter()
        .map(|(key, mut project)| {
            project.cwds.sort_unstable();
            project.cwds.dedup();
            Project {
                name: project_name(&key).to_owned(),
                key,
                ..project
            }
        })
        .collect();
    projects.sort_by(|a, b| b.last_at.cmp(&a.last_at).then_with(|| a.key.cmp(&b.key)));
    Ok(projects)
}
