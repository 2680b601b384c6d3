//! The JSON that reading verbs print: documented in docs/json.md, and stable.
//!
//! Fields are added, never renamed or removed without a new schema number. Model types are converted here,
//! field by field; nothing else of the program is serialisable.

mod checkpoint;
mod doctor;
mod entry;
mod grep;
mod lost;
mod search;
mod session;
mod source;
mod status;

pub(crate) use checkpoint::CheckpointJson;
pub(crate) use doctor::DoctorJson;
pub(crate) use entry::EntryJson;
pub(crate) use grep::{FoundJson, grep_summary};
pub(crate) use lost::LostJson;
pub(crate) use search::AnswerJson;
pub(crate) use session::{ProjectJson, SessionJson};
pub(crate) use source::SourceJson;
pub(crate) use status::StatusJson;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use sessions_model::{Timestamp, acts_on_terminal};

use crate::moment::rfc3339;

/// The number of the schema; it changes when a field is renamed, removed or means something else.
pub(crate) const SCHEMA: u32 = 1;

/// Writes one value on one line.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Harmless);
    value.serialize(&mut serializer)?;
    writeln!(out)
}

/// Writes an array as its items come, one a line.
#[derive(Debug)]
pub(crate) struct Array<'a, W> {
    out: &'a mut W,
    is_empty: bool,
}

impl<'a, W: Write> Array<'a, W> {
    /// Opens the array.
    pub(crate) fn open(out: &'a mut W) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self {
            out,
            is_empty: true,
        })
    }

    /// Writes the next item.
    pub(crate) fn push(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.out
            .write_all(if self.is_empty { b"\n" } else { b",\n" })?;
        self.is_empty = false;
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.out, Harmless);
        Ok(item.serialize(&mut serializer)?)
    }

    /// Closes the array.
    pub(crate) fn close(self) -> io::Result<()> {
        self.out
            .write_all(if self.is_empty { b"]\n" } else { b"\n]\n" })
    }
}

/// Writes characters that a terminal would act on as `\u` escapes, which JSON reads back as themselves.
#[derive(Debug)]
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(acts_on_terminal) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            let acting = characters.next().into_iter().collect::<String>();
            for unit in acting.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn time(time: Option<Timestamp>) -> Option<String> {
    time.map(rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let mut out = Vec::new();
        write(&mut out, &text).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line.trim_end(), expect);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn acting_characters_are_escaped_and_read_back() {
        check("plain \"text\"", r#""plain \"text\"""#);
        check("\u{1b}[31m", r#""\u001b[31m""#);
        check("a\u{9b}b\u{202e}c", r#""a\u009bb\u202ec""#);
        check("\u{e0001}", r#""\udb40\udc01""#);
        check("日本\n", r#""日本\n""#);
    }

    #[test]
    fn arrays_have_an_item_a_line() {
        let mut out = Vec::new();
        let mut array = Array::open(&mut out).unwrap();
        array.push(&1).unwrap();
        array.push(&2).unwrap();
        array.close().unwrap();
        assert_eq!(out, b"[\n1,\n2\n]\n");
        let mut out = Vec::new();
        Array::open(&mut out).unwrap().close().unwrap();
        assert_eq!(out, b"[]\n");
    }
}
