//! Our directories: who may enter them, and whether they last as long as what is archived in them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use sessions_paths::Paths;

use super::Check;

/// Looks at who may enter our directories, and use our socket.
pub(crate) fn places(paths: &Paths) -> Vec<Check> {
    let dirs = [&paths.data, &paths.state, &paths.runtime];
    let mut checks: Vec<Check> = dirs.into_iter().map(|dir| private(dir, 0o700)).collect();
    let spool = paths.spool_dir();
    checks.extend(spool.exists().then(|| private(&spool, 0o700)));
    checks.push(private(&paths.socket(), 0o600));
    checks
}

fn private(path: &Path, mode: u32) -> Check {
    let own = rustix::process::getuid().as_raw();
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if found.uid() != own => Check::wrong(
            "permissions",
            format!("{shown} is another user's"),
            "set SESSIONS_HOME to a directory of yours",
        ),
        Ok(found) if found.permissions().mode() & 0o777 & !mode != 0 => Check::wrong(
            "permissions",
            format!("others may use {shown}"),
            "\"sessions daemon restart\" closes it to them",
        ),
        Ok(found) if found.is_dir() && rustix::fs::access(path, Access::WRITE_OK).is_err() => {
            Check::wrong(
                "permissions",
                format!("nothing can be written in {shown}"),
                &format!("\"chmod u+rwx {shown}\" opens it to you, unless its disk takes no more"),
            )
        }
        Ok(_) => Check::good("permissions", format!("{shown} is for you alone")),
        Err(error) => Check::wrong(
            "permissions",
            format!("{shown}: {error}"),
            "\"sessions daemon restart\" makes it",
        ),
    }
}

/// How long what is in a directory lasts, from the shortest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lasting {
    /// Until the machine starts anew.
    UntilRestart,
    /// As long as the container.
    Container,
    /// As long as the disk.
    Disk,
}

/// Looks at whether the archive lasts longer than what it is of.
pub(crate) fn durability(data: &Path, roots: &[PathBuf]) -> Check {
    compare(data, lasting(data), roots.iter().map(|root| lasting(root)))
}

fn compare(data: &Path, own: Lasting, roots: impl Iterator<Item = Lasting>) -> Check {
    let shown = data.display();
    let how = match own {
        Lasting::UntilRestart => "in memory: it is gone when the machine starts anew",
        Lasting::Container => "in the container's own layer: it goes with the container",
        Lasting::Disk => return Check::good("durability", format!("{shown} is on a disk")),
    };
    let message = format!("{shown} is {how}");
    let mend = "mount a volume there, or set SESSIONS_HOME to a directory on one";
    if roots.max() > Some(own) {
        let message = format!("{message}, and Claude Code's own directory is not");
        Check::wrong("durability", message, mend)
    } else {
        Check::remark("durability", message, mend)
    }
}

#[cfg(target_os = "linux")]
fn lasting(dir: &Path) -> Lasting {
    /// Source: statfs(2).
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    const OVERLAY: u64 = 0x794c_7630;
    let kind = rustix::fs::statfs(dir).map(|found| u64::try_from(found.f_type).unwrap_or_default());
    match kind {
        Ok(TMPFS | RAMFS) => Lasting::UntilRestart,
        Ok(OVERLAY) => Lasting::Container,
        // What cannot be looked at is said elsewhere.
        _ => Lasting::Disk,
    }
}

/// Elsewhere the temporary file systems of containers are not met.
#[cfg(not(target_os = "linux"))]
fn lasting(_dir: &Path) -> Lasting {
    Lasting::Disk
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn what_others_may_enter_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |mode| fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode));
        mode(0o750).unwrap();
        assert_eq!(private(dir.path(), 0o700).level, Level::Wrong);
        mode(0o700).unwrap();
        assert_eq!(private(dir.path(), 0o700).level, Level::Good);
        assert_eq!(private(&dir.path().join("no"), 0o700).level, Level::Wrong);
    }

    #[test]
    fn an_archive_that_goes_before_what_it_keeps_is_wrong() {
        use Lasting::{Container, Disk, UntilRestart};
        let check = |own: Lasting, roots: &[Lasting], level: Level| {
            let found = compare(Path::new("/data"), own, roots.iter().copied());
            assert_eq!(found.level, level, "{found:?}");
        };
        check(Disk, &[Disk], Level::Good);
        check(Disk, &[UntilRestart], Level::Good);
        check(Container, &[Container], Level::Remark);
        check(Container, &[Container, Disk], Level::Wrong);
        check(UntilRestart, &[Container], Level::Wrong);
        check(UntilRestart, &[], Level::Remark);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_told_from_disks() {
        assert_eq!(lasting(Path::new("/dev/shm")), Lasting::UntilRestart);
        assert_eq!(lasting(Path::new("/proc")), Lasting::Disk);
    }
}
