//! A dead archive is never silent: the line that says since when nobody takes anything.
//!
//! Knows the spool's age and when this was said last; must not know how it is shown.

use std::path::PathBuf;
use std::{fs, io};

use sessions_model::{Silence, Timestamp};
use sessions_paths::{Paths, create_private};

use crate::clock::Now;
use crate::spool::Spool;

/// How long events may wait before that is said: daemons end and start again.
const WAITING_MAX_MS: i64 = 10 * 60 * 1000;

/// How long it is not said again.
const SAID_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// Returns since when nobody takes what is spooled, where that is long enough to be said.
pub(crate) fn of_spool(spool: &Spool, now: Now) -> Option<Silence> {
    let since = spool.oldest()?;
    // One of the future is from before the clock was set: nobody knows how long ago.
    (now.at.millis_since(since).abs() >= WAITING_MAX_MS).then(|| Silence {
        fault: String::new(),
        since: Some(since),
    })
}

/// Returns what is said of it to the user, at most once a day.
pub(crate) fn break_it(silence: &Silence, paths: &Paths, now: Now) -> Option<String> {
    if was_said(paths, now) {
        return None;
    }
    // Where this cannot be noted, it is said each time: a disk that takes nothing is worth it.
    let noted = create_private(&paths.state).map_err(io::Error::other);
    drop(noted.and_then(|()| fs::write(marker(paths), "\n")));
    let since = silence.since.map(|since| now.say(since));
    let since = since.map(|since| format!("nothing archived since {since}"));
    let fault = (!silence.fault.is_empty()).then(|| silence.fault.clone());
    let said: Vec<String> = since.into_iter().chain(fault).collect();
    let said = said.join(": ");
    Some(format!("Claude Sessions: {said}; run `sessions doctor`"))
}

/// Returns the file whose age says when it was said last.
fn marker(paths: &Paths) -> PathBuf {
    paths.state.join("silence-said")
}

fn was_said(paths: &Paths, now: Now) -> bool {
    let said = fs::metadata(marker(paths)).and_then(|metadata| metadata.modified());
    let said = said.ok().and_then(Timestamp::from_system);
    said.is_some_and(|at| now.at.millis_since(at).abs() < SAID_FOR_MS)
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
        assert_eq!(of_spool(&spool, at(SAID_FOR_MS)), None);
        spool.keep(EventId([0; 16]), b"x").unwrap();
        assert_eq!(of_spool(&spool, at(0)), None);
        let silence = of_spool(&spool, at(2 * WAITING_MAX_MS)).unwrap();
        let said = break_it(&silence, &paths, at(2 * WAITING_MAX_MS)).unwrap();
        assert!(said.contains("nothing archived since"), "{said}");
        assert_eq!(break_it(&silence, &paths, at(2 * WAITING_MAX_MS)), None);
        // The marker is as old as this test.
        let silence = Silence {
            fault: "the disk is full".into(),
            since: None,
        };
        let said = break_it(&silence, &paths, at(2 * SAID_FOR_MS));
        let expect = "Claude Sessions: the disk is full; run `sessions doctor`";
        assert_eq!(said.as_deref(), Some(expect));
    }
}
