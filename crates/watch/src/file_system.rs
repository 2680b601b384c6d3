//! Which file systems report every change. It must not know what is watched.

use std::path::Path;

/// File systems whose changes may be made elsewhere, unseen by this kernel: magic number and name
/// (linux/magic.h, and the sources of those that are not in it).
#[cfg(target_os = "linux")]
const SILENT: [(u32, &str); 14] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x0102_1997, "9p (WSL or a virtual machine's share)"),
    (0x6573_5546, "FUSE"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x7461_636F, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0x786F_4256, "a VirtualBox share"),
];

/// Returns the name of the file system that `path` is on, if it does not report every change.
#[cfg(target_os = "linux")]
pub(crate) fn silent(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).ok()?;
    // The field's type differs between targets; the magic is its low 32 bits on all of them.
    let bytes = i128::from(found.f_type).to_le_bytes();
    let magic = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    name_of(magic)
}

/// Returns nothing: elsewhere the system's own service covers what it mounts.
#[cfg(not(target_os = "linux"))]
pub(crate) fn silent(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(target_os = "linux")]
fn name_of(magic: u32) -> Option<&'static str> {
    SILENT
        .iter()
        .find(|(known, _)| *known == magic)
        .map(|(_, name)| *name)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn shares_are_silent_and_local_disks_are_not() {
        let check = |magic: u32, expect: bool| assert_eq!(name_of(magic).is_some(), expect);
        check(0x6969, true);
        check(0x0102_1997, true);
        check(0x6573_5546, true);
        check(0xEF53, false); // ext4
        check(0x9123_683E, false); // btrfs
        check(0x0102_1994, false); // tmpfs
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(silent(folder.path()), None);
    }
}
