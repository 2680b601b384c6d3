//! What the daemon says of itself, and what waits for it.

use std::fs;
use std::path::Path;

use sessions_model::{RootStatus, Status, Timestamp};
use sessions_paths::Paths;

use super::Check;
use crate::moment::{Now, written_at};
use crate::render::quantity::{count, size};
use crate::render::standing::places_lost;

/// How far the clock may be behind what was recorded by it, in milliseconds.
const CLOCK_BACK_MS_MAX: i64 = 60_000;

/// How long an event may wait that a running daemon is to take in, in milliseconds.
const WAITING_MS_MAX: i64 = 10 * 60 * 1000;

/// How long something may be archived of a root without a hook's word, in milliseconds: each prompt brings one.
const UNHEARD_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// Files of the spool that are looked at: more than it takes.
const SPOOL_FILES_MAX: usize = 4096;

/// Looks at what the daemon says of itself.
pub(crate) fn status(status: &Status, now: Timestamp) -> Vec<Check> {
    let running = format!("version {} runs as process {}", status.version, status.pid);
    let mut checks = vec![Check::good("daemon", running)];
    for fault in &status.faults {
        checks.push(Check::wrong("fault", &fault.message, &fault.hint));
    }
    checks.push(index(status));
    checks.extend(damage(status));
    checks.push(disk(status));
    checks.extend(status.roots.iter().filter_map(root));
    checks.push(clock(status, now));
    checks
}

fn index(status: &Status) -> Check {
    let coverage = &status.coverage;
    if status.is_paused {
        return Check::wrong(
            "archiving",
            "it is paused: what Claude Code writes is not kept",
            "\"sessions daemon resume\" goes on with it",
        );
    }
    if coverage.complete {
        return Check::good("index", "everything on disk is archived and found");
    }
    let why = coverage.reason.as_deref();
    Check::remark(
        "index",
        why.unwrap_or("not everything is indexed yet"),
        "\"sessions status --follow\" waits for it",
    )
}

fn damage(status: &Status) -> Option<Check> {
    let lost = places_lost(status);
    let places = count(lost, "place");
    (lost > 0).then(|| {
        Check::remark(
            "archive",
            format!("{places} of it do not read back"),
            "\"sessions verify\" lists what, and puts back what is still on disk",
        )
    })
}

fn disk(status: &Status) -> Check {
    let free = size(status.disk.free);
    // That there is too little is a fault, which the daemon tells by its own limit.
    Check::good(
        "disk",
        match status.disk.months_until_full {
            Some(months) => format!("{free} are free, for {}", count(months, "month")),
            None => format!("{free} are free"),
        },
    )
}

/// One that is missing is a fault, which the daemon tells.
fn root(root: &RootStatus) -> Option<Check> {
    let (path, how) = (&root.path, &*root.watched_by);
    match how {
        "events" => Some(Check::good(
            "root",
            format!("{path} is watched: {}", count(root.sources, "file")),
        )),
        "excluded" => Some(Check::good(
            "root",
            format!("{path} is left alone, as the settings say"),
        )),
        _ if how.starts_with("polling") => Some(Check::remark(
            "root",
            format!("{path} is looked at every two seconds ({how})"),
            "raise fs.inotify.max_user_watches and max_user_instances by sysctl, if that is why",
        )),
        _ => None,
    }
}

fn clock(status: &Status, now: Timestamp) -> Check {
    let newest = status.roots.iter().filter_map(|root| root.last_archived_at);
    let newest = newest.chain([status.started_at]).max();
    match newest {
        Some(newest) if newest.millis_since(now) > CLOCK_BACK_MS_MAX => Check::wrong(
            "clock",
            "the clock is behind what was archived by it",
            "set the clock; have it kept by NTP",
        ),
        _ => Check::good("clock", "it is not behind what was archived by it"),
    }
}

/// Looks at whether the hooks of a root that has them are run.
pub(crate) fn firing(root: &RootStatus, now: &Now) -> Check {
    let path = &root.path;
    let Some(heard) = root.last_event_at else {
        return Check::remark(
            "firing",
            format!("no hook of {path} has reported anything yet"),
            "they do from the next session on; if not, \"claude doctor\" names settings that it takes no notice of",
        );
    };
    let at = now.minute(heard);
    match root.last_archived_at {
        Some(archived) if archived.millis_since(heard) > UNHEARD_MS_MAX => Check::remark(
            "firing",
            format!(
                "no hook of {path} has reported anything since {at}, and there were sessions until {}",
                now.minute(archived)
            ),
            "\"/hooks\" in Claude Code shows those it runs, and \"claude doctor\" settings that it takes no notice of",
        ),
        _ => Check::good("firing", format!("a hook of {path} reported at {at}")),
    }
}

/// Looks at what hooks left in the spool `dir` while nobody answered.
pub(crate) fn spool(dir: &Path, now: &Now) -> Vec<Check> {
    let listed = fs::read_dir(dir);
    // Where there is none yet, a hook makes it.
    if listed.is_err() && fs::symlink_metadata(dir).is_ok() {
        let place = dir.display();
        return vec![Check::wrong(
            "spool",
            format!("{place} is no directory that you may read: hooks cannot leave events there"),
            "move it away, or make it yours; hooks make another",
        )];
    }
    let files = listed.into_iter().flatten();
    let files: Vec<_> = files
        .take(SPOOL_FILES_MAX)
        .filter_map(Result::ok)
        .filter(|file| Path::new(&file.file_name()).extension() == Some(Paths::SPOOLED.as_ref()))
        .collect();
    let written = files.iter().filter_map(|file| written_at(&file.path()));
    let oldest = written.min();
    let mut checks = vec![match oldest {
        Some(oldest) if now.at.millis_since(oldest) > WAITING_MS_MAX => Check::wrong(
            "spool",
            format!(
                "{} since {} for the daemon to take in",
                waiting(files.len()),
                now.minute(oldest)
            ),
            "\"sessions daemon restart\" has it take them in; \"sessions daemon logs\" says what went wrong",
        ),
        Some(_) => Check::good("spool", waiting(files.len())),
        None => Check::good("spool", "no event of a hook waits"),
    }];
    let dropped = dir.join(Paths::DROPPED);
    if let Ok(found) = fs::metadata(&dropped) {
        checks.push(Check::remark(
            "spool",
            format!(
                "{} could not be kept; what the sessions hold is archived all the same",
                count(found.len(), "event")
            ),
            &format!("remove {} to start counting anew", dropped.display()),
        ));
    }
    checks
}

fn waiting(events: usize) -> String {
    let verb = if events == 1 { "waits" } else { "wait" };
    format!("{} {verb}", count(events as u64, "event"))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sessions_model::DefectCount;

    use super::*;
    use crate::doctor::Level;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn at(ms: i64) -> Now {
        Now {
            at: Timestamp(ms),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn a_clock_behind_the_archive_is_wrong() {
        let check = |started_at: i64, level: Level| {
            let status = Status {
                started_at: Timestamp(started_at),
                ..Status::default()
            };
            assert_eq!(clock(&status, Timestamp(1_000_000)).level, level);
        };
        check(1_000_000, Level::Good);
        check(1_100_000, Level::Wrong);
    }

    #[test]
    fn a_pause_is_wrong_whatever_was_indexed_before() {
        let mut status = Status::default();
        status.coverage.complete = true;
        assert_eq!(index(&status).level, Level::Good);
        status.is_paused = true;
        assert_eq!(index(&status).level, Level::Wrong);
    }

    #[test]
    fn what_of_the_archive_is_lost_is_remarked_upon() {
        let mut status = Status::default();
        assert!(damage(&status).is_none());
        status.defects.push(DefectCount {
            name: "damaged".into(),
            count: 2,
        });
        assert_eq!(damage(&status).unwrap().level, Level::Remark);
    }

    #[test]
    fn a_root_without_events_is_remarked_upon() {
        let check = |watched_by: &str, level: Option<Level>| {
            let found = root(&RootStatus {
                watched_by: watched_by.into(),
                ..RootStatus::default()
            });
            assert_eq!(found.map(|check| check.level), level, "{watched_by}");
        };
        check("events", Some(Level::Good));
        check("excluded", Some(Level::Good));
        check("polling: the limit is reached", Some(Level::Remark));
        check("missing", None);
    }

    #[test]
    fn hooks_that_fell_silent_are_said() {
        let check = |heard: Option<i64>, archived: Option<i64>, level: Level| {
            let root = RootStatus {
                last_event_at: heard.map(Timestamp),
                last_archived_at: archived.map(Timestamp),
                ..RootStatus::default()
            };
            let found = firing(&root, &at(10 * DAY_MS));
            assert_eq!(found.level, level, "{found:?}");
        };
        check(Some(DAY_MS), Some(DAY_MS + 1), Level::Good);
        check(Some(DAY_MS), None, Level::Good);
        check(Some(DAY_MS), Some(3 * DAY_MS), Level::Remark);
        check(None, Some(DAY_MS), Level::Remark);
    }

    #[test]
    fn what_waits_too_long_and_what_was_not_kept_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let now = Now::read();
        let later = at(now.at.millis() + 2 * WAITING_MS_MAX);
        let levels = |now: &Now| -> Vec<Level> {
            let found = spool(dir.path(), now).into_iter();
            found.map(|check| check.level).collect()
        };
        assert_eq!(levels(&later), [Level::Good]);
        fs::write(dir.path().join("1.event"), "").unwrap();
        assert_eq!(levels(&now), [Level::Good]);
        assert_eq!(levels(&later), [Level::Wrong]);
        let file = dir.path().join("1.event");
        assert_eq!(spool(&file, &now)[0].level, Level::Wrong);
        fs::write(dir.path().join("dropped"), "...").unwrap();
        let found = spool(dir.path(), &now);
        assert!(
            found[1].message.starts_with("3 events could not be kept"),
            "{found:?}"
        );
    }
}
