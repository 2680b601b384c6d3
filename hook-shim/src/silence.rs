//! A dead archive is never silent: the line that says since when nobody takes anything.
//!
//! Knows the spool's age and when this was said last; must not know why nobody answers.

use std::fs;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use sessions_model::Timestamp;
use sessions_paths::Paths;

use crate::clock::Now;
use crate::spool::Spool;

/// How long events may wait before that is said: daemons end and start again.
const WAITING_MAX_MS: i64 = 10 * 60 * 1000;

/// How long it is not said again.
const SAID_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// Returns what is to be said to the user, at most once a day.
pub(crate) fn break_it(paths: &Paths, spool: &Spool, now: Now) -> Option<String> {
    let since = spool.oldest()?;
    if now.at.millis_since(since) < WAITING_MAX_MS || was_said(paths, now) {
        return None;
    }
    // Where this cannot be noted, it is said each time: a disk that takes nothing is worth it.
    drop(fs::write(marker(paths), "\n"));
    let since = now.say(since);
    Some(format!(
        "Claude Sessions: nothing archived since {since}; run `sessions status`"
    ))
}

/// Returns the file whose age says when it was said last.
fn marker(paths: &Paths) -> PathBuf {
    paths.state.join("silence-said")
}

fn was_said(paths: &Paths, now: Now) -> bool {
    let said = fs::metadata(marker(paths)).and_then(|metadata| metadata.modified());
    let said = said.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let said = said.and_then(|at| i64::try_from(at.as_millis()).ok());
    said.is_some_and(|at| now.at.millis_since(Timestamp(at)) < SAID_FOR_MS)
}

#[cfg(test)]
mod tests {
    use sessions_model::EventId;

    use super::*;

    #[test]
    fn it_is_said_after_ten_minutes_and_once_a_day() {
        let home = tempfile::tempdir().unwrap();
        let below = |name: &str| home.path().join(name);
        let paths = Paths {
            data: below("data"),
            state: below("state"),
            runtime: below("run"),
            config: below("config"),
        };
        let spool = Spool::new(&paths);
        let start = Now::read().at.millis();
        let at = |ms: i64| Now {
            at: Timestamp(start + ms),
        };
        assert_eq!(break_it(&paths, &spool, at(SAID_FOR_MS)), None);
        spool.keep(EventId([0; 16]), b"x").unwrap();
        assert_eq!(break_it(&paths, &spool, at(0)), None);
        let said = break_it(&paths, &spool, at(2 * WAITING_MAX_MS)).unwrap();
        assert!(said.contains("nothing archived since"), "{said}");
        assert_eq!(break_it(&paths, &spool, at(2 * WAITING_MAX_MS)), None);
        // The marker is as old as this test.
        assert!(break_it(&paths, &spool, at(2 * SAID_FOR_MS)).is_some());
    }
}
