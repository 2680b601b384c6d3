//! What stands where one of a root's folders should be, and whether it is followed if it is a link.
//! It must not know what the folder holds.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What stands at the place of one of a root's own folders.
///
/// A link is followed there, and there alone: people keep such a folder on another disk, or share one
/// between roots. It must lead to a directory of this user, so that nobody else chooses what is read.
#[derive(Debug)]
pub enum Folder {
    /// A directory, or a link that is followed to one; its path without links.
    Directory(PathBuf),
    /// A link to a directory of another user, or to no directory.
    Foreign(PathBuf),
    /// A link to what is not there now.
    Dangling(PathBuf),
    /// Nothing, or a file.
    Absent,
    /// The system does not let us look.
    Unreadable(io::Error),
}

impl Folder {
    /// Looks at `path`.
    pub fn look(path: &Path) -> Self {
        Self::try_look(path).unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Absent,
            _ => Self::Unreadable(error),
        })
    }

    fn try_look(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.is_dir() {
            return path.canonicalize().map(Self::Directory);
        }
        if !metadata.is_symlink() {
            return Ok(Self::Absent);
        }
        let leads_to = fs::read_link(path)?;
        match fs::metadata(path) {
            Ok(target) if target.is_dir() && is_ours(&target) => {
                path.canonicalize().map(Self::Directory)
            }
            Ok(_) => Ok(Self::Foreign(leads_to)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::Dangling(leads_to)),
            Err(error) => Err(error),
        }
    }

    /// Returns the directory to look into, if there is one.
    pub fn directory(self) -> Option<PathBuf> {
        match self {
            Self::Directory(real) => Some(real),
            _ => None,
        }
    }
}

#[cfg(unix)]
fn is_ours(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_metadata: &fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_directories_of_this_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let check = |name: &str, expect: &str| {
            let found = match Folder::look(&home.join(name)) {
                Folder::Directory(real) => format!("directory {}", real.display()),
                Folder::Foreign(_) => "foreign".into(),
                Folder::Dangling(_) => "dangling".into(),
                Folder::Absent => "absent".into(),
                Folder::Unreadable(error) => format!("unreadable: {error}"),
            };
            assert_eq!(found, expect, "{name}");
        };
        fs::create_dir(home.join("plain")).unwrap();
        fs::write(home.join("file"), "").unwrap();
        for (link, target) in [("led", "plain"), ("twice", "led"), ("astray", "file")] {
            symlink(home.join(target), home.join(link)).unwrap();
        }
        symlink(home.join("nowhere"), home.join("lost")).unwrap();
        symlink(home.join("round"), home.join("round")).unwrap();
        let plain = format!("directory {}", home.join("plain").display());
        check("plain", &plain);
        check("led", &plain);
        check("twice", &plain);
        check("astray", "foreign");
        check("lost", "dangling");
        check("file", "absent");
        check("none", "absent");
        assert!(matches!(
            Folder::look(&home.join("round")),
            Folder::Unreadable(_)
        ));
    }
}
