//! Files of others: read whole, and written such that nobody sees half of one.
//!
//! A link is followed and stays a link; the mode stays. Must not know what is in a file.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sessions_paths::read_regular;

/// The longest file that is read, in bytes: settings of more are none that a person wrote.
const BYTES_MAX: u64 = 4 << 20;

/// The mode of a file that is made.
const MODE: u32 = 0o600;

/// Returns what a file holds; none where there is none. A link that leads to no file is an error: whoever made it
/// expects one there.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_regular(path, BYTES_MAX) {
        Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
            Err(io::Error::other("the link leads to no file"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Writes a file as one step, where a link leads if it is one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = followed(path)?;
    let mode = match fs::metadata(&place) {
        Ok(metadata) => metadata.permissions().mode() & 0o7777,
        Err(error) if error.kind() == ErrorKind::NotFound => MODE,
        Err(error) => return Err(error),
    };
    let beside = beside(&place);
    let written = write_new(&beside, bytes, mode).and_then(|()| fs::rename(&beside, &place));
    if let Err(error) = &written
        && error.kind() == ErrorKind::ResourceBusy
    {
        // It is mounted by itself, as into a container: nothing can take its place.
        fs::remove_file(&beside)?;
        return fs::write(&place, bytes);
    }
    if written.is_err() {
        // What could not take the file's place is of no use.
        drop(fs::remove_file(&beside));
    }
    written
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Returns where a path leads, or would if the file were there; the path itself where its folder is not, either.
pub(crate) fn place(path: &Path) -> PathBuf {
    let in_folder = || {
        Some(
            fs::canonicalize(path.parent()?)
                .ok()?
                .join(path.file_name()?),
        )
    };
    let found = fs::canonicalize(path).ok();
    found.or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// Returns where a path leads.
fn followed(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// Returns a name beside a file that nobody else takes.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".sessions-{}", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_written_through_and_the_mode_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        assert_eq!(read(&link).unwrap(), None);
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real", &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(read(&real).unwrap().unwrap(), b"new");
        let mode = fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_link_to_nothing_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("nowhere", &link).unwrap();
        assert!(read(&link).is_err());
        assert!(write(&link, b"new").is_err());
        assert!(link.is_symlink() && !dir.path().join("nowhere").exists());
    }

    #[test]
    fn a_new_file_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new");
        write(&file, b"x").unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
    }
}
