//! The files of a package, sorted by where they are to be.
//!
//! Knows contents and modes; must not know how they are packed, nor what they are for.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The mode of programs and folders.
pub(super) const OPEN: u32 = 0o755;

/// The mode of everything else.
pub(super) const PLAIN: u32 = 0o644;

/// Files and their places, relative to the top.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: BTreeMap<String, Entry>,
}

/// One file.
#[derive(Debug)]
pub(super) struct Entry {
    content: Content,
    /// Its permissions.
    pub(super) mode: u32,
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    Of(PathBuf),
}

impl Entry {
    /// Opens what it holds, and returns how many bytes that are.
    pub(super) fn open(&self) -> Result<(u64, Box<dyn Read + '_>)> {
        match &self.content {
            Content::Bytes(bytes) => Ok((u64::try_from(bytes.len())?, Box::new(&**bytes))),
            Content::Of(path) => {
                let open = || -> io::Result<_> {
                    let file = File::open(path)?;
                    Ok((file.metadata()?.len(), file))
                };
                let (length, file) =
                    open().with_context(|| format!("could not read {}", path.display()))?;
                Ok((length, Box::new(file)))
            }
        }
    }
}

impl Tree {
    /// Adds a program.
    pub(super) fn add_program(&mut self, place: impl Into<String>, from: &Path) {
        self.put(place.into(), (Content::Of(from.to_owned()), OPEN));
    }

    /// Adds a file.
    pub(super) fn add(&mut self, place: impl Into<String>, from: &Path) {
        self.put(place.into(), (Content::Of(from.to_owned()), PLAIN));
    }

    /// Adds a file that holds `bytes`.
    pub(super) fn add_bytes(&mut self, place: impl Into<String>, bytes: Vec<u8>) {
        self.put(place.into(), (Content::Bytes(bytes), PLAIN));
    }

    fn put(&mut self, place: String, (content, mode): (Content, u32)) {
        self.files.insert(place, Entry { content, mode });
    }

    /// Adds all files below a folder.
    pub(super) fn add_folder(&mut self, place: &str, from: &Path) -> Result<()> {
        let entries =
            fs::read_dir(from).with_context(|| format!("could not list {}", from.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().context("a packaged file has a plain name")?;
            let place = format!("{place}/{name}");
            if entry.file_type()?.is_dir() {
                self.add_folder(&place, &entry.path())?;
            } else {
                self.add(place, &entry.path());
            }
        }
        Ok(())
    }

    /// Returns the files, sorted.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.files.iter().map(|(place, file)| (&**place, file))
    }

    /// Writes all of it below `folder`, whatever the umask is.
    pub(super) fn write_below(&self, folder: &Path) -> Result<()> {
        for (place, entry) in self.files() {
            let path = folder.join(place);
            let above = path.parent().context("a file is in a folder")?;
            make_open(folder, above)?;
            let (_, mut content) = entry.open()?;
            let mut file = File::create(&path)?;
            io::copy(&mut content, &mut file)
                .with_context(|| format!("could not write {}", path.display()))?;
            file.flush()?;
            set_mode(&path, entry.mode)?;
        }
        Ok(())
    }
}

/// Makes a folder and those above it, down from `top`.
fn make_open(top: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    folder
        .ancestors()
        .take_while(|above| above.starts_with(top))
        .try_for_each(|above| set_mode(above, OPEN))
}

/// Sets permissions.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("could not open {} to others", path.display()))
}
