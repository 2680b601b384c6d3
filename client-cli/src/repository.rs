//! Which repository a directory is in, found by reading files alone.
//!
//! The daemon may not look beyond its roots, and no program is run: git's own files say enough.
//! Sources: gitrepository-layout(5) and git-config(1).

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sessions_client::DirectoryFacts;

/// The largest of git's files that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Directories that are looked at on the way up.
const PARENTS_MAX: usize = 64;

/// Returns the facts of `cwd`. None where the directory is gone and nothing above it is a repository:
/// it may be back another day.
pub(crate) fn look_up(cwd: &str) -> Option<DirectoryFacts> {
    let path = Path::new(cwd);
    if !path.is_absolute() {
        return None;
    }
    let common = path.ancestors().take(PARENTS_MAX).find_map(common_dir);
    if common.is_none() && !path.is_dir() {
        return None;
    }
    let remote = common.as_deref().and_then(origin).unwrap_or_default();
    let common = common.map(|dir| dir.to_string_lossy().into_owned());
    Some(DirectoryFacts {
        cwd: cwd.to_owned(),
        common_dir: common.unwrap_or_default(),
        remote,
    })
}

/// Returns the common directory of the repository whose working tree starts at `dir`.
fn common_dir(dir: &Path) -> Option<PathBuf> {
    let dot_git = dir.join(".git");
    let kind = fs::metadata(&dot_git).ok()?;
    if kind.is_dir() {
        // What every repository has; an empty folder of that name is none.
        return dot_git.join("HEAD").exists().then_some(dot_git);
    }
    // A linked worktree or a submodule: "gitdir: <path>".
    let text = read(&dot_git)?;
    let git_dir = dir.join(text.strip_prefix("gitdir:")?.trim());
    let common = match read(&git_dir.join("commondir")) {
        Some(text) => git_dir.join(text.trim()),
        None => git_dir,
    };
    fs::canonicalize(common).ok()
}

/// Returns the address of the remote `origin`, without a password in it.
fn origin(common_dir: &Path) -> Option<String> {
    let config = read(&common_dir.join("config"))?;
    let mut is_origin = false;
    let mut url = None;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            is_origin = line
                .replace(' ', "")
                .eq_ignore_ascii_case("[remote\"origin\"]");
        } else if is_origin
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("url")
        {
            url = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    url.filter(|url| !url.is_empty()).map(without_secret)
}

/// Leaves out user and password of a web address: they are no part of a name, and may be a token.
fn without_secret(url: String) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}/{path}"),
        None => url,
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree {
        root: tempfile::TempDir,
    }

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self { root }
        }

        fn check(&self, cwd: &str, expect: Option<(&str, &str)>) {
            let root = fs::canonicalize(self.root.path()).unwrap();
            let facts = look_up(root.join(cwd).to_str().unwrap());
            let seen = facts.as_ref().map(|facts| {
                let common = Path::new(&facts.common_dir);
                let below = common.strip_prefix(&root).unwrap_or(common);
                (below.to_str().unwrap(), facts.remote.as_str())
            });
            assert_eq!(seen, expect, "{cwd}");
        }
    }

    const CONFIG: &str = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@host:team/parser.git\n\
        \tfetch = +refs/heads/*\n[remote \"fork\"]\n\turl = elsewhere\n";

    #[test]
    fn directories_below_a_repository_belong_to_it() {
        let tree = Tree::new(&[
            ("repo/.git/HEAD", "ref: refs/heads/main"),
            ("repo/.git/config", CONFIG),
            ("repo/src/deep/x.rs", ""),
            ("plain/notes", ""),
        ]);
        tree.check("repo", Some(("repo/.git", "git@host:team/parser.git")));
        tree.check(
            "repo/src/deep",
            Some(("repo/.git", "git@host:team/parser.git")),
        );
        tree.check("repo/gone", Some(("repo/.git", "git@host:team/parser.git")));
        tree.check("plain", Some(("", "")));
        tree.check("gone", None);
    }

    #[test]
    fn linked_worktree_belongs_to_the_common_repository() {
        let tree = Tree::new(&[
            ("repo/.git/HEAD", "ref: refs/heads/main"),
            ("repo/.git/worktrees/fix/commondir", "../..\n"),
            ("fix/.git", "gitdir: ../repo/.git/worktrees/fix\n"),
        ]);
        tree.check("fix", Some(("repo/.git", "")));
    }

    fn check_secret(url: &str, expect: &str) {
        assert_eq!(without_secret(url.to_owned()), expect);
    }

    #[test]
    fn token_in_an_address_stays_out() {
        check_secret(
            "https://user:token@host/team/x.git",
            "https://host/team/x.git",
        );
        check_secret("https://host/team/x.git", "https://host/team/x.git");
        check_secret("ssh://git@host/x", "ssh://host/x");
        check_secret("git@host:team/x.git", "git@host:team/x.git");
        check_secret("https://host/a@b", "https://host/a@b");
    }
}
