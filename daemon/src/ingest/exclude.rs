//! What the user wants left alone. It acts before anything is opened.

use std::fs;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::IngestError;

/// Roots and path patterns that are never read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excludes {
    roots: Vec<PathBuf>,
    globs: GlobSet,
}

impl Excludes {
    /// Takes config roots, and globs over whole paths or paths below a root.
    pub(crate) fn new(roots: Vec<PathBuf>, globs: &[String]) -> Result<Self, IngestError> {
        let fault = |pattern: &str, source| IngestError::Pattern {
            pattern: pattern.into(),
            source,
        };
        let mut set = GlobSetBuilder::new();
        for pattern in globs {
            set.add(Glob::new(pattern).map_err(|source| fault(pattern, source))?);
        }
        let globs = set
            .build()
            .map_err(|source| fault(&globs.join(" "), source))?;
        Ok(Self { roots, globs })
    }

    /// Tells whether a whole root is left alone.
    pub(crate) fn has_root(&self, root: &Path) -> bool {
        leads_to_any(root, &self.roots)
    }

    /// Tells whether the file at `below` of `root` is left alone, by this name or by the one behind a link.
    pub(crate) fn has(&self, root: &Path, below: &str) -> bool {
        // By name alone: a root that only leads to an excluded one is not watched to begin with.
        if self.roots.iter().any(|excluded| excluded == root) {
            return true;
        }
        let is_meant = |path: &Path| self.globs.is_match(path);
        !self.globs.is_empty()
            && (is_meant(Path::new(below))
                || is_meant(&root.join(below))
                || resolved(root, below).is_some_and(|path| is_meant(&path)))
    }
}

/// Tells whether `root` is one of `others`, whatever links lead there.
pub(crate) fn leads_to_any(root: &Path, others: &[PathBuf]) -> bool {
    let is_same = |other: &PathBuf| {
        other == root
            || matches!((fs::canonicalize(other), fs::canonicalize(root)), (Ok(a), Ok(b)) if a == b)
    };
    others.iter().any(is_same)
}

/// Returns the path of a file with the links resolved that are followed: the root, and its own folders.
fn resolved(root: &Path, below: &str) -> Option<PathBuf> {
    match below.split_once('/') {
        Some((folder, rest)) => Some(fs::canonicalize(root.join(folder)).ok()?.join(rest)),
        None => Some(fs::canonicalize(root).ok()?.join(below)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn globs_see_the_whole_path_and_the_path_below_the_root() {
        let check = |globs: &[&str], below: &str, expect: bool| {
            let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
            let excludes = Excludes::new(vec!["/other".into()], &globs).unwrap();
            assert_eq!(
                excludes.has(Path::new("/home/u/.claude"), below),
                expect,
                "{globs:?}"
            );
        };
        check(&[], "projects/p/a.jsonl", false);
        check(&["projects/p/**"], "projects/p/s/x.txt", true);
        check(&["projects/p/**"], "projects/q/a.jsonl", false);
        check(
            &["/home/u/.claude/projects/*secret*/**"],
            "projects/-my-secret/a.jsonl",
            true,
        );
        check(
            &["**/tool-results/**"],
            "projects/p/s/tool-results/1.txt",
            true,
        );
        let excludes = Excludes::new(vec!["/other".into()], &[]).unwrap();
        assert!(excludes.has(Path::new("/other"), "history.jsonl"));
        assert!(Excludes::new(Vec::new(), &["[".to_owned()]).is_err());
    }

    #[test]
    fn a_link_is_no_way_around() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(at("disk/-secret")).unwrap();
        fs::create_dir_all(at("claude")).unwrap();
        symlink(at("disk"), at("claude/projects")).unwrap();
        symlink(at("claude"), at("link")).unwrap();
        let glob = at("disk/-secret/**").to_str().unwrap().to_owned();
        let excludes = Excludes::new(vec![at("claude")], &[]).unwrap();
        assert!(excludes.has_root(&at("link")));
        let excludes = Excludes::new(vec![at("link")], std::slice::from_ref(&glob)).unwrap();
        assert!(excludes.has_root(&at("claude")));
        let excludes = Excludes::new(Vec::new(), &[glob]).unwrap();
        assert!(excludes.has(&at("link"), "projects/-secret/a.jsonl"));
        assert!(!excludes.has(&at("link"), "projects/-other/a.jsonl"));
    }
}
