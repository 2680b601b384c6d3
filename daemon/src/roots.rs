//! The config roots: what the settings name, what the environment names, and what clients have seen.
//!
//! They are kept in a small file of their own, because the sandbox must know them before the archive is
//! opened.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::ingest::leads_to_any;

/// Roots known at most.
const ROOTS_MAX: usize = 64;

/// The roots this daemon watches.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    file: PathBuf,
    known: Vec<PathBuf>,
    /// Those that were there when the sandbox was entered.
    readable: Vec<PathBuf>,
    excluded: Vec<PathBuf>,
}

impl Roots {
    /// Gathers the roots of the file, of `named`, and none of `excluded`.
    pub(crate) fn load(file: PathBuf, named: &[PathBuf], excluded: &[PathBuf]) -> Self {
        let remembered = fs::read_to_string(&file).unwrap_or_default();
        let all = remembered
            .lines()
            .map(PathBuf::from)
            .chain(named.iter().cloned());
        let mut known = Vec::new();
        for root in all.filter(|root| root.is_absolute() && !leads_to_any(root, excluded)) {
            if !known.contains(&root) && known.len() < ROOTS_MAX {
                known.push(root);
            }
        }
        let readable = known.iter().filter(|root| root.is_dir()).cloned().collect();
        Self {
            file,
            known,
            readable,
            excluded: excluded.to_vec(),
        }
    }

    /// Returns the roots, missing ones included.
    pub(crate) fn known(&self) -> &[PathBuf] {
        &self.known
    }

    /// Writes the roots down.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn remember(&self) -> io::Result<()> {
        write(&self.file, &self.known)
    }

    /// Takes note of a root that a client sees; true if the daemon must be started again to read it.
    ///
    /// # Errors
    /// When it is no absolute path of one line, or cannot be written down.
    pub(crate) fn meet(&self, root: &Path) -> io::Result<bool> {
        let is_line = root.to_str().is_some_and(|text| !text.contains('\n'));
        if !root.is_absolute() || !is_line {
            let what = format!("{} is no absolute path of one line", root.display());
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        let is_excluded = leads_to_any(root, &self.excluded);
        let is_read = self.readable.iter().any(|readable| readable == root);
        if is_excluded || is_read || !root.is_dir() {
            return Ok(false);
        }
        let mut known = self.known.clone();
        if !known.iter().any(|old| old == root) {
            if known.len() >= ROOTS_MAX {
                let what = format!("{ROOTS_MAX} config roots are known already");
                return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
            }
            known.push(root.to_path_buf());
        }
        write(&self.file, &known)?;
        Ok(true)
    }
}

fn write(file: &Path, roots: &[PathBuf]) -> io::Result<()> {
    let lines: Vec<_> = roots.iter().filter_map(|root| root.to_str()).collect();
    let text = lines.join("\n");
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let written = file.with_extension("new");
    fs::write(&written, text)?;
    fs::rename(written, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_root_is_remembered_and_asks_for_a_restart_once() {
        let dir = tempfile::tempdir().unwrap();
        let (file, root) = (dir.path().join("roots"), dir.path().join("a"));
        fs::create_dir(&root).unwrap();
        let roots = Roots::load(file.clone(), &[], &[]);
        assert!(roots.meet(&root).unwrap());
        let roots = Roots::load(file, &[], &[]);
        assert_eq!(roots.known(), std::slice::from_ref(&root));
        assert!(!roots.meet(&root).unwrap());
    }

    #[test]
    fn missing_and_excluded_roots_ask_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (file, root) = (dir.path().join("roots"), dir.path().join("a"));
        let roots = Roots::load(file.clone(), std::slice::from_ref(&root), &[]);
        assert!(!roots.meet(&root).unwrap());
        fs::create_dir(&root).unwrap();
        assert!(
            roots.meet(&root).unwrap(),
            "it was not there when the sandbox was entered"
        );
        let roots = Roots::load(file, &[], std::slice::from_ref(&root));
        assert!(!roots.meet(&root).unwrap());
        assert_eq!(
            roots.meet(Path::new("a")).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
}
