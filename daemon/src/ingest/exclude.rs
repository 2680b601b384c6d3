//! What the user wants left alone. It acts before anything is opened.

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
        self.roots.iter().any(|excluded| excluded == root)
    }

    /// Tells whether the file at `below` of `root` is left alone.
    pub(crate) fn has(&self, root: &Path, below: &str) -> bool {
        self.has_root(root)
            || (!self.globs.is_empty()
                && (self.globs.is_match(below) || self.globs.is_match(root.join(below))))
    }
}

#[cfg(test)]
mod tests {
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
}
