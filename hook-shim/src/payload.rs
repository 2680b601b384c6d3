//! What the client says on the standard input: read within limits, and as far as it goes.
//!
//! Knows JSON and the client's names for things; must not know what becomes of them. Nothing that was read
//! is ever written anywhere but to the daemon.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use crate::patience::Patience;

/// How much of a payload is read, in bytes: it holds whole prompts and answers.
const PAYLOAD_BYTES_MAX: usize = 8 << 20;

/// How much is read at a time, in bytes: what a pipe holds.
const PIECE_BYTES: usize = 64 << 10;

/// Fields that are looked at; the client sends some twenty.
const FIELDS_MAX: usize = 256;

/// What the client said, as far as it is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) event: String,
    pub(crate) session: String,
    pub(crate) transcript: String,
    pub(crate) cwd: String,
    /// `source`, `reason` or `trigger`: what an event has one of.
    pub(crate) reason: String,
    pub(crate) prompt_id: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) last_message: Option<String>,
    pub(crate) command: String,
    /// Whose the command is: `plugin`, `userSettings`, `projectSettings`.
    pub(crate) command_source: String,
    pub(crate) arguments: String,
}

impl Payload {
    /// Takes in what `bytes` say. Where they break off or are no JSON, what was said until then counts.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut payload = Self::default();
        let mut json = serde_json::Deserializer::from_slice(bytes);
        // What is wrong with it changes nothing: the fields that came are there.
        drop(json.deserialize_map(Fields(&mut payload)));
        payload
    }
}

struct Fields<'a>(&'a mut Payload);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let payload = self.0;
        for _ in 0..FIELDS_MAX {
            let Some(name) = map.next_key::<String>()? else {
                break;
            };
            match name.as_str() {
                "hook_event_name" => payload.event = map.next_value()?,
                "session_id" => payload.session = map.next_value()?,
                "transcript_path" => payload.transcript = map.next_value()?,
                "cwd" => payload.cwd = map.next_value()?,
                "source" | "reason" | "trigger" => payload.reason = map.next_value()?,
                "prompt_id" => payload.prompt_id = map.next_value()?,
                "agent_id" => payload.agent = map.next_value()?,
                "last_assistant_message" => payload.last_message = map.next_value()?,
                "command_name" => payload.command = map.next_value()?,
                "command_source" => payload.command_source = map.next_value()?,
                "command_args" => payload.arguments = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads `input` to its end, to the limit, or for as long as there is patience.
pub(crate) fn read(mut input: impl Read + AsFd, patience: Patience) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    while bytes.len() < PAYLOAD_BYTES_MAX && is_readable(&input, patience) {
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    bytes
}

/// Waits until there is something to read, or the end.
fn is_readable(input: &impl AsFd, patience: Patience) -> bool {
    let left = Timespec::try_from(patience.left()).ok();
    let mut inputs = [PollFd::new(input, PollFlags::IN)];
    poll(&mut inputs, left.as_ref()).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};
    use std::time::{Duration, Instant};

    use super::*;

    const STOP: &str = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","effort":{"level":"low"},"hook_event_name":"Stop","last_assistant_message":"a \"b\"\n","n":1}"#;

    fn stop() -> Payload {
        Payload {
            event: "Stop".into(),
            session: "s".into(),
            transcript: "/t".into(),
            cwd: "/w".into(),
            last_message: Some("a \"b\"\n".into()),
            ..Payload::default()
        }
    }

    #[test]
    fn what_is_asked_for_is_taken_out() {
        assert_eq!(Payload::parse(STOP.as_bytes()), stop());
    }

    #[test]
    fn a_payload_that_breaks_off_says_what_it_said_until_then() {
        for length in 0..STOP.len() {
            let payload = Payload::parse(&STOP.as_bytes()[..length]);
            assert!(payload.session.is_empty() || payload.session == "s");
            assert!(payload.event.is_empty() || payload.event == "Stop");
        }
        let end = STOP.find("last_assistant").unwrap();
        let expect = Payload {
            last_message: None,
            ..stop()
        };
        assert_eq!(Payload::parse(&STOP.as_bytes()[..end]), expect);
    }

    #[test]
    fn what_is_no_payload_says_nothing() {
        let deep = "[".repeat(100_000);
        for wrong in [
            "",
            "[]",
            "7",
            "\0\0",
            "{\"session_id\":7}",
            &deep,
            "\u{feff}{}",
        ] {
            assert_eq!(Payload::parse(wrong.as_bytes()), Payload::default());
        }
        assert_eq!(Payload::parse(&[0xff; 100]), Payload::default());
    }

    #[test]
    fn no_more_is_read_than_the_limit() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(2 * PAYLOAD_BYTES_MAX as u64).unwrap();
        let patience = Patience::with_event(Instant::now()).with_command();
        let read = read(file, patience);
        assert!((PAYLOAD_BYTES_MAX..PAYLOAD_BYTES_MAX + PIECE_BYTES).contains(&read.len()));
    }

    #[test]
    fn whoever_never_ends_is_not_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"half a").unwrap();
        let started = Instant::now();
        assert_eq!(read(reader, Patience::with_event(started)), b"half a");
        assert!(started.elapsed() < Duration::from_secs(5));
        drop(writer);
    }

    #[test]
    fn a_file_is_read_to_its_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(STOP.as_bytes()).unwrap();
        file.rewind().unwrap();
        let patience = Patience::with_event(Instant::now());
        assert_eq!(read(file, patience), STOP.as_bytes());
    }
}
