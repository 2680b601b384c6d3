//! The client's live registry: one small JSON file a process, `sessions/<pid>.json`.
//!
//! Says what such a file claims. Whether the process still runs is for the caller to ask the system: a
//! killed client leaves its file behind.

use sessions_model::{SessionId, Timestamp};

use crate::row::LiveRow;
use crate::time::parse_time;

/// What a running client says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveProcess {
    /// Its process id.
    pub pid: u32,
    /// The session it has open.
    pub session: SessionId,
    /// When the process started, in whatever unit the client's system counts; tells a process id that
    /// was used again from the one that is meant.
    pub process_start: Option<String>,
    /// When the client started.
    pub started_at: Option<Timestamp>,
    /// Its working directory.
    pub cwd: Option<String>,
    /// The session's name.
    pub name: Option<String>,
    /// How it was started (`cli`, `sdk-ts`, …).
    pub entrypoint: Option<String>,
}

/// Reads one registry file; none where it names no process or no session, half-written ones included.
pub fn parse(bytes: &[u8]) -> Option<LiveProcess> {
    let row: LiveRow<'_> = serde_json::from_slice(bytes).ok()?;
    Some(LiveProcess {
        pid: u32::try_from(row.pid.count()?).ok()?,
        session: SessionId::parse(row.session_id.as_text()?).ok()?,
        process_start: row.proc_start.written(),
        started_at: started_at(&row),
        cwd: row.cwd.written(),
        name: row.name.written(),
        entrypoint: row.entrypoint.written(),
    })
}

fn started_at(row: &LiveRow<'_>) -> Option<Timestamp> {
    let millis = row
        .started_at
        .count()
        .and_then(|millis| i64::try_from(millis).ok());
    millis
        .map(Timestamp)
        .or_else(|| parse_time(row.started_at.as_text()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_file_names_process_and_session() {
        let file = br#"{"pid":4711,"sessionId":"0b9d","cwd":"/w","startedAt":1771531562469,
            "procStart":"88123","version":"2.1.330","kind":"interactive","entrypoint":"cli",
            "name":"billing","status":"idle"}"#;
        let expect = LiveProcess {
            pid: 4711,
            session: SessionId::parse("0b9d").unwrap(),
            process_start: Some("88123".into()),
            started_at: Some(Timestamp(1_771_531_562_469)),
            cwd: Some("/w".into()),
            name: Some("billing".into()),
            entrypoint: Some("cli".into()),
        };
        assert_eq!(parse(file), Some(expect));
    }

    #[test]
    fn numbers_and_dates_are_read_either_way() {
        let file =
            br#"{"pid":1,"sessionId":"s","procStart":88.5,"startedAt":"1970-01-01T00:00:01Z"}"#;
        let live = parse(file).unwrap();
        assert_eq!(live.process_start.as_deref(), Some("88.5"));
        assert_eq!(live.started_at, Some(Timestamp(1000)));
    }

    #[test]
    fn what_names_no_session_is_none() {
        for file in [
            "",
            "{",
            "[]",
            r#"{"pid":1}"#,
            r#"{"pid":-1,"sessionId":"s"}"#,
            r#"{"sessionId":"s"}"#,
        ] {
            assert_eq!(parse(file.as_bytes()), None, "{file}");
        }
    }
}
