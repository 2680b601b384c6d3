//! Directories that only their user can enter.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::PathsError;

const PRIVATE: u32 = 0o700;

/// Makes `dir` and its missing parents with mode 0700, or restricts it to that if it is there.
///
/// Fails if it belongs to somebody else: below a shared temporary directory anyone may have made it first.
pub fn create_private(dir: &Path) -> Result<(), PathsError> {
    let failed = |source: io::Error| PathsError::Create {
        path: dir.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(dir)
        .map_err(failed)?;
    let metadata = fs::metadata(dir).map_err(failed)?;
    if metadata.uid() != rustix::process::getuid().as_raw() {
        return Err(PathsError::NotOurs {
            path: dir.to_owned(),
        });
    }
    if metadata.mode() & 0o777 != PRIVATE {
        fs::set_permissions(dir, Permissions::from_mode(PRIVATE)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(dir: &Path) -> u32 {
        fs::metadata(dir).unwrap().mode() & 0o777
    }

    #[test]
    fn new_directories_are_private() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        create_private(&dir).unwrap();
        assert_eq!(mode(&dir), PRIVATE);
        assert_eq!(mode(&root.path().join("a")), PRIVATE);
    }

    #[test]
    fn open_directory_is_restricted() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        create_private(root.path()).unwrap();
        assert_eq!(mode(root.path()), PRIVATE);
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            create_private(file.path()),
            Err(PathsError::Create { .. })
        ));
    }
}
