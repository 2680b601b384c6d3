//! The folders of derived pairs: `derived/<n>/`, and the pointer that says which one answers.
//!
//! Because a pair is derived, its writes need not be forced to the disk: a marker with the boot's id
//! lies in it while it is being written, and one left by another boot means that a crash of the
//! machine may have torn it. A killed process tears nothing: what it wrote is in the page cache.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

const POINTER: &str = "current";
const MARKER: &str = "dirty";

/// One derived pair's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Its number; grows with each rebuild.
    pub(crate) number: u64,
    path: PathBuf,
}

impl Folder {
    fn at(derived: &Path, number: u64) -> Self {
        Self {
            number,
            path: derived.join(number.to_string()),
        }
    }

    /// Returns where the catalog is.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.path.join("catalog")
    }

    /// Returns where the index is.
    pub(crate) fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// Returns whether a crash of the machine may have torn what is in it.
    pub(crate) fn is_torn(&self, boot: &str) -> bool {
        match fs::read_to_string(self.path.join(MARKER)) {
            Ok(marked) => marked != boot,
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    /// Says that it is being written in this boot.
    ///
    /// # Errors
    /// When the marker cannot be written.
    pub(crate) fn mark(&self, boot: &str) -> io::Result<()> {
        fs::write(self.path.join(MARKER), boot)
    }

    /// Says that everything in it has reached the disk.
    ///
    /// # Errors
    /// When the disk refuses; the marker stays then.
    pub(crate) fn unmark(&self) -> io::Result<()> {
        sync_tree(&self.path)?;
        match fs::remove_file(self.path.join(MARKER)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns this boot's name; without one, every start is a boot of its own.
pub(crate) fn boot_id(started: sessions_model::Timestamp) -> String {
    match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        Err(_) => started.millis().to_string(),
    }
}

/// Returns the folder that the pointer names.
pub(crate) fn current(derived: &Path) -> Option<Folder> {
    let number = fs::read_to_string(derived.join(POINTER))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let folder = Folder::at(derived, number);
    folder.path.is_dir().then_some(folder)
}

/// Makes the next folder, empty, beside those there are.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn create_next(derived: &Path) -> io::Result<Folder> {
    // What is derived may be deleted by whoever likes.
    fs::create_dir_all(derived)?;
    let number = numbers(derived)?.into_iter().max().unwrap_or(0) + 1;
    let folder = Folder::at(derived, number);
    fs::create_dir_all(folder.catalog())?;
    fs::create_dir_all(folder.index())?;
    Ok(folder)
}

/// Makes `folder` the one that answers, at once and whole, and removes the others.
///
/// # Errors
/// When the directory cannot be written; the pointer is the old or the new one, never half of each.
pub(crate) fn switch(derived: &Path, folder: &Folder) -> io::Result<()> {
    let written = derived.join("current.new");
    fs::write(&written, folder.number.to_string())?;
    fs::rename(written, derived.join(POINTER))?;
    for number in numbers(derived)?
        .into_iter()
        .filter(|&number| number != folder.number)
    {
        fs::remove_dir_all(derived.join(number.to_string()))?;
    }
    Ok(())
}

fn numbers(derived: &Path) -> io::Result<Vec<u64>> {
    let names = fs::read_dir(derived)?
        .flatten()
        .map(|entry| entry.file_name());
    Ok(names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect())
}

fn sync_tree(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            sync_tree(&entry?.path())?;
        }
    }
    fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointer_names_the_newest_whole_pair_and_the_old_one_goes() {
        let derived = tempfile::tempdir().unwrap();
        assert_eq!(current(derived.path()), None);
        let first = create_next(derived.path()).unwrap();
        assert_eq!(current(derived.path()), None);
        switch(derived.path(), &first).unwrap();
        let second = create_next(derived.path()).unwrap();
        assert_eq!(current(derived.path()), Some(first.clone()));
        switch(derived.path(), &second).unwrap();
        assert_eq!(current(derived.path()), Some(second));
        assert!(!first.index().exists());
    }

    #[test]
    fn marker_of_another_boot_means_torn() {
        let derived = tempfile::tempdir().unwrap();
        let folder = create_next(derived.path()).unwrap();
        assert!(!folder.is_torn("a"));
        folder.mark("a").unwrap();
        assert!(!folder.is_torn("a"));
        assert!(folder.is_torn("b"));
        folder.unmark().unwrap();
        assert!(!folder.is_torn("b"));
    }
}
