//! What people call a project: a repository where that is known, else a working directory, and what
//! the user moved where. It does not know sessions.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;
use sessions_model::ProjectKey;

/// Moves followed from one key to the next.
const MOVES_MAX: usize = 16;

/// What a client found out about a directory.
#[derive(Debug, Default)]
struct Repository {
    common_dir: String,
    remote: String,
}

/// Everything known of directories and moves.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    directories: FxHashMap<String, Repository>,
    moves: FxHashMap<String, String>,
}

impl Projects {
    /// Reads what is known.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut projects = Self::default();
        let mut statement =
            connection.prepare_cached("SELECT cwd, common_dir, remote FROM directory")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let repository = Repository {
                common_dir: row.get(1)?,
                remote: row.get(2)?,
            };
            projects.directories.insert(row.get(0)?, repository);
        }
        let mut statement = connection.prepare_cached("SELECT old, new FROM project_move")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            projects.moves.insert(row.get(0)?, row.get(1)?);
        }
        Ok(projects)
    }

    /// Returns the project of a session that was started in `cwd`, in a worktree made from
    /// `worktree_of` if it says so.
    pub(crate) fn of_session(&self, cwd: Option<&str>, worktree_of: Option<&str>) -> ProjectKey {
        let is_known = |dir: &&str| self.directories.contains_key(*dir);
        let dir = cwd.filter(is_known).or(worktree_of).or(cwd);
        dir.map_or_else(ProjectKey::default, |dir| self.of_directory(dir))
    }

    /// Returns the project that a directory belongs to.
    pub(crate) fn of_directory(&self, dir: &str) -> ProjectKey {
        let dir = without_last_slash(dir);
        let moved = self.moved_directory(dir);
        let place = moved.as_deref().unwrap_or(dir);
        let repository = self
            .directories
            .get(place)
            .or_else(|| self.directories.get(dir));
        let mut key = key_of(place, repository);
        for _ in 0..MOVES_MAX {
            match self.step(&key) {
                Some((_, to)) if to != key => key = key_of(to, self.directories.get(to)),
                _ => break,
            }
        }
        ProjectKey(key)
    }

    /// Returns the move of `key`, or of what people call it: from and to.
    fn step(&self, key: &str) -> Option<(&str, &str)> {
        let moved = self.moves.get_key_value(key);
        let moved = moved.or_else(|| self.moves.get_key_value(name_of(key)));
        moved.map(|(from, to)| (&**from, &**to))
    }

    /// Returns where `dir` is after the move of it or of the nearest directory above it.
    fn moved_directory(&self, dir: &str) -> Option<String> {
        let mut above = dir;
        loop {
            if let Some(to) = self.moves.get(above) {
                let below = dir.strip_prefix(above).unwrap_or_default();
                let is_directory = to.starts_with('/');
                return Some(if is_directory {
                    format!("{to}{below}")
                } else {
                    to.clone()
                });
            }
            let (parent, _) = above
                .rsplit_once('/')
                .filter(|(parent, _)| !parent.is_empty())?;
            above = parent;
        }
    }

    /// Returns whether somebody who says `wanted` means the project `key`: by its key, its name, the end of
    /// its path, a remote's address, or a directory in it.
    pub(crate) fn is_meant(&self, key: &ProjectKey, wanted: &str) -> bool {
        let wanted = without_last_slash(wanted);
        if key.0 == wanted || name_of(&key.0).eq_ignore_ascii_case(wanted) {
            return true;
        }
        if wanted.starts_with('/') {
            return self.of_directory(wanted) == *key;
        }
        let wanted = remote_key(wanted);
        let ends_so = key
            .0
            .len()
            .checked_sub(wanted.len() + 1)
            .and_then(|at| key.0.get(at..));
        let is_end = ends_so.is_some_and(|end| {
            end.strip_prefix('/')
                .is_some_and(|end| end.eq_ignore_ascii_case(&wanted))
        });
        key.0 == wanted || (!wanted.is_empty() && is_end)
    }
}

/// Returns the key of a directory: its repository's remote, else where the repository is, else itself.
fn key_of(dir: &str, repository: Option<&Repository>) -> String {
    match repository {
        Some(Repository { remote, .. }) if !remote.is_empty() => remote.clone(),
        Some(Repository { common_dir, .. }) if !common_dir.is_empty() => {
            let common_dir = without_last_slash(common_dir);
            common_dir
                .strip_suffix("/.git")
                .unwrap_or(common_dir)
                .to_owned()
        }
        _ => dir.to_owned(),
    }
}

/// Returns a project's name for people: the last part of its key.
pub fn project_name(key: &ProjectKey) -> &str {
    name_of(&key.0)
}

fn name_of(key: &str) -> &str {
    let key = without_last_slash(key);
    let name = key.rsplit(['/', '\\']).next().unwrap_or(key);
    let name = name.strip_suffix(".git").unwrap_or(name);
    if name.is_empty() { key } else { name }
}

fn without_last_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(rest) if !rest.is_empty() => rest,
        _ => path,
    }
}

/// Returns a remote's address as `host/path`, without scheme, user, password, port and `.git`, so that the
/// ways of reaching one repository are one project and no secret is shown.
pub(crate) fn remote_key(remote: &str) -> String {
    let (has_scheme, rest) = match remote.trim().split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, remote.trim()),
    };
    // `host:path` is short for ssh; with a scheme, what follows a colon is a port.
    let (authority, path) = match rest.split_once(if has_scheme { '/' } else { ':' }) {
        Some((authority, path)) if has_scheme || !authority.contains('/') => (authority, path),
        _ => return without_git(rest).to_owned(),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let path = without_git(path.trim_start_matches('/'));
    if host.is_empty() {
        format!("/{path}")
    } else {
        format!("{host}/{path}")
    }
}

fn without_git(path: &str) -> &str {
    let path = without_last_slash(path);
    path.strip_suffix(".git").unwrap_or(path)
}

/// Writes a move. A later one back from where earlier ones led undoes the first of them; whatever else the
/// target was moved to stays.
pub(crate) fn store_move(connection: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    let from = without_last_slash(from);
    let to = target_key(to);
    if let Some(undone) = way_back(connection, &to, from)? {
        connection.execute("DELETE FROM project_move WHERE old = ?1", [undone])?;
    }
    if from != to {
        connection.execute(
            "REPLACE INTO project_move (old, new) VALUES (?1, ?2)",
            params![from, to],
        )?;
    }
    Ok(())
}

/// Returns what the first of the moves that lead from `key` to `goal` is of, if any lead there.
fn way_back(connection: &Connection, key: &str, goal: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT old, new FROM project_move WHERE old IN (?1, ?2) ORDER BY old != ?1 LIMIT 1",
    )?;
    let mut first = None;
    let mut at = key.to_owned();
    for _ in 0..MOVES_MAX {
        let step = statement.query_row([&*at, name_of(&at)], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?))
        });
        let Some((old, new)) = step.optional()? else {
            break;
        };
        let first = first.get_or_insert(old);
        at = new;
        if at == goal || name_of(&at) == goal {
            return Ok(Some(first.clone()));
        }
    }
    Ok(None)
}

/// Returns the key of what a move leads to: a directory, a remote's key, or a name.
fn target_key(to: &str) -> Cow<'_, str> {
    let to = without_last_slash(to);
    if to.contains("://") || (to.contains('@') && !to.starts_with('/')) {
        Cow::Owned(remote_key(to))
    } else {
        Cow::Borrowed(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects(directories: &[(&str, &str, &str)], moves: &[(&str, &str)]) -> Projects {
        let directories = directories.iter().map(|(cwd, common_dir, remote)| {
            let repository = Repository {
                common_dir: (*common_dir).to_owned(),
                remote: remote_key(remote),
            };
            ((*cwd).to_owned(), repository)
        });
        let moves = moves
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        Projects {
            directories: directories.collect(),
            moves: moves.collect(),
        }
    }

    #[test]
    fn remotes_of_one_repository_have_one_key() {
        let check = |remote, expect| assert_eq!(remote_key(remote), expect, "{remote}");
        check("git@Example.org:owner/repo.git", "example.org/owner/repo");
        check("https://example.org/owner/repo", "example.org/owner/repo");
        check(
            "https://user:secret@example.org/owner/repo.git/",
            "example.org/owner/repo",
        );
        check(
            "ssh://git@example.org:2222/owner/repo.git",
            "example.org/owner/repo",
        );
        check("file:///srv/git/repo.git", "/srv/git/repo");
        check("/srv/git/repo.git", "/srv/git/repo");
        check("../elsewhere", "../elsewhere");
        check("", "");
    }

    #[test]
    fn names_are_the_last_part() {
        let check = |key: &str, expect| assert_eq!(project_name(&ProjectKey(key.into())), expect);
        check("example.org/owner/repo", "repo");
        check("/home/u/code", "code");
        check("/srv/repo.git", "repo");
        check("/", "/");
        check("C:\\code\\thing", "thing");
        check("", "");
    }

    #[test]
    fn projects_follow_repositories_worktrees_and_moves() {
        let known = projects(
            &[
                ("/w/tree", "/w/main/.git", ""),
                ("/w/main", "/w/main/.git", ""),
                ("/w/main/sub", "/w/main/.git", "git@host:o/r.git"),
                ("/plain", "", ""),
                ("/new/place", "/new/place/.git", "https://host/o/moved"),
            ],
            &[
                ("/old", "/new"),
                ("host/o/r", "host/o/renamed"),
                ("scratch", "/plain"),
            ],
        );
        let check = |cwd, worktree_of, expect: &str| {
            assert_eq!(known.of_session(cwd, worktree_of).0, expect);
        };
        check(Some("/w/tree"), None, "/w/main");
        check(Some("/w/main"), None, "/w/main");
        check(Some("/w/main/sub"), None, "host/o/renamed");
        check(Some("/plain"), None, "/plain");
        check(Some("/nobody/knows"), None, "/nobody/knows");
        check(Some("/nobody/knows"), Some("/w/main"), "/w/main");
        check(Some("/old/place"), None, "host/o/moved");
        check(Some("/old/other"), None, "/new/other");
        check(Some("/tmp/scratch"), None, "/plain");
        check(None, None, "");
    }

    #[test]
    fn moves_in_a_circle_end() {
        let known = projects(&[], &[("/a", "/b"), ("/b", "/a")]);
        assert!(["/a", "/b"].contains(&&*known.of_directory("/a").0));
    }

    #[test]
    fn projects_are_meant_by_name_path_and_address() {
        let known = projects(&[("/w/x", "", "git@host:owner/repo.git")], &[]);
        let check = |wanted, expect| {
            let key = ProjectKey("host/owner/repo".to_owned());
            assert_eq!(known.is_meant(&key, wanted), expect, "{wanted}");
        };
        check("repo", true);
        check("Repo", true);
        check("owner/repo", true);
        check("host/owner/repo", true);
        check("https://host/owner/repo.git", true);
        check("/w/x", true);
        check("/w/x/", true);
        check("er/repo", false);
        check("/w", false);
        check("", false);
    }
}
