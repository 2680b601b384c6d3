//! When the client deletes a file. It must not know what becomes of it here.

use std::path::Path;

use sessions_archive::FileStamp;
use sessions_model::Timestamp;
use sessions_paths::read_regular;

/// Days after its last change that the client keeps a file, unless its settings say otherwise.
const CLEANUP_DAYS: u32 = 30;
/// Days before that limit from which on a file counts as about to go.
const MARGIN_DAYS: u32 = 3;
/// The largest settings file that is read, in bytes.
const SETTINGS_BYTES_MAX: u64 = 1 << 20;
const DAY_NS: i128 = 24 * 60 * 60 * 1_000_000_000;

/// Until when files have to be archived before everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    cleanup_days: u32,
}

impl Retention {
    /// Reads the limit from the client's settings in `root`; its default where they do not say.
    pub(crate) fn read(root: &Path) -> Self {
        let settings = read_regular(&root.join("settings.json"), SETTINGS_BYTES_MAX);
        let days = settings.ok().and_then(|text| parse(&text));
        Self {
            cleanup_days: days.unwrap_or(CLEANUP_DAYS),
        }
    }

    /// Tells whether the client's next sweep may remove a file that looks like this.
    pub(crate) fn endangers(self, stamp: &FileStamp, now: Timestamp) -> bool {
        let days = self.cleanup_days.saturating_sub(MARGIN_DAYS);
        let limit = i128::from(now.0) * 1_000_000 - i128::from(days) * DAY_NS;
        stamp.modified_ns < limit
    }
}

fn parse(text: &[u8]) -> Option<u32> {
    let settings: serde_json::Value = serde_json::from_slice(text).ok()?;
    let days = settings.get("cleanupPeriodDays")?.as_u64()?;
    // The client refuses 0 and then keeps its default.
    (days > 0).then(|| u32::try_from(days).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_clients() {
        let check = |settings: Option<&str>, expect: u32| {
            let root = tempfile::tempdir().unwrap();
            if let Some(text) = settings {
                std::fs::write(root.path().join("settings.json"), text).unwrap();
            }
            assert_eq!(
                Retention::read(root.path()).cleanup_days,
                expect,
                "{settings:?}"
            );
        };
        check(None, 30);
        check(Some("{"), 30);
        check(Some("{}"), 30);
        check(Some(r#"{"cleanupPeriodDays":0}"#), 30);
        check(Some(r#"{"cleanupPeriodDays":90,"hooks":{}}"#), 90);
    }

    #[test]
    fn a_file_near_its_limit_is_in_danger() {
        let now = Timestamp(1_800_000_000_000);
        let check = |age_days: i128, expect: bool| {
            let modified_ns = i128::from(now.0) * 1_000_000 - age_days * DAY_NS;
            let stamp = FileStamp {
                device: 0,
                inode: 0,
                size: 0,
                modified_ns,
            };
            assert_eq!(
                Retention { cleanup_days: 30 }.endangers(&stamp, now),
                expect
            );
        };
        check(0, false);
        check(26, false);
        check(28, true);
        check(400, true);
    }
}
