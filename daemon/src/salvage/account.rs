//! What a salvage came to: noted beside the damaged archive for as long as that is kept.
//!
//! Losses name places of what was saved. What is gone with its name is known by how much there was before,
//! and by that alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sessions_archive::{Held, Salvaged};

/// How much there was, and how much could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// None if it was never noted.
    pub(super) before: Option<Held>,
    pub(super) after: Held,
    /// Frames that could be read.
    pub(super) frames: u64,
}

impl Account {
    pub(super) fn of(salvaged: &Salvaged) -> Self {
        Self {
            before: salvaged.before,
            after: salvaged.after,
            frames: salvaged.blobs_kept,
        }
    }

    /// Reads what was noted of the archive that was put aside as `damaged`; none if nothing was.
    pub(super) fn read(damaged: &Path) -> Option<Self> {
        let text = fs::read_to_string(file_of(damaged)).ok()?;
        let (mut before, mut after, mut frames) = (None, None, None);
        for line in text.lines() {
            match line.split_once(' ')? {
                ("before", held) => before = Some(held.parse().ok()?),
                ("after", held) => after = Some(held.parse().ok()?),
                ("frames", count) => frames = Some(count.parse().ok()?),
                // Of a newer version.
                _ => {}
            }
        }
        Some(Self {
            before,
            after: after?,
            frames: frames?,
        })
    }

    pub(super) fn write(&self, damaged: &Path) -> io::Result<()> {
        let before = self.before.map(|held| format!("before {held}\n"));
        let before = before.unwrap_or_default();
        let (after, frames) = (self.after, self.frames);
        fs::write(
            file_of(damaged),
            format!("{before}after {after}\nframes {frames}\n"),
        )
    }

    /// Says what could not be read and has no name any more; none if nothing is known of such.
    pub(super) fn unnamed(&self) -> Option<String> {
        match self.before {
            None if self.frames == 0 => Some(UNKNOWN.to_owned()),
            Some(before) if self.after.lacks_of(&before) => Some(format!(
                "it held {}, of which {} could be read",
                describe(&before),
                describe(&self.after)
            )),
            _ => None,
        }
    }

    /// Says what an archive that holds so much `now` still lacks; none if nothing is known to be.
    pub(crate) fn missing(&self, now: &Held) -> Option<String> {
        match self.before {
            None if self.frames == 0 => {
                Some(format!("the archive was damaged or removed: {UNKNOWN}"))
            }
            Some(before) if now.lacks_of(&before) => Some(format!(
                "the archive was damaged or removed: it held {}, and holds {}",
                describe(&before),
                describe(now)
            )),
            _ => None,
        }
    }
}

const UNKNOWN: &str = "nothing of it could be read, and how much it held is not known";

fn file_of(damaged: &Path) -> PathBuf {
    let mut name = damaged.as_os_str().to_owned();
    name.push(".account");
    name.into()
}

/// Says how much that is: `9 sessions in 12 files (152 kB)`.
pub(crate) fn describe(held: &Held) -> String {
    let counted = |count: u64, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    format!(
        "{} in {} ({})",
        counted(held.sessions, "session"),
        counted(held.sources, "file"),
        size(held.bytes)
    )
}

/// Says how much that is, in the greatest unit of which there is a whole one.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(sessions: u64, bytes: u64) -> Held {
        Held {
            sources: sessions,
            sessions,
            bytes,
        }
    }

    #[test]
    fn what_is_gone_with_its_name_is_said_in_numbers_until_it_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let damaged = folder.path().join("archive.db.damaged-1");
        let check = |before, after, frames, expect: [Option<&str>; 2]| {
            let account = Account {
                before,
                after,
                frames,
            };
            account.write(&damaged).unwrap();
            assert_eq!(Account::read(&damaged).unwrap(), account);
            let said = [account.unnamed(), account.missing(&held(9, 152_000))];
            assert_eq!(said, expect.map(|words| words.map(str::to_owned)));
        };
        let [none, some] = [held(0, 0), held(9, 152_000)];
        check(Some(some), some, 40, [None, None]);
        check(Some(none), none, 0, [None, None]);
        let half = "it held 9 sessions in 9 files (152 kB), of which 1 session in 1 file (7 B) could be read";
        check(Some(some), held(1, 7), 1, [Some(half), None]);
        let more = "it held 12 sessions in 12 files (3 MB), of which 0 sessions in 0 files (0 B) could be read";
        let lacks = "the archive was damaged or removed: it held 12 sessions in 12 files (3 MB), and holds 9 \
                     sessions in 9 files (152 kB)";
        check(
            Some(held(12, 3_100_000)),
            none,
            0,
            [Some(more), Some(lacks)],
        );
        let unknown = format!("the archive was damaged or removed: {UNKNOWN}");
        check(None, none, 0, [Some(UNKNOWN), Some(&unknown)]);
        check(None, held(1, 7), 1, [None, None]);
    }
}
