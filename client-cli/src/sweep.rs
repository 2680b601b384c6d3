//! When the client deletes what was not used, as its settings and its mark in a config root say.
//!
//! Reads and changes nothing; must not know what is archived.

use std::fs;
use std::path::Path;

use sessions_model::Timestamp;
use sessions_paths::read_regular;

use crate::moment::{Now, written_at};

/// Days after its last change that the client keeps a file, unless its settings say otherwise.
const KEPT_DAYS: u32 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The largest settings file that is read, in bytes.
const SETTINGS_BYTES_MAX: u64 = 1 << 20;

/// The client's sweeps of one config root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// The config root.
    pub(crate) root: String,
    /// Days that a file is kept.
    pub(crate) kept_days: u32,
    /// The last sweep; none if there was none.
    pub(crate) last_at: Option<Timestamp>,
    /// When the next may come: with the first use of the client from then on.
    pub(crate) next_at: Timestamp,
    /// Transcripts that it takes, if they are not used until then.
    pub(crate) takes: u64,
}

impl Sweep {
    /// Looks at `root`.
    pub(crate) fn look(root: &str, now: &Now) -> Self {
        let folder = Path::new(root);
        let kept_days = kept_days(folder);
        // The client itself goes by the age of its mark, whatever is written there.
        let last_at = written_at(&folder.join(".last-cleanup"));
        let day_after = last_at.map_or(now.at, |last| Timestamp(last.millis() + DAY_MS));
        let next_at = day_after.max(now.at);
        let limit = next_at.millis() - i64::from(kept_days) * DAY_MS;
        Self {
            root: root.to_owned(),
            kept_days,
            last_at,
            next_at,
            takes: unused_since(&folder.join("projects"), limit),
        }
    }
}

/// Returns for how long something must have been unused that a sweep of `root` took, in milliseconds: longer than the
/// client's default was not needed, whatever the settings say now.
pub(crate) fn kept_ms(root: &Path) -> i64 {
    i64::from(kept_days(root).min(KEPT_DAYS)) * DAY_MS
}

fn kept_days(root: &Path) -> u32 {
    let settings = read_regular(&root.join("settings.json"), SETTINGS_BYTES_MAX);
    let days = settings.ok().and_then(|text| set_days(&text));
    days.unwrap_or(KEPT_DAYS)
}

fn set_days(settings: &[u8]) -> Option<u32> {
    let settings: serde_json::Value = serde_json::from_slice(settings).ok()?;
    let days = settings.get("cleanupPeriodDays")?.as_u64()?;
    // The client refuses 0 and then keeps its default.
    (days > 0).then(|| u32::try_from(days).unwrap_or(u32::MAX))
}

/// Counts the transcripts that were last changed before `limit`, in milliseconds since 1970.
fn unused_since(projects: &Path, limit: i64) -> u64 {
    let folders = fs::read_dir(projects).into_iter().flatten().flatten();
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let is_unused = |file: &fs::DirEntry| {
        let is_transcript = file.path().extension().is_some_and(|end| end == "jsonl");
        let is_file = file.file_type().is_ok_and(|kind| kind.is_file());
        let used = written_at(&file.path()).filter(|_| is_transcript && is_file);
        used.is_some_and(|used| used.millis() < limit)
    };
    files.filter(is_unused).count() as u64
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::samples;

    fn write_at(path: &Path, millis: i64) {
        let modified = UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap());
        let times = fs::FileTimes::new().set_modified(modified);
        fs::File::create(path).unwrap().set_times(times).unwrap();
    }

    #[test]
    fn the_next_sweep_takes_what_was_not_used_for_so_long() {
        let root = tempfile::tempdir().unwrap();
        let now = samples::now();
        let folder = root.path().join("projects/-src");
        fs::create_dir_all(&folder).unwrap();
        for (name, age_days) in [
            ("1.jsonl", 29),
            ("2.jsonl", 31),
            ("3.jsonl", 400),
            ("x.json", 400),
        ] {
            write_at(&folder.join(name), now.at.millis() - age_days * DAY_MS);
        }
        let look = || Sweep::look(root.path().to_str().unwrap(), &now);
        let sweep = look();
        assert_eq!((sweep.kept_days, sweep.last_at, sweep.takes), (30, None, 2));
        assert_eq!(sweep.next_at, now.at);
        // In twelve hours from now; what is 29 days old is not 30 by then.
        let mark = root.path().join(".last-cleanup");
        write_at(&mark, now.at.millis() - DAY_MS / 2);
        let sweep = look();
        assert_eq!(sweep.next_at.millis() - now.at.millis(), DAY_MS / 2);
        assert_eq!(sweep.takes, 2);
        fs::write(
            root.path().join("settings.json"),
            r#"{"cleanupPeriodDays":90}"#,
        )
        .unwrap();
        assert_eq!((look().kept_days, look().takes), (90, 1));
        fs::write(
            root.path().join("settings.json"),
            r#"{"cleanupPeriodDays":0}"#,
        )
        .unwrap();
        assert_eq!(look().kept_days, 30);
    }
}
